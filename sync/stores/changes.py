"""Documents read from the SQLite store: one by name, or a page of the feed."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sync.ports import Change, Changes, Document, Scope
from sync.stores.checks import Revision
from sync.stores.connections import Reader
from sync.stores.names import NameTables
from sync.stores.paging import cut_page, joined

_Columns = tuple[int, str, int, bytes, str, int, bytes]
_COLUMNS = "d.database, d.id, r.generation, r.digest, r.tags, r.origin, r.body"
# CROSS JOIN fixes the order of reading: the feed first, then two rows by their numbers.
_TO_WINNER = (
    " CROSS JOIN docs d ON d.doc = f.doc CROSS JOIN revs r ON r.rev = d.winner WHERE f.seq > ?"
    # Tombstones and design documents are for the CouchDB protocol alone.
    " AND NOT d.deleted AND (d.id < '_' OR d.id >= '`')"
)
_FEED = f"SELECT f.seq, {_COLUMNS} FROM changes f{_TO_WINNER}"  # noqa: S608 constants
_SCOPED = f"SELECT f.seq, {_COLUMNS} FROM scope f{_TO_WINNER} AND f.tag = ?"  # noqa: S608
_WINNER = (
    f"SELECT {_COLUMNS} FROM docs d CROSS JOIN revs r ON r.rev = d.winner"  # noqa: S608
    " WHERE d.database = ? AND d.id = ? AND NOT r.deleted"
)


@dataclass(frozen=True, slots=True)
class Feed:
    """Which part of the feed is asked for; the words are those of the port's `changes`."""

    since: int
    limit: int
    tag: Scope
    databases: tuple[str, ...]
    skip_origin: str | None
    bytes_max: int | None


def read_winner(
    reader: Reader, names: NameTables, database: str, document_id: str
) -> Document | None:
    """The winning revision of one document, or None."""
    number = names.databases.number(reader.connection, database)
    if number is None:
        return None
    row = reader.connection.execute(_WINNER, (number, document_id)).fetchone()
    return _document(reader, names, row) if row else None


def read_page(reader: Reader, names: NameTables, feed: Feed) -> Changes:
    """A page of the feed; `reader` is in a snapshot, so rows and last number fit together."""
    last_seq = int(reader.connection.execute("SELECT last_seq FROM state").fetchone()[0])
    return cut_page(
        _scope_rows(reader, names, feed),
        since=feed.since,
        last_seq=last_seq,
        limit=feed.limit,
        bytes_max=feed.bytes_max,
    )


def feed_statement(
    connection: sqlite3.Connection, names: NameTables, feed: Feed
) -> tuple[str, list[int]] | None:
    """The statement that reads the feed with its arguments; None if no row can fit."""
    assert not isinstance(feed.tag, tuple), "each scope has a statement of its own"
    text, arguments = _FEED, [feed.since]
    if feed.tag is not None:
        tag = names.tags.number(connection, feed.tag)
        if tag is None:
            return None
        text, arguments = _SCOPED, [feed.since, tag]
    if feed.databases:
        numbers = [names.databases.number(connection, name) for name in feed.databases]
        known = [number for number in numbers if number is not None]
        text += f" AND f.database IN ({', '.join('?' * len(known))})"
        arguments += known
    if feed.skip_origin is not None:
        origin = names.origins.number(connection, feed.skip_origin)
        if origin is not None:
            text += " AND f.origin <> ?"
            arguments.append(origin)
    return f"{text} ORDER BY f.seq LIMIT ?", [*arguments, feed.limit + 1]


def _scope_rows(reader: Reader, names: NameTables, feed: Feed) -> Iterator[Change]:
    # One statement for each scope, merged here: a single one over several tags would make
    # SQLite sort all their rows for each page.
    scopes = feed.tag if isinstance(feed.tag, tuple) else (feed.tag,)
    single = [replace(feed, tag=scope) for scope in scopes]
    statements = [feed_statement(reader.connection, names, each) for each in single]
    return joined([_rows(reader, names, *known) for known in statements if known])


def _rows(
    reader: Reader, names: NameTables, statement: str, arguments: list[int]
) -> Iterator[Change]:
    cursor = reader.connection.execute(statement, arguments)
    for seq, *columns in cursor:
        yield Change(seq, _document(reader, names, tuple(columns)))


def _document(reader: Reader, names: NameTables, columns: _Columns) -> Document:
    database, document_id, generation, digest, tags, origin, body = columns
    connection = reader.connection
    return Document(
        database=names.databases.name(connection, database),
        id=document_id,
        rev=Revision(generation, digest).text,
        body=reader.bodies.unpack(body),
        tags=tuple(
            names.tags.name(connection, int(tag)) for tag in (tags.split(",") if tags else ())
        ),
        origin=names.origins.name(connection, origin),
    )
