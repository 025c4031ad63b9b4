"""The real clock and the real source of random bytes.

The only module of this package that touches either; programs build these at start and pass them
in through `sync.ports`.
"""

import secrets
import time


class WallClock:
    """The clock of this machine."""

    def now_ms(self) -> int:
        """Wall time in milliseconds since 1970-01-01 UTC, as this machine believes it."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds from an unknown start; unaffected by changes of the wall clock."""
        return time.monotonic()


def random_bytes(count: int, /) -> bytes:
    """Exactly `count` bytes from the operating system's generator."""
    return secrets.token_bytes(count)
