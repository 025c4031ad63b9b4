"""What is to be done once the registry has grown, or a published set comes into force."""

import logging
import threading
from collections.abc import Callable

from casebook.errors import CasebookError
from casebook.published import CALENDAR, CATALOGUE
from cases.catalogue import load_catalogue
from cases.errors import CaseError
from cases.limits import load_calendar
from security.errors import SecurityError
from sync.errors import SyncError
from sync.ports import Clock
from web.opening import Installation

_log = logging.getLogger(__name__)

_STOP_S = 5.0
_LOOK_S_MAX = 60.0
"""A clock that is set wakes nobody, so the caretaker looks at it now and then."""

_MS = 1_000

Task = Callable[[], object]


class Caretaker:
    """Does it in a thread of its own, one thing after the other, and again if one failed.

    New reading keys are adopted, cases are granted to units that came onto their path, and
    catalogue and calendar are exchanged at the time that was announced. `tasks` are further
    things that the program wants done then.
    """

    def __init__(
        self, installation: Installation, clock: Clock, tasks: tuple[Task, ...] = ()
    ) -> None:
        """Listen to the registry; nothing is done before `start`."""
        self._installation = installation
        self._clock = clock
        self._tasks = (self._take_up_sets, self._adopt_keys, self._regrant, *tasks)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)
        self._in_use: tuple[tuple[str, str] | None, ...] = (None, None)
        installation.authority.listen(lambda _news: self._wake.set())

    def start(self) -> None:
        """Begin; all is done once at the start."""
        self._attempt(self._take_up_sets)
        self._thread.start()

    def stop(self) -> None:
        """End after the task under way, or leave it to the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        wanted = True
        while not self._stopping.is_set():
            for task in self._tasks if wanted else self._tasks[:1]:
                self._attempt(task)
            wanted = self._wake.wait(self._pause_s())
            self._wake.clear()

    def _attempt(self, task: Task) -> None:
        if self._stopping.is_set():
            return
        try:
            task()
        except (CaseError, CasebookError, SecurityError, SyncError):
            _log.exception("a task after a change of the registry failed")

    def _pause_s(self) -> float:
        due = self._installation.published.next_change_ms()
        if due is None:
            return _LOOK_S_MAX
        return min(_LOOK_S_MAX, max(0.0, (due - self._clock.now_ms()) / _MS))

    def _adopt_keys(self) -> None:
        installation = self._installation
        if installation.reading.adopt(installation.registry, installation.station):
            installation.casebook.read_again()

    def _regrant(self) -> None:
        self._installation.casebook.regrant()

    def _take_up_sets(self) -> None:
        published, book = self._installation.published, self._installation.casebook
        catalogue, calendar = published.in_force(CATALOGUE), published.in_force(CALENDAR)
        names = tuple(
            (each.unit, each.version) if each else None for each in (catalogue, calendar)
        )
        if names == self._in_use:
            return
        book.remember(load_catalogue(each.text) for each in published.versions(CATALOGUE))
        book.use(
            load_catalogue(catalogue.text) if catalogue else book.catalogue,
            load_calendar(calendar.text) if calendar else book.calendar,
        )
        self._in_use = names
        for name, each in ((CATALOGUE, catalogue), (CALENDAR, calendar)):
            if each is not None:
                book.journal.note("set", clerk="", object=name, facts={"version": each.version})
