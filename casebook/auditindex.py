"""The journals that a unit may read, as a table: by case, clerk, device, unit, action and time.

It follows the store like the read model of cases, holds facts alone, and can be removed at any
time: it is built again from the store.
"""

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from casebook.notes import Note, NoteReader
from sync.ports import Store

PAGE_MAX = 200
ROWS_PER_REFRESH = 20_000
"""Notes taken in for one page; what is beyond comes with the next."""

_BATCH = 1_000
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note as the table holds it; `ms` orders notes of one device alone."""

    seq: int
    record: str
    device: str
    unit: str
    ms: int
    at: str
    action: str
    clerk: str
    thing: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; an empty text asks for all. Days are dates of the device's clock."""

    thing: str = ""
    clerk: str = ""
    device: str = ""
    unit: str = ""
    action: str = ""
    first_day: str = ""
    last_day: str = ""


class AuditIndex:
    """The table, and how far it has followed the store. Any thread may ask."""

    def __init__(self, path: Path | None, store: Store, notes: NoteReader) -> None:
        """Open or make the table; None keeps it in memory. One of another store is dropped."""
        self._store = store
        self._notes = notes
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False)
        try:
            self._prepare()
        except sqlite3.DatabaseError:
            if path is None:
                raise
            self._connection.close()
            path.unlink(missing_ok=True)
            self._connection = sqlite3.connect(path, check_same_thread=False)
            self._prepare()

    def refresh(self) -> bool:
        """Take in what is new; tells whether everything is in.

        Raises:
            StoreError: The store cannot be read.
        """
        with self._lock:
            for _ in range(ROWS_PER_REFRESH // _BATCH):
                since = self._since()
                if since >= self._store.last_seq:
                    return True
                notes, last_seq, _ = self._notes.notes(since, limit=_BATCH)
                self._add(notes, last_seq)
            return self._since() >= self._store.last_seq

    def find(self, wanted: Wanted, offset: int, limit: int) -> tuple[list[NoteRow], int]:
        """Give one page of notes, the newest of the store first, and how many there are."""
        where, values = _condition(wanted)
        bounds = (max(0, min(limit, PAGE_MAX)), max(0, offset))
        with self._lock:
            [total] = self._connection.execute(
                f"SELECT COUNT(*) FROM notes WHERE {where}",  # noqa: S608 - of this module
                values,
            ).fetchone()
            rows = self._connection.execute(
                f"SELECT * FROM notes WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?",  # noqa: S608
                (*values, *bounds),
            ).fetchall()
        return [NoteRow(*row) for row in rows], total

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        place = None
        if version == _SCHEMA:
            place = self._connection.execute("SELECT incarnation FROM progress").fetchone()
        if place is not None and place[0] == self._store.incarnation:
            return
        with self._connection:
            self._connection.execute("DROP TABLE IF EXISTS notes")
            self._connection.execute("DROP TABLE IF EXISTS progress")
            columns = ", ".join(_COLUMNS)
            self._connection.execute(f"CREATE TABLE notes ({columns}) STRICT")
            for name in ("thing", "clerk", "device", "unit", "at"):
                self._connection.execute(f"CREATE INDEX by_{name} ON notes ({name}, seq)")
            self._connection.execute("CREATE TABLE progress (incarnation TEXT, seq INTEGER)")
            first = (self._store.incarnation,)
            self._connection.execute("INSERT INTO progress VALUES (?, 0)", first)
            self._connection.execute(f"PRAGMA user_version = {_SCHEMA}")

    def _since(self) -> int:
        [since] = self._connection.execute("SELECT seq FROM progress").fetchone()
        return int(since)

    def _add(self, notes: list[Note], last_seq: int) -> None:
        rows = [
            (
                *(note.record, note.device, note.unit, note.ms, note.at),
                *(note.action, note.clerk, note.thing, note.outcome),
            )
            for note in notes
        ]
        with self._connection:
            self._connection.executemany(
                "INSERT INTO notes"
                " (record, device, unit, ms, at, action, clerk, thing, outcome)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._connection.execute("UPDATE progress SET seq = ?", (last_seq,))


_COLUMNS = tuple(
    "seq INTEGER PRIMARY KEY"
    if each.name == "seq"
    else f"{each.name} {'INTEGER' if each.type is int else 'TEXT'} NOT NULL"
    for each in fields(NoteRow)
)


def _condition(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    equal: Mapping[str, str] = {
        "thing": wanted.thing,
        "clerk": wanted.clerk,
        "device": wanted.device,
        "unit": wanted.unit,
        "action": wanted.action,
    }
    parts = [f"{name} = ?" for name, value in equal.items() if value]
    values = [value for value in equal.values() if value]
    if wanted.first_day:
        parts.append("at >= ?")
        values.append(wanted.first_day)
    if wanted.last_day:
        # Behind every time of that day: T and what follows sort below a tilde.
        parts.append("at <= ?")
        values.append(f"{wanted.last_day}~")
    return " AND ".join(parts) or "1", tuple(values)
