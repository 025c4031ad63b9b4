"""Revision trees as they lie in the tables of the SQLite store."""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.couch_values import AttachmentStub
from sync.stores.editing import Held, digest_text
from sync.stores.ledger import Place
from sync.stores.revision_tree import Node, Rev, RevisionTree

_RAW_LENGTH = 16
_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ESCAPE = b"\xff"
"""Begins no UTF-8: marks text whose length would make it look like 16 raw bytes."""

_FIND = (
    "SELECT d.doc, d.seq, d.step, d.winner, d.deleted, r.tags"
    " FROM docs d JOIN revs r ON r.rev = d.winner WHERE d.database = ? AND d.id = ?"
)
_NODES = (
    "SELECT rev, generation, digest, parent, leaf, deleted, body IS NOT NULL"
    " FROM revs WHERE doc = ?"
)
_HELD = (
    "SELECT a.name, a.content_type, b.md5, a.length, a.revpos, a.encoding, b.length, b.sha256"
    " FROM attachments a JOIN blobs b ON b.blob = a.blob WHERE a.rev = ? ORDER BY a.position"
)


def pack_digest(digest: str) -> bytes:
    """A digest as it is stored: 16 raw bytes for 32 hex digits, else its text."""
    if _HEX.fullmatch(digest):
        return bytes.fromhex(digest)
    text = digest.encode("utf-8")
    return _ESCAPE + text if len(text) == _RAW_LENGTH else text


def unpack_digest(stored: bytes) -> str:
    """The digest that `pack_digest` was given.

    Raises:
        sqlite3.DatabaseError: The stored bytes are damaged.
    """
    if len(stored) == _RAW_LENGTH:
        return stored.hex()
    try:
        return stored.removeprefix(_ESCAPE).decode("utf-8")
    except UnicodeDecodeError as error:
        raise sqlite3.DatabaseError("a revision is damaged") from error


@dataclass(frozen=True, slots=True)
class StoredTree:
    """One document with its tree, read in one go; fulfils `editing.Branches`.

    Attributes:
        connection: Reads attachments when they are asked for, in the same snapshot.
        doc: Number of its row; 0 if it is not stored.
        place: Its rows in the feeds.
        deleted: Whether the winner is a tombstone.
        tags: The winner's, as `revs` has them.
        tree: All its revisions.
        numbers: The row of each revision.
        bodied: The revisions whose bodies are stored.
    """

    connection: sqlite3.Connection
    doc: int
    place: Place
    deleted: bool
    tags: str
    tree: RevisionTree
    numbers: Mapping[Rev, int] = field(repr=False)
    bodied: frozenset[Rev] = field(repr=False)

    def has_body(self, rev: Rev) -> bool:
        """Whether the body of `rev` is stored."""
        return rev in self.bodied

    def attachments(self) -> Mapping[Rev, tuple[Held, ...]]:
        """The attachments of all its revisions that have any."""
        found = {rev: self.held(rev) for rev in self.bodied}
        return {rev: held for rev, held in found.items() if held}

    def held(self, rev: Rev) -> tuple[Held, ...]:
        """The attachments of one of its revisions."""
        return read_held(self.connection, self.numbers[rev])


def absent(connection: sqlite3.Connection) -> StoredTree:
    """What is stored of a document that is not there."""
    return StoredTree(
        connection=connection,
        doc=0,
        place=Place(0, None),
        deleted=False,
        tags="",
        tree=RevisionTree(),
        numbers={},
        bodied=frozenset(),
    )


def read_tree(
    connection: sqlite3.Connection, database: int, document_id: str
) -> StoredTree | None:
    """The document with its whole tree, or None."""
    row = connection.execute(_FIND, (database, document_id)).fetchone()
    if row is None:
        return None
    doc, seq, step, _, deleted, tags = row
    rows = [
        (number, Rev(generation, unpack_digest(digest)), parent, leaf, gone, bodied)
        for number, generation, digest, parent, leaf, gone, bodied in connection.execute(
            _NODES, (doc,)
        )
    ]
    by_number = {number: rev for number, rev, *_ in rows}
    nodes = {
        rev: Node(by_number.get(parent or 0), leaf=bool(leaf), deleted=bool(gone))
        for _, rev, parent, leaf, gone, _ in rows
    }
    return StoredTree(
        connection=connection,
        doc=doc,
        place=Place(seq, step),
        deleted=bool(deleted),
        tags=tags,
        tree=RevisionTree(nodes),
        numbers={rev: number for number, rev in by_number.items()},
        bodied=frozenset(rev for _, rev, _, _, _, bodied in rows if bodied),
    )


def read_held(connection: sqlite3.Connection, number: int) -> tuple[Held, ...]:
    """The attachments of the revision in row `number`."""
    return tuple(
        Held(
            AttachmentStub(
                name=name,
                content_type=content_type,
                digest=digest_text(md5),
                length=length,
                revpos=revpos,
                encoding=encoding,
                encoded_length=stored,
            ),
            sha256,
        )
        for name, content_type, md5, length, revpos, encoding, stored, sha256 in (
            connection.execute(_HELD, (number,))
        )
    )
