"""Hybrid logical clock: a stamp that never runs backwards, whatever the office clock does.

After Kulkarni and others, "Logical Physical Clocks", 2014. A stamp orders the writing of one
device and is shown to people; it never decides who was right.
"""

from dataclasses import dataclass

from security.errors import FormatError

MS_MAX = 2**48 - 1
"""As in a UUID of version 7: the year 10889."""
COUNTER_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True, order=True)
class Hlc:
    """One stamp: milliseconds since 1970 as the device believed, and a counter within them."""

    ms: int = 0
    counter: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.ms <= MS_MAX and 0 <= self.counter <= COUNTER_MAX):
            raise FormatError("a clock stamp is out of range")


def tick(last: Hlc, now_ms: int) -> Hlc:
    """Give a stamp above `last`, and at `now_ms` if the clock is ahead of it.

    `last` is the device's own last stamp. Do not feed stamps of others into it unchecked: one
    wrong office clock would carry every device to its year.

    Raises:
        FormatError: `last` is the very last stamp there is, or `now_ms` is beyond it.
    """
    if now_ms > last.ms:
        return Hlc(now_ms)
    if last.counter < COUNTER_MAX:
        return Hlc(last.ms, last.counter + 1)
    return Hlc(last.ms + 1)
