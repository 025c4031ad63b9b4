"""All records of one case, opened as far as this unit may.

Reading a case is one walk along its tag in the store's scope index. Its origin is the receipt
written by the home unit, the last of the path: the key that opens it is the key of the case,
and its path is the case's path. Whoever else stands on the path can sign a grant with another
key or an entry under another path; such records are kept and counted, and decide nothing, so
that all tiers fold the same entries.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from casebook.errors import UnknownCaseError
from cases.entries import Entry
from security.caseids import is_case_of
from security.errors import FormatError, OpenError, TrustError
from security.grants import FACTS_KEY, open_grant
from security.records import ENTRY, GRANT, Record, derive_facts_key, open_body, open_facts
from security.registry import Registry
from security.signing import ReadingKey
from sync.documents import record_of
from sync.ports import Changes, Store

_log = logging.getLogger(__name__)

RECORDS_MAX = 5_000
"""Records of one case that are read; a case of the trade has some dozens."""

BYTES_MAX = 64 << 20
"""Stored bytes of one case that are read."""

KEYS_MAX = 8
"""Different keys of one generation, beyond those of the home unit, that are tried."""


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """The keys of a case that this unit holds; `case` is None at a relaying hub."""

    facts: bytes = field(repr=False)
    case: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The entries of a case that opened, and with which keys.

    `path` is that of the receipt. `way` is the path on which the case goes on: that of its home
    now, or the former one for a unit that stands on that alone. `unopened` counts what is here
    and could not be read: damaged on this disk, under a key that was not granted, or not of a
    path that the home has or had.
    """

    case: bytes
    path: tuple[str, ...]
    generation: int
    keys: CaseKeys | None
    entries: tuple[Entry, ...]
    records: tuple[Record, ...]
    own_seq: int
    unopened: int
    grants: tuple[Record, ...] = ()
    way: tuple[str, ...] = ()
    origin_device: str = ""
    is_full: bool = False
    seq: int = 0

    @property
    def readable(self) -> str:
        """Tell what this unit may read: `case`, `facts` or nothing."""
        if self.keys is None:
            return ""
        return "facts" if self.keys.case is None else "case"

    def bodies(self, wanted: Collection[str] | None = None) -> dict[str, dict[str, object]]:
        """Open and return the bodies that this unit may read, by entry id.

        Args:
            wanted: only of these entries; None for all.
        """
        if self.keys is None or self.keys.case is None:
            return {}
        opened = {}
        for record in self.records:
            if wanted is not None and record.id not in wanted:
                continue
            try:
                opened[record.id] = open_body(record, self.keys.case)
            except OpenError:
                continue
        return opened


@dataclass(frozen=True, slots=True)
class _Origin:
    """The receipt that began the case: its record, and the keys that opened it."""

    record: Record
    keys: CaseKeys


