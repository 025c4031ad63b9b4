"""The ids of a scope in the SQLite store: all of them in pieces, or those of a range.

The index of documents by database and id is what gives a range its order; no table is kept for
comparisons, so they cost nothing while none is made.
"""

import re
import sqlite3
from dataclasses import dataclass

from sync.stores.checks import is_record_id
from sync.stores.names import NameTables

PIECE_IDS = 4_096
ID_CHARS = 64

_HEX = re.compile(r"[0-9a-f]*")

_IDS = (
    "SELECT group_concat(id, ''), max(seq), count(*) FROM (SELECT s.seq AS seq,"
    " iif(length(d.id) = 64, d.id, '') AS id"
    " FROM scope s CROSS JOIN docs d ON d.doc = s.doc"
    " WHERE s.tag = ? AND s.seq > ? AND s.seq <= ? AND s.database IN ({numbers})"
    " AND NOT d.deleted ORDER BY s.seq LIMIT ?)"
)
_RANGE = (
    "SELECT d.id, d.seq FROM docs d WHERE d.database = ? AND d.id >= ? AND d.id < ?"
    " AND d.seq <= ? AND NOT d.deleted AND length(d.id) = 64 AND d.id NOT GLOB '*[^0-9a-f]*'"
    " AND EXISTS (SELECT 1 FROM scope s WHERE s.tag = ? AND s.seq = d.seq) ORDER BY d.id"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """One tag and some databases by their numbers; no tag if nothing has it."""

    tag: int | None
    databases: tuple[tuple[str, int], ...]
    upto: int


def find_scope(
    connection: sqlite3.Connection,
    names: NameTables,
    tag: str,
    databases: tuple[str, ...],
    upto: int,
) -> Scope:
    """The scope by numbers; databases that are not there are left out."""
    numbers = ((name, names.databases.number(connection, name)) for name in databases)
    known = tuple((name, number) for name, number in numbers if number is not None)
    return Scope(names.tags.number(connection, tag), known, upto)


def read_ids(connection: sqlite3.Connection, scope: Scope, since: int) -> tuple[str, int, bool]:
    """The next ids after a sequence number, joined; where to go on, and whether to."""
    if scope.tag is None or not scope.databases:
        return "", since, False
    numbers = [number for _, number in scope.databases]
    statement = _IDS.format(numbers=", ".join("?" * len(numbers)))
    arguments = (scope.tag, since, scope.upto, *numbers, PIECE_IDS)
    piece, last, count = connection.execute(statement, arguments).fetchone()
    return _only_ids(piece or ""), last or since, count == PIECE_IDS


def _only_ids(piece: str) -> str:
    """The piece without what has the length of an id and is none; as a rule there is nothing.

    Looking at the whole piece costs a tenth of letting SQLite look at each id.
    """
    if _HEX.fullmatch(piece):
        return piece
    ids = (piece[begin : begin + ID_CHARS] for begin in range(0, len(piece), ID_CHARS))
    return "".join(one for one in ids if is_record_id(one))


def read_range(
    connection: sqlite3.Connection, scope: Scope, low: str, high: str
) -> list[tuple[str, str, int]]:
    """Database, id and sequence number of the records of a range."""
    if scope.tag is None:
        return []
    return [
        (name, record, seq)
        for name, number in scope.databases
        for record, seq in connection.execute(
            _RANGE, (number, low, high, scope.upto, scope.tag)
        )
    ]
