"""What the escrow holders can do together: prove that they could, and grant again."""

from collections.abc import Iterator, Sequence

from casebook.audience import ESCROW_EPOCH
from casebook.feed import Draft, Feed, Position
from security.errors import FormatError, OpenError, TrustError
from security.grants import CASE_KEY, ESCROW, FACTS_KEY, Grant, Reader, make_grant, open_grant
from security.header import ENTRY, GRANT, JOURNAL, Header
from security.records import Record, derive_facts_key, open_facts
from security.registry import Registry
from security.signing import ReadingKey, Signer
from sync.documents import CASES, KEYS, record_of, unit_tag
from sync.ports import Change, Store

PAGE_ROWS = 500
ENTRIES_MAX = 200
BATCH = 64
_Subject = tuple[bytes, int]


class EscrowDesk:
    """Works with the escrow key while it is in memory, on the store of one installation."""

    def __init__(self, store: Store, registry: Registry, key: ReadingKey) -> None:
        """Take a key that was put together from shares.

        Raises:
            TrustError: It is not the key that the registry names.
        """
        if key.public != registry.escrow:
            raise TrustError("the shares give another key than the registry's escrow key")
        self._store = store
        self._registry = registry
        self._keys = {ESCROW_EPOCH: key}

    def prove(self) -> str:
        """Open one real grant, and with its key a real entry; gives the case, not the key.

        Raises:
            OpenError: No case of this store opens.
        """
        for record in self._grants(""):
            if record.header.audience == JOURNAL:
                continue
            grant = self._opened(record)
            if grant is not None and self._opens_an_entry(record, grant):
                return record.header.case.hex()
        raise OpenError("no case of this store opens with the escrow key")

    def regrant(self, unit: str, device: str, signer: Signer, feed: Feed) -> int:
        """Grant the cases of a unit to its present epoch; gives how many were granted.

        What the unit was granted before, case key or facts key, it is granted again. To repeat
        is harmless: what was granted in this epoch is left out.

        Raises:
            TrustError: There is no such unit.
            StoreError: Nothing more was written; what was granted stays granted.
        """
        stated = self._registry.unit(unit)
        given: dict[_Subject, tuple[Record, set[str]]] = {}
        present: set[tuple[_Subject, str]] = set()
        for record in self._grants(unit):
            subject = (record.header.case, record.header.generation)
            for reader in record.readers:
                if reader.unit == unit and record.header.audience != JOURNAL:
                    given.setdefault(subject, (record, set()))[1].add(reader.kind)
                    if reader.epoch == stated.epoch:
                        present.add((subject, reader.kind))
        drafts = []
        for subject, (record, kinds) in given.items():
            kind = CASE_KEY if CASE_KEY in kinds else FACTS_KEY
            grant = None if (subject, kind) in present else self._key_of(record)
            if grant is not None:
                fresh = Reader(unit, stated.epoch, stated.reading, kind)
                drafts.append(_draft(record, grant, fresh, device, signer))
        for first in range(0, len(drafts), BATCH):
            feed.append(drafts[first : first + BATCH])
        return len(drafts)

    def _key_of(self, record: Record) -> Grant | None:
        """The case key from this grant, or from another of the same case and generation."""
        found = self._opened(record)
        if found is not None:
            return found
        page = self._store.changes(
            0, limit=PAGE_ROWS, tag=f"case:{record.header.case.hex()}", databases=(KEYS,)
        )
        for other in _records(page.rows):
            if other.header.generation == record.header.generation:
                found = self._opened(other)
                if found is not None:
                    return found
        return None

    def _opened(self, record: Record) -> Grant | None:
        try:
            grant = open_grant(record, ESCROW, self._keys)
        except (OpenError, FormatError):
            return None
        return grant if grant is not None and grant.kind == CASE_KEY else None

    def _opens_an_entry(self, record: Record, grant: Grant) -> bool:
        header = record.header
        facts_key = derive_facts_key(grant.key, header.case, header.generation)
        page = self._store.changes(
            0, limit=ENTRIES_MAX, tag=f"case:{header.case.hex()}", databases=(CASES,)
        )
        for entry in _records(page.rows):
            same = entry.header.generation == header.generation
            if entry.header.type == ENTRY and same:
                try:
                    open_facts(entry, facts_key)
                except OpenError:
                    continue
                return True
        return False

    def _grants(self, unit: str) -> Iterator[Record]:
        since, more = 0, True
        tag = unit_tag(unit) if unit else None
        while more:
            page = self._store.changes(since, limit=PAGE_ROWS, tag=tag, databases=(KEYS,))
            for record in _records(page.rows):
                if record.header.type == GRANT:
                    yield record
            since, more = page.last_seq, page.more


def _draft(record: Record, grant: Grant, reader: Reader, device: str, signer: Signer) -> Draft:
    def draft(position: Position) -> Record:
        header = Header(
            type=GRANT,
            case=record.header.case,
            generation=record.header.generation,
            path=record.header.path,
            device=device,
            seq=position.seq,
            prev=position.prev,
            hlc=position.hlc,
            audience=record.header.audience,
            extra=position.extra,
        )
        return make_grant(header, grant.key, [reader], signer)

    return draft


def _records(rows: Sequence[Change]) -> Iterator[Record]:
    for row in rows:
        try:
            yield record_of(row.document)
        except FormatError:
            continue  # The check of the store tells of it.
