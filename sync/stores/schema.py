"""The tables of the SQLite store, and how a file of an older version becomes one of this.

`docs` has one row per document and points to its winner; `revs` has one row per revision that
is known, in a tree by `parent` (NULL: the first, or the stem was cut there). Leaves have
bodies; other revisions keep theirs until the database is compacted, and have none if only their
name came, in the history of another. A digest of 32 hex digits lies there as 16 bytes, any
other as its text.

`changes` has one row per document, at its latest sequence number; `scope` repeats it for each
tag of the winner. Both carry the database and the origin, so a row that a filter leaves out
costs no look at the document. The rows of one tag lie side by side in the order of the
sequence: a child's feed reads its own rows and nothing else, however large the store.

A database that was made over the CouchDB protocol is `numbered`: its feed counts its own
changes in `steps`. The others came to be by a put; their feed is the store's, filtered. A
database that was deleted keeps its row, so that a number never gets another name.

The bytes of attachments are stored once however many revisions have them: `blobs` are found by
their SHA-256, and lie in `pieces` numbered from `blob * 65536` on. A blob is `staged` until a
revision names it.

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

_TREES = (
    # Of `databases`: whether it is there; whether its feed has numbers of its own; random bytes
    # of its creation; if it is numbered, counts that each transaction brings up to date;
    # purges; settings.
    "ALTER TABLE databases ADD COLUMN present INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE databases ADD COLUMN numbered INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE databases ADD COLUMN created BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE databases ADD COLUMN documents INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE databases ADD COLUMN tombstones INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE databases ADD COLUMN update_seq INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE databases ADD COLUMN purge_seq INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE databases ADD COLUMN revs_limit INTEGER NOT NULL DEFAULT 1000",
    "ALTER TABLE databases ADD COLUMN security BLOB NOT NULL DEFAULT x'7b7d'",
    # Of `docs`: the row in `steps`; whether the winner is a tombstone; how many leaves.
    "ALTER TABLE docs ADD COLUMN step INTEGER",
    "ALTER TABLE docs ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE docs ADD COLUMN leaves INTEGER NOT NULL DEFAULT 1",
    """UPDATE docs SET leaves = n FROM (SELECT doc AS d, count(*) AS n FROM revs GROUP BY doc)
    WHERE docs.doc = d AND n > 1""",
    # Both are empty where documents are written once. What compaction takes:
    "CREATE INDEX old_bodies ON revs (doc) WHERE body IS NOT NULL AND NOT leaf",
    # What is counted where nothing is kept up to date:
    "CREATE INDEX tombstones ON docs (database) WHERE deleted",
    """CREATE TABLE steps (
        database INTEGER NOT NULL REFERENCES databases,
        number INTEGER NOT NULL,
        doc INTEGER NOT NULL,
        PRIMARY KEY (database, number)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE blobs (
        blob INTEGER PRIMARY KEY,
        sha256 BLOB UNIQUE,
        md5 BLOB,
        length INTEGER NOT NULL DEFAULT 0,
        staged INTEGER NOT NULL DEFAULT 1
    ) STRICT""",
    "CREATE INDEX staged_blobs ON blobs (blob) WHERE staged",
    "CREATE TABLE pieces (piece INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
    """CREATE TABLE attachments (
        rev INTEGER NOT NULL,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        content_type TEXT NOT NULL,
        blob INTEGER NOT NULL REFERENCES blobs,
        length INTEGER NOT NULL,
        revpos INTEGER NOT NULL,
        encoding TEXT,
        PRIMARY KEY (rev, position)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX attachments_of_blobs ON attachments (blob)",
    """CREATE TABLE local_docs (
        database INTEGER NOT NULL REFERENCES databases,
        id TEXT NOT NULL,
        writes INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (database, id)
    ) STRICT, WITHOUT ROWID""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _TREES)
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
    "documents whose leaves are miscounted": """
        SELECT count(*) FROM docs d
        WHERE d.leaves <> (SELECT count(*) FROM revs r WHERE r.doc = d.doc AND r.leaf)""",
    "leaves without a body": "SELECT count(*) FROM revs WHERE leaf AND body IS NULL",
    "revisions whose parent is not of their document": """
        SELECT count(*) FROM revs r LEFT JOIN revs p ON p.rev = r.parent AND p.doc = r.doc
        AND NOT p.leaf AND p.generation = r.generation - 1
        WHERE r.parent IS NOT NULL AND p.rev IS NULL""",
    "documents without their row in their database's feed": """
        SELECT count(*) FROM docs d JOIN databases b ON b.number = d.database LEFT JOIN steps s
        ON s.database = d.database AND s.number = d.step AND s.doc = d.doc
        WHERE b.numbered <> (s.doc IS NOT NULL)""",
    "rows too many in the feeds of databases": """
        SELECT (SELECT count(*) FROM steps) - (SELECT count(*) FROM docs WHERE step NOTNULL)""",
    "databases whose documents are miscounted": """
        SELECT count(*) FROM databases b LEFT JOIN (SELECT database, sum(NOT deleted) AS live,
        sum(deleted) AS gone FROM docs GROUP BY database) d ON d.database = b.number
        WHERE b.numbered AND (b.documents <> coalesce(d.live, 0)
        OR b.tombstones <> coalesce(d.gone, 0))""",
    "attachments without their revision": """
        SELECT count(*) FROM attachments a LEFT JOIN revs r ON r.rev = a.rev
        AND r.body IS NOT NULL WHERE r.rev IS NULL""",
    "attachments whose bytes are not all here": """
        SELECT count(*) FROM blobs b WHERE NOT b.staged AND b.length <> (SELECT
        coalesce(sum(length(p.bytes)), 0) FROM pieces p
        WHERE p.piece BETWEEN b.blob * 65536 AND b.blob * 65536 + 65535)""",
    "rows of the feed past the last sequence number": """
        SELECT count(*) FROM changes WHERE seq > (SELECT last_seq FROM state)""",
}


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
