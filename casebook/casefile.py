"""All records of one case, opened as far as this unit may.

Reading a case is one walk along its tag in the store's scope index: grants first give the keys,
then every entry yields its facts and, where the case key is held, its body.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from casebook.errors import UnknownCaseError
from cases.entries import Entry
from security.errors import FormatError, OpenError
from security.grants import open_grant
from security.records import Record, derive_facts_key, open_body, open_facts
from security.registry import Registry
from security.signing import ReadingKey
from sync.documents import record_of
from sync.ports import Store

ENTRIES_MAX = 5_000
"""Records of one case that are read; a case of the trade has some dozens."""


@dataclass(frozen=True, slots=True)
class CaseKeys:
    """The keys of one generation that this unit holds; `case` is None at a relaying hub."""

    facts: bytes = field(repr=False)
    case: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The records of a case in store order, the entries that opened, and the keys held."""

    case: bytes
    path: tuple[str, ...]
    records: tuple[Record, ...]
    entries: tuple[Entry, ...]
    keys: Mapping[int, CaseKeys]
    own_seq: int
    unopened: int

    @property
    def readable(self) -> str:
        """Tell what this unit may read: `case`, `facts` or nothing."""
        if any(keys.case is not None for keys in self.keys.values()):
            return "case"
        return "facts" if self.keys else ""

    @property
    def generation(self) -> int:
        """Return the newest key generation held, 0 when none is."""
        return max(self.keys, default=0)

    def bodies(self) -> dict[str, dict[str, object]]:
        """Open and return the body of every entry that this unit may read, by entry id."""
        opened = {}
        for record in self.records:
            keys = self.keys.get(record.header.generation)
            if record.header.type != "entry" or keys is None or keys.case is None:
                continue
            try:
                opened[record.id] = open_body(record, keys.case)
            except OpenError:
                continue
        return opened


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
        changes = self._store.changes(0, limit=ENTRIES_MAX, tag=f"case:{case.hex()}")
        if not changes.rows:
            message = f"case {case.hex()} is not in this store"
            raise UnknownCaseError(message)
        records = [record_of(row.document) for row in changes.rows]
        keys = self._keys(records)
        entries, unopened = [], 0
        for record in records:
            if record.header.type != "entry":
                continue
            entry = self._entry(record, keys.get(record.header.generation))
            if entry is None:
                unopened += 1
            else:
                entries.append(entry)
        own_seq = max((row.seq for row in changes.rows if row.document.origin == ""), default=0)
        return CaseFile(
            case,
            records[0].header.path,
            tuple(records),
            tuple(entries),
            keys,
            own_seq,
            unopened,
        )

    def _keys(self, records: list[Record]) -> dict[int, CaseKeys]:
        """Choose one key a generation: of several grants, the one that opens an entry.

        Anybody on the path can sign a grant with a wrong key; it must not hide the right one.
        """
        offered: dict[int, list[CaseKeys]] = {}
        for record in records:
            keys = self._granted(record)
            if keys is not None:
                offered.setdefault(record.header.generation, []).append(keys)
        held = {}
        for generation, candidates in offered.items():
            proved = [keys for keys in candidates if _opens_any(keys, generation, records)]
            full = [keys for keys in proved if keys.case is not None]
            held[generation] = (full or proved or candidates)[0]
        return held

    def _granted(self, record: Record) -> CaseKeys | None:
        if record.header.type != "grant":
            return None
        try:
            grant = open_grant(record, self._unit, self._reading)
        except (OpenError, FormatError):
            return None
        if grant is None:
            return None
        if grant.kind == "facts":
            return CaseKeys(grant.key, None)
        header = record.header
        return CaseKeys(derive_facts_key(grant.key, header.case, header.generation), grant.key)

    def _entry(self, record: Record, keys: CaseKeys | None) -> Entry | None:
        if keys is None:
            return None
        try:
            facts = open_facts(record, keys.facts)
        except OpenError:
            return None
        header = record.header
        return Entry(
            id=record.id,
            parents=tuple(parent.hex() for parent in header.parents),
            epoch=header.epoch,
            device=header.device,
            seq=header.seq,
            unit=self._registry.device(header.device).unit,
            path=header.path,
            hlc=(header.hlc.ms, header.hlc.counter),
            facts=facts,
            incarnation=header.incarnation,
        )


def _opens_any(keys: CaseKeys, generation: int, records: list[Record]) -> bool:
    for record in records:
        if record.header.type == "entry" and record.header.generation == generation:
            try:
                open_facts(record, keys.facts)
            except OpenError:
                continue
            return True
    return False
