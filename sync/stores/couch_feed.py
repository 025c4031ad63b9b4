"""Lists of a database of the SQLite store: `_changes`, `_all_docs`, `_local_docs`."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sync.couch_values import (
    DocumentRow,
    DocumentRows,
    FeedPage,
    FeedRow,
    IdRange,
    LocalDocument,
    Style,
)
from sync.stores.revision_rows import unpack_digest
from sync.stores.revision_tree import Rev

COUNTED_MAX = 10_000
"""Rows that are counted one by one to say how many remain; past it a bound is given."""
OFFSET_COUNTED_MAX = 100_000

_WINNER = "d.doc, d.id, d.deleted, d.leaves, r.generation, r.digest"
_TO_WINNER = " CROSS JOIN docs d ON d.doc = f.doc CROSS JOIN revs r ON r.rev = d.winner"
_STEPS = (
    f"SELECT f.number, {_WINNER} FROM steps f{_TO_WINNER}"  # noqa: S608 constants
    " WHERE f.database = ? AND f.number > ? ORDER BY f.number"
)
_CHANGES = (
    f"SELECT f.seq, {_WINNER} FROM changes f{_TO_WINNER}"  # noqa: S608 constants
    " WHERE f.database = ? AND f.seq > ? ORDER BY f.seq"
)
_NAMED = (
    f"SELECT coalesce(d.step, d.seq), {_WINNER} FROM docs d"  # noqa: S608 constants
    " CROSS JOIN revs r ON r.rev = d.winner WHERE d.database = ? AND d.id = ?"
)
_COUNTS = "SELECT documents, tombstones FROM databases WHERE number = ?"
_EVERY = "SELECT count(*) FROM docs WHERE database = ?"
_TOMBSTONES = "SELECT count(*) FROM docs WHERE database = ? AND deleted"
_STEPS_LEFT = "SELECT 1 FROM steps WHERE database = ? AND number > ? LIMIT ?"
_CHANGES_LEFT = "SELECT 1 FROM changes WHERE database = ? AND seq > ? LIMIT ?"
_LEAVES = "SELECT deleted, generation, digest FROM revs WHERE doc = ? AND leaf"


@dataclass(frozen=True, slots=True)
class Database:
    """A database in a snapshot.

    Attributes:
        number: By which other tables name it.
        numbered: Whether its feed counts its own changes; else it has the store's numbers.
        update_seq: No row of its feed has a higher number.
    """

    number: int
    numbered: bool
    update_seq: int


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page of `_changes` is asked for; the words are those of the port's `feed`."""

    since: int
    limit: int
    descending: bool
    style: Style
    document_ids: Sequence[str] | None


def count_documents(connection: sqlite3.Connection, database: Database) -> tuple[int, int]:
    """How many documents are there, and how many were deleted."""
    if database.numbered:
        row = connection.execute(_COUNTS, (database.number,)).fetchone()
        return row[0], row[1]
    every = connection.execute(_EVERY, (database.number,)).fetchone()[0]
    deleted = connection.execute(_TOMBSTONES, (database.number,)).fetchone()[0]
    return every - deleted, deleted


def has_change(connection: sqlite3.Connection, database: Database, since: int) -> bool:
    """Whether there is any row after `since`, or was one that a purge took."""
    if database.numbered:
        return database.update_seq > since
    row = connection.execute(_CHANGES_LEFT, (database.number, since, 1)).fetchone()
    return row is not None


def read_feed(connection: sqlite3.Connection, database: Database, asked: PageAsked) -> FeedPage:
    """A page of the feed; `connection` is in a snapshot."""
    if asked.document_ids is not None:
        return _named_page(connection, database, asked)
    text = (_STEPS if database.numbered else _CHANGES) + (" DESC" if asked.descending else "")
    found = connection.execute(
        f"{text} LIMIT ?", (database.number, asked.since, asked.limit + 1)
    ).fetchall()
    rows = tuple(_feed_row(connection, row, asked.style) for row in found[: asked.limit])
    if len(found) <= asked.limit:
        return FeedPage(rows, database.update_seq, 0)
    last = rows[-1].seq if rows else asked.since
    if asked.descending:
        return FeedPage(rows, last, len(found) - asked.limit)
    return FeedPage(rows, last, _pending(connection, database, last))


