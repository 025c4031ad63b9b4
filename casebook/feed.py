"""The feed of this device: every record it writes, numbered and chained.

The head of the feed is a local document that moves in the same transaction as the records, so a
crash leaves either both or neither, and no number is ever given twice on one device.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from security.hlc import Hlc, tick
from security.records import Record
from sync.documents import document_of
from sync.feeds import PINNED_KEY, decode_feed, encode_feed, feed_key
from sync.ports import NO_LOCALS, Clock, Store

CLOCK_KEY = "hlc"

QUOTED_KEY = "checkpoint/quoted"
"""Local document: the checkpoint that this feed quoted last."""

QUOTE_FIELD = "seen"
"""Header field of a quoted checkpoint; it stands in a record only when it changed."""

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next record goes: its number, the hash before it, and its logical time.

    `extra` are header fields that every record takes over: the quoted checkpoint, if any.
    """

    seq: int
    prev: bytes
    hlc: Hlc
    extra: Mapping[str, object] = field(default_factory=lambda: _NOTHING)


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
            quote = self._quote()
            extra: Mapping[str, object] = {QUOTE_FIELD: quote} if quote else _NOTHING
            moved = {QUOTED_KEY: quote} if quote else {}
            records: list[Record] = []
            for draft in drafts:
                hlc = tick(hlc, self._clock.now_ms())
                position = Position(feed.head + 1, feed.hash, hlc, extra)
                record = draft(position)
                feed = replace(feed, head=feed.head + 1, hash=record.hash)
                records.append(record)
                extra = _NOTHING
            self._store.put(
                [document_of(record, origin="") for record in records],
                {**local, **moved, self._key: encode_feed(feed), CLOCK_KEY: _encode_hlc(hlc)},
                expect={**expect, self._key: before},
            )
        return records

    def _quote(self) -> bytes | None:
        """The checkpoint to quote in the next record, None where the last quote still holds."""
        pinned = self._store.local(PINNED_KEY)
        if pinned is None or pinned == self._store.local(QUOTED_KEY):
            return None
        return pinned


def _encode_hlc(hlc: Hlc) -> bytes:
    return json.dumps([hlc.ms, hlc.counter]).encode()


def _decode_hlc(value: bytes | None) -> Hlc:
    return Hlc(*json.loads(value)) if value else Hlc()
