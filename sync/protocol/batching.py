"""How much to put into one exchange, learnt from how the link did with the last ones."""

from dataclasses import dataclass

BYTES_FIRST = 128 << 10
BYTES_MIN = 16 << 10
"""Below this the head of a message and the round trip cost more than the records."""

BYTES_MAX = 1 << 20
TARGET_MS = 10_000
"""Long against a round trip, so that a link hardly rests; short enough that what waits at the
other end gets its turn. A cut costs no more of a long batch than of a short one."""

_GROWTH_MAX = 16


@dataclass(frozen=True, slots=True)
class BatchSize:
    """Bytes of records to put into one exchange, in either direction.

    Attributes:
        bytes: The size now.
    """

    bytes: int = BYTES_FIRST

    def after_exchange(self, moved_bytes: int, duration_ms: int) -> "BatchSize":
        """The size that would have taken about ten seconds at the rate just seen.

        A small exchange measures the round trip and not the rate, so it may raise the size but
        never lowers it.
        """
        wanted = moved_bytes * TARGET_MS // max(1, duration_ms)
        if wanted < self.bytes and moved_bytes < self.bytes // 2:
            wanted = self.bytes
        top = min(BYTES_MAX, self.bytes * _GROWTH_MAX)
        return BatchSize(max(BYTES_MIN, min(wanted, top)))
