"""A store in memory, for the simulator and tests; it passes the suite of the durable one."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.errors import StoreError
from sync.ports import NO_LOCALS, Change, Changes, Document, RandomBytes
from sync.stores.checks import (
    KEY_LENGTH_MAX,
    Revision,
    check_database,
    check_expected,
    check_feed,
    check_name,
    check_page,
    check_put,
    parse_revision,
)
from sync.stores.paging import cut_page


@dataclass(slots=True)
class _Stored:
    """All leaves of one document, and the place of its row in the feed."""

    seq: int = 0
    leaves: dict[Revision, Document] = field(default_factory=dict)

    @property
    def winner(self) -> Document:
        return self.leaves[max(self.leaves)]


class MemoryStore:
    """Documents in dictionaries. Nothing survives the process."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._incarnation = random_bytes(16).hex()
        self._lock = threading.RLock()
        self._closed = False
        self._documents: dict[tuple[str, str], _Stored] = {}
        self._locals: dict[str, bytes] = {}
        self._rows: dict[int, _Stored] = {}
        self._seqs: list[int] = []
        self._scopes: dict[str, list[int]] = {}
        self._last_seq = 0

    @property
    def incarnation(self) -> str:
        """As the port says."""
        return self._incarnation

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
            return self._last_seq

    def get(self, database: str, document_id: str) -> Document | None:
        """The winning revision, or None."""
        check_database(database)
        check_name(document_id, "document id", KEY_LENGTH_MAX)
        with self._lock:
            self._check_open()
            stored = self._documents.get((database, document_id))
            return stored.winner if stored else None

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
                stored = self._documents.get((database, document_id))
                known = stored.leaves if stored else {}
                absent = [rev for rev in asked if parse_revision(rev) not in known]
                if absent:
                    lacking[document_id] = list(dict.fromkeys(absent))
        return lacking

    def changes(
        self,
        since: int,
        *,
        limit: int,
        tag: str | None = None,
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
        with self._lock:
            self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")

    def _add(self, document: Document, revision: Revision) -> None:
        key = (document.database, document.id)
        stored = self._documents.setdefault(key, _Stored())
        if revision in stored.leaves:
            return
        if stored.leaves:
            self._leave_feed(stored)
        stored.leaves[revision] = document
        self._last_seq += 1
        stored.seq = self._last_seq
        self._rows[stored.seq] = stored
        self._seqs.append(stored.seq)
        for tag in stored.winner.tags:
            self._scopes.setdefault(tag, []).append(stored.seq)

    def _leave_feed(self, stored: _Stored) -> None:
        del self._rows[stored.seq]
        for seqs in (self._seqs, *(self._scopes[tag] for tag in stored.winner.tags)):
            del seqs[bisect_left(seqs, stored.seq)]

    def _rows_after(self, since: int, tag: str | None) -> Iterator[Change]:
        seqs = self._seqs if tag is None else self._scopes.get(tag, [])
        for place in range(bisect_right(seqs, since), len(seqs)):
            yield Change(seqs[place], self._rows[seqs[place]].winner)
