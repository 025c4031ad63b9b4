"""The durable store: one SQLite file, written by one process, read by many threads."""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from sync.couch_values import DEFAULT_LIMITS, Limits
from sync.errors import StoreError
from sync.ports import NO_LOCALS, Change, Changes, Document, RandomBytes, Scope
from sync.stores.blobs import remove_staged
from sync.stores.changes import Feed, read_page, read_winner
from sync.stores.checks import (
    KEY_LENGTH_MAX,
    check_database,
    check_feed,
    check_name,
    check_page,
    check_put,
    parse_revision,
)
from sync.stores.connections import connect, damaged, prepare_writer, translated
from sync.stores.id_ranges import find_scope, read_ids, read_range
from sync.stores.lock import WriterLock, sync_folder
from sync.stores.schema import VERSION, check_file, check_sound, create, migrate
from sync.stores.sealing import FAULTS
from sync.stores.sqlite_core import Writing
from sync.stores.sqlite_documents import SqliteDocuments

_COUNT_TAGGED = (
    "SELECT count(DISTINCT doc) FROM scope"
    " WHERE tag IN (SELECT value FROM json_each(?)) AND database = ?"
)
_LOCAL = "SELECT value FROM locals WHERE key = ?"
INCARNATION_BYTES = 16
_LOCALS = "SELECT key, value FROM locals WHERE key >= ? ORDER BY key"
_KNOWN = (
    "SELECT 1 FROM docs d JOIN revs r ON r.doc = d.doc"
    " WHERE d.database = ? AND d.id = ? AND r.generation = ? AND r.digest = ?"
)


