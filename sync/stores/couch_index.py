"""The index beside a cluster: the rows of its log in a SQLite store, without bodies.

It is a store like any other, whose bodies say only how long the real ones are; so order,
scopes, winners and pages are those of the SQLite store, to the letter.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sync.errors import StoreError
from sync.ports import NO_LOCALS, Change, Changes, Document, RandomBytes
from sync.stores.checks import DOCUMENTS_MAX
from sync.stores.couch_log import Row, Segment
from sync.stores.lock import WriterLock
from sync.stores.sqlite import SqliteStore

STATE = "\x01log"
"""The local document that says how far the index came; no caller sees it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexState:
    """The last segment that was taken in, and the follower's place in the log's feed."""

    birth: str
    number: int
    rev: str
    since: str


class Index:
    """The index of one process."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    @classmethod
    def open(cls, path: Path, random_bytes: RandomBytes) -> Self:
        """The index in a file; a damaged one is made anew, for all of it stands in the cluster.

        Raises:
            StoreError: Another process has it, or the folder cannot be written.
        """
        try:
            return cls(SqliteStore.open(path, random_bytes))
        except StoreError as error:
            if " is damaged" not in str(error):
                raise
            _log.warning("the index of the cluster is damaged and is built again")
            remove_index(path)
            return cls(SqliteStore.open(path, random_bytes))

    @property
    def incarnation(self) -> str:
        """The cluster's."""
        return self.store.incarnation

    @property
    def last_seq(self) -> int:
        """As far as it goes."""
        return self.store.last_seq

    @property
    def state(self) -> IndexState | None:
        """How far it came; None in a new one.

        Raises:
            StoreError: That is damaged.
        """
        value = self.store.local(STATE)
        if value is None:
            return None
        try:
            return IndexState(**json.loads(value))
        except (ValueError, TypeError) as error:
            raise StoreError("the index of the cluster is damaged") from error

    @property
    def since(self) -> str:
        """The follower's place in the log's feed."""
        state = self.state
        return state.since if state else "0"

    def set_since(self, since: str) -> None:
        """Keep the follower's place."""
        state = self.state
        if state is not None and state.since != since:
            moved = IndexState(state.birth, state.number, state.rev, since)
            self.store.put([], {STATE: _encoded(moved)})

    def take(self, segment: Segment, before: Segment | None) -> tuple[Row, ...]:
        """Take in what a segment holds beyond what was known.

        Gives the rows whose numbers were passed already while they are not here: two writers
        did not see each other, and these have to be entered again at the end of the log.
        """
        last_seq = self.last_seq
        passed = self._passed(segment, before, last_seq)
        rows = [_change(row) for row in segment.rows if row.seq > last_seq]
        known = before.local if before and before.number == segment.number else NO_LOCALS
        local = {
            key: value
            for key, value in segment.local.items()
            if key not in known or known[key] != value
        }
        state = IndexState(segment.birth, segment.number, segment.rev, self.since)
        while len(rows) > DOCUMENTS_MAX:
            part, rows = rows[:DOCUMENTS_MAX], rows[DOCUMENTS_MAX:]
            last_seq = part[-1].seq
            self.store.copy(part, {}, last_seq=last_seq, incarnation=segment.incarnation)
        self.store.copy(
            rows,
            {**local, STATE: _encoded(state)},
            last_seq=max(last_seq, segment.last_seq),
            incarnation=segment.incarnation,
        )
        return passed

    def _passed(
        self, segment: Segment, before: Segment | None, last_seq: int
    ) -> tuple[Row, ...]:
        taken = frozenset(before.rows) if before else frozenset[Row]()
        doubtful = {
            row.key: row for row in segment.rows if row.seq <= last_seq and row not in taken
        }
        lacking = self.unknown([_change(row).document for row in doubtful.values()])
        return tuple(doubtful[one.database, one.id, one.rev] for one in lacking)

    def unknown(self, documents: Sequence[Document]) -> list[Document]:
        """Those of the documents that are not here, each once."""
        distinct = {(one.database, one.id, one.rev): one for one in reversed(documents)}
        asked: dict[str, dict[str, list[str]]] = {}
        for database, document_id, rev in distinct:
            asked.setdefault(database, {}).setdefault(document_id, []).append(rev)
        lacking = {
            (database, document_id, rev)
            for database, revisions in asked.items()
            for document_id, revs in self.store.missing(database, revisions).items()
            for rev in revs
        }
        chosen = [one for key, one in distinct.items() if key in lacking]
        return chosen[::-1]

    def page(self, page: Changes, bytes_max: int | None) -> Changes:
        """The page, cut where the bodies that it stands for exceed the bytes."""
        if bytes_max is None:
            return page
        size = 0
        for place, row in enumerate(page.rows):
            size += int(json.loads(row.document.body)["size"])
            if size > bytes_max and place:
                rows = page.rows[:place]
                return Changes(rows, rows[-1].seq, more=True)
        return page

    def close(self) -> None:
        """Release the file."""
        self.store.close()


def forget_index(path: Path) -> None:
    """Take an index away that no program uses, so that it is built anew.

    Raises:
        StoreError: A program uses it.
    """
    lock = WriterLock(path.with_name(path.name + ".lock"))
    try:
        remove_index(path)
    finally:
        lock.release()


def remove_index(path: Path) -> None:
    """Take an index away with what SQLite keeps beside it."""
    for name in _files(path):
        name.unlink(missing_ok=True)


def _files(path: Path) -> Iterator[Path]:
    for suffix in ("", "-wal", "-shm"):
        yield path.with_name(path.name + suffix)


def _change(row: Row) -> Change:
    stub = b'{"size":%d}' % row.size
    return Change(row.seq, Document(row.database, row.id, row.rev, stub, row.tags, row.origin))


def _encoded(state: IndexState) -> bytes:
    fields = {
        "birth": state.birth,
        "number": state.number,
        "rev": state.rev,
        "since": state.since,
    }
    return json.dumps(fields, sort_keys=True).encode("ascii")
