"""The read model: one row a case, in SQLite tables kept by sqlite-utils.

It holds facts only, nothing personal, is fed from the store's changes, and can be dropped and
built again at any time: the store is the truth.
"""

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.db import DescIndex, Table

from sync.stores.sealing import FAULTS, open_file

_log = logging.getLogger(__name__)

SCHEMA = 8
"""Raised when the columns change; an older file is dropped and built again."""

PAGE_MAX = 200

_TAGGED = (
    "SELECT cases.* FROM cases JOIN tags USING (case_id) WHERE tag = :tag"
    " ORDER BY updated_ms DESC, case_id LIMIT :most"
)

ENDED = (
    "delivered",
    "archived",
    "not_accepted",
    "withdrawn",
    "returned",
    "terminated",
    "voided",
)
"""States in which nobody has anything left to do."""

_CASES = {
    "case_id": str,
    "case_no": str,
    "item": str,
    "item_version": str,
    "home": str,
    "path": str,
    "state": str,
    "custody": str,
    "offer_to": str,
    "next_act": str,
    "outcome": str,
    "received_at": str,
    "accepted_at": str,
    "decided_at": str,
    "acceptance_from": str,
    "due": str,
    "legal_due": str,
    "accept_due": str,
    "deemed": int,
    "clock_doubt": int,
    "conflicts": int,
    "twins": int,
    "person_tag": str,
    "held": int,
    "withdraw_requested": int,
    "readable": str,
    "own_seq": int,
    "updated_ms": int,
    "digest": str,
}

_PROGRESS = {"id": int, "incarnation": str, "seq": int, "document": str, "rules": str}
_HEARD = {"entry": str, "ms": int}
_NEWEST = DescIndex("updated_ms")
_INDEXED = (
    ["home", _NEWEST],
    ["custody", _NEWEST],
    ["state", _NEWEST],
    ["case_no"],
    ["person_tag"],
    [_NEWEST],
    # All that shelves ask for, so that counting them reads this and not the rows.
    ["offer_to", "home", "custody", "state", "next_act", "conflicts", "twins"],
)


_ENDED = ", ".join(f"'{state}'" for state in ENDED)
TWINS_COUNTED_MAX = 20
"""A case with as many is no clearer for a higher count, and each count would be a write."""

_OPEN_OF_PERSON = (
    f"SELECT COUNT(*) FROM cases WHERE person_tag = :value AND state NOT IN ({_ENDED})"  # noqa: S608  # the states are those of this module
)
_COUNT_TWINS = f"""
UPDATE cases SET twins = counted.number FROM (
    SELECT each.case_id AS id, MIN({TWINS_COUNTED_MAX},
        IIF(each.case_no = '', 0,
            (SELECT COUNT(*) - 1 FROM cases AS other WHERE other.case_no = each.case_no))
        + IIF(each.person_tag = '' OR each.state IN ({_ENDED}), 0,
            COALESCE(:open, (SELECT COUNT(*) FROM cases AS other
                WHERE other.person_tag = each.person_tag AND other.state NOT IN ({_ENDED})))
            - 1)
    ) AS number
    FROM cases AS each WHERE each.{{column}} = :value
) AS counted WHERE cases.case_id = counted.id AND cases.twins != counted.number
"""  # noqa: S608  # the states are those of this module


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What lists show of a case; times are ISO text, empty when not reached."""

    case_id: str
    case_no: str
    item: str
    item_version: str
    home: str
    path: str
    state: str
    custody: str
    offer_to: str
    next_act: str
    outcome: str
    received_at: str
    accepted_at: str
    decided_at: str
    acceptance_from: str
    due: str
    legal_due: str
    accept_due: str
    deemed: int
    clock_doubt: int
    conflicts: int
    twins: int
    person_tag: str
    held: int
    withdraw_requested: int
    readable: str
    own_seq: int
    updated_ms: int
    digest: str

    @property
    def case(self) -> bytes:
        """Return the case id as bytes, as the casebook takes it."""
        return bytes.fromhex(self.case_id)


@dataclass(frozen=True, slots=True)
class Place:
    """How far the read model has followed a store.

    `document` is the id of the last document it took in: a store restored from an older copy
    counts its sequence anew, and then another document stands at the same number. `rules` are
    the versions of catalogue and calendar under which the rows were made.
    """

    incarnation: str = ""
    seq: int = 0
    document: str = ""
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a shelf, and how many rows the whole shelf has."""

    rows: tuple[CaseRow, ...]
    total: int


