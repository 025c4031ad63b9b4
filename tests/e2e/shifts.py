"""Clerks who key in one application after the other, whatever happens to the programs."""

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from postroad.demo.browser import Browser, NoAnswerError, Page
from postroad.demo.citizens import Citizen
from postroad.demo.forms import Form
from tests.e2e.town import READY_S, Town, until
from tests.e2e.window import VILLAGE_ITEM, Receipt, answers_of, form_on, people, receipt_on

RECEIPTS_BETWEEN = 4
DELAY_S = 0.15
"""A form is answered in some hundredths of a second: kills fall before, into and after it."""

RETRY_S = 0.02

INTAKE = f"/intake/{VILLAGE_ITEM}"


class Shift:
    """One clerk. When no answer comes, the clerk sends the same form again, as a person does:
    whether it arrived is not known.
    """

    def __init__(self, clerk: Browser, unit: str, seed: int) -> None:
        self.receipts: list[Receipt] = []
        self._clerk = clerk
        self._unit = unit
        self._people = people(seed)
        self._home = threading.Event()

    def go_home(self) -> None:
        """End after the application that is being keyed in."""
        self._home.set()

    def work(self) -> None:
        """Take in one application after the other, each until its receipt is there."""
        while not self._home.is_set():
            form = form_on(self._insist(lambda: self._clerk.get(INTAKE)), VILLAGE_ITEM)
            self.receipts.append(self._sent(form, next(self._people)))

    def _sent(self, form: Form, pair: tuple[Citizen, Citizen]) -> Receipt:
        typed = answers_of(form, pair, self._unit)
        return receipt_on(self._insist(lambda: self._clerk.submit(form, typed, "accept")))

    def _insist(self, ask: Callable[[], Page]) -> Page:
        deadline = time.monotonic() + READY_S
        pause = threading.Event()
        while True:
            try:
                return whole(ask())
            except NoAnswerError:
                if time.monotonic() > deadline:
                    raise
                pause.wait(RETRY_S)


def whole(page: Page) -> Page:
    """A page that came to its end; one that a kill broke off in the middle is no answer."""
    if not page.text.rstrip().endswith("</html>"):
        raise NoAnswerError(page.path, EOFError("the page broke off"))
    return page


@dataclass(frozen=True)
class Shifts:
    """All clerks of a test, at work."""

    shifts: Sequence[Shift]
    running: Sequence[Future[None]]

    @property
    def receipts(self) -> list[Receipt]:
        """Every receipt that was handed out so far."""
        return [receipt for shift in self.shifts for receipt in shift.receipts]

    def have(self, count: int) -> bool:
        """Tell whether so many receipts were handed out; raises what a clerk failed with."""
        for each in self.running:
            if each.done():
                each.result()
        return len(self.receipts) >= count


@contextmanager
def at_work(shifts: Sequence[Shift]) -> Iterator[Shifts]:
    """Clerks at work in threads; the block ends when all have gone home.

    Raises:
        AssertionError: A page was not what the clerk expected.
    """
    with ThreadPoolExecutor(len(shifts)) as pool:
        crew = Shifts(shifts, [pool.submit(shift.work) for shift in shifts])
        try:
            yield crew
        finally:
            for shift in shifts:
                shift.go_home()
    crew.have(0)


def kill_often(town: Town, unit: str, crew: Shifts, kills: int, chance: random.Random) -> None:
    """Kill a program and start it again, each time a random while after a random receipt."""
    for _ in range(kills):
        wanted = len(crew.receipts) + chance.randint(1, RECEIPTS_BETWEEN)
        until(functools.partial(crew.have, wanted), READY_S, "clerks hand out receipts")
        town.pace.rest(chance.random() * DELAY_S)
        town.programs[unit].kill()
        town.start(unit)
