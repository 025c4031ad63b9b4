"""The thread that keeps one node in step with the hub above it."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from sync.status import SessionReport

_log = logging.getLogger(__name__)

_MS = 1_000


class Sessions(Protocol):
    """Who holds the sessions: one at a time, and never raises."""

    def run_once(self, *, asked: bool = False) -> SessionReport:
        """Hold one session and say how it went."""
        ...


class Agent:
    """Hold a session whenever there is something to say, and at the latest every interval.

    There is one thread and no other dialler, so that a dead link is tried by one and not by
    many. After a failure the wait grows with full jitter; `poke` cuts it short, because a clerk
    who presses the button wants to see what happens now.
    """

    def __init__(
        self,
        driver: Sessions,
        interval_s: float,
        on_report: Callable[[SessionReport], None] | None = None,
    ) -> None:
        """Take the driver; `on_report` is told how each session went, in the agent's thread."""
        self._driver = driver
        self._interval_s = interval_s
        self._on_report = on_report
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync-agent", daemon=True)

    def start(self) -> None:
        """Begin; the first session is held at once."""
        self._thread.start()

    def poke(self) -> None:
        """Hold a session now, or right after the one that is running."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """End after the session that is running, or when its link has been closed."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asked = False
        while True:
            self._wake.clear()
            if self._stopping.is_set():
                return
            report = self._driver.run_once(asked=asked)
            if self._on_report is not None:
                self._on_report(report)
            asked = self._wake.wait(self._pause_s(report))

    def _pause_s(self, report: SessionReport) -> float:
        wanted_s = report.retry_after_ms / _MS
        if report.outcome == "done":
            return max(self._interval_s, wanted_s)
        return wanted_s
