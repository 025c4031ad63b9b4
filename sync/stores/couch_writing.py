"""Revisions of the CouchDB protocol, written to the SQLite store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sync.couch_values import Limits, WriteResult
from sync.errors import DocumentRefusedError, UnknownDatabaseError
from sync.stores.blobs import find_blob, remove_unused, store_blob
from sync.stores.bodies import Bodies
from sync.stores.couch_checks import Checked
from sync.stores.editing import Held, Rules, plan
from sync.stores.ledger import Ledger
from sync.stores.revision_rows import StoredTree, absent, pack_digest, read_tree
from sync.stores.revision_tree import Node, Rev, RevisionTree

_ADD_DOC = "INSERT INTO docs (doc, database, id, winner, seq) VALUES (?, ?, ?, 0, 0)"
"""A new document's row, which its revisions refer to; `_move` fills it in."""
_MOVE = "UPDATE docs SET winner = ?, seq = ?, step = ?, deleted = ?, leaves = ? WHERE doc = ?"
_ADD_REV = (
    "INSERT INTO revs (rev, doc, generation, digest, parent, leaf, deleted, origin, tags, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SET_NODE = "UPDATE revs SET parent = ?, leaf = ?, deleted = ? WHERE rev = ?"
_SET_BODY = "UPDATE revs SET body = ? WHERE rev = ?"
_SET_CONTENT = "UPDATE revs SET tags = ?, body = ? WHERE rev = ?"
_ADD_ATTACHMENT = (
    "INSERT INTO attachments"
    " (rev, position, name, content_type, blob, length, revpos, encoding)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_OLD_BODIES = (
    "SELECT r.rev FROM revs r JOIN docs d ON d.doc = r.doc"
    " WHERE r.body IS NOT NULL AND NOT r.leaf AND d.database = ? LIMIT ?"
)
_COUNT_PURGE = "UPDATE databases SET purge_seq = purge_seq + ? WHERE number = ?"
_PURGES = "SELECT purge_seq FROM databases WHERE number = ?"
_COMPACTED_AT_ONCE = 1000
"""Revisions in one transaction of a compaction, so that other writers need not wait long."""


class DocumentWriter:
    """Writes, purges and compacts; the caller lets one thread in at a time."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._connection = ledger.connection
        self._limits = limits
        self._bodies = Bodies()
        self._freed: list[int] = []

    def find_database(self, name: str) -> int:
        """The number of a database that is there; needs a transaction.

        Raises:
            UnknownDatabaseError: There is none of that name.
        """
        number = self._ledger.names.databases.number(self._connection, name)
        if number is None or not self._ledger.tally(number).present:
            raise UnknownDatabaseError(f"there is no database {name!r:.80}")
        return number

    def write(
        self,
        name: str,
        checked: Sequence[Checked | WriteResult],
        pinned: Iterable[bytes],
        *,
        new_edits: bool,
    ) -> tuple[WriteResult, ...]:
        """One result for each; those that were refused before keep their result."""
        self._freed = []
        with self._ledger.transaction():
            database = self.find_database(name)
            revs_limit = self._ledger.row(
                "SELECT revs_limit FROM databases WHERE number = ?", (database,)
            )[0]
            rules = Rules(new_edits, revs_limit, self._limits)
            results = tuple(
                one if isinstance(one, WriteResult) else self._write_one(database, one, rules)
                for one in checked
            )
            # Of revisions that were stemmed away.
            remove_unused(self._connection, self._freed, pinned)
            return results

    def purge(
        self, name: str, revisions: Mapping[str, Sequence[Rev]], pinned: Iterable[bytes]
    ) -> tuple[int, dict[str, tuple[str, ...]]]:
        """The new purge number, and the revisions that are gone by document id."""
        purged: dict[str, tuple[str, ...]] = {}
        self._freed = []
        with self._ledger.transaction():
            database = self.find_database(name)
            for document_id, revs in revisions.items():
                found = read_tree(self._connection, database, document_id)
                leaves = found.tree.leaves() if found else ()
                gone = tuple(rev for rev in revs if rev in leaves)
                purged[document_id] = tuple(rev.text for rev in gone)
                if found is not None and gone:
                    rest = found.tree.without(gone)
                    numbers = self._store_nodes(found, rest, None, None)
                    self._move(database, found, rest, numbers)
            remove_unused(self._connection, self._freed, pinned)
            self._connection.execute(_COUNT_PURGE, (any(purged.values()), database))
            purge_seq = self._ledger.row(_PURGES, (database,))[0]
            return purge_seq, purged

    def compact_some(self, name: str, pinned: Iterable[bytes]) -> bool:
        """Drop some bodies of revisions that are no leaves; whether more may remain."""
        self._freed = []
        with self._ledger.transaction():
            database = self.find_database(name)
            rows = self._connection.execute(
                _OLD_BODIES, (database, _COMPACTED_AT_ONCE)
            ).fetchall()
            for (rev,) in rows:
                self._connection.execute(_SET_BODY, (None, rev))
                self._remove_attachments(rev)
            remove_unused(self._connection, self._freed, pinned)
        return len(rows) == _COMPACTED_AT_ONCE

    def _write_one(self, database: int, checked: Checked, rules: Rules) -> WriteResult:
        found = read_tree(self._connection, database, checked.id) or absent(self._connection)
        try:
            planned = plan(checked, found, rules)
            blobs = self._store_blobs(planned.attachments)
        except DocumentRefusedError as error:
            rev = "" if rules.new_edits else checked.history[0].text
            return WriteResult(checked.id, rev, error.code, str(error))
        if found.doc == 0:
            found = replace(found, doc=self._ledger.new_doc())
            self._connection.execute(_ADD_DOC, (found.doc, database, checked.id))
        content = self._content(checked) if planned.is_new else None
        numbers = self._store_nodes(found, planned.tree, planned.rev, content)
        for position, (held, blob) in enumerate(zip(planned.attachments, blobs, strict=True)):
            self._add_attachment((numbers[planned.rev], position), held, blob)
        self._move(database, found, planned.tree, numbers)
        return WriteResult(checked.id, planned.rev.text)

    def _content(self, checked: Checked) -> tuple[str, bytes]:
        tags = self._ledger.names.tags
        numbers = [str(tags.give_number(self._connection, tag)) for tag in checked.tags]
        return ",".join(numbers), self._bodies.pack(checked.body)

    def _store_blobs(self, attachments: Sequence[Held]) -> list[int]:
        for held in attachments:
            # All must be there before one is stored: what is refused leaves no trace.
            if held.content is None and find_blob(self._connection, held.sha256) is None:
                raise DocumentRefusedError("missing_stub", "the staged attachment is gone")
        return [store_blob(self._connection, held.sha256, held.content) for held in attachments]

    def _store_nodes(
        self,
        found: StoredTree,
        tree: RevisionTree,
        rev: Rev | None,
        content: tuple[str, bytes] | None,
    ) -> dict[Rev, int]:
        """Make the rows of the revisions say what `tree` says; gives their numbers.

        Args:
            found: What they say now.
            tree: What they are to say.
            rev: Whose content comes with it, if any.
            content: Its tags as `revs` has them, and its body, packed.
        """
        before, after = found.tree.nodes, tree.nodes
        # In order, so that the row of a parent is there before the row that names it.
        added = sorted(one for one in after if one not in before)
        numbers = dict(found.numbers) | {one: self._ledger.new_rev() for one in added}
        for one in added:
            own = content if one == rev else None
            self._add_node(found.doc, one, after[one], numbers, own)
        for one, node in before.items():
            if one not in after:
                self._remove_node(found, one)
            elif after[one] != node:
                self._set_node(after[one], numbers, numbers[one])
        if rev is not None and content is not None and rev in before:
            self._connection.execute(_SET_CONTENT, (*content, numbers[rev]))
        return numbers

    def _add_node(
        self,
        doc: int,
        rev: Rev,
        node: Node,
        numbers: Mapping[Rev, int],
        content: tuple[str, bytes] | None,
    ) -> None:
        parent = numbers[node.parent] if node.parent else None
        digest = pack_digest(rev.digest)
        place = (numbers[rev], doc, rev.generation, digest, parent)
        self._connection.execute(
            _ADD_REV, (*place, node.leaf, node.deleted, self._here(), *(content or ("", None)))
        )

    def _set_node(self, node: Node, numbers: Mapping[Rev, int], number: int) -> None:
        parent = numbers[node.parent] if node.parent else None
        self._connection.execute(_SET_NODE, (parent, node.leaf, node.deleted, number))

    def _remove_node(self, found: StoredTree, rev: Rev) -> None:
        number = found.numbers[rev]
        if found.has_body(rev):
            self._remove_attachments(number)
        self._connection.execute("DELETE FROM revs WHERE rev = ?", (number,))

    def _add_attachment(self, place: tuple[int, int], held: Held, blob: int) -> None:
        stub = held.stub
        rest = (stub.name, stub.content_type, blob, stub.length, stub.revpos, stub.encoding)
        self._connection.execute(_ADD_ATTACHMENT, (*place, *rest))

    def _remove_attachments(self, number: int) -> None:
        freed = self._connection.execute(
            "DELETE FROM attachments WHERE rev = ? RETURNING blob", (number,)
        )
        self._freed += [blob for (blob,) in freed.fetchall()]

    def _move(
        self, database: int, found: StoredTree, tree: RevisionTree, numbers: Mapping[Rev, int]
    ) -> None:
        """Give the document its new place in the feeds, if its leaves have changed."""
        leaves = tree.leaves()
        if leaves == found.tree.leaves():
            return
        ledger = self._ledger
        if found.tree.nodes:
            ledger.leave_feed(found.place, database, found.tags)
            ledger.count(database, -1, deleted=found.deleted)
        place = ledger.next_place(database)
        if not leaves:
            self._connection.execute("DELETE FROM docs WHERE doc = ?", (found.doc,))
            return
        winner, deleted = numbers[leaves[0]], tree.nodes[leaves[0]].deleted
        origin, tags = ledger.row("SELECT origin, tags FROM revs WHERE rev = ?", (winner,))
        self._connection.execute(
            _MOVE, (winner, place.seq, place.step, deleted, len(leaves), found.doc)
        )
        ledger.count(database, 1, deleted=deleted)
        ledger.enter_feed(place, (found.doc, database, origin), tags)

    def _here(self) -> int:
        """The number of the origin of what was written here."""
        return self._ledger.names.origins.give_number(self._connection, "")
