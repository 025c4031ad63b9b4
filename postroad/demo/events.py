"""What happened, in order, for the terminal and for the summary."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from postroad.demo.pacing import Pace

KEPT = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that was made to go wrong."""

    at_s: float
    kind: str
    where: str
    seconds: float


class Events:
    """The log of a demonstration: lines for people, faults for the summary."""

    def __init__(self, pace: Pace, tell: Callable[[str], None] | None = None) -> None:
        self._pace = pace
        self._tell = tell
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        """Add a line with its time, and tell it at once if somebody listens."""
        stamped = f"{_clock(self._pace.seconds)}  {line}"
        with self._lock:
            self._lines.append(stamped)
        if self._tell is not None:
            self._tell(stamped)

    def fault(self, kind: str, where: str, seconds: float) -> None:
        """Note a fault that is over."""
        with self._lock:
            at_s = round(self._pace.seconds - seconds, 1)
            self._faults.append(Fault(at_s, kind, where, round(seconds, 1)))

    def last(self, count: int) -> list[str]:
        """The newest lines, oldest first."""
        with self._lock:
            return list(self._lines)[-count:] if count > 0 else []

    @property
    def faults(self) -> list[Fault]:
        """All faults that are over, in the order of their ends."""
        with self._lock:
            return list(self._faults)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
