"""A street and its village with real stores on disk, log, witnesses and pins, to attack."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from casebook.feed import Feed, Position
from security.carriers import carry_statement
from security.caseids import RANDOM_BYTES, new_case_id
from security.header import JOURNAL, NO_CASE, STATEMENT, Header
from security.records import AUDIT, ENTRY, SALT_BYTES, Record, seal_entry
from security.registry import Registry, sign_statement
from security.signing import SigningKey
from sync.documents import document_of
from sync.ingest import Gate
from sync.log.auditing import Auditor, Source
from sync.log.contact import ChildSide
from sync.log.feedcheck import Finding
from sync.log.folder import LogFolder
from sync.stores.sqlite import SqliteStore
from tests.support.logs import LogHub, speak
from tests.support.tree import (
    CITY,
    OTHER_PATH,
    OTHER_VILLAGE,
    PATH,
    STREET,
    VILLAGE,
    StillClock,
    device_key,
    device_of,
    make_registry,
    secret,
    unit_key,
)

NOW_S = 1_795_395_900 + 600


@dataclass
class Audited:
    """City, street and village after a day of work, with what an auditor is given."""

    folder: Path
    registry: Registry = field(default_factory=make_registry)
    clock: StillClock = field(default_factory=StillClock)
    written: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.village = self._store("village")
        self.feed = Feed(self.village, device_of(VILLAGE), self.clock)
        self.street = self._hub(STREET)
        self.city = self._hub(CITY)
        self.below = ChildSide(
            store=self.village,
            registry=self.registry,
            parent=STREET,
            on_alarm=self.street.alarms,
        )
        self.above = self.street.child(CITY)

    def work(self, entries: int, kind: str = ENTRY) -> None:
        """Write records at the village, carry them up, log, witness and pin them."""
        self.clock.ms += 1_000
        records = self.feed.append([lambda at: self.draft(at, kind)] * entries)
        self.written += records
        self.carry(*(record.raw for record in records))
        self.street.log.update()
        speak(self.above, self.city, device_of(STREET))
        self.city.log.update()
        speak(self.below, self.street, device_of(VILLAGE))

    def carry(self, *raw: bytes) -> tuple[tuple[str, str], ...]:
        """Bring records to the street, through its gate."""
        gate = Gate(self.registry, self.street.store, STREET)
        inspection = gate.inspect(raw, VILLAGE, "up")
        self.street.store.put(inspection.documents, inspection.local, expect=inspection.expect)
        return inspection.quarantined

    def draft(
        self, position: Position, kind: str = ENTRY, signer: SigningKey | None = None
    ) -> Record:
        case = new_case_id(1, VILLAGE, secret(f"case {position.seq // 4}")[:RANDOM_BYTES])
        header = Header(
            kind,
            case,
            PATH,
            device_of(VILLAGE),
            position.seq,
            generation=1,
            prev=position.prev,
            hlc=position.hlc,
            audience=JOURNAL if kind == AUDIT else "item",
            extra=position.extra,
        )
        salt = secret(f"salt {position.seq}")[:SALT_BYTES]
        key = signer or device_key(VILLAGE)
        return seal_entry(header, {"act": "note"}, {}, bytes(32), key, salt)

    def state_revocation(self) -> Record:
        """A statement that ends a device, in the street's feed, and one more behind it."""
        n, prev = self.registry.next_place(OTHER_VILLAGE)
        device = device_of(OTHER_VILLAGE)
        values = {"unit": OTHER_VILLAGE, "n": n, "prev": prev, "kind": "revoke"}
        ended = {**values, "device": device, "after_seq": 0}
        raw = sign_statement(ended, unit_key(STREET))
        feed = Feed(self.street.store, device_of(STREET), self.clock)

        def draft(position: Position) -> Record:
            header = Header(
                STATEMENT,
                NO_CASE,
                OTHER_PATH,
                device_of(STREET),
                position.seq,
                prev=position.prev,
                hlc=position.hlc,
                extra=position.extra,
            )
            return carry_statement(header, raw, device_key(STREET))

        [first, _] = feed.append([draft, draft])
        return first

    def findings(self, *, with_all: bool = False, now_s: int = NOW_S) -> list[Finding]:
        """What an auditor finds at the street, or at all tiers against each other."""
        sources = [Source("street", STREET, self.street.store, LogFolder(self.street.folder))]
        if with_all:
            sources += [
                Source("city", CITY, self.city.store, LogFolder(self.city.folder)),
                Source("village", VILLAGE, self.village),
            ]
        return list(Auditor(self.registry, now_s).findings(sources))

    def kinds(self, *, with_all: bool = False) -> set[str]:
        return {finding.kind for finding in self.findings(with_all=with_all)}

    def tamper(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """Change the street's store as somebody with its file and no key can."""
        self.street.store.close()
        with sqlite3.connect(self.folder / "street.sqlite") as connection:
            change(connection)
        connection.close()
        self.street.store = self._store("street")

    def replace_in_store(self, old: Record, new: Record, *, renamed: bool) -> None:
        """Put another record in the place of one in the street's store."""
        body = document_of(new, VILLAGE).body

        def change(connection: sqlite3.Connection) -> None:
            doc = _doc(connection, old)
            connection.execute("UPDATE revs SET body = ? WHERE doc = ?", (body, doc))
            if renamed:
                connection.execute("UPDATE docs SET id = ? WHERE doc = ?", (new.id, doc))

        self.tamper(change)

    def remove_from_store(self, record: Record) -> None:
        """Take a record out of the street's store, as if it had never come."""

        def change(connection: sqlite3.Connection) -> None:
            doc = _doc(connection, record)
            for table in ("scope", "changes", "steps", "revs", "docs"):
                connection.execute(f"DELETE FROM {table} WHERE doc = ?", (doc,))  # noqa: S608

        self.tamper(change)

    def close(self) -> None:
        for store in (self.village, self.street.store, self.city.store):
            store.close()

    def _hub(self, unit: str) -> LogHub:
        name = "street" if unit == STREET else "city"
        return LogHub(unit, self.registry, self.folder / f"{name}-log", self._store(name))

    def _store(self, name: str) -> SqliteStore:
        return SqliteStore.open(self.folder / f"{name}.sqlite", lambda count: b"\x05" * count)


def _doc(connection: sqlite3.Connection, record: Record) -> int:
    [row] = connection.execute("SELECT doc FROM docs WHERE id = ?", (record.id,))
    return int(row[0])
