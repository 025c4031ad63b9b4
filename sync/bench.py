"""One batch of records while the gate judges it."""

import hashlib
from collections.abc import Sequence

from security.header import Header
from security.records import Record
from sync.documents import document_of
from sync.feeds import Feed, Place, decode_feed, encode_feed, feed_key
from sync.ports import Document, Store
from sync.quarantine import (
    OUTSTANDING_MAX,
    QUARANTINE,
    REASONS,
    count_key,
    decode_count,
    encode_count,
    over_key,
    quarantine_document,
    taken_key,
)
from sync.rules import Direction
from sync.verdicts import Accepted, Inspection, Known, Quarantined


class Bench:
    """One batch while it is judged: the store as it would be after the records so far."""

    def __init__(self, store: Store, neighbour: str, direction: Direction, origin: str) -> None:
        self.neighbour = neighbour
        self._origin = origin
        self.direction: Direction = direction
        self._store = store
        self._inspection = Inspection()
        self._drafts: dict[str, Document] = {}
        self._known: set[str] = set()
        self._feeds: dict[str, Feed] = {}
        self._taken: dict[str, int] = {}
        self._aside: dict[str, Document] = {}
        self._count_before = decode_count(self._local(count_key(neighbour)))
        self._count = self._count_before
        self._over = 0

    def look_up(self, records: Sequence[Record]) -> None:
        """Ask the store once, for the whole batch, what it holds."""
        asked: dict[str, dict[str, list[str]]] = {}
        for record in records:
            draft = document_of(record, self._origin)
            self._drafts[draft.id] = draft
            asked.setdefault(draft.database, {})[draft.id] = [draft.rev]
        for database, revisions in asked.items():
            missing = self._store.missing(database, revisions)
            self._known.update(revisions.keys() - missing.keys())

    def is_known(self, record: Record) -> bool:
        """Whether the record is in the store or came earlier in this batch."""
        return record.id in self._known

    def pass_over(self, record: Record) -> None:
        """The record is here already."""
        self._inspection.verdicts.append(Known(record.id))

    def place(self, record: Record, *, is_open: bool) -> str | None:
        """Put the record into its feed, or say why it does not fit.

        A feed that forked takes nothing more while it is open: only a person can say which of
        two machines is the device, by approving the next incarnation.
        """
        key, feed = self._feed(record.header)
        place, after = feed.placed(record.header, record.hash)
        if place is Place.FORK:
            self._feeds[key] = feed.forked(record.header)
        elif feed.forked_at and is_open:
            return "frozen"
        if place not in {Place.NEXT, Place.IN_GAP}:
            return place.value
        self._feeds[key] = after
        return None

    def count_in(self, header: Header, most: int) -> bool:
        """Count a record that belongs to no case; False if its device has sent too many."""
        key = taken_key(header.device, header.type)
        taken = self._taken.get(key, decode_count(self._local(key)))
        if taken >= most:
            return False
        self._taken[key] = taken + 1
        return True

    def adopt(self, record: Record) -> None:
        """Take a record that this node had lost back into its feed."""
        key, feed = self._feed(record.header)
        self._feeds[key] = feed.adopted(record.header, record.hash)

    def accept(self, record: Record) -> None:
        """The record may be stored and passed on."""
        self._known.add(record.id)
        document = self._drafts[record.id]
        if self._count and self._store.get(QUARANTINE, record.id):
            self._count -= 1
        self._inspection.documents.append(document)
        self._inspection.verdicts.append(Accepted(document))

    def set_aside(self, raw: bytes, reason: str) -> None:
        """Keep the record with its reason; what was set aside before keeps its first reason."""
        assert reason in REASONS, f"{reason} is not documented"
        name = hashlib.sha256(raw).hexdigest()
        held = self._aside.get(name) or self._store.get(QUARANTINE, name)
        document = held or quarantine_document(raw, reason, self.neighbour, self.direction)
        if held is None and self._count < OUTSTANDING_MAX:
            # Beyond the limit the neighbour is told and keeps the record; nothing is held up.
            self._count += 1
            self._aside[name] = document
            self._inspection.documents.append(document)
        elif held is None:
            self._over += 1
        self._inspection.verdicts.append(Quarantined(reason, document))

    def finish(self) -> Inspection:
        """The verdicts, with every local document that they change."""
        inspection = self._inspection
        for key, feed in self._feeds.items():
            inspection.local[key] = encode_feed(feed)
        for key, taken in self._taken.items():
            inspection.local[key] = encode_count(taken)
        if self._count != self._count_before:
            inspection.local[count_key(self.neighbour)] = encode_count(self._count)
        if self._over:
            key = over_key(self.neighbour)
            before = decode_count(self._local(key))
            inspection.local[key] = encode_count(before + self._over)
        inspection.expect = {key: inspection.expect[key] for key in inspection.local}
        return inspection

    def _feed(self, header: Header) -> tuple[str, Feed]:
        key = feed_key(header.device, header.incarnation)
        if key not in self._feeds:
            return key, decode_feed(self._local(key))
        return key, self._feeds[key]

    def _local(self, key: str) -> bytes | None:
        expect = self._inspection.expect
        if key not in expect:
            expect[key] = self._store.local(key)
        return expect[key]
