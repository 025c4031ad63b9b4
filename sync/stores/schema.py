"""The tables of the SQLite store, and how a file of an older version becomes one of this.

`docs` has one row per document and points to its winner; `revs` has one row per revision that
is known. Today every row of `revs` is a leaf with a body. The columns `parent`, `leaf` and
`deleted` and the nullable body are there for whole revision trees: interior revisions,
tombstones, stemming (a parent that is NULL), and attachments as a further table that refers to
`revs`.

`changes` has one row per document, at its latest sequence number; `scope` repeats it for each
tag of the winner. Both carry the database and the origin, so a row that a filter leaves out
costs no look at the document. The rows of one tag lie side by side in the order of the
sequence: a child's feed reads its own rows and nothing else, however large the store.

Names that repeat in every row (databases, tags, origins) are stored once and numbered.
"""

import sqlite3
from pathlib import Path

from sync.errors import StoreError

APPLICATION_ID = 0x50525354
"""Marks the file as ours ("PRST") before anything in it is believed."""

_FIRST = (
    """CREATE TABLE state (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        incarnation TEXT NOT NULL,
        last_seq INTEGER NOT NULL
    ) STRICT""",
    "CREATE TABLE databases (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE tags (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE origins (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    # No foreign key points back from here, nor from a revision to its parent: SQLite would look
    # for waiting children at each new revision, through the whole table. `check_sound` looks.
    """CREATE TABLE docs (
        doc INTEGER PRIMARY KEY,
        database INTEGER NOT NULL REFERENCES databases,
        id TEXT NOT NULL,
        winner INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        UNIQUE (database, id)
    ) STRICT""",
    # `tags` lists numbers of tags in the order given, joined by commas.
    """CREATE TABLE revs (
        rev INTEGER PRIMARY KEY,
        doc INTEGER NOT NULL REFERENCES docs,
        generation INTEGER NOT NULL,
        digest BLOB NOT NULL,
        parent INTEGER,
        leaf INTEGER NOT NULL DEFAULT 1,
        deleted INTEGER NOT NULL DEFAULT 0,
        origin INTEGER NOT NULL REFERENCES origins,
        tags TEXT NOT NULL,
        body BLOB,
        UNIQUE (doc, generation, digest)
    ) STRICT""",
    """CREATE TABLE changes (
        seq INTEGER PRIMARY KEY,
        doc INTEGER NOT NULL REFERENCES docs,
        database INTEGER NOT NULL,
        origin INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE scope (
        tag INTEGER NOT NULL REFERENCES tags,
        seq INTEGER NOT NULL,
        doc INTEGER NOT NULL,
        database INTEGER NOT NULL,
        origin INTEGER NOT NULL,
        PRIMARY KEY (tag, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE locals (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""Statements that lead from version n to n + 1. Those that were released are never edited."""

VERSION = len(MIGRATIONS)


def create(connection: sqlite3.Connection, incarnation: str) -> None:
    """Make an empty store in an empty file."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrate(connection)
    connection.execute("INSERT INTO state VALUES (1, ?, 0)", (incarnation,))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to this version, one transaction a step: a crash repeats one step."""
    for number in range(_pragma(connection, "user_version"), VERSION):
        connection.execute("BEGIN IMMEDIATE")
        for statement in MIGRATIONS[number]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")


def check_file(connection: sqlite3.Connection, path: Path) -> int:
    """The format of the open file, if it is a store and of no later format than this program's.

    Raises:
        StoreError: It is something else, or made by a newer program.
    """
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise StoreError(
            f"{path} is an SQLite file but not a store",
            hint="Set the file aside, or give the path of the store.",
        )
    version = _pragma(connection, "user_version")
    if version > VERSION:
        raise StoreError(
            f"{path} has format {version}; this program knows formats up to {VERSION}",
            hint="Install the newer program again.",
        )
    return version


def check_sound(connection: sqlite3.Connection) -> list[str]:
    """What is wrong with the file, one line each; empty when it is sound. Reads all of it."""
    lines = [str(row[0]) for row in connection.execute("PRAGMA quick_check(20)")]
    if lines != ["ok"]:
        return lines
    # One row for each row that points nowhere; a damaged file may have millions of them.
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
    lines = [
        f"row {rowid} of {table} points to no row of {to}" for table, rowid, to, _ in broken
    ]
    for claim, question in _CLAIMS.items():
        count = connection.execute(question).fetchone()[0]
        if count:
            lines.append(f"{claim}: {count}")
    return lines


_CLAIMS = {
    "documents without their row in the feed": """
        SELECT count(*) FROM docs d LEFT JOIN changes c ON c.seq = d.seq AND c.doc = d.doc
        WHERE c.seq IS NULL""",
    "rows of the feed without their document": """
        SELECT count(*) FROM changes c LEFT JOIN docs d ON d.doc = c.doc AND d.seq = c.seq
        WHERE d.doc IS NULL""",
    "documents whose winner is not one of their own leaves": """
        SELECT count(*) FROM docs d LEFT JOIN revs r ON r.rev = d.winner AND r.doc = d.doc
        AND r.leaf AND r.body IS NOT NULL WHERE r.rev IS NULL""",
    "rows of a scope that the feed does not have": """
        SELECT count(*) FROM scope s LEFT JOIN changes c ON c.seq = s.seq AND c.doc = s.doc
        AND c.database = s.database AND c.origin = s.origin WHERE c.seq IS NULL""",
    # A list of n numbers has n - 1 commas.
    "rows too many or too few in the scopes": """
        SELECT abs((SELECT count(*) FROM scope) - (SELECT coalesce(sum(
        length(r.tags) - length(replace(r.tags, ',', '')) + (r.tags <> '')), 0)
        FROM docs d JOIN revs r ON r.rev = d.winner))""",
    "rows of the feed past the last sequence number": """
        SELECT count(*) FROM changes WHERE seq > (SELECT last_seq FROM state)""",
}


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
