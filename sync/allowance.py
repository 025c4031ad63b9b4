"""What a device may add to its journal: its own path, small records, and not too many.

A journal is written by whoever uses a machine, so nothing but these bounds keeps a device that
means harm from filling the disks of every unit above it with notes about nothing.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from security.records import Record

NOTE_RECORD_BYTES_MAX = 16 << 10
"""A record of a journal; a long search with its words has under two kilobytes."""

BURST = 50_000
"""Notes that one device may bring at once: a busy window cut off for some two months."""

PER_SECOND = 5.0
"""Notes a second that one device may bring for ever; six windows at work write about one."""

_DEVICES_MAX = 50_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Allowance:
    """A token bucket for each device. It forgets at a restart, in favour of the device."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        burst: int = BURST,
        per_second: float = PER_SECOND,
    ) -> None:
        """Take a clock that never goes back, in seconds."""
        self._monotonic = monotonic
        self._burst = burst
        self._per_second = per_second
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, device: str) -> bool:
        """Tell whether the device may bring one more note, and count it if so."""
        now = self._monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(device, _Bucket(self._burst, now))
            self._buckets.move_to_end(device)
            if len(self._buckets) > _DEVICES_MAX:
                self._buckets.popitem(last=False)
            grown = bucket.tokens + (now - bucket.at) * self._per_second
            bucket.tokens, bucket.at = min(self._burst, grown), now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
        return True


def journal_fault(record: Record, author_unit: str, allowance: Allowance | None) -> str | None:
    """The reason for which a record of a journal is set aside, or None.

    Args:
        record: a record of type audit whose author, signature and case id were checked.
        author_unit: the author's own unit: a journal is of its device alone.
        allowance: how many the device may bring; None where they are not counted.
    """
    if record.header.path[-1] != author_unit:
        return "path"
    if len(record.raw) > NOTE_RECORD_BYTES_MAX:
        return "size"
    if allowance is not None and not allowance.take(record.header.device):
        return "rate"
    return None