class CaseFiles:
    """Open the cases of a store with the reading keys of one unit."""

    def __init__(
        self, store: Store, registry: Registry, unit: str, reading: Mapping[int, ReadingKey]
    ) -> None:
        """Take the unit's reading keys by epoch; they never leave this object."""
        self._store = store
        self._registry = registry
        self._unit = unit
        self._reading = reading

    def open(self, case: bytes) -> CaseFile:
        """Return everything the store holds of a case.

        Raises:
            UnknownCaseError: The store holds nothing of it.
        """
        changes = self._store.changes(
            0, limit=RECORDS_MAX, tag=f"case:{case.hex()}", bytes_max=BYTES_MAX
        )
        if not changes.rows:
            message = f"case {case.hex()} is not in this store"
            raise UnknownCaseError(message)
        records = list(_records(changes))
        wanted = [record for record in records if record.header.type == ENTRY]
        origin = self._origin(wanted, self._offered_keys(records))
        opened = [] if origin is None else list(self._opened_of(wanted, origin))
        damaged = len(changes.rows) - len(records)
        own_seq = max((row.seq for row in changes.rows if row.document.origin == ""), default=0)
        return CaseFile(
            case=case,
            path=origin.record.header.path if origin else (),
            generation=origin.record.header.generation if origin else 0,
            keys=origin.keys if origin else None,
            entries=tuple(entry for entry, _ in opened),
            records=tuple(record for _, record in opened),
            own_seq=own_seq,
            unopened=len(wanted) - len(opened) + damaged + changes.more,
            grants=tuple(record for record in records if record.header.type == GRANT),
            way=self._way(origin.record.header.path) if origin else (),
            origin_device=origin.record.header.device if origin else "",
            is_full=changes.more or len(changes.rows) >= RECORDS_MAX,
            seq=0 if changes.more else changes.last_seq,
        )

    def extend(self, file: CaseFile) -> CaseFile | None:
        """Return a case with the records that arrived since, None where it must be opened anew.

        Entries alone go behind the others. A grant may hold a better key, a second receipt may
        be the true one, and what could not be read before may be readable now.
        """
        if file.keys is None or file.unopened or not file.seq:
            return None
        changes = self._store.changes(
            file.seq, limit=RECORDS_MAX, tag=f"case:{file.case.hex()}", bytes_max=BYTES_MAX
        )
        records = list(_records(changes))
        plain = [each for each in records if each.header.type == ENTRY and each.header.parents]
        if changes.more or len(plain) < len(changes.rows) or changes.last_seq < file.seq:
            return None
        opened = list(self._opened(plain, file.path, file.generation, file.keys))
        if len(opened) < len(plain) or len(file.records) + len(plain) >= RECORDS_MAX:
            return None
        own = [row.seq for row in changes.rows if row.document.origin == ""]
        return replace(
            file,
            entries=(*file.entries, *(entry for entry, _ in opened)),
            records=(*file.records, *(record for _, record in opened)),
            own_seq=max([file.own_seq, *own]),
            way=self._way(file.path),
            seq=changes.last_seq,
        )

    def _offered_keys(self, records: Sequence[Record]) -> dict[int, list[CaseKeys]]:
        """Collect what grants give this unit: the home unit's first, and all of those.

        Others may grant again what the home unit gave; the number of their keys is bounded, so
        that nobody buries the true one under false ones.
        """
        offered: dict[int, list[CaseKeys]] = {}
        grants = [record for record in records if record.header.type == GRANT]
        by_home = [each for each in grants if self._author(each) == each.header.path[-1]]
        others = [each for each in grants if self._author(each) != each.header.path[-1]]
        for count, record in enumerate([*by_home, *others]):
            if count >= len(by_home) + KEYS_MAX:
                break
            keys = self._granted(record)
            known = offered.setdefault(record.header.generation, [])
            if keys is not None and keys not in known:
                known.append(keys)
        for known in offered.values():
            known.sort(key=lambda keys: keys.case is None)
        return offered

    def _granted(self, record: Record) -> CaseKeys | None:
        try:
            grant = open_grant(record, self._unit, self._reading)
        except (OpenError, FormatError):
            return None
        if grant is None:
            return None
        if grant.kind == FACTS_KEY:
            return CaseKeys(grant.key, None)
        header = record.header
        return CaseKeys(derive_facts_key(grant.key, header.case, header.generation), grant.key)

    def _origin(
        self, entries: Sequence[Record], offered: Mapping[int, list[CaseKeys]]
    ) -> _Origin | None:
        """Find the receipt: of several, that of the deepest home and the first in its feed."""
        found = [
            origin
            for record in entries
            if not record.header.parents
            and self._author(record) == record.header.path[-1]
            and is_case_of(record.header.case, record.header.path[-1])
            for origin in _receipts(record, offered.get(record.header.generation, ()))
        ]
        return min(found, key=_precedence, default=None)

    def _opened_of(
        self, entries: Sequence[Record], origin: _Origin
    ) -> Iterator[tuple[Entry, Record]]:
        case = origin.record.header
        return self._opened(entries, case.path, case.generation, origin.keys)

    def _opened(
        self, entries: Sequence[Record], path: tuple[str, ...], generation: int, keys: CaseKeys
    ) -> Iterator[tuple[Entry, Record]]:
        for record in entries:
            header = record.header
            if header.generation != generation or not self._is_way(header.path, path):
                continue
            try:
                facts = open_facts(record, keys.facts)
            except OpenError:
                continue
            entry = Entry(
                id=record.id,
                parents=tuple(parent.hex() for parent in header.parents),
                epoch=header.epoch,
                device=header.device,
                seq=header.seq,
                unit=self._author(record),
                path=header.path,
                hlc=(header.hlc.ms, header.hlc.counter),
                facts=facts,
                incarnation=header.incarnation,
            )
            yield entry, record

    def _is_way(self, path: tuple[str, ...], origin: tuple[str, ...]) -> bool:
        """Tell whether a case may go on under a path: its own, or one its home came to have."""
        if path == origin:
            return True
        return path[-1] == origin[-1] and self._registry.knows_path(path)

    def _way(self, path: tuple[str, ...]) -> tuple[str, ...]:
        try:
            now = self._registry.path(path[-1])
        except TrustError:
            return path
        return now if self._unit in now else path

    def _author(self, record: Record) -> str:
        try:
            return self._registry.device(record.header.device).unit
        except TrustError:
            return ""


def _records(changes: Changes) -> Iterator[Record]:
    """Read the stored records; one that this disk damaged is passed over and logged."""
    if changes.more:
        _log.warning("a case has more records than are read", extra={"limit": RECORDS_MAX})
    for row in changes.rows:
        try:
            yield record_of(row.document)
        except FormatError:
            _log.exception("a stored record is damaged", extra={"document": row.document.id})


def _receipts(record: Record, candidates: Sequence[CaseKeys]) -> Iterator[_Origin]:
    for keys in candidates:
        try:
            facts = open_facts(record, keys.facts)
        except OpenError:
            continue
        if facts.get("act") == "receive":
            yield _Origin(record, keys)


def _precedence(origin: _Origin) -> tuple[object, ...]:
    header = origin.record.header
    has_case_key = origin.keys.case is not None
    feed = (header.device, header.incarnation, header.seq, origin.record.id)
    return (-len(header.path), header.path, feed, not has_case_key)
