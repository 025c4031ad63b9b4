"""Documents of the store's own port, put in one transaction of the SQLite store."""

from collections.abc import Mapping, Sequence
from typing import Any

from sync.errors import StoreError
from sync.ports import Document
from sync.stores.bodies import Bodies
from sync.stores.checks import Revision, check_expected
from sync.stores.ledger import Ledger, Place
from sync.stores.revision_rows import unpack_digest
from sync.stores.revision_tree import Rev

_FIND = (
    "SELECT d.doc, d.seq, d.step, d.deleted, r.tags FROM docs d JOIN revs r ON r.rev = d.winner"
    " WHERE d.database = ? AND d.id = ?"
)
_KNOWN = "SELECT 1 FROM revs WHERE doc = ? AND generation = ? AND digest = ?"
_ADD_DOC = "INSERT INTO docs (doc, database, id, winner, seq, step) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_REV = (
    "INSERT INTO revs (rev, doc, generation, digest, origin, tags, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_LEAVES = (
    "SELECT deleted, generation, digest, rev, origin, tags FROM revs WHERE doc = ? AND leaf"
)
_MOVE = "UPDATE docs SET winner = ?, seq = ?, step = ?, deleted = ?, leaves = ? WHERE doc = ?"
_SET_LOCAL = (
    "INSERT INTO locals (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


class Writer:
    """Puts documents; the caller lets one thread in at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._connection = ledger.connection
        self._bodies = Bodies()

    def put(
        self,
        documents: Sequence[Document],
        revisions: Sequence[Revision],
        local: Mapping[str, bytes | None],
        expect: Mapping[str, bytes | None],
    ) -> int:
        """All or nothing; gives the last sequence number. The arguments were checked."""
        with self._ledger.transaction():
            self._check_expected(expect)
            for document, revision in zip(documents, revisions, strict=True):
                self._add(document, revision)
            self._set_locals(local)
        return self._ledger.last_seq

    def copy(
        self,
        rows: Sequence[tuple[int, Document, Revision]],
        local: Mapping[str, bytes | None],
        last_seq: int,
        incarnation: str,
    ) -> None:
        """Take over rows of another store at the numbers that they have there.

        A revision that is here already moves its document to the new number. The numbers
        ascend and lie above all that this store has; `last_seq` may lie above them.
        """
        ledger = self._ledger
        with ledger.transaction():
            for seq, document, revision in rows:
                if seq <= ledger.last_seq:
                    raise StoreError(f"the number {seq} does not follow {ledger.last_seq}")
                ledger.last_seq = seq - 1
                self._add(document, revision, again=True)
            ledger.last_seq = max(last_seq, ledger.last_seq)
            self._set_locals(local)
            self._connection.execute("UPDATE state SET incarnation = ?", (incarnation,))

    def _check_expected(self, expect: Mapping[str, bytes | None]) -> None:
        current: dict[str, bytes | None] = {}
        for key in expect:
            row = self._ledger.find("SELECT value FROM locals WHERE key = ?", (key,))
            current[key] = row[0] if row else None
        check_expected(current, expect)

    def _add(self, document: Document, revision: Revision, *, again: bool = False) -> None:
        ledger = self._ledger
        database = ledger.names.databases.give_number(self._connection, document.database)
        row = ledger.find(_FIND, (database, document.id))
        if row is None:
            self._add_first(document, revision, database)
        elif not ledger.find(_KNOWN, (row[0], *revision)):
            self._add_branch(document, revision, database, row)
        elif again:
            self._move(database, row)

    def _add_first(self, document: Document, revision: Revision, database: int) -> None:
        ledger = self._ledger
        doc, rev, place = ledger.new_doc(), ledger.new_rev(), ledger.next_place(database)
        ledger.count(database, 1, deleted=False)
        self._connection.execute(
            _ADD_DOC, (doc, database, document.id, rev, place.seq, place.step)
        )
        origin, tags = self._add_revision(rev, doc, document, revision)
        ledger.enter_feed(place, (doc, database, origin), tags)

    def _add_branch(
        self, document: Document, revision: Revision, database: int, row: tuple[Any, ...]
    ) -> None:
        """A revision without history beside others: one more leaf, which may win."""
        self._add_revision(self._ledger.new_rev(), row[0], document, revision)
        self._move(database, row)

    def _move(self, database: int, row: tuple[Any, ...]) -> None:
        """Give the document that was found in `row` the next number, and its winner."""
        ledger = self._ledger
        doc, seq, step, was_deleted, old_tags = row
        ledger.leave_feed(Place(seq, step), database, old_tags)
        leaves = self._connection.execute(_LEAVES, (doc,)).fetchall()
        deleted, _, _, winner, origin, tags = max(
            leaves, key=lambda leaf: (not leaf[0], Rev(leaf[1], unpack_digest(leaf[2])))
        )
        place = ledger.next_place(database)
        self._connection.execute(
            _MOVE, (winner, place.seq, place.step, deleted, len(leaves), doc)
        )
        ledger.count(database, -1, deleted=was_deleted)
        ledger.count(database, 1, deleted=deleted)
        ledger.enter_feed(place, (doc, database, origin), tags)

    def _add_revision(
        self, rev: int, doc: int, document: Document, revision: Revision
    ) -> tuple[int, str]:
        names = self._ledger.names
        origin = names.origins.give_number(self._connection, document.origin)
        tags = ",".join(
            str(names.tags.give_number(self._connection, tag)) for tag in document.tags
        )
        packed = self._bodies.pack(document.body)
        self._connection.execute(_ADD_REV, (rev, doc, *revision, origin, tags, packed))
        return origin, tags

    def _set_locals(self, local: Mapping[str, bytes | None]) -> None:
        for key, value in local.items():
            if value is None:
                self._connection.execute("DELETE FROM locals WHERE key = ?", (key,))
            else:
                self._connection.execute(_SET_LOCAL, (key, value))