class CaseIndex:
    """The table of cases of one node, and how far it has followed the store."""

    def __init__(self, path: Path | None, key: bytes | None = None) -> None:
        """Open or make the read model; None keeps it in memory (the simulator, tests).

        With a key the file is sealed. A damaged file is dropped, and so is one that another
        key or none has sealed: everything in it follows from the store.
        """
        self._lock = threading.RLock()
        try:
            self._database = self._opened(path, key)
        except FAULTS:
            if path is None:
                raise
            _log.exception("the read model is damaged and is built again")
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._database = self._opened(path, key)

    def place(self) -> Place:
        """Return how far the rows follow which store."""
        with self._lock:
            row = next(iter(self._database.query("SELECT * FROM progress")), None)
        return _place(row) if row else Place()

    def update(self, rows: Iterable[CaseRow], place: Place) -> None:
        """Replace rows and then move the place; a crash in between folds them once more."""
        with self._lock:
            self._table("cases").upsert_all([asdict(row) for row in rows], pk="case_id")
            self._table("progress").upsert({"id": 1, **asdict(place)}, pk="id")

    def page(self, where: str, values: Mapping[str, object], offset: int, limit: int) -> Page:
        """Return rows in the order of their last act, newest first.

        Args:
            where: an SQL condition of this package, never text from outside.
            values: its named parameters.
            offset: rows to skip.
            limit: at most PAGE_MAX rows are returned.
        """
        order = "ORDER BY updated_ms DESC, case_id LIMIT :limit_ OFFSET :offset_"
        bounds = {"limit_": max(0, min(limit, PAGE_MAX)), "offset_": max(0, offset)}
        with self._lock:
            found = list(
                self._database.query(
                    f"SELECT * FROM cases WHERE {where} {order}",  # noqa: S608  # see docstring
                    {**values, **bounds},
                )
            )
        return Page(tuple(CaseRow(**row) for row in found), self.count(where, values))

    def count(self, where: str, values: Mapping[str, object]) -> int:
        """Return how many cases meet a condition of this package."""
        with self._lock:
            return int(self._table("cases").count_where(where, dict(values)))

    def counts(
        self, conditions: Mapping[str, str], values: Mapping[str, object]
    ) -> dict[str, int]:
        """Return how many cases meet each condition of this package, in one walk."""
        sums = ", ".join(
            f'COALESCE(SUM({where}), 0) AS "{name}"' for name, where in conditions.items()
        )
        with self._lock:
            [row] = self._database.query(f"SELECT {sums} FROM cases", dict(values))  # noqa: S608
        return dict(row)

    def note_twins(self, rows: Iterable[CaseRow]) -> None:
        """Count anew, for these rows and their twins, the cases they collide with.

        A case collides with others under its number, and with open ones of the same applicant
        and item.
        """
        numbers = {row.case_no for row in rows if row.case_no}
        tags = {row.person_tag for row in rows if row.person_tag}
        with self._lock, self._database.conn:
            for number in numbers:
                self._count_twins("case_no", number, None)
            for tag in tags:
                [(open_ones,)] = self._database.execute(_OPEN_OF_PERSON, {"value": tag})
                self._count_twins("person_tag", tag, open_ones)

    def _count_twins(self, column: str, value: str, open_ones: int | None) -> None:
        bound = {"value": value, "open": open_ones}
        self._database.execute(_COUNT_TWINS.format(column=column), bound)

    def twins(self, column: str, value: str, limit: int) -> tuple[CaseRow, ...]:
        """Return the rows that share a value of `case_no` or `person_tag`."""
        assert column in ("case_no", "person_tag")
        with self._lock:
            found = self._database.query(
                f"SELECT * FROM cases WHERE {column} = :value ORDER BY case_id LIMIT :most",  # noqa: S608  # one of two names
                {"value": value, "most": limit},
            )
            return tuple(CaseRow(**row) for row in found)

    def note_tags(self, tags: Mapping[str, Iterable[str]]) -> None:
        """Replace the search tags of cases, by case id."""
        with self._lock, self._database.conn:
            for case_id, values in tags.items():
                self._table("tags").delete_where("case_id = ?", [case_id])
                rows = [{"tag": tag, "case_id": case_id} for tag in values]
                self._table("tags").insert_all(rows, pk=("tag", "case_id"), ignore=True)

    def tagged(self, tag: str, limit: int) -> tuple[CaseRow, ...]:
        """Return the cases with a search tag, newest act first."""
        with self._lock:
            found = self._database.query(_TAGGED, {"tag": tag, "most": limit})
            return tuple(CaseRow(**row) for row in found)

    def row(self, case_id: str) -> CaseRow | None:
        """Return the row of one case, None where the read model does not have it yet."""
        with self._lock:
            found = self._database.query("SELECT * FROM cases WHERE case_id = ?", [case_id])
            row = next(iter(found), None)
        return CaseRow(**row) if row else None

    def hear(self, entries: Mapping[str, int]) -> None:
        """Keep when entries of others were first seen here, in milliseconds since 1970."""
        with self._lock:
            rows = [{"entry": entry, "ms": ms} for entry, ms in entries.items()]
            self._table("heard").insert_all(rows, pk="entry", ignore=True)

    def heard(self, entries: Iterable[str]) -> dict[str, int]:
        """Return when these entries were first seen here, without those that are unknown."""
        wanted = list(entries)
        marks = ", ".join("?" for _ in wanted)
        with self._lock:
            rows = self._database.query(
                f"SELECT entry, ms FROM heard WHERE entry IN ({marks})",  # noqa: S608  # marks alone
                wanted,
            )
            return {str(row["entry"]): int(row["ms"]) for row in rows}

    def digests(self) -> dict[str, str]:
        """Return the digest of every case by case id, to compare two tiers."""
        with self._lock:
            rows = self._database.query("SELECT case_id, digest FROM cases")
            return {row["case_id"]: row["digest"] for row in rows}

    def cases(self, homes: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of all cases of some homes, in hex."""
        ids: list[str] = []
        with self._lock:
            for home in homes:
                rows = self._table("cases").rows_where("home = ?", [home], select="case_id")
                ids += [str(row["case_id"]) for row in rows]
        return tuple(sorted(ids))

    def clear(self) -> None:
        """Forget every row; the next update starts from the beginning of the store."""
        with self._lock, self._database.conn:
            self._database.execute("DELETE FROM cases")
            self._database.execute("DELETE FROM tags")
            self._database.execute("DELETE FROM progress")

    def close(self) -> None:
        """Close the file; the index is of no use afterwards."""
        with self._lock:
            self._database.conn.close()

    @staticmethod
    def _opened(path: Path | None, key: bytes | None) -> Database:
        database = _connected(path, key)
        try:
            _migrate(database)
        except FAULTS:
            database.conn.close()
            raise
        return database

    def _table(self, name: str) -> Table:
        return self._database.table(name)


def _migrate(database: Database) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA:
        return
    for name in database.table_names():
        database.table(name).drop()
    database.table("cases").create(_CASES, pk="case_id")
    for columns in _INDEXED:
        database.table("cases").create_index(columns)
    database.table("progress").create(_PROGRESS, pk="id")
    database.table("heard").create(_HEARD, pk="entry")
    database.table("tags").create({"tag": str, "case_id": str}, pk=("tag", "case_id"))
    database.table("tags").create_index(["case_id"])
    database.execute(f"PRAGMA user_version = {SCHEMA}")


def _place(row: Mapping[str, object]) -> Place:
    return Place(
        str(row["incarnation"]), int(str(row["seq"])), str(row["document"]), str(row["rules"])
    )


def _connected(path: Path | None, key: bytes | None) -> Database:
    place = "file::memory:" if path is None else path.absolute().as_uri()
    connection = open_file(place, key)
    database = Database(connection)
    try:
        if path is not None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
    except FAULTS:
        connection.close()
        raise
    return database
