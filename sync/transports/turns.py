"""Turns at work of which only so much goes on at once: whoever had none for longest is next."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

REMEMBERED_MAX = 10_000


class NoTurnError(Exception):
    """No turn came in time."""


@dataclass(eq=False)
class _Waiting:
    name: str
    number: int
    called: threading.Event = field(default_factory=threading.Event)


class Turns:
    """Gives turns by name, for any thread.

    A name that never had a turn comes before all that had; among equals the first comer is
    first. So who asks often cannot keep out who asks rarely.
    """

    def __init__(self, places: int) -> None:
        """Let so many work at once."""
        self._free = places
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._served: OrderedDict[str, int] = OrderedDict()
        self._number = 0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        with self._lock:
            return len(self._waiting)

    @contextmanager
    def turn(self, name: str, wait_s: float) -> Iterator[None]:
        """Work inside this block.

        Raises:
            NoTurnError: None came within `wait_s` seconds.
        """
        self._enter(name, wait_s)
        try:
            yield
        finally:
            with self._lock:
                self._free += 1
                self._call_next()

    def _enter(self, name: str, wait_s: float) -> None:
        with self._lock:
            self._number += 1
            mine = _Waiting(name, self._number)
            self._waiting.append(mine)
            self._call_next()
        mine.called.wait(wait_s)
        with self._lock:
            if not mine.called.is_set():
                self._waiting.remove(mine)
                raise NoTurnError(name)

    def _call_next(self) -> None:
        while self._free and self._waiting:
            first = min(self._waiting, key=self._rank)
            self._waiting.remove(first)
            self._free -= 1
            self._number += 1
            self._served[first.name] = self._number
            self._served.move_to_end(first.name)
            if len(self._served) > REMEMBERED_MAX:
                self._served.popitem(last=False)
            first.called.set()

    def _rank(self, each: _Waiting) -> tuple[int, int]:
        return self._served.get(each.name, 0), each.number
