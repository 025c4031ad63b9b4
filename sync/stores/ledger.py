"""Numbers, feed rows and counts of the SQLite store's one writing transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from sync.stores.names import NameTables

_TALLY = (
    "SELECT name, present, numbered, documents, tombstones, update_seq FROM databases"
    " WHERE number = ?"
)
_SET_TALLY = (
    "UPDATE databases SET present = 1, documents = ?, tombstones = ?, update_seq = ?"
    " WHERE number = ?"
)
_ADD_CHANGE = "INSERT INTO changes (seq, doc, database, origin) VALUES (?, ?, ?, ?)"
_ADD_SCOPE = "INSERT INTO scope (tag, seq, doc, database, origin) VALUES (?, ?, ?, ?, ?)"
_ADD_STEP = "INSERT INTO steps (database, number, doc) VALUES (?, ?, ?)"


@dataclass(slots=True)
class Tally:
    """What is counted of one database, while a transaction changes it.

    Attributes:
        name: The database.
        present: Whether it is there; a deleted one keeps its row and its number.
        numbered: Whether its feed counts its own changes. Else it has the store's numbers, and
            nothing is counted: a put to it writes no more than it must.
        documents: Documents that are not deleted.
        tombstones: Documents whose winner is a tombstone.
        update_seq: The last number in its feed; unless it is numbered, as far as this process
            gave one.
    """

    name: str
    present: bool
    numbered: bool
    documents: int
    tombstones: int
    update_seq: int


class Place(NamedTuple):
    """Where a document stands in the feeds.

    Attributes:
        seq: Its row in the store's feed.
        step: Its row in its database's own feed; None if that has the store's numbers.
    """

    seq: int
    step: int | None


class Ledger:
    """Gives numbers and keeps feeds and counts; the caller lets one thread in at a time.

    Sequence numbers are given inside the transaction, by the only writer there is, and its next
    transaction begins when this one has ended. So numbers become visible in the order in which
    they were given, and a reader, whose snapshot of the log holds whole transactions only,
    never passes a number that a slower transaction would still fill in.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.names = NameTables()
        self.last_seq = 0
        self._tallies: dict[int, Tally] = {}
        self._touched: dict[int, Tally] = {}
        self._doc = self._rev = -1

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything in the block is stored, durably when it ends, or nothing of it is."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self._touched = {}
            first = self.last_seq = int(self.row("SELECT last_seq FROM state")[0])
            yield
            if self.last_seq > first:
                self.connection.execute("UPDATE state SET last_seq = ?", (self.last_seq,))
            self._write_tallies()
            self.connection.execute("COMMIT")
        except BaseException:
            # An interrupt, too, must leave neither an open transaction nor a number in memory
            # that the file does not know.
            self.forget()
            if self.connection.in_transaction:
                self.connection.rollback()
            raise

    def forget(self) -> None:
        """Drop what was looked up; needed after a rollback."""
        self.names.forget()
        self._tallies = {}
        self._touched = {}
        self._doc = self._rev = -1

    def look_again(self, database: int) -> None:
        """Forget the counts of a database whose row was written past this ledger."""
        self._tallies.pop(database, None)
        self._touched.pop(database, None)

    def tips(self) -> dict[str, int]:
        """The last number of each database that the last transaction changed."""
        return {tally.name: tally.update_seq for tally in self._touched.values()}

    def tally(self, database: int) -> Tally:
        """The counts of a database, to look at."""
        tally = self._tallies.get(database)
        if tally is None:
            name, present, numbered, *counts = self.row(_TALLY, (database,))
            tally = Tally(name, bool(present), bool(numbered), *counts)
            self._tallies[database] = tally
        return tally

    def touched(self, database: int) -> Tally:
        """The counts of a database that is changed, which brings it back if it was deleted."""
        tally = self._touched.get(database)
        if tally is None:
            tally = self._touched[database] = self.tally(database)
        return tally

    def new_doc(self) -> int:
        """The number of a new row of `docs`."""
        if self._doc < 0:
            self._doc = int(self.row("SELECT max(doc) FROM docs")[0] or 0)
        self._doc += 1
        return self._doc

    def new_rev(self) -> int:
        """The number of a new row of `revs`."""
        if self._rev < 0:
            self._rev = int(self.row("SELECT max(rev) FROM revs")[0] or 0)
        self._rev += 1
        return self._rev

    def next_place(self, database: int) -> Place:
        """The next number of the store's feed and of the database's."""
        tally = self._touched.get(database) or self.touched(database)
        self.last_seq += 1
        if not tally.numbered:
            tally.update_seq = self.last_seq
            return Place(self.last_seq, None)
        tally.update_seq += 1
        return Place(self.last_seq, tally.update_seq)

    def count(self, database: int, change: int, *, deleted: bool) -> None:
        """Note that there are more or fewer documents, or tombstones if `deleted`."""
        tally = self._touched.get(database) or self.touched(database)
        if deleted:
            tally.tombstones += change
        else:
            tally.documents += change

    def enter_feed(self, place: Place, row: tuple[int, int, int], tags: str) -> None:
        """Give a document its rows in the feeds.

        Args:
            place: From `next_place`.
            row: Numbers of the document, its database, and the winner's origin.
            tags: The winner's, as `revs` has them.
        """
        self.connection.execute(_ADD_CHANGE, (place.seq, *row))
        if tags:
            rows = [(int(tag), place.seq, *row) for tag in tags.split(",")]
            self.connection.executemany(_ADD_SCOPE, rows)
        if place.step is not None:
            self.connection.execute(_ADD_STEP, (row[1], place.step, row[0]))

    def leave_feed(self, place: Place, database: int, tags: str) -> None:
        """Take the rows of a document out of the feeds; `tags` are its winner's."""
        self.connection.execute("DELETE FROM changes WHERE seq = ?", (place.seq,))
        for tag in tags.split(",") if tags else ():
            self.connection.execute(
                "DELETE FROM scope WHERE tag = ? AND seq = ?", (int(tag), place.seq)
            )
        if place.step is not None:
            self.connection.execute(
                "DELETE FROM steps WHERE database = ? AND number = ?", (database, place.step)
            )

    def row(self, statement: str, arguments: tuple[object, ...] = ()) -> tuple[Any, ...]:
        """The row that must be there.

        Raises:
            sqlite3.DatabaseError: It is not: the file is damaged.
        """
        row = self.find(statement, arguments)
        if row is None:
            raise sqlite3.DatabaseError("a row that another row names is absent")
        return row

    def find(
        self, statement: str, arguments: tuple[object, ...] = ()
    ) -> tuple[Any, ...] | None:
        """The first row, or None."""
        row: tuple[Any, ...] | None = self.connection.execute(statement, arguments).fetchone()
        return row

    def _write_tallies(self) -> None:
        for number, tally in self._touched.items():
            if tally.numbered:
                counts = (tally.documents, tally.tombstones, tally.update_seq)
                self.connection.execute(_SET_TALLY, (*counts, number))
            elif not tally.present:
                self.connection.execute(
                    "UPDATE databases SET present = 1 WHERE number = ?", (number,)
                )
            tally.present = True
