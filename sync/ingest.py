"""The gate: every record that arrives is judged here before it is stored or passed on.

Nobody's word is taken for a record. The author's device must stand in the registry, its
signature must hold, the case must lie on the author's own path, and what comes from below must
follow on in its author's feed. What fails is set aside with a reason; all else flows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from security.caseids import is_case_of
from security.errors import FormatError, SignatureError, TrustError
from security.header import Header
from security.records import Record, parse, verify
from security.registry import Registry
from sync.documents import document_of
from sync.feeds import Feed, Place, decode_feed, encode_feed, feed_key
from sync.ports import Document, Store
from sync.quarantine import (
    OUTSTANDING_MAX,
    QUARANTINE,
    count_key,
    decode_count,
    encode_count,
    quarantine_document,
    set_aside_of,
)

Direction = Literal["up", "down"]
"""Up: a child sent it. Down: the parent sent it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that may be stored and passed on."""

    document: Document


@dataclass(frozen=True, slots=True)
class Known:
    """A record that is here already."""

    id: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record set aside.

    Attributes:
        reason: "unreadable", "device_unknown", "device_revoked", "signature", "path" (not one
            of the registry, or not the author's), "scope" (not for this node, or not from this
            neighbour), "chain", "fork" or "gaps" (see `sync.feeds`).
        document: What is kept of it.
    """

    reason: str
    document: Document


Verdict = Accepted | Known | Quarantined


@dataclass(slots=True)
class Inspection:
    """A judged batch: what to put into the store, all of it in one transaction.

    Attributes:
        verdicts: One for each record, in order.
        documents: Accepted and quarantined documents that are not in the store yet.
        local: Feeds and counts that go with them.
        expect: What those local documents were; pass it on, so that two batches cannot both
            follow on from the same place.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    local: dict[str, bytes | None] = field(default_factory=dict)
    expect: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many records were new and good."""
        return sum(isinstance(verdict, Accepted) for verdict in self.verdicts)

    @property
    def quarantined(self) -> tuple[tuple[str, str], ...]:
        """Id and reason of each record set aside."""
        return tuple(
            (verdict.document.id, verdict.reason)
            for verdict in self.verdicts
            if isinstance(verdict, Quarantined)
        )


class Gate:
    """Judges what neighbours send to one unit, by its registry and by what its store holds."""

    def __init__(self, registry: Registry, store: Store, unit: str) -> None:
        self._registry = registry
        self._store = store
        self._unit = unit

    def judge(self, raw: bytes, neighbour: str, direction: Direction) -> Verdict:
        """The verdict on one record alone; stores nothing."""
        return self.inspect([raw], neighbour, direction).verdicts[0]

    def inspect(
        self,
        records: Sequence[bytes],
        neighbour: str,
        direction: Direction,
        *,
        origin: str | None = None,
    ) -> Inspection:
        """Judge a batch in order, each record as if those before it were stored already.

        Nothing is stored here.

        Args:
            records: Bytes from outside, each claimed to be one record.
            neighbour: The unit they came from; its identity has been checked.
            direction: Whether that unit is a child or the parent.
            origin: What the store remembers as their origin: the child's device, so that other
                machines of its unit get them too. Without it, the unit.
        """
        parsed = [_parsed(raw) for raw in records]
        bench = _Bench(self._store, neighbour, direction, origin or neighbour)
        bench.look_up([record for record in parsed if record])
        for raw, record in zip(records, parsed, strict=True):
            if record is None:
                bench.set_aside(raw, "unreadable")
            elif bench.is_known(record):
                bench.pass_over(record)
            else:
                self._judge_new(record, bench)
        return bench.finish()

    def _judge_new(self, record: Record, bench: "_Bench") -> None:
        reason = self._distrust(record, bench.neighbour, bench.direction)
        if reason is None and self._is_of_own_subtree(record.header):
            if bench.direction == "up":
                reason = bench.place(record)
            else:
                bench.adopt(record)
        if reason is None:
            bench.accept(record)
        else:
            bench.set_aside(record.raw, reason)

    def _distrust(self, record: Record, neighbour: str, direction: Direction) -> str | None:
        header = record.header
        try:
            device = self._registry.device(header.device)
        except TrustError:
            return "device_unknown"
        try:
            verify(record, device.signing)
        except SignatureError:
            return "signature"
        if header.incarnation:
            return "incarnation"  # the registry cannot state one yet, so nobody was given one
        if self._registry.is_revoked(device.id, header.seq):
            return "device_revoked"
        if not is_case_of(header.case, header.path[-1]):
            return "home"
        if device.unit not in header.path or not self._is_path(header.path):
            return "path"
        if not self._is_in_scope(header, device.unit, neighbour, direction):
            return "scope"
        return None

    def _is_in_scope(
        self, header: Header, author: str, neighbour: str, direction: Direction
    ) -> bool:
        if self._unit not in header.path:
            return False
        if direction == "down":
            return True
        if neighbour not in header.path:
            return False
        # A child offers what its own subtree wrote, and gives back what came down through this
        # node, if this node lost it: the author then stands here or further up.
        return neighbour in self._registry.path(author) or author in self._registry.path(
            self._unit
        )

    def _is_path(self, path: tuple[str, ...]) -> bool:
        try:
            return self._registry.path(path[-1]) == path
        except TrustError:
            return False

    def _is_of_own_subtree(self, header: Header) -> bool:
        # Only the device itself can have signed it: this node had it once and was set back.
        author = self._registry.device(header.device).unit
        return self._unit in self._registry.path(author)


