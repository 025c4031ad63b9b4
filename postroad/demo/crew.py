"""Threads that work beside each other, none of whose errors gets lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from postroad.demo.errors import StoppedError
from postroad.demo.pacing import Pace

WORKERS_MAX = 24


class Crew:
    """Runs functions in threads until they end or are sent home; leaving the block waits."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._home = threading.Event()
        self._pool = ThreadPoolExecutor(WORKERS_MAX, "crew")
        self._running: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._home.set()
        if error is not None:
            # What is left of the work would fail as well, and nobody waits for its result.
            self._pace.stop()
        self._pool.shutdown()

    @property
    def is_sent_home(self) -> bool:
        """Whether loops are to end after what they are doing."""
        return self._home.is_set()

    def run(self, work: Callable[[], None]) -> None:
        """Run a function once."""
        self._running.append(self._pool.submit(work))

    def repeat(self, work: Callable[[], float]) -> None:
        """Run a function again and again; it returns how many seconds to rest after it."""

        def loop() -> None:
            while not self.is_sent_home:
                self._pace.rest(work())

        self.run(loop)

    def check(self) -> None:
        """Raise the error of whoever failed first, if anybody did."""
        for each in self._running:
            error = each.exception() if each.done() else None
            if error is not None and not isinstance(error, StoppedError):
                raise error

    def send_home(self) -> None:
        """End all loops and wait for everybody.

        Raises:
            BaseException: Whatever one of them failed with.
        """
        self._home.set()
        for each in self._running:
            each.exception()
        self.check()