class SqliteStore(SqliteDocuments):
    """Documents in one file, by either port. Made by `open` or `open_for_reading`."""

    def __init__(
        self,
        path: Path,
        incarnation: str,
        writing: Writing | None = None,
        limits: Limits = DEFAULT_LIMITS,
        lock: WriterLock | None = None,
        *,
        key: bytes | None = None,
    ) -> None:
        super().__init__(path, incarnation, writing, limits, key)
        self._writer_lock = lock

    @classmethod
    def open(
        cls,
        path: Path,
        random_bytes: RandomBytes,
        *,
        limits: Limits = DEFAULT_LIMITS,
        key: bytes | None = None,
    ) -> Self:
        """The store at `path` for reading and writing, made if there is none.

        A file that is there is never made anew, whatever its state: what it holds may be the
        only copy of a case.

        Args:
            path: The file; its folder exists. `<path>.lock`, `-wal` and `-shm` stand beside it.
            random_bytes: Source of the incarnation of a new store and of its databases.
            limits: What `DocumentStore.write` accepts.
            key: The raw key of the file, 32 bytes; None for a plain one.

        Raises:
            StoreError: Another process has it open for writing, the file is damaged, of a newer
                version or not a store, or the folder cannot be written.
            StoreFullError: There is no room for a new store.
        """
        # Two names of one file must not get two locks.
        path = path.resolve()
        with translated(path):
            lock = WriterLock(path.with_name(path.name + ".lock"))
        connection = None
        try:
            with translated(path):
                if not path.exists():
                    _create(path, random_bytes, key)
                connection = connect(path, "rw", key)
                check_file(connection, path)
                prepare_writer(connection)
                migrate(connection)
                remove_staged(connection)
                writing = Writing(connection, random_bytes, limits)
                return cls(path, _incarnation(connection, path), writing, limits, lock, key=key)
        except BaseException:
            if connection is not None:
                connection.close()
            lock.release()
            raise

    @classmethod
    def open_for_reading(cls, path: Path, *, key: bytes | None = None) -> Self:
        """The store at `path`, also while another process writes it; `put` is refused.

        Raises:
            StoreError: There is no such file, or it is damaged or not a store of this version.
        """
        path = path.resolve()
        if not path.exists():
            raise StoreError(f"{path} does not exist", hint="Give the path of a store.")
        with translated(path):
            connection = connect(path, "ro", key)
            try:
                if check_file(connection, path) < VERSION:
                    raise StoreError(
                        f"{path} has an older format",
                        hint="Open the store for writing once: that brings it up to date.",
                    )
                return cls(path, _incarnation(connection, path), key=key)
            finally:
                connection.close()

    def renew_incarnation(self) -> None:
        """Become another store to every peer, because this file is known to be an older copy.

        Sequence numbers that peers hold would name other rows now; under a new incarnation
        they ask and offer from the beginning. Nothing stored changes.

        Raises:
            StoreError: The store is closed or open for reading only.
        """
        with self._write() as writing:
            fresh = writing.random_bytes(INCARNATION_BYTES).hex()
            writing.connection.execute("UPDATE state SET incarnation = ?", (fresh,))
            self._incarnation = fresh

    @property
    def last_seq(self) -> int:
        """As the port says."""
        with self._readers.reading() as reader:
            return int(reader.connection.execute("SELECT last_seq FROM state").fetchone()[0])

    def put(
        self,
        documents: Sequence[Document],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        *,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> int:
        """Store all or nothing, synced to disk before it returns; see the port."""
        revisions = check_put(documents, local, expect)
        with self._write() as writing:
            return writing.records.put(documents, revisions, local, expect)

    def copy(
        self,
        rows: Sequence[Change],
        local: Mapping[str, bytes | None],
        *,
        last_seq: int,
        incarnation: str,
    ) -> None:
        """Take over rows and local documents of another store, with its numbers and name.

        Whoever copies all rows of a store so makes a second one that its peers cannot tell
        from the first. The numbers ascend, and all lie above `last_seq` of this store.

        Raises:
            StoreError: They do not, or something is not acceptable; nothing was written.
        """
        revisions = check_put([row.document for row in rows], local, NO_LOCALS)
        numbered = [
            (row.seq, row.document, revision)
            for row, revision in zip(rows, revisions, strict=True)
        ]
        with self._write() as writing:
            writing.records.copy(numbered, local, last_seq, incarnation)
            self._incarnation = incarnation

    def get(self, database: str, document_id: str) -> Document | None:
        """The winning revision, or None."""
        check_database(database)
        check_name(document_id, "document id", KEY_LENGTH_MAX)
        with self._readers.reading() as reader:
            return read_winner(reader, self._names, database, document_id)

    def missing(
        self, database: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """The revisions not held here; see the port."""
        check_database(database)
        with self._readers.snapshot() as reader:
            number = self._names.databases.number(reader.connection, database)
            lacking: dict[str, list[str]] = {}
            for document_id, asked in revisions.items():
                check_name(document_id, "document id", KEY_LENGTH_MAX)
                for rev in dict.fromkeys(asked):
                    row = (number, document_id, *parse_revision(rev))
                    if reader.connection.execute(_KNOWN, row).fetchone() is None:
                        lacking.setdefault(document_id, []).append(rev)
            return lacking

    def changes(
        self,
        since: int,
        *,
        limit: int,
        tag: Scope = None,
        databases: tuple[str, ...] = (),
        skip_origin: str | None = None,
        bytes_max: int | None = None,
    ) -> Changes:
        """A page of the feed; see the port."""
        check_page(since, limit, bytes_max)
        check_feed(databases, tag, skip_origin)
        feed = Feed(since, limit, tag, databases, skip_origin, bytes_max)
        with self._readers.snapshot() as reader:
            return read_page(reader, self._names, feed)

    def scope_ids(self, tag: str, *, upto: int, databases: tuple[str, ...]) -> Iterator[str]:
        """The ids of a scope, joined; see the port."""
        check_feed(databases, tag, None)
        since, more = 0, True
        while more:
            with self._readers.snapshot() as reader:
                scope = find_scope(reader.connection, self._names, tag, databases, upto)
                piece, since, more = read_ids(reader.connection, scope, since)
            if piece:
                yield piece

    def scope_range(
        self, tag: str, low: str, high: str, *, upto: int, databases: tuple[str, ...]
    ) -> list[tuple[str, str, int]]:
        """Rows of a range of ids; see the port."""
        check_feed(databases, tag, None)
        with self._readers.snapshot() as reader:
            scope = find_scope(reader.connection, self._names, tag, databases, upto)
            return read_range(reader.connection, scope, low, high)

    def count_tagged(self, database: str, tags: tuple[str, ...]) -> int:
        """How many documents of a database are in one of these scopes."""
        check_feed((database,), tags, None)
        with self._readers.snapshot() as reader:
            connection = reader.connection
            numbers = [self._names.tags.number(connection, tag) for tag in tags]
            listed = ",".join(str(number) for number in numbers if number is not None)
            database_number = self._names.databases.number(connection, database)
            found = connection.execute(_COUNT_TAGGED, (f"[{listed}]", database_number))
            return int(found.fetchone()[0])

    def local(self, key: str) -> bytes | None:
        """The value of one local document, or None."""
        check_name(key, "local document key", KEY_LENGTH_MAX)
        with self._readers.reading() as reader:
            row = reader.connection.execute(_LOCAL, (key,)).fetchone()
            return bytes(row[0]) if row else None

    def locals(self, prefix: str) -> dict[str, bytes]:
        """All local documents whose key starts with `prefix`, in the order of their keys."""
        if prefix:
            check_name(prefix, "local document key", KEY_LENGTH_MAX)
        with self._readers.reading() as reader:
            rows = reader.connection.execute(_LOCALS, (prefix,))
            return {str(key): bytes(value) for key, value in _beginning_with(prefix, rows)}

    def quick_check(self) -> tuple[str, ...]:
        """What is wrong with the file, one line each; empty when it is sound.

        Reads the whole file; writes may go on meanwhile. Bodies are not opened: records prove
        themselves by their signatures.
        """
        with self._readers.snapshot() as reader:
            try:
                return tuple(check_sound(reader.connection))
            except FAULTS as error:
                return (str(error),)

    def close(self) -> None:
        """Wait for calls under way, fold the log into the file, give the lock back."""
        self._tidings.close()
        self._readers.close()
        with self._lock:
            self._writing = None
            if self._connection is not None:
                # Last to close: this one empties the log and takes it away.
                self._connection.close()
                self._connection = None
            if self._writer_lock is not None:
                self._writer_lock.release()


def _beginning_with(
    prefix: str, rows: Iterable[tuple[str, bytes]]
) -> Iterator[tuple[str, bytes]]:
    return itertools.takewhile(lambda row: row[0].startswith(prefix), rows)


def _incarnation(connection: sqlite3.Connection, path: Path) -> str:
    row = connection.execute("SELECT incarnation FROM state").fetchone()
    if row is None:
        raise damaged(path, "it has no incarnation")
    return str(row[0])


def _create(path: Path, random_bytes: RandomBytes, key: bytes | None) -> None:
    """Make an empty store under another name, then give it its own.

    So a file of this name is a whole store from its first moment: one that is empty or lacks
    tables was damaged, not merely begun, and is refused.
    """
    if path.with_name(path.name + "-wal").exists():
        raise damaged(path, "it is gone, but its -wal file is here")
    new = path.with_name(path.name + ".new")
    # Left by a process that died here; a journal would be played back into the new file.
    for leftover in (new, new.with_name(new.name + "-journal")):
        leftover.unlink(missing_ok=True)
    connection = connect(new, "rwc", key)
    try:
        create(connection, random_bytes(16).hex())
    finally:
        connection.close()
    new.chmod(0o600)
    new.replace(path)
    sync_folder(path.parent)
