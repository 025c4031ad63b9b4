"""What an auditor finds in a store and in logs, with nobody's word taken for anything.

Every record is read, named by its hash, checked against the key of its device and put into its
feed; every log is checked against its own signature, its entries and tiles, the store it is of,
and whatever other nodes remember of it: pinned notes, witnessed notes, quotes in feeds.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from security.errors import FormatError, ProofError, SecurityError, SignatureError, TrustError
from security.records import Record, verify
from security.registry import Registry
from security.suites import HASH_BYTES
from security.tlog import Frontier, leaf_hash
from security.tlog_notes import (
    LOG,
    SignedCheckpoint,
    Verifier,
    log_name,
    parse_checkpoint,
    read_quote,
)
from security.tlog_tiles import HEIGHT, LEVEL_MAX, WIDTH, full_root
from security.tlog_trust import log_unit, policy_of
from sync.documents import AUDIT, CASES, KEYS, REGISTRY, record_of, subject_of
from sync.errors import LogError
from sync.feeds import Place
from sync.log.contact import NOTE_KEY
from sync.log.feedcheck import FeedCheck, Finding, Roots
from sync.log.folder import Head, LogFolder
from sync.log.hublog import CHECKPOINTS, LEAVES, entry_of
from sync.ports import Change, Document, Store
from sync.quarantine import QUARANTINE, set_aside_of

RECORDS = (CASES, KEYS, AUDIT, REGISTRY)
STALE_S = 24 * 3_600
"""A log that no witness has cosigned for a day is on its own word."""

CLOCK_SLACK_MS = 600_000
"""Ten minutes: what the clocks of two offices may differ without a word (supervision rule)."""

QUOTE_FIELD = "seen"

_PAGE = 1_000

Progress = Callable[[int, int], None]
"""Told how much of how much has been looked at."""


def _silent(_done: int, _total: int) -> None:
    return None


@dataclass(slots=True)
class Source:
    """One node to be audited: its store, its log, or both."""

    name: str
    unit: str = ""
    store: Store | None = None
    log: LogFolder | None = None
    records: int = 0
    leaves: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """That a log had a root at a size, as somebody remembers it.

    `ms` is the time that a quoting record states, 0 where no record quotes it.
    """

    origin: str
    size: int
    root: bytes
    said_by: str
    ms: int = 0


@dataclass(slots=True)
class Auditor:
    """Audits nodes of one network against its registry and against each other."""

    registry: Registry
    now_s: int
    progress: Progress = _silent
    claims: dict[Claim, None] = field(default_factory=dict)
    _keys: dict[bytes, str] = field(default_factory=dict)
    _times: dict[tuple[str, int], int] = field(default_factory=dict)

    def findings(self, sources: list[Source]) -> Iterator[Finding]:
        """Give all findings, those of each node in its order, then those between nodes.

        Raises:
            StoreError: A store cannot be read.
        """
        for source in sources:
            if source.store is not None:
                yield from self.records(source)
                yield from self.set_aside(source)
                self.remember(source)
            if source.log is not None:
                yield from self.log(source)
        yield from self.compare(sources)

    def records(self, source: Source) -> Iterator[Finding]:
        """Check every record of a store, and every feed that it must hold whole."""
        assert source.store is not None
        feeds = FeedCheck(self.registry, source.unit)
        total = source.store.last_seq
        for change in _changes(source.store, RECORDS):
            source.records += 1
            if source.records % _PAGE == 0:
                self.progress(change.seq, total)
            try:
                record = record_of(change.document)
            except FormatError as error:
                yield Finding("unreadable", change.document.id, str(error))
                continue
            if subject_of(record) not in change.document.tags:
                yield Finding("unreadable", record.id, "it is filed under another case")
            yield from self._author(record)
            yield from feeds.take(record)
            yield from self._quote(record, source.name)
        self.progress(total, total)
        yield from feeds.end()

    def set_aside(self, source: Source) -> Iterator[Finding]:
        """The forks that the gate met: both branches are kept, one of them in quarantine."""
        assert source.store is not None
        for change in _changes(source.store, (QUARANTINE,)):
            kept = set_aside_of(change.document)
            if kept.reason in {Place.FORK.value, Place.CHAIN.value}:
                yield Finding("fork", kept.id, f"set aside as {kept.reason}")

    def remember(self, source: Source) -> None:
        """Collect what a node remembers of the logs of others."""
        assert source.store is not None
        notes = [*source.store.locals("witness/").values(), source.store.local(NOTE_KEY)]
        notes += [
            _note_of(change.document) for change in _changes(source.store, (CHECKPOINTS,))
        ]
        for note in filter(None, notes):
            self._claim(note, source.name)

    def log(self, source: Source) -> Iterator[Finding]:
        """Check one log against its own signature, its tiles, its store and its witnesses."""
        assert source.log is not None
        try:
            head = source.log.head()
        except LogError as error:
            yield Finding("log", source.name, str(error))
            return
        if head.signed is None:
            return
        yield from self._signed(head.signed, source)
        yield from self._tree(source, source.log, head)
        if source.store is not None:
            yield from self._documents(source, source.store, source.log, head)
        yield from self._witnesses(source, head.signed)

    def compare(self, sources: list[Source]) -> Iterator[Finding]:
        """Compare what all nodes remember of each log with the log, or with one another."""
        logs = {}
        for source in sources:
            head = _head_of(source)
            if source.log is not None and head is not None and head.signed is not None:
                logs[head.signed.checkpoint.origin] = Roots(source.log, head.size)
        seen: dict[tuple[str, int], Claim] = {}
        for claim in self.claims:
            yield from self._late(claim)
            first = seen.setdefault((claim.origin, claim.size), claim)
            place = f"{claim.origin} at {claim.size}"
            if first.root != claim.root:
                detail = f"{first.said_by} and {claim.said_by} saw different trees"
                yield Finding("history", place, detail)
            elif claim.origin in logs:
                yield from _compared(logs[claim.origin], claim, place)

    def _late(self, claim: Claim) -> Iterator[Finding]:
        """A record cannot have quoted what was cosigned only after the time it states."""
        cosigned_s = self._times.get((claim.origin, claim.size))
        if claim.ms and cosigned_s and cosigned_s * 1_000 - claim.ms > CLOCK_SLACK_MS:
            hours = (cosigned_s * 1_000 - claim.ms) // 3_600_000
            detail = f"it quotes a checkpoint cosigned {hours} hours after the time it states"
            yield Finding("clock", claim.said_by, detail)

    def _author(self, record: Record) -> Iterator[Finding]:
        try:
            device = self.registry.device(record.header.device)
            verify(record, device.signing)
        except TrustError as error:
            yield Finding("author", record.id, str(error))
            return
        except SignatureError as error:
            yield Finding("signature", record.id, str(error))
            return
        if self.registry.is_revoked(device.id, record.header.seq):
            yield Finding("revoked", record.id, f"written by {device.id} after its end")

    def _quote(self, record: Record, said_by: str) -> Iterator[Finding]:
        quote = record.header.extra.get(QUOTE_FIELD)
        if quote is None:
            return
        try:
            key_id, size, root = read_quote(quote)
        except FormatError as error:
            yield Finding("unreadable", record.id, str(error))
            return
        origin = self._origin(key_id)
        if origin:
            feed = f"{record.header.device} #{record.header.seq}"
            self.claims[Claim(origin, size, root, feed, record.header.hlc.ms)] = None

    def _origin(self, key_id: bytes) -> str:
        if not self._keys:
            for unit in self.registry.units():
                for device in self.registry.devices(unit.code):
                    verifier = Verifier(log_name(device.id), LOG, device.signing)
                    self._keys[verifier.key_id] = verifier.name
        return self._keys.get(key_id, "")

    def _claim(self, note: bytes, said_by: str) -> None:
        try:
            signed = parse_checkpoint(note)
            unit = log_unit(self.registry, signed)
        except SecurityError:
            return
        checkpoint = signed.checkpoint
        self.claims[Claim(checkpoint.origin, checkpoint.size, checkpoint.root, said_by)] = None
        self._stamp(signed, unit.code)

    def _stamp(self, signed: SignedCheckpoint, unit: str) -> None:
        """Keep when a checkpoint was first cosigned."""
        key = (signed.checkpoint.origin, signed.checkpoint.size)
        for seconds in policy_of(self.registry, unit).times(signed).values():
            self._times[key] = min(seconds, self._times.get(key, seconds))

    def _signed(self, signed: SignedCheckpoint, source: Source) -> Iterator[Finding]:
        try:
            unit = log_unit(self.registry, signed)
        except SecurityError as error:
            yield Finding("log", source.name, str(error))
            return
        self._stamp(signed, unit.code)
        if source.unit and unit.code != source.unit:
            yield Finding("log", source.name, f"it is the log of unit {unit.code}")

    def _tree(self, source: Source, log: LogFolder, head: Head) -> Iterator[Finding]:
        """Work the root out anew from every leaf, and compare tiles and entries on the way."""
        assert head.signed is not None
        grown = Frontier()
        has_entries = (log.folder / "entries").exists()
        for index in range(-(-head.size // WIDTH)):
            width = min(WIDTH, head.size - index * WIDTH)
            try:
                leaves = _tile(log, 0, index, width)
                if has_entries:
                    start = index * WIDTH
                    _check_entries(leaves, log.entries(start, start + width), start)
            except (LogError, ProofError) as error:
                yield Finding("log", f"{source.name} tile 0/{index}", str(error))
                return
            for leaf in leaves:
                grown.append(leaf)
            source.leaves += width
            self.progress(source.leaves, head.size)
        if grown.root() != head.signed.checkpoint.root:
            yield Finding("log", source.name, "the tiles are not the tree that was signed")
        yield from _upper_tiles(source, log, head.size)

    def _documents(
        self, source: Source, store: Store, log: LogFolder, head: Head
    ) -> Iterator[Finding]:
        """Every leaf has its document, and every document up to the head its leaf."""
        unmet: OrderedDict[str, bytes] = OrderedDict()
        rows = (row for row in _changes(store, LEAVES) if row.seq <= head.seq)
        try:
            for index, entry in _entries(log, head.size):
                name, place = entry[:HASH_BYTES].hex(), f"{source.name} leaf {index}"
                while name not in unmet and (row := next(rows, None)) is not None:
                    unmet[row.document.id] = entry_of(row.document)
                if unmet.pop(name, entry) != entry:
                    yield Finding("log", place, "it names another case than its record")
                elif not any(store.get(database, name) for database in LEAVES):
                    yield Finding("missing", place, name)
        except LogError:
            return
        for name in [*unmet, *(row.document.id for row in rows)]:
            yield Finding("unlogged", name, f"{source.name} holds it and never logged it")

    def _witnesses(self, source: Source, signed: SignedCheckpoint) -> Iterator[Finding]:
        if not source.unit:
            return
        policy = policy_of(self.registry, source.unit)
        if policy.is_final(signed) or not policy.witnesses:
            return
        newest = max(policy.times(signed).values(), default=0)
        age = self.now_s - newest
        if age > STALE_S and (newest or self._is_old(source)):
            detail = "no witness ever cosigned" if not newest else f"{age // 3_600} hours ago"
            yield Finding("stale", source.name, detail)

    def _is_old(self, source: Source) -> bool:
        """Whether the log has stood for longer than a witness may be silent."""
        if source.store is None:
            return False
        first = next(_changes(source.store, RECORDS), None)
        if first is None:
            return False
        try:
            record = record_of(first.document)
        except FormatError:
            return False
        return self.now_s - record.header.hlc.ms // 1_000 > STALE_S


def _compared(roots: Roots, claim: Claim, place: str) -> Iterator[Finding]:
    if claim.size > roots.size:
        yield Finding("rollback", place, f"{claim.said_by} saw more than the log holds now")
        return
    try:
        if roots.at(claim.size) != claim.root:
            yield Finding("history", place, f"{claim.said_by} saw another tree")
    except (LogError, ProofError) as error:
        yield Finding("log", place, str(error))


def _entries(log: LogFolder, size: int) -> Iterator[tuple[int, bytes]]:
    for start in range(0, size, _PAGE):
        yield from enumerate(log.entries(start, min(size, start + _PAGE)), start)


def _tile(log: LogFolder, level: int, index: int, width: int) -> list[bytes]:
    raw = log.tile(level, index)[: width * HASH_BYTES]
    if len(raw) < width * HASH_BYTES:
        raise LogError(f"the tile holds fewer than {width} hashes")
    return [raw[place : place + HASH_BYTES] for place in range(0, len(raw), HASH_BYTES)]


def _check_entries(leaves: list[bytes], entries: list[bytes], start: int) -> None:
    for index, (leaf, entry) in enumerate(zip(leaves, entries, strict=True), start):
        if leaf_hash(entry) != leaf:
            raise LogError(f"leaf {index} is not the entry that was signed")


def _upper_tiles(source: Source, log: LogFolder, size: int) -> Iterator[Finding]:
    """Every hash of a higher level stands for the full tile below it."""
    for level in range(1, LEVEL_MAX + 1):
        for index in range(size >> HEIGHT * level):
            place = f"{source.name} tile {level}/{index // WIDTH}"
            try:
                above = log.tile(level, index // WIDTH)
                start = index % WIDTH * HASH_BYTES
                if full_root(log.tile(level - 1, index)) != above[start : start + HASH_BYTES]:
                    yield Finding("log", place, "it does not stand for the tiles below it")
                    return
            except LogError as error:
                yield Finding("log", place, str(error))
                return


def _head_of(source: Source) -> Head | None:
    try:
        return source.log.head() if source.log is not None else None
    except LogError:
        return None


def _changes(store: Store, databases: tuple[str, ...]) -> Iterator[Change]:
    since, more = 0, True
    while more:
        page = store.changes(since, limit=_PAGE, databases=databases)
        yield from page.rows
        since, more = page.last_seq, page.more


def _note_of(document: Document) -> bytes | None:
    try:
        note: Mapping[str, object] = json.loads(document.body)
        return str(note["note"]).encode()
    except (ValueError, KeyError, TypeError):
        return None
