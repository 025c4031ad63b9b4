"""A store in memory, for the simulator and tests; it passes the suite of the durable one."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from sync.couch_values import DEFAULT_LIMITS, Limits
from sync.ports import NO_LOCALS, Change, Changes, Document, RandomBytes, Scope
from sync.stores.checks import (
    KEY_LENGTH_MAX,
    Revision,
    check_database,
    check_expected,
    check_feed,
    check_name,
    check_page,
    check_put,
    is_record_id,
    parse_revision,
)
from sync.stores.memory_core import Content, StoredDatabase, StoredDocument
from sync.stores.memory_documents import MemoryDocuments
from sync.stores.paging import cut_page, joined
from sync.stores.revision_tree import Rev

_PIECE_IDS = 4_096


class MemoryStore(MemoryDocuments):
    """Documents in dictionaries, by either port. Nothing survives the process."""

    def __init__(self, random_bytes: RandomBytes, *, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(random_bytes, limits=limits)
        self._locals: dict[str, bytes] = {}

    @property
    def last_seq(self) -> int:
        """As the port says."""
        with self._lock:
            self._check_open()
            return self._last_seq

    def put(
        self,
        documents: Sequence[Document],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        *,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> int:
        """Store all or nothing; see the port."""
        revisions = check_put(documents, local, expect)
        with self._lock:
            self._check_open()
            check_expected(self._locals, expect)
            for document, revision in zip(documents, revisions, strict=True):
                self._add(document, revision)
            for key, value in local.items():
                if value is None:
                    self._locals.pop(key, None)
                else:
                    self._locals[key] = value
            self._tidings.announce(
                {
                    name: self._databases[name].changes
                    for name in {document.database: None for document in documents}
                }
            )
            return self._last_seq

    def get(self, database: str, document_id: str) -> Document | None:
        """The winning revision, or None."""
        check_database(database)
        check_name(document_id, "document id", KEY_LENGTH_MAX)
        with self._lock:
            self._check_open()
            stored = self._stored(database, document_id)
            return stored.winner if stored and not stored.deleted else None

    def missing(
        self, database: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """The revisions not held here; see the port."""
        check_database(database)
        lacking: dict[str, list[str]] = {}
        with self._lock:
            self._check_open()
            for document_id, asked in revisions.items():
                check_name(document_id, "document id", KEY_LENGTH_MAX)
                stored = self._stored(database, document_id)
                known = stored.tree.nodes if stored else {}
                absent = [rev for rev in asked if _rev(parse_revision(rev)) not in known]
                if absent:
                    lacking[document_id] = list(dict.fromkeys(absent))
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
        with self._lock:
            self._check_open()
            rows = (
                change
                for change in self._rows_after(since, tag)
                if (not databases or change.document.database in databases)
                and (skip_origin is None or change.document.origin != skip_origin)
            )
            return cut_page(
                rows, since=since, last_seq=self._last_seq, limit=limit, bytes_max=bytes_max
            )

    def scope_ids(self, tag: str, *, upto: int, databases: tuple[str, ...]) -> Iterator[str]:
        """The ids of a scope, joined; see the port."""
        check_feed(databases, tag, None)
        rows = self._scope_rows(tag, upto, databases)
        while piece := "".join(row[1] for row in islice(rows, _PIECE_IDS)):
            yield piece

    def scope_range(
        self, tag: str, low: str, high: str, *, upto: int, databases: tuple[str, ...]
    ) -> list[tuple[str, str, int]]:
        """Rows of a range of ids; see the port."""
        check_feed(databases, tag, None)
        rows = self._scope_rows(tag, upto, databases)
        order = {name: place for place, name in enumerate(databases)}
        return sorted(
            (row for row in rows if low <= row[1] < high),
            key=lambda row: (order[row[0]], row[1]),
        )

    def count_tagged(self, database: str, tags: tuple[str, ...]) -> int:
        """How many documents of a database are in one of these scopes."""
        with self._lock:
            self._check_open()
            seqs = {seq for tag in tags for seq in self._scopes.get(tag, ())}
            return sum(self._rows[seq].database.name == database for seq in seqs)

    def local(self, key: str) -> bytes | None:
        """The value of one local document, or None."""
        check_name(key, "local document key", KEY_LENGTH_MAX)
        with self._lock:
            self._check_open()
            return self._locals.get(key)

    def locals(self, prefix: str) -> dict[str, bytes]:
        """All local documents whose key starts with `prefix`, in the order of their keys."""
        if prefix:
            check_name(prefix, "local document key", KEY_LENGTH_MAX)
        with self._lock:
            self._check_open()
            return {
                key: self._locals[key] for key in sorted(self._locals) if key.startswith(prefix)
            }

    def close(self) -> None:
        """Refuse every later call."""
        self._tidings.close()
        with self._lock:
            self._closed = True

    def _stored(self, database: str, document_id: str) -> StoredDocument | None:
        found = self._databases.get(database)
        return found.documents.get(document_id) if found else None

    def _add(self, document: Document, revision: Revision) -> None:
        database = self._databases.get(document.database)
        if database is None:
            created = self._deleted.pop(document.database, b"")
            database = StoredDatabase(document.database, numbered=False, created=created)
            self._databases[document.database] = database
        stored = database.documents.get(document.id) or StoredDocument(database, document.id)
        rev = _rev(revision)
        if rev not in stored.tree.nodes:
            stored.contents[rev] = Content(document)
            self._grow(stored, stored.tree.merged((rev,), deleted=False))

    def _scope_rows(
        self, tag: str, upto: int, databases: tuple[str, ...]
    ) -> Iterator[tuple[str, str, int]]:
        with self._lock:
            self._check_open()
            rows = [
                (change.document.database, change.document.id, change.seq)
                for change in self._rows_after(0, tag)
                if change.seq <= upto and change.document.database in databases
            ]
        return (row for row in rows if is_record_id(row[1]))

    def _rows_after(self, since: int, tag: Scope) -> Iterator[Change]:
        if isinstance(tag, tuple):
            yield from joined([self._rows_after(since, each) for each in tag])
            return
        seqs = self._seqs if tag is None else self._scopes.get(tag, [])
        for place in range(bisect_right(seqs, since), len(seqs)):
            stored = self._rows[seqs[place]]
            # Tombstones and design documents are for the CouchDB protocol alone.
            if not stored.deleted and not stored.id.startswith("_"):
                yield Change(seqs[place], stored.winner)


def _rev(revision: Revision) -> Rev:
    return Rev(revision.generation, revision.digest.hex())
