"""Documents, revisions and attachments read from the SQLite store in CouchDB's terms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sync.couch_values import (
    AttachmentStub,
    Availability,
    Leaf,
    MissingRevisions,
    StoredRevision,
)
from sync.errors import StoreError
from sync.stores.blobs import PIECE_BYTES, PIECES_MAX, find_blob
from sync.stores.connections import Reader
from sync.stores.revision_rows import StoredTree, pack_digest, read_tree
from sync.stores.revision_tree import Rev, RevisionTree

_KNOWN = (
    "SELECT 1 FROM docs d JOIN revs r ON r.doc = d.doc"
    " WHERE d.database = ? AND d.id = ? AND r.generation = ? AND r.digest = ?"
)
_PIECE = "SELECT bytes FROM pieces WHERE piece = ?"


def leaves_of(tree: RevisionTree) -> tuple[Leaf, ...]:
    """The leaves as documents tell of them, the winner first."""
    return tuple(Leaf(rev.text, tree.nodes[rev].deleted) for rev in tree.leaves())


def availability(
    tree: RevisionTree, path: Sequence[Rev], has_body: Callable[[Rev], bool]
) -> tuple[Availability, ...]:
    """What is known of the body of each revision of `path`."""
    return tuple(
        "missing"
        if not has_body(rev)
        else "deleted"
        if tree.nodes[rev].deleted
        else "available"
        for rev in path
    )


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """One document in a snapshot."""

    reader: Reader
    id: str
    stored: StoredTree

    def read(self, rev: Rev) -> StoredRevision | None:
        """That revision, or None if its body is not stored."""
        stored = self.stored
        if not stored.has_body(rev):
            return None
        number = stored.numbers[rev]
        body = self.reader.connection.execute(
            "SELECT body FROM revs WHERE rev = ?", (number,)
        ).fetchone()[0]
        path = stored.tree.path(rev)
        place = stored.place
        return StoredRevision(
            id=self.id,
            rev=rev.text,
            history=tuple(one.text for one in path),
            availability=availability(stored.tree, path, stored.has_body),
            deleted=stored.tree.nodes[rev].deleted,
            body=self.reader.bodies.unpack(body),
            attachments=tuple(held.stub for held in stored.held(rev)),
            leaves=leaves_of(stored.tree),
            seq=place.seq if place.step is None else place.step,
        )

    def leaves(self) -> tuple[StoredRevision, ...]:
        """All leaves, the winner first."""
        read = (self.read(leaf) for leaf in self.stored.tree.leaves())
        return tuple(revision for revision in read if revision is not None)


def read_document(reader: Reader, database: int, document_id: str) -> DocumentReader | None:
    """The document, if it is there; `reader` is in a snapshot."""
    stored = read_tree(reader.connection, database, document_id)
    return DocumentReader(reader, document_id, stored) if stored else None


def revisions_opened(
    tree: RevisionTree, revs: Sequence[Rev], *, latest: bool
) -> Iterator[tuple[Rev, Rev]]:
    """Which revisions answer for those asked for: pairs of asked and answering, each once."""
    answered: set[Rev] = set()
    for rev in revs:
        after = tree.leaves_after(rev) if latest and rev in tree.nodes else (rev,)
        for one in after or (rev,):
            if one not in answered:
                answered.add(one)
                yield rev, one


def read_missing(
    reader: Reader, database: int, revisions: Mapping[str, Sequence[Rev]]
) -> dict[str, MissingRevisions]:
    """What the trees lack of `revisions`, without the ids that lack nothing."""
    lacking: dict[str, MissingRevisions] = {}
    for document_id, revs in revisions.items():
        missing = [
            rev
            for rev in revs
            if reader.connection.execute(
                _KNOWN, (database, document_id, rev.generation, pack_digest(rev.digest))
            ).fetchone()
            is None
        ]
        if missing:
            stored = read_tree(reader.connection, database, document_id)
            tree = stored.tree if stored else RevisionTree()
            lacking[document_id] = MissingRevisions(
                tuple(rev.text for rev in missing),
                tuple(rev.text for rev in tree.possible_ancestors(missing)),
            )
    return lacking


@dataclass(frozen=True, slots=True)
class BlobContent:
    """An attachment of the SQLite store; fulfils `AttachmentContent`."""

    stub: AttachmentStub
    number: int
    reading: Callable[[], AbstractContextManager[Reader]]

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`; see the port."""
        length = self.stub.encoded_length
        stop = length if stop is None else min(stop, length)
        while start < stop:
            count, offset = divmod(start, PIECE_BYTES)
            # One short read each: a slow client must hold no snapshot, or the log would grow.
            with self.reading() as reader:
                place = self.number * PIECES_MAX + count
                row = reader.connection.execute(_PIECE, (place,)).fetchone()
            piece = row[0][offset : offset + stop - start] if row else b""
            if not piece:
                raise StoreError(f"attachment {self.stub.name!r:.80} is gone")
            yield piece
            start += len(piece)


def read_content(
    document: DocumentReader,
    rev: Rev,
    attachment_name: str,
    reading: Callable[[], AbstractContextManager[Reader]],
) -> BlobContent | None:
    """An attachment of one revision of `document`, or None."""
    if not document.stored.has_body(rev):
        return None
    for held in document.stored.held(rev):
        if held.stub.name == attachment_name:
            number = find_blob(document.reader.connection, held.sha256)
            if number is not None:
                return BlobContent(held.stub, number, reading)
    return None
