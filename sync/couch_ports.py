"""What the CouchDB protocol needs of a store: databases of documents with whole revision trees.

A wider port than `sync.ports.Store`, over the same documents: what one port wrote, the other
reads. The values are in `sync.couch_values`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sync.couch_values import (
    AttachmentStub,
    DatabaseInfo,
    DocumentRows,
    FeedPage,
    IdRange,
    Limits,
    LocalDocument,
    MissingRevisions,
    Purged,
    Revision,
    StagedBlob,
    StoredRevision,
    Style,
    WriteResult,
)


class AttachmentContent(Protocol):
    """A stored attachment whose bytes are read as they are needed."""

    @property
    def stub(self) -> AttachmentStub:
        """What is known of it."""
        ...

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The stored bytes from `start` to before `stop`, in pieces of at most 256 KiB.

        No snapshot is held between pieces, so a slow reader holds up nobody.

        Raises:
            StoreError: The attachment was purged and compacted away meanwhile.
        """
        ...


class TaggedStore(Protocol):
    """A store that knows which documents are in whose scope."""

    def count_tagged(self, database: str, tags: tuple[str, ...]) -> int:
        """How many documents of a database are in one of these scopes."""
        ...


class DocumentStore(Protocol):
    """Databases of documents as CouchDB has them. Every method may be called from any thread.

    Every method that takes `name` raises `UnknownDatabaseError` if there is no such database
    (`create_database` and `delete_database` answer instead). All raise `DocumentRefusedError`,
    with CouchDB's word for it in `code`, when an argument makes no sense, and `StoreError` when
    the store is closed or its file cannot be used.
    """

    @property
    def incarnation(self) -> str:
        """32 hex digits made at creation of the store, and anew when it is restored."""
        ...

    @property
    def limits(self) -> Limits:
        """What is accepted."""
        ...

    def databases(self) -> tuple[str, ...]:
        """Names of all databases in alphabetical order."""
        ...

    def create_database(self, name: str) -> bool:
        """Make an empty database whose feed counts from 1; False if it is there already.

        Args:
            name: `[a-z][a-z0-9_$()+/-]*`, or `_users`, `_replicator`, `_global_changes`; at
                most 238 characters.
        """
        ...

    def delete_database(self, name: str) -> bool:
        """Remove a database with everything in it; False if there is none."""
        ...

    def describe(self, name: str) -> DatabaseInfo:
        """Counts and settings of a database."""
        ...

    def write(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> tuple[WriteResult, ...]:
        """Store revisions, synced to disk before it returns; one result each, in order.

        Those that are refused leave no trace; the others are stored in one transaction.

        With `new_edits=True` each is an edit: of the leaf in `history`, of the winning
        tombstone if it names none and the document is deleted, else of nothing (new). Its
        revision follows from what it says (deleted, parent, body, attachments), so the same
        edit has the same revision everywhere. Anything else is a `conflict`.

        With `new_edits=False` each is merged into the tree with its whole history; there are no
        conflicts, and what is known already is a success that changes nothing.
        """
        ...

    def stage(self, pieces: Iterable[bytes]) -> AbstractContextManager[StagedBlob]:
        """Take the bytes of an attachment ahead of the revision that will carry them.

        They are written piece by piece and are kept until the block ends, or for good if a
        revision that names them was written in it. Content that is there already is not
        stored again.

        Raises:
            DocumentRefusedError: `attachment_too_large`.
        """
        ...

    def read(
        self, name: str, document_id: str, rev: str | None = None
    ) -> StoredRevision | None:
        """The winner (also if it is a tombstone) or revision `rev`.

        None if there is no such document or revision, or its body is not stored.
        """
        ...

    def leaves(self, name: str, document_id: str) -> tuple[StoredRevision, ...]:
        """All leaves, the winner first; empty if there is no such document."""
        ...

    def open_revisions(
        self, name: str, document_id: str, revs: Sequence[str], *, latest: bool = False
    ) -> tuple[StoredRevision | str, ...]:
        """What `open_revs` gives: each revision asked for, or its own text if it is missing.

        Args:
            name: The database.
            document_id: The document.
            revs: Revisions, answered in this order.
            latest: Give the leaves that descend from a revision instead of itself; each leaf
                once.
        """
        ...

    def missing_revisions(
        self, name: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, MissingRevisions]:
        """Which revisions are nowhere in the trees; ids that lack nothing are left out."""
        ...

    def rows(self, name: str, span: IdRange) -> DocumentRows:
        """Documents of a range of ids that are not deleted."""
        ...

    def rows_of(self, name: str, keys: Sequence[str]) -> DocumentRows:
        """One row for each key in order, deleted and absent documents included."""
        ...

    def feed(
        self,
        name: str,
        since: int,
        *,
        limit: int,
        descending: bool = False,
        style: Style = "main_only",
        document_ids: Sequence[str] | None = None,
    ) -> FeedPage:
        """A page of the changes after `since`, one row per document.

        Args:
            name: The database.
            since: Rows with a higher number only; 0 for all.
            limit: Rows at most; with 0 only `pending` is of interest.
            descending: The latest change first; such a page has no next one.
            style: Which revisions a row lists.
            document_ids: Only these documents, found directly.
        """
        ...

    def wait_for_change(self, name: str, since: int, timeout_s: float) -> bool:
        """Wait until the database has a change after `since`; False if the time passed first.

        Also True at once when the database or the store goes away: the next call will say so.
        After a purge the feed may have no row, and only its `last_seq` has moved: go on from
        there.
        """
        ...

    def attachment(
        self, name: str, document_id: str, rev: str | None, attachment_name: str
    ) -> AttachmentContent | None:
        """An attachment of the winner or of `rev`; None if there is no such one.

        The attachments of a winning tombstone are found only when `rev` names it.
        """
        ...

    def purge(self, name: str, revisions: Mapping[str, Sequence[str]]) -> Purged:
        """Forget leaves for ever, with the ancestors that lead to no other leaf.

        Revisions that are no leaves are passed over. A document without leaves is gone, also
        from the feed. Peers are not told: one that has the revision brings it back.
        """
        ...

    def compact(self, name: str) -> None:
        """Drop the bodies and attachments of all revisions that are no leaves."""
        ...

    def set_revs_limit(self, name: str, limit: int) -> None:
        """Remember this many revisions of a branch (at least 1) from the next write on."""
        ...

    def security(self, name: str) -> bytes:
        """The `_security` object as JSON; b"{}" if none was set."""
        ...

    def set_security(self, name: str, security: bytes) -> None:
        """Replace the `_security` object; at most 64 KiB."""
        ...

    def get_local(self, name: str, document_id: str) -> LocalDocument | None:
        """A local document; `document_id` comes without `_local/`."""
        ...

    def put_local(
        self, name: str, document_id: str, body: bytes, *, rev: str | None, checked: bool
    ) -> str:
        """Store a local document and give its new revision, `0-<n + 1>` after `0-<n>`.

        Args:
            name: The database.
            document_id: Without `_local/`; 1 to 4,096 characters.
            body: One JSON object in UTF-8, at most 2 MiB.
            rev: The revision that it replaces, or None.
            checked: Whether `rev` must be the stored one (None: nothing is stored). CouchDB
                does not look, PouchDB's servers do.

        Raises:
            StoreConflictError: `checked`, and another revision is stored.
        """
        ...

    def delete_local(
        self, name: str, document_id: str, *, rev: str | None, checked: bool
    ) -> bool:
        """Remove a local document; False if there is none.

        Raises:
            StoreConflictError: `checked`, and another revision is stored.
        """
        ...

    def local_rows(self, name: str, span: IdRange) -> tuple[LocalDocument, ...]:
        """Local documents of a range of ids (`_local_docs`)."""
        ...

    def close(self) -> None:
        """Release the files; waiting calls return, later ones raise `StoreError`."""
        ...
