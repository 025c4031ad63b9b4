"""The SQLite store as a `DocumentStore`: databases, revision trees, attachments."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sync.couch_ports import AttachmentContent
from sync.couch_values import (
    DatabaseInfo,
    DocumentRows,
    FeedPage,
    IdRange,
    LocalDocument,
    MissingRevisions,
    Purged,
    Revision,
    StagedBlob,
    StoredRevision,
    Style,
    WriteResult,
)
from sync.errors import UnknownDatabaseError
from sync.stores import upkeep
from sync.stores.couch_checks import (
    check_all,
    check_database_name,
    check_feed_page,
    check_keys,
    check_local,
    check_local_id,
    check_range,
    check_revs_limit,
    check_security,
    is_database_name,
    parse_local_rev,
    parse_revs,
)
from sync.stores.couch_feed import (
    PageAsked,
    has_change,
    read_feed,
    read_local_rows,
    read_rows,
    read_rows_of,
)
from sync.stores.couch_reading import (
    DocumentReader,
    read_content,
    read_document,
    read_missing,
    revisions_opened,
)
from sync.stores.revision_tree import parse_rev
from sync.stores.sqlite_core import SqliteCore
from sync.stores.staging import staged

_LOOKED_AGAIN_S = 0.25
"""How often a reader looks for what another process wrote."""


class SqliteDocuments(SqliteCore):
    """The port over one file; every method as the port says."""

    def databases(self) -> tuple[str, ...]:
        """Names of all databases in alphabetical order."""
        with self._readers.reading() as reader:
            rows = reader.connection.execute("SELECT name FROM databases WHERE present")
            return tuple(sorted(name for (name,) in rows))

    def create_database(self, name: str) -> bool:
        """Make an empty database; False if it is there already."""
        check_database_name(name)
        with self._write() as writing, writing.ledger.transaction():
            created = writing.random_bytes(upkeep.CREATED_BYTES)
            return upkeep.create_database(writing.ledger, name, created)

    def delete_database(self, name: str) -> bool:
        """Remove a database with everything in it; False if there is none."""
        if not is_database_name(name):
            return False
        with self._write() as writing:
            created = writing.random_bytes(upkeep.CREATED_BYTES)
            with _keys_unchecked(writing.connection), writing.ledger.transaction():
                pinned = tuple(self._pins)
                deleted = upkeep.delete_database(writing.ledger, name, created, pinned)
            if deleted:
                self._tidings.announce_deletion(name)
            return deleted

    def describe(self, name: str) -> DatabaseInfo:
        """Counts and settings of a database."""
        with self._database(name) as (reader, _):
            return upkeep.describe_database(
                reader.connection,
                name,
                self._incarnation,
                compact_running=name in self._compacting,
            )

    def write(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> tuple[WriteResult, ...]:
        """Store revisions, synced to disk before it returns; one result each."""
        checked = check_all(revisions, self._limits, new_edits=new_edits)
        with self._write() as writing:
            return writing.documents.write(
                name, checked, tuple(self._pins), new_edits=new_edits
            )

    @contextmanager
    def stage(self, pieces: Iterable[bytes]) -> Iterator[StagedBlob]:
        """Take the bytes of an attachment ahead of its revision."""
        with staged(self._write, pieces, self._pins, self._limits) as blob:
            yield blob

    def read(
        self, name: str, document_id: str, rev: str | None = None
    ) -> StoredRevision | None:
        """The winner or revision `rev`."""
        asked = None if rev is None else parse_rev(rev)
        with self._document(name, document_id) as document:
            if document is None:
                return None
            return document.read(asked or document.stored.tree.leaves()[0])

    def leaves(self, name: str, document_id: str) -> tuple[StoredRevision, ...]:
        """All leaves, the winner first."""
        with self._document(name, document_id) as document:
            return document.leaves() if document else ()

    def open_revisions(
        self, name: str, document_id: str, revs: Sequence[str], *, latest: bool = False
    ) -> tuple[StoredRevision | str, ...]:
        """Each revision asked for, or its text if it is missing."""
        asked = tuple(map(parse_rev, revs))
        with self._document(name, document_id) as document:
            if document is None:
                return tuple(rev.text for rev in dict.fromkeys(asked))
            answers = revisions_opened(document.stored.tree, asked, latest=latest)
            return tuple(document.read(found) or rev.text for rev, found in answers)

    def missing_revisions(
        self, name: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, MissingRevisions]:
        """Which revisions are nowhere in the trees."""
        asked = parse_revs(revisions)
        with self._database(name) as (reader, database):
            return read_missing(reader, database.number, asked)

    def rows(self, name: str, span: IdRange) -> DocumentRows:
        """Documents of a range of ids that are not deleted."""
        check_range(span)
        with self._database(name) as (reader, database):
            return read_rows(reader.connection, database, span)

    def rows_of(self, name: str, keys: Sequence[str]) -> DocumentRows:
        """One row for each key in order."""
        check_keys(keys)
        with self._database(name) as (reader, database):
            return read_rows_of(reader.connection, database, keys)

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
        """A page of the changes after `since`."""
        check_feed_page(since, limit)
        check_keys(document_ids or ())
        asked = PageAsked(since, limit, descending, style, document_ids)
        with self._database(name) as (reader, database):
            return read_feed(reader.connection, database, asked)

    def wait_for_change(self, name: str, since: int, timeout_s: float) -> bool:
        """Wait until the database has a change after `since`."""
        remaining = timeout_s
        while True:
            deletions = self._tidings.deletions(name)
            with self._database(name) as (reader, database):
                if has_change(reader.connection, database, since):
                    return True
            # Of another process's writes no word comes.
            turn = min(remaining, _LOOKED_AGAIN_S) if self._connection is None else remaining
            if self._tidings.wait(name, since, turn, deletions):
                return True
            remaining -= turn
            if remaining <= 0:
                return False

    def attachment(
        self, name: str, document_id: str, rev: str | None, attachment_name: str
    ) -> AttachmentContent | None:
        """An attachment of the winner or of `rev`."""
        asked = None if rev is None else parse_rev(rev)
        with self._document(name, document_id) as document:
            if document is None or (asked is None and document.stored.deleted):
                return None
            found = asked or document.stored.tree.leaves()[0]
            return read_content(document, found, attachment_name, self._readers.reading)

    def purge(self, name: str, revisions: Mapping[str, Sequence[str]]) -> Purged:
        """Forget leaves for ever."""
        asked = parse_revs(revisions)
        # Unchecked: SQLite would look through the whole feed for each document that goes.
        with self._write() as writing, _keys_unchecked(writing.connection):
            return Purged(*writing.documents.purge(name, asked, tuple(self._pins)))

    def compact(self, name: str) -> None:
        """Drop the bodies and attachments of all revisions that are no leaves."""
        self._compacting.add(name)
        try:
            more = True
            while more:
                with self._write() as writing:
                    more = writing.documents.compact_some(name, tuple(self._pins))
        finally:
            self._compacting.discard(name)

    def set_revs_limit(self, name: str, limit: int) -> None:
        """Remember this many revisions of a branch."""
        check_revs_limit(limit)
        self._set(name, "UPDATE databases SET revs_limit = ? WHERE number = ?", limit)

    def security(self, name: str) -> bytes:
        """The `_security` object as JSON."""
        with self._database(name) as (reader, database):
            row = reader.connection.execute(
                "SELECT security FROM databases WHERE number = ?", (database.number,)
            ).fetchone()
            return bytes(row[0])

    def set_security(self, name: str, security: bytes) -> None:
        """Replace the `_security` object."""
        check_security(security)
        self._set(name, "UPDATE databases SET security = ? WHERE number = ?", security)

    def get_local(self, name: str, document_id: str) -> LocalDocument | None:
        """A local document."""
        check_local_id(document_id)
        with self._database(name) as (reader, database):
            return upkeep.read_local(reader.connection, database, document_id)

    def put_local(
        self, name: str, document_id: str, body: bytes, *, rev: str | None, checked: bool
    ) -> str:
        """Store a local document and give its new revision."""
        check_local(document_id, body)
        writes = self._write_local((name, document_id), body, rev, checked=checked)
        return f"0-{writes}"

    def delete_local(
        self, name: str, document_id: str, *, rev: str | None, checked: bool
    ) -> bool:
        """Remove a local document; False if there is none."""
        check_local_id(document_id)
        writes = self._write_local((name, document_id), None, rev, checked=checked)
        return writes is not None

    def local_rows(self, name: str, span: IdRange) -> tuple[LocalDocument, ...]:
        """Local documents of a range of ids."""
        check_range(span)
        with self._database(name) as (reader, database):
            return read_local_rows(reader.connection, database, span)

    @contextmanager
    def _document(self, name: str, document_id: str) -> Iterator[DocumentReader | None]:
        check_keys((document_id,))
        with self._database(name) as (reader, database):
            yield read_document(reader, database.number, document_id)

    def _set(self, name: str, statement: str, value: object) -> None:
        with self._write() as writing, writing.ledger.transaction():
            number = self._number(name, writing.connection)
            writing.connection.execute(statement, (value, number))

    def _write_local(
        self, place: tuple[str, str], body: bytes | None, rev: str | None, *, checked: bool
    ) -> int | None:
        writes = parse_local_rev(rev)
        with self._write() as writing, writing.ledger.transaction():
            row = (self._number(place[0], writing.connection), place[1])
            return upkeep.write_local(
                writing.connection, row, body, writes=writes, checked=checked
            )

    def _number(self, name: str, connection: sqlite3.Connection) -> int:
        if not is_database_name(name):
            raise UnknownDatabaseError(f"there is no database {name!r:.80}")
        return upkeep.find_database(connection, name).number


@contextmanager
def _keys_unchecked(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.execute("PRAGMA foreign_keys = ON")
