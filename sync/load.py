"""How often children should call, from how busy they keep the unit above."""

from collections import deque
from typing import Final

WINDOW_S: Final = 600.0
"""What was answered in this time counts; as long as the longest interval."""

INTERVAL_S_LOW: Final = 15
"""Less is not worth telling: children of their own accord call every half minute."""

INTERVAL_S_HIGH: Final = 600
"""A child never waits longer on account of load."""

BUSY_SHARE: Final = 0.5
"""Of the time of one processor, for answering those who only look whether there is news."""

_KEPT_MAX = 20_000


def interval_of(devices: int, exchanges: int, busy_s: float) -> int:
    """Return the seconds between two calls of a child at which answering stays affordable.

    Args:
        devices: how many called lately.
        exchanges: how many of theirs were answered.
        busy_s: how long that took altogether.

    Returns:
        0 if they may call as they like, otherwise 15 to 600.
    """
    if exchanges <= 0:
        return 0
    wanted = int(devices * busy_s / exchanges / BUSY_SHARE)
    return 0 if wanted < INTERVAL_S_LOW else min(wanted, INTERVAL_S_HIGH)


class Load:
    """Counts the exchanges of the last ten minutes. One caller at a time."""

    def __init__(self) -> None:
        self._answered: deque[tuple[float, str, float]] = deque()
        self._counts: dict[str, int] = {}
        self._busy_s = 0.0

    def note(self, device: str, took_s: float, now_s: float) -> None:
        """An exchange of this device was answered, in so many seconds."""
        self._answered.append((now_s, device, took_s))
        self._counts[device] = self._counts.get(device, 0) + 1
        self._busy_s += took_s
        self._forget(now_s)

    def interval_s(self, now_s: float) -> int:
        """What to tell a child now, in seconds."""
        self._forget(now_s)
        return interval_of(len(self._counts), len(self._answered), self._busy_s)

    def _forget(self, now_s: float) -> None:
        kept = self._answered
        while kept and (now_s - kept[0][0] > WINDOW_S or len(kept) > _KEPT_MAX):
            _, device, took_s = kept.popleft()
            self._busy_s -= took_s
            self._counts[device] -= 1
            if not self._counts[device]:
                del self._counts[device]
