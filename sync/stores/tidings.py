"""Word of changes for those who wait for them, within one process."""

import threading
from collections.abc import Mapping

WAIT_S_MAX = 3600.0


class Tidings:
    """The last number of each database that changed, and a bell.

    Waiters look at numbers in memory alone: a thousand of them cost a write no reads.
    """

    def __init__(self) -> None:
        self._bell = threading.Condition()
        self._tips: dict[str, int] = {}
        self._deletions: dict[str, int] = {}
        self._closed = False

    def announce(self, tips: Mapping[str, int]) -> None:
        """Tell the numbers that were reached, once they are stored."""
        with self._bell:
            self._tips.update(tips)
            self._bell.notify_all()

    def announce_deletion(self, name: str) -> None:
        """Tell that a database is gone; under its name numbers begin anew."""
        with self._bell:
            self._tips.pop(name, None)
            self._deletions[name] = self._deletions.get(name, 0) + 1
            self._bell.notify_all()

    def deletions(self, name: str) -> int:
        """How often a database of this name was deleted: to be asked before one looks at it."""
        with self._bell:
            return self._deletions.get(name, 0)

    def wait(self, name: str, since: int, timeout_s: float, deletions: int) -> bool:
        """Wait for a number after `since`, a deletion after `deletions`, or the end.

        Returns:
            Whether there was any of these before the time passed.
        """

        def is_there() -> bool:
            return (
                self._closed
                or self._tips.get(name, 0) > since
                or self._deletions.get(name, 0) > deletions
            )

        with self._bell:
            return self._bell.wait_for(is_there, min(max(timeout_s, 0.0), WAIT_S_MAX))

    def close(self) -> None:
        """Let everybody go on."""
        with self._bell:
            self._closed = True
            self._bell.notify_all()
