"""The store of a hub on an Apache CouchDB cluster; see `couch_log` for how a put is one write.

Beside the cluster each process keeps an index in a SQLite file: which documents there are, in
which order, in which scopes, and the local documents. It follows from the cluster's log and can
be removed; bodies stay in the cluster alone.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from sync.errors import StoreConflictError, StoreError
from sync.ports import NO_LOCALS, Change, Changes, Clock, Document, RandomBytes, Scope
from sync.stores.checks import check_expected, check_page, check_put
from sync.stores.couch_bodies import LOG, Bodies
from sync.stores.couch_client import ClusterSettings, CouchClient
from sync.stores.couch_follower import Follower
from sync.stores.couch_index import STATE, Index
from sync.stores.couch_journal import Journal
from sync.stores.couch_shared import SharedLog, row_of

RACES_MAX = 200
"""Puts of other processes that may come first before one gives up."""
DATABASES = ("cases", "keys", "registry", "audit", "blobs", "quarantine")
"""What a hub writes to; any other is made when it is first written to."""


def _nothing(*_: object) -> None:
    return None


class CouchStore:
    """Documents in a cluster that several processes share. Made by `open`."""

    def __init__(
        self, client: CouchClient, bodies: Bodies, index: Index, random_bytes: RandomBytes
    ) -> None:
        self._client = client
        self._bodies = bodies
        self._index = index
        journal = Journal(client, bodies.name(LOG), bodies.quorum)
        self._log = SharedLog(journal, index, random_bytes)
        self._follower: Follower | None = None
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls,
        settings: ClusterSettings,
        index: Path,
        clock: Clock,
        random_bytes: RandomBytes,
        *,
        progress: Callable[[int, int], object] = _nothing,
    ) -> Self:
        """The store in a cluster, begun where there is none.

        Args:
            settings: Where it is.
            index: The file of this process's index; made, and made anew if it is damaged.
            clock: For waits.
            random_bytes: For the names of puts, and jitter.
            progress: Told the number of each segment of the log that was taken into the index,
                and how many there were at the start.

        Raises:
            ClusterUnavailableError: The cluster does not answer.
            StoreError: It denies the account, another process uses the index, or the cluster
                is not the one, or older than, the index knows.
        """
        client = CouchClient(
            settings, clock, lambda: int.from_bytes(random_bytes(4), "big") / 2**32
        )
        opened: Index | None = None
        try:
            bodies = Bodies(client, settings)
            bodies.prepare(LOG)
            opened = Index.open(index, random_bytes)
            store = cls(client, bodies, opened, random_bytes)
            last = max(1, bodies.count(LOG))
            store._log.start(lambda number: progress(number, max(number, last)))
        except BaseException:
            if opened is not None:
                opened.close()
            client.close()
            raise
        return store

    @property
    def incarnation(self) -> str:
        """As the port says; the same for all processes of the cluster."""
        return self._index.incarnation

    @property
    def last_seq(self) -> int:
        """As the port says. Asks the cluster, so what any process put before is counted."""
        with self._lock:
            self._check_open()
            self._log.catch_up()
            return self._index.last_seq

    def put(
        self,
        documents: Sequence[Document],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        *,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> int:
        """Store all or nothing, acknowledged by a quorum before it returns; see the port."""
        check_put(documents, local, expect)
        if STATE in {*local, *expect}:
            raise StoreError("that local document is the index's own")
        self._check_open()
        self._check_expected(expect)
        self._bodies.write(self._index.unknown(documents))
        with self._lock:
            for _ in range(RACES_MAX):
                self._check_expected(expect)
                rows = tuple(map(row_of, self._index.unknown(documents)))
                if not rows and not local and not expect:
                    return self._index.last_seq
                if self._log.commit(self._log.commit_of(rows, local)):
                    return self._index.last_seq
                self._log.catch_up()
        raise StoreError("other processes put without a pause", hint="Try again.")

    def get(self, database: str, document_id: str) -> Document | None:
        """The winning revision, or None."""
        found = self._index.store.get(database, document_id)
        return self._bodies.read([found])[0] if found else None

    def missing(
        self, database: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """The revisions that the log does not name; see the port."""
        return self._index.store.missing(database, revisions)

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
        """A page of the feed, as far as the index goes; see the port."""
        check_page(since, limit, bytes_max)
        page = self._index.page(
            self._index.store.changes(
                since, limit=limit, tag=tag, databases=databases, skip_origin=skip_origin
            ),
            bytes_max,
        )
        documents = self._bodies.read([row.document for row in page.rows])
        rows = tuple(
            Change(row.seq, document)
            for row, document in zip(page.rows, documents, strict=True)
        )
        return replace(page, rows=rows)

    def scope_ids(self, tag: str, *, upto: int, databases: tuple[str, ...]) -> Iterator[str]:
        """The ids of a scope, joined, from the index; see the port."""
        return self._index.store.scope_ids(tag, upto=upto, databases=databases)

    def scope_range(
        self, tag: str, low: str, high: str, *, upto: int, databases: tuple[str, ...]
    ) -> list[tuple[str, str, int]]:
        """Rows of a range of ids, from the index; see the port."""
        return self._index.store.scope_range(tag, low, high, upto=upto, databases=databases)

    def local(self, key: str) -> bytes | None:
        """The value of one local document, or None."""
        return self._index.store.local(key)

    def locals(self, prefix: str) -> dict[str, bytes]:
        """All local documents whose key starts with `prefix`, in the order of their keys."""
        found = self._index.store.locals(prefix)
        found.pop(STATE, None)
        return found

    def renew_incarnation(self) -> None:
        """Become another store to every peer; see the SQLite store.

        Raises:
            ClusterUnavailableError, StoreError: The cluster did not take it.
        """
        with self._lock:
            self._log.renew()

    def copy(
        self,
        rows: Sequence[Change],
        local: Mapping[str, bytes | None],
        *,
        last_seq: int,
        incarnation: str,
    ) -> None:
        """Take over rows of another store with its numbers and name; see the SQLite store.

        Raises:
            ClusterUnavailableError, StoreError: Nothing was acknowledged.
        """
        documents = [row.document for row in rows]
        check_put(documents, local, NO_LOCALS)
        self._bodies.write(documents)
        with self._lock:
            self._log.copy(rows, local, last_seq, incarnation)

    def prepare(self, databases: Sequence[str] = DATABASES) -> None:
        """Make sure of databases at once, so that what the account lacks shows at the start.

        Raises:
            ClusterUnavailableError, StoreError: One can neither be found nor created.
        """
        for database in databases:
            self._bodies.prepare(database)

    def follow(self, on_change: Callable[[], object] = _nothing) -> None:
        """Keep the index up with the cluster from now on, in a thread of its own.

        Args:
            on_change: Called after something was put, by whichever process.
        """
        self._follower = Follower(self._client, self._bodies.name(LOG), self, on_change)
        self._follower.start()

    def caught_up(self, since: str = "") -> bool:
        """Take in what was put meanwhile; tells whether there was anything.

        Args:
            since: How far the follower came in the log's own feed; kept with the index.
        """
        with self._lock:
            self._check_open()
            before = self._log.tail
            self._log.catch_up()
            if since:
                self._index.set_since(since)
            return before is not self._log.tail

    @property
    def since(self) -> str:
        """How far the follower came before."""
        return self._index.since

    def mend(self, number: int) -> None:
        """Enter again what only one of two revisions of a segment holds, then drop the other.

        Raises:
            ClusterUnavailableError, StoreError: The cluster did not take it; call again.
        """
        with self._lock:
            self._log.mend(number)

    def foreign(self, database: str) -> Iterator[list[Document]]:
        """Documents of a database that the log does not name, a page at a time.

        A replicator brought them, or a put was broken off. Tags and origin are empty. The
        store does not show such documents before they are put.
        """
        for _, leaves in self._bodies.rows(database, "0"):
            names = [
                Document(database, document_id, rev, b"")
                for document_id, rev in leaves
                if not document_id.startswith("_")
            ]
            yield self.bodies(self._index.unknown(names))

    def bodies(self, documents: Sequence[Document]) -> list[Document]:
        """The same documents with the bodies that the cluster has, named by the log or not.

        Raises:
            ClusterUnavailableError: One of them cannot be had.
        """
        return self._bodies.read(documents)

    def close(self) -> None:
        """End the follower and all sessions; the cluster is left as it is."""
        self._client.close()
        if self._follower is not None:
            self._follower.join()
        with self._lock:
            self._index.close()

    def _check_expected(self, expect: Mapping[str, bytes | None]) -> None:
        try:
            check_expected({key: self.local(key) for key in expect}, expect)
        except StoreConflictError:
            with self._lock:
                self._log.catch_up()
            check_expected({key: self.local(key) for key in expect}, expect)

    def _check_open(self) -> None:
        if self._client.stop.is_set():
            raise StoreError("the store is closed")
