"""The feed of this device: every record it writes, numbered and chained.

The head of the feed is a local document that moves in the same transaction as the records, so a
crash leaves either both or neither, and no number is ever given twice on one device.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from security.hlc import Hlc, tick
from security.records import Record
from sync.documents import document_of
from sync.feeds import decode_feed, encode_feed, feed_key
from sync.ports import NO_LOCALS, Clock, Store

CLOCK_KEY = "hlc"


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next record goes: its number, the hash before it, and its logical time."""

    seq: int
    prev: bytes
    hlc: Hlc


Draft = Callable[[Position], Record]
"""Makes one record for the position it is given."""


class Feed:
    """Append records of this device, durably, one writer at a time."""

    def __init__(self, store: Store, device: str, clock: Clock) -> None:
        """Take the store that holds the feed's head; nothing is read yet."""
        self._store = store
        self._clock = clock
        self._key = feed_key(device)
        self.lock = threading.RLock()

    def append(
        self,
        drafts: Sequence[Draft],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> list[Record]:
        """Write records at the head of the feed, all or none, and return them once durable.

        Args:
            drafts: make one record each.
            local: local documents that change in the same transaction.
            expect: local documents that must still have these values.

        Raises:
            StoreConflictError: Somebody else moved the head or an expected document.
            StoreError: The store could not write; nothing was stored.
        """
        with self.lock:
            before = self._store.local(self._key)
            feed = decode_feed(before)
            hlc = _decode_hlc(self._store.local(CLOCK_KEY))
            records = []
            for draft in drafts:
                hlc = tick(hlc, self._clock.now_ms())
                record = draft(Position(feed.head + 1, feed.hash, hlc))
                feed = replace(feed, head=feed.head + 1, hash=record.hash)
                records.append(record)
            self._store.put(
                [document_of(record, origin="") for record in records],
                {**local, self._key: encode_feed(feed), CLOCK_KEY: _encode_hlc(hlc)},
                expect={**expect, self._key: before},
            )
        return records


def _encode_hlc(hlc: Hlc) -> bytes:
    return json.dumps([hlc.ms, hlc.counter]).encode()


def _decode_hlc(value: bytes | None) -> Hlc:
    return Hlc(*json.loads(value)) if value else Hlc()
