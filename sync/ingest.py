"""The gate: every record that arrives is judged here before it is stored or passed on.

Nobody's word is taken for a record. The author's device must stand in the registry, its
signature must hold, the case must lie on the author's own path, and what comes from below must
follow on in its author's feed. What fails is set aside with a reason; all else flows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from security.errors import FormatError, SignatureError, TrustError
from security.header import Header
from security.records import Record, parse, verify
from security.registry import Registry
from sync.allowance import Allowance
from sync.authority import Authority
from sync.documents import document_of
from sync.errors import StoreConflictError
from sync.feeds import Feed, Place, decode_feed, encode_feed, feed_key
from sync.ports import Document, Store
from sync.quarantine import (
    CURABLE,
    OUTSTANDING_MAX,
    QUARANTINE,
    REASONS,
    SetAside,
    count_key,
    decode_count,
    encode_count,
    quarantine_document,
    set_aside_of,
    taken_key,
)
from sync.rules import Arrival, Direction, is_of_subtree, rule_of
from sync.scope import down_place

_CONFLICTS_MAX = 3


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
        reason: A code of chapter 12 of `docs/protocol.md`.
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

    def __init__(
        self,
        registry: Registry,
        store: Store,
        unit: str,
        *,
        authority: Authority | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """Take what to judge by.

        `authority` is the registry's writer, where others apply statements too; `allowance`
        bounds the rate of journals from below.
        """
        self._allowance = allowance
        self._registry = registry
        self._authority = authority or Authority(registry)
        self._store = store
        self._unit = unit

    def down_place(self, parent: str) -> str:
        """Name of the local document with this unit's place in the store of its parent."""
        return down_place(self._registry, self._unit, parent)

    def judge(self, raw: bytes, neighbour: str, direction: Direction) -> Verdict:
        """The verdict on one record alone; stores nothing."""
        return self.inspect([raw], neighbour, direction).verdicts[0]

    def inspect(
        self, records: Sequence[bytes], neighbour: str, direction: Direction
    ) -> Inspection:
        """Judge a batch in order, each record as if those before it were stored already.

        Nothing is stored here; statements are learnt at once, so that what follows in the same
        batch can build on them. After storing call `settle`.

        Args:
            records: Bytes from outside, each claimed to be one record.
            neighbour: The unit they came from; its identity has been checked.
            direction: Whether that unit is a child or the parent.
        """
        parsed = [_parsed(raw) for raw in records]
        bench = _Bench(self._store, neighbour, direction)
        bench.look_up([record for record in parsed if record])
        for raw, record in zip(records, parsed, strict=True):
            if record is None:
                bench.set_aside(raw, "unreadable")
            elif bench.is_known(record):
                bench.pass_over(record)
            else:
                self._judge_new(record, bench)
        return bench.finish()

    def settle(self) -> None:
        """Tell of statements that were stored, and judge again what waited for them.

        Raises:
            StoreError: The store cannot be read or written.
        """
        while self._authority.tell():
            since, more = 0, True
            while more:
                page = reconsider(self, self._store, since=since)
                since, more = page.last_seq, page.more

    def _judge_new(self, record: Record, bench: "_Bench") -> None:
        allowance = self._allowance if bench.direction == "up" else None
        arrival = Arrival(record, self._unit, bench.neighbour, bench.direction, allowance)
        reason = self._distrust(arrival)
        if reason is None and bench.direction == "up":
            reason = self._place_from_below(arrival, bench)
        elif reason is None and self._is_of_own_subtree(record.header):
            bench.adopt(record)
        if reason is None:
            bench.accept(record)
        else:
            bench.set_aside(record.raw, reason)

    def _distrust(self, arrival: Arrival) -> str | None:
        rule = rule_of(arrival.header.type)
        reason = rule.before(arrival, self._authority)
        if reason is not None:
            return reason
        try:
            return self._distrust_author(arrival) or rule.place(arrival, self._registry)
        except TrustError:
            return "device_unknown"

    def _distrust_author(self, arrival: Arrival) -> str | None:
        header, registry = arrival.header, self._registry
        device = registry.device(header.device)
        try:
            verify(arrival.record, device.signing)
        except SignatureError:
            return "signature"
        if header.incarnation > registry.incarnation(device.id):
            return "incarnation"
        is_over = registry.has_ended(device.id, header.incarnation, header.seq)
        if is_over or registry.is_revoked(device.id, header.seq):
            return "device_revoked"
        return None

    def _place_from_below(self, arrival: Arrival, bench: "_Bench") -> str | None:
        # What a moved unit brings from above its old place comes in part, as all from above.
        if not is_of_subtree(arrival, self._registry):
            return None
        most = rule_of(arrival.header.type).per_device_max
        if most and not bench.count_in(arrival.header, most):
            return "too_many"
        header = arrival.header
        is_open = self._registry.incarnation(header.device) == header.incarnation
        return bench.place(arrival.record, is_open=is_open)

    def _is_of_own_subtree(self, header: Header) -> bool:
        # Only the device itself can have signed it: this node had it once and was set back.
        author = self._registry.device(header.device).unit
        return self._unit in self._registry.path(author)


class _Bench:
    """One batch while it is judged: the store as it would be after the records so far."""

    def __init__(self, store: Store, neighbour: str, direction: Direction) -> None:
        self.neighbour = neighbour
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

    def look_up(self, records: Sequence[Record]) -> None:
        """Ask the store once, for the whole batch, what it holds."""
        asked: dict[str, dict[str, list[str]]] = {}
        for record in records:
            draft = document_of(record, self.neighbour)
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
        StoreConflictError: Batches arrive all the time; call again.
    """
    page = store.changes(since, limit=limit, databases=(QUARANTINE,))
    accepted = 0
    for change in page.rows:
        kept = set_aside_of(change.document)
        if kept.reason not in CURABLE:
            continue
        direction: Direction = "up" if kept.direction == "up" else "down"
        accepted += _judged_again(gate, store, kept, direction)
    return Reconsidered(accepted, page.last_seq, page.more)


def _judged_again(gate: Gate, store: Store, kept: SetAside, direction: Direction) -> bool:
    for attempt in range(_CONFLICTS_MAX):
        inspection = gate.inspect([kept.raw], kept.neighbour, direction)
        if not inspection.accepted:
            return False
        try:
            store.put(inspection.documents, inspection.local, expect=inspection.expect)
        except StoreConflictError:
            if attempt == _CONFLICTS_MAX - 1:
                raise
        else:
            return True
    raise AssertionError("a put neither succeeded nor failed")


def _parsed(raw: bytes) -> Record | None:
    try:
        return parse(raw)
    except FormatError:
        return None