class _Bench:
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
        self._aside: dict[str, Document] = {}
        self._count_before = decode_count(self._local(count_key(neighbour)))
        self._count = self._count_before

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

    def place(self, record: Record) -> str | None:
        """Put the record into its feed, or say why it does not fit."""
        key, feed = self._feed(record.header)
        place, after = feed.placed(record.header, record.hash)
        if place not in {Place.NEXT, Place.IN_GAP}:
            return place.value
        self._feeds[key] = after
        return None

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
        name = hashlib.sha256(raw).hexdigest()
        held = self._aside.get(name) or self._store.get(QUARANTINE, name)
        document = held or quarantine_document(raw, reason, self.neighbour, self.direction)
        if held is None and self._count < OUTSTANDING_MAX:
            # Beyond the limit the neighbour is told and keeps the record; nothing is held up.
            self._count += 1
            self._aside[name] = document
            self._inspection.documents.append(document)
        self._inspection.verdicts.append(Quarantined(reason, document))

    def finish(self) -> Inspection:
        """The verdicts, with every local document that they change."""
        inspection = self._inspection
        for key, feed in self._feeds.items():
            inspection.local[key] = encode_feed(feed)
        if self._count != self._count_before:
            inspection.local[count_key(self.neighbour)] = encode_count(self._count)
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


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What came of judging a page of the quarantine again; go on after `last_seq` if `more`."""

    accepted: int
    last_seq: int
    more: bool


def reconsider(gate: Gate, store: Store, *, since: int = 0, limit: int = 500) -> Reconsidered:
    """Judge records again that were set aside, after the registry learnt something new.

    What is good now is stored and flows on; what is not stays where it is.

    Raises:
        StoreConflictError: A batch arrived meanwhile; call again.
    """
    page = store.changes(since, limit=limit, databases=(QUARANTINE,))
    accepted = 0
    for change in page.rows:
        kept = set_aside_of(change.document)
        direction: Direction = "up" if kept.direction == "up" else "down"
        inspection = gate.inspect([kept.raw], kept.neighbour, direction)
        if inspection.accepted:
            store.put(inspection.documents, inspection.local, expect=inspection.expect)
            accepted += 1
    return Reconsidered(accepted, page.last_seq, page.more)


def _parsed(raw: bytes) -> Record | None:
    try:
        return parse(raw)
    except FormatError:
        return None
