"""How much to put into one exchange, learnt from how the link did with the last ones."""

from dataclasses import dataclass

BYTES_FIRST = 64 << 10
BYTES_MIN = 4 << 10
"""Below this the head of a message and the round trip cost more than the records."""

BYTES_MAX = 1 << 20
TARGET_MS = 3_000
"""A few seconds: long against a round trip, short against the life of a bad link."""

_GROWTH_MAX = 16


@dataclass(frozen=True, slots=True)
class BatchSize:
    """Bytes of records to put into one exchange, in either direction.

    Attributes:
        bytes: The size now.
        ceiling: Never above this. Halved when an exchange broke, a quarter more after one that
            did not, so that a link that dies every so many bytes is learnt and not forgotten at
            once.
    """

    bytes: int = BYTES_FIRST
    ceiling: int = BYTES_MAX

    def after_exchange(self, moved_bytes: int, duration_ms: int) -> "BatchSize":
        """The size that would have taken about three seconds at the rate just seen.

        A small exchange measures the round trip and not the rate, so it may raise the size but
        never lowers it.
        """
        wanted = moved_bytes * TARGET_MS // max(1, duration_ms)
        if wanted < self.bytes and moved_bytes < self.bytes // 2:
            wanted = self.bytes
        ceiling = min(BYTES_MAX, self.ceiling + self.ceiling // 4)
        top = min(ceiling, self.bytes * _GROWTH_MAX)
        return BatchSize(max(BYTES_MIN, min(wanted, top)), ceiling)

    def after_failure(self) -> "BatchSize":
        """Half the size: what just broke was too long for this link."""
        half = max(BYTES_MIN, self.bytes // 2)
        return BatchSize(half, half)
