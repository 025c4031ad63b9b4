"""The journals of devices as this unit may read them: its own, and those of units below."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from security.errors import FormatError, OpenError, TrustError
from security.grants import FACTS_KEY, open_grant
from security.header import Header
from security.records import Record, derive_facts_key, open_body, open_facts
from security.registry import Registry
from security.signing import ReadingKey
from sync.documents import AUDIT, KEYS, record_of
from sync.ports import Document, Store

GRANTS_MAX = 16
"""Grants of one journal that are looked at; its device writes one."""

_JOURNALS_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Note:
    """One note of a journal, opened as far as this unit may.

    `at` is what the device's clock said, `thing` the object of the act. `body` is None where
    only the facts are readable. A note under a key that this unit was not granted has neither
    action nor clerk.
    """

    record: str
    journal: str
    device: str
    unit: str
    incarnation: int
    seq: int
    ms: int
    action: str = ""
    at: str = ""
    clerk: str = ""
    thing: str = ""
    outcome: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Keys:
    facts: bytes = field(repr=False)
    whole: bytes | None = field(repr=False)


class NoteReader:
    """Open the notes of a store with the reading keys of one unit. One thread at a time."""

    def __init__(
        self, store: Store, registry: Registry, unit: str, reading: Mapping[int, ReadingKey]
    ) -> None:
        """Take the unit's reading keys by epoch."""
        self._store = store
        self._registry = registry
        self._unit = unit
        self._reading = reading
        self._keys: OrderedDict[tuple[bytes, str], _Keys | None] = OrderedDict()

    def notes(self, since: int = 0, *, limit: int = 1_000) -> tuple[list[Note], int, bool]:
        """Give the notes after a place of the store, where to go on, and whether more follow.

        Raises:
            StoreError: The store cannot be read.
        """
        page = self._store.changes(since, limit=limit, databases=(AUDIT,))
        rows = [self.read(change.document) for change in page.rows]
        return [note for note in rows if note is not None], page.last_seq, page.more

    def read(self, document: Document) -> Note | None:
        """Give the note in a document; None for one that this disk damaged."""
        try:
            record = record_of(document)
        except FormatError:
            return None
        return self.open(record)

    def open(self, record: Record) -> Note:
        """Give the note in a record, as far as it opens here."""
        header = record.header
        keys = self._journal_keys(header)
        facts: Mapping[str, object] = {}
        body: Mapping[str, object] | None = None
        try:
            if keys is not None:
                facts = open_facts(record, keys.facts)
                body = open_body(record, keys.whole) if keys.whole else None
        except OpenError:
            facts, body = {}, None
        return Note(
            record=record.id,
            journal=header.case.hex(),
            device=header.device,
            unit=self._unit_of(header.device),
            incarnation=header.incarnation,
            seq=header.seq,
            ms=header.hlc.ms,
            action=str(facts.get("action", "")),
            at=str(facts.get("at", "")),
            clerk=str(facts.get("clerk", "")),
            thing=str(facts.get("object", "")),
            outcome=str(facts.get("outcome", "")),
            facts={name: value for name, value in facts.items() if name not in _TEXTS},
            body=body,
        )

    def _unit_of(self, device: str) -> str:
        try:
            return self._registry.device(device).unit
        except TrustError:
            return ""

    def _journal_keys(self, header: Header) -> _Keys | None:
        # Only the device itself gives the key of its journal.
        name = (header.case, header.device)
        if name not in self._keys:
            keys = next(self._granted(header), None)
            if keys is None:
                return None
            self._keys[name] = keys
            if len(self._keys) > _JOURNALS_MAX:
                self._keys.popitem(last=False)
        return self._keys[name]

    def _granted(self, header: Header) -> Iterator[_Keys]:
        page = self._store.changes(
            0, limit=GRANTS_MAX, tag=f"journal:{header.case.hex()}", databases=(KEYS,)
        )
        for change in page.rows:
            try:
                record = record_of(change.document)
                if record.header.device != header.device:
                    continue
                grant = open_grant(record, self._unit, self._reading)
            except (FormatError, OpenError):
                continue
            if grant is None:
                continue
            if grant.kind == FACTS_KEY:
                yield _Keys(grant.key, None)
            else:
                facts = derive_facts_key(grant.key, header.case, header.generation)
                yield _Keys(facts, grant.key)


_TEXTS = ("action", "at", "clerk", "object", "outcome")
