"""The one writing transaction of the SQLite store."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sync.ports import Document
from sync.stores.bodies import Bodies
from sync.stores.checks import Revision, check_expected
from sync.stores.names import NameTables

_FIND = "SELECT doc, seq, winner FROM docs WHERE database = ? AND id = ?"
_KNOWN = "SELECT 1 FROM revs WHERE doc = ? AND generation = ? AND digest = ?"
_ADD_DOC = "INSERT INTO docs (doc, database, id, winner, seq) VALUES (?, ?, ?, ?, ?)"
_ADD_REV = (
    "INSERT INTO revs (rev, doc, generation, digest, origin, tags, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_BEST = (
    "SELECT rev, origin, tags FROM revs WHERE doc = ? AND leaf"
    " ORDER BY deleted, generation DESC, digest DESC LIMIT 1"
)
_MOVE = "UPDATE docs SET winner = ?, seq = ? WHERE doc = ?"
_ADD_CHANGE = "INSERT INTO changes (seq, doc, database, origin) VALUES (?, ?, ?, ?)"
_ADD_SCOPE = "INSERT INTO scope (tag, seq, doc, database, origin) VALUES (?, ?, ?, ?, ?)"
_SET_LOCAL = (
    "INSERT INTO locals (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


class Writer:
    """Puts documents; the caller lets one thread in at a time.

    Sequence numbers are given inside the transaction, by the only writer there is, and its next
    transaction begins when this one has ended. So numbers become visible in the order in which
    they were given, and a reader, whose snapshot of the log holds whole transactions only,
    never passes a number that a slower transaction would still fill in.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._names = NameTables()
        self._bodies = Bodies()

    def put(
        self,
        documents: Sequence[Document],
        revisions: Sequence[Revision],
        local: Mapping[str, bytes | None],
        expect: Mapping[str, bytes | None],
    ) -> int:
        """All or nothing; gives the last sequence number. The arguments were checked."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._check_expected(expect)
            first = seq = int(self._row("SELECT last_seq FROM state")[0])
            for document, revision in zip(documents, revisions, strict=True):
                seq += self._add(document, revision, seq + 1)
            if seq > first:
                self._connection.execute("UPDATE state SET last_seq = ?", (seq,))
            self._set_locals(local)
            self._connection.execute("COMMIT")
        except BaseException:
            # An interrupt, too, must leave neither an open transaction nor a number in memory
            # that the file does not know.
            self._names.forget()
            if self._connection.in_transaction:
                self._connection.rollback()
            raise
        return seq

    def _check_expected(self, expect: Mapping[str, bytes | None]) -> None:
        current: dict[str, bytes | None] = {}
        for key in expect:
            row = self._find("SELECT value FROM locals WHERE key = ?", (key,))
            current[key] = row[0] if row else None
        check_expected(current, expect)

    def _add(self, document: Document, revision: Revision, seq: int) -> int:
        """How many sequence numbers were used: none for a revision that is known."""
        database = self._names.databases.give_number(self._connection, document.database)
        row = self._find(_FIND, (database, document.id))
        if row is None:
            self._add_first(document, revision, seq, database)
            return 1
        doc, old_seq, old_winner = row
        if self._find(_KNOWN, (doc, *revision)):
            return 0
        self._leave_feed(old_seq, old_winner)
        self._add_revision(self._next("SELECT max(rev) FROM revs"), doc, document, revision)
        winner, origin, tags = self._row(_BEST, (doc,))
        self._connection.execute(_MOVE, (winner, seq, doc))
        self._enter_feed(seq, (doc, database, origin), tags)
        return 1

    def _add_first(
        self, document: Document, revision: Revision, seq: int, database: int
    ) -> None:
        doc = self._next("SELECT max(doc) FROM docs")
        rev = self._next("SELECT max(rev) FROM revs")
        self._connection.execute(_ADD_DOC, (doc, database, document.id, rev, seq))
        origin, tags = self._add_revision(rev, doc, document, revision)
        self._enter_feed(seq, (doc, database, origin), tags)

    def _add_revision(
        self, rev: int, doc: int, document: Document, revision: Revision
    ) -> tuple[int, str]:
        origin = self._names.origins.give_number(self._connection, document.origin)
        tags = ",".join(
            str(self._names.tags.give_number(self._connection, tag)) for tag in document.tags
        )
        packed = self._bodies.pack(document.body)
        self._connection.execute(_ADD_REV, (rev, doc, *revision, origin, tags, packed))
        return origin, tags

    def _enter_feed(self, seq: int, row: tuple[int, int, int], tags: str) -> None:
        self._connection.execute(_ADD_CHANGE, (seq, *row))
        for tag in tags.split(",") if tags else ():
            self._connection.execute(_ADD_SCOPE, (int(tag), seq, *row))

    def _leave_feed(self, seq: int, winner: int) -> None:
        self._connection.execute("DELETE FROM changes WHERE seq = ?", (seq,))
        tags = self._row("SELECT tags FROM revs WHERE rev = ?", (winner,))[0]
        for tag in tags.split(",") if tags else ():
            self._connection.execute(
                "DELETE FROM scope WHERE tag = ? AND seq = ?", (int(tag), seq)
            )

    def _set_locals(self, local: Mapping[str, bytes | None]) -> None:
        for key, value in local.items():
            if value is None:
                self._connection.execute("DELETE FROM locals WHERE key = ?", (key,))
            else:
                self._connection.execute(_SET_LOCAL, (key, value))

    def _next(self, statement: str) -> int:
        return int(self._row(statement)[0] or 0) + 1

    def _row(self, statement: str, arguments: tuple[object, ...] = ()) -> tuple[Any, ...]:
        row = self._find(statement, arguments)
        if row is None:
            raise sqlite3.DatabaseError("a row that another row names is absent")
        return row

    def _find(self, statement: str, arguments: tuple[object, ...]) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(statement, arguments).fetchone()
        return row
