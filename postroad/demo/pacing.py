"""Waiting that ends at once when the demonstration is told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from postroad.demo.errors import DemoError, StoppedError

LOOK_S = 0.25


class Pace:
    """The one clock of a demonstration, and the word to stop that ends every wait."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the demonstration began."""
        return time.monotonic() - self._started

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked to stop."""
        return self._told.is_set()

    def stop(self) -> None:
        """End every wait, now and later; may be called by a signal."""
        self._told.set()

    def rest(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: Somebody asked to stop.
        """
        if self._told.wait(seconds):
            raise StoppedError

    def until(self, condition: Callable[[], bool], limit_s: float, what: str) -> None:
        """Wait for a condition; `what` names it if it does not come true in time.

        Raises:
            DemoError: It did not.
            StoppedError: Somebody asked to stop.
        """
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                raise DemoError("demo.too_slow", what=what, seconds=round(limit_s))
            self.rest(LOOK_S)
