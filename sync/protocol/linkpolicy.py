"""When a link may be used, and how fast: windows of the week, and a rate with a small burst.

Pure: the caller says what time it is. Values come from the signed policy of the units above.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

BURST_S = 0.05
"""A bucket holds what the rate gives in this time: short against a batch."""

_WINDOW = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?"
    r"(?P<from>[0-2]\d:[0-5]\d)-(?P<to>[0-2]\d:[0-5]\d)",
    re.ASCII,
)
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the week in minutes from Monday 00:00; `last` may lie in the next week."""

    first: int
    last: int

    def wait_min(self, minute: int) -> int:
        """Minutes until it is open; 0 while it is."""
        for turn in (0, WEEK_MINUTES):
            if self.first <= minute + turn < self.last:
                return 0
        return (self.first - minute) % WEEK_MINUTES


def read_windows(texts: Iterable[str]) -> tuple[Window, ...]:
    """The windows that texts such as `01:00-05:00` or `mon-fri 18:00-07:00` describe.

    A time of day that ends before it begins reaches into the next day. What is no window is
    passed over: the unit above may be newer.
    """
    return tuple(window for text in texts for window in _windows_of(text.lower()))


def wait_s(windows: tuple[Window, ...], week_second: int) -> int:
    """Seconds until the link may be used; without windows it always may.

    Args:
        windows: as `read_windows` gives them.
        week_second: civil time in seconds since Monday 00:00.
    """
    if not windows:
        return 0
    minute, second = divmod(week_second % (WEEK_MINUTES * 60), 60)
    waits = [window.wait_min(minute) for window in windows]
    return max(0, min(waits) * 60 - second) if min(waits) else 0


class TokenBucket:
    """Bytes that may pass; what is taken beyond is owed and must be waited for."""

    def __init__(self, bytes_per_s: float, now_s: float) -> None:
        """Begin with a full bucket; a rate of 0 bounds nothing."""
        self._rate = bytes_per_s
        self._held = bytes_per_s * BURST_S
        self._at_s = now_s

    def take(self, count: int, now_s: float) -> float:
        """Take `count` bytes and give the seconds to wait before anything else passes."""
        if self._rate <= 0:
            return 0.0
        gained = max(0.0, now_s - self._at_s) * self._rate
        self._held = min(self._held + gained, self._rate * BURST_S) - count
        self._at_s = now_s
        return max(0.0, -self._held / self._rate)


def bucket_of(rate_kib_s: int, now_s: float) -> TokenBucket:
    """The bucket of a policy's rate in KiB a second."""
    return TokenBucket(float(rate_kib_s * _KIB), now_s)


def _windows_of(text: str) -> list[Window]:
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        return []
    first, last = _minute(found["from"]), _minute(found["to"])
    if last <= first:
        last += DAY_MINUTES
    days = _days(found["first"], found["last"])
    return [Window(day * DAY_MINUTES + first, day * DAY_MINUTES + last) for day in days]


def _days(first: str | None, last: str | None) -> list[int]:
    if first is None:
        return list(range(7))
    if first not in DAYS or (last or first) not in DAYS:
        return []
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return min(int(hours) * 60 + int(minutes), DAY_MINUTES)