def read_rows(
    connection: sqlite3.Connection, database: Database, span: IdRange
) -> DocumentRows:
    """Documents of a range of ids that are not deleted."""
    where, arguments = _range("d.id", span)
    order = "DESC" if span.descending else "ASC"
    limit = -1 if span.limit is None else span.limit
    found = connection.execute(
        "SELECT d.id, r.generation, r.digest FROM docs d"  # noqa: S608 constants
        " CROSS JOIN revs r ON r.rev = d.winner"
        f" WHERE d.database = ? AND NOT d.deleted{where}"
        f" ORDER BY d.id {order} LIMIT ? OFFSET ?",
        (database.number, *arguments, limit, span.skip),
    )
    rows = tuple(
        DocumentRow(document_id, Rev(generation, unpack_digest(digest)).text)
        for document_id, generation, digest in found
    )
    total, _ = count_documents(connection, database)
    return DocumentRows(rows, total, _offset(connection, database, span, total))


def read_rows_of(
    connection: sqlite3.Connection, database: Database, keys: Iterable[str]
) -> DocumentRows:
    """One row for each key, in order."""
    rows = []
    for key in keys:
        row = connection.execute(_NAMED, (database.number, key)).fetchone()
        if row is None:
            rows.append(DocumentRow(key, ""))
        else:
            rev = Rev(row[5], unpack_digest(row[6])).text
            rows.append(DocumentRow(key, rev, deleted=bool(row[3])))
    return DocumentRows(tuple(rows), count_documents(connection, database)[0], None)


def read_local_rows(
    connection: sqlite3.Connection, database: Database, span: IdRange
) -> tuple[LocalDocument, ...]:
    """Local documents of a range of ids."""
    where, arguments = _range("id", span)
    order = "DESC" if span.descending else "ASC"
    limit = -1 if span.limit is None else span.limit
    found = connection.execute(
        f"SELECT id, writes, body FROM local_docs WHERE database = ?{where}"  # noqa: S608
        f" ORDER BY id {order} LIMIT ? OFFSET ?",
        (database.number, *arguments, limit, span.skip),
    )
    return tuple(
        LocalDocument(document_id, f"0-{writes}", body) for document_id, writes, body in found
    )


def _named_page(
    connection: sqlite3.Connection, database: Database, asked: PageAsked
) -> FeedPage:
    names = dict.fromkeys(asked.document_ids or ())
    found = [connection.execute(_NAMED, (database.number, name)).fetchone() for name in names]
    after = sorted(row for row in found if row is not None and row[0] > asked.since)
    if asked.descending:
        after.reverse()
    rows = tuple(_feed_row(connection, row, asked.style) for row in after[: asked.limit])
    left = len(after) - len(rows)
    last = database.update_seq if not left else rows[-1].seq if rows else asked.since
    return FeedPage(rows, last, left)


def _feed_row(connection: sqlite3.Connection, row: Sequence[Any], style: Style) -> FeedRow:
    seq, doc, document_id, deleted, leaves, generation, digest = row
    revs = [Rev(generation, unpack_digest(digest))]
    if style == "all_docs" and leaves > 1:
        found = sorted(
            (
                (not gone, Rev(one, unpack_digest(other)))
                for gone, one, other in connection.execute(_LEAVES, (doc,))
            ),
            reverse=True,
        )
        revs = [rev for _, rev in found]
    return FeedRow(seq, document_id, tuple(rev.text for rev in revs), bool(deleted))


def _pending(connection: sqlite3.Connection, database: Database, last: int) -> int:
    text = _STEPS_LEFT if database.numbered else _CHANGES_LEFT
    counted = connection.execute(
        f"SELECT count(*) FROM ({text})",  # noqa: S608 constants
        (database.number, last, COUNTED_MAX + 1),
    ).fetchone()[0]
    if counted <= COUNTED_MAX:
        return int(counted)
    rows = sum(count_documents(connection, database))
    return max(int(counted), min(rows, database.update_seq - last))


def _range(column: str, span: IdRange) -> tuple[str, list[str]]:
    """The part of a WHERE that narrows `column` to a range, with its arguments."""
    text, arguments = "", []
    first, last = (">=", "<=") if not span.descending else ("<=", ">=")
    if span.start is not None:
        text += f" AND {column} {first} ?"
        arguments.append(span.start)
    if span.end is not None:
        text += f" AND {column} {last if span.inclusive_end else last[0]} ?"
        arguments.append(span.end)
    return text, arguments


def _offset(
    connection: sqlite3.Connection, database: Database, span: IdRange, total: int
) -> int | None:
    if span.start is None:
        return min(span.skip, total)
    before = ">" if span.descending else "<"
    counted = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM docs WHERE database = ? AND NOT deleted"  # noqa: S608
        f" AND id {before} ? LIMIT ?)",
        (database.number, span.start, OFFSET_COUNTED_MAX + 1),
    ).fetchone()[0]
    if counted > OFFSET_COUNTED_MAX:
        return None
    return min(int(counted) + span.skip, total)
