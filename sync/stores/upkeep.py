"""Databases of the SQLite store: made, deleted, described, set; and their local documents."""

import hashlib
import sqlite3
from collections.abc import Iterable

from sync.couch_values import DatabaseInfo, LocalDocument
from sync.errors import StoreConflictError, UnknownDatabaseError
from sync.stores.blobs import remove_unused
from sync.stores.couch_feed import Database, count_documents
from sync.stores.ledger import Ledger

CREATED_BYTES = 8
_START_TIME_BYTES = 6
"""15 digits: as many as every JSON reader takes for a number, should it be read as one."""

_FIND = (
    "SELECT number, numbered,"
    " CASE WHEN numbered THEN update_seq ELSE (SELECT last_seq FROM state) END"
    " FROM databases WHERE name = ? AND present"
)
_MAKE = "UPDATE databases SET present = 1, numbered = 1, created = ? WHERE number = ?"
_UNMAKE = (
    "UPDATE databases SET present = 0, numbered = 0, created = ?, documents = 0,"
    " tombstones = 0, update_seq = 0, purge_seq = 0, revs_limit = 1000, security = x'7b7d'"
    " WHERE number = ?"
)
_REVS = "SELECT r.rev FROM docs d JOIN revs r ON r.doc = d.doc WHERE d.database = ?"
_SCOPED = (
    "SELECT d.seq, r.tags FROM docs d JOIN revs r ON r.rev = d.winner"
    " WHERE d.database = ? AND r.tags <> ''"
)
_LOCAL = "SELECT writes, body FROM local_docs WHERE database = ? AND id = ?"
_SET_LOCAL = (
    "INSERT INTO local_docs (database, id, writes, body) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (database, id) DO UPDATE SET writes = excluded.writes, body = excluded.body"
)


def find_database(connection: sqlite3.Connection, name: str) -> Database:
    """A database that is there.

    Raises:
        UnknownDatabaseError: There is none of that name.
    """
    row = connection.execute(_FIND, (name,)).fetchone()
    if row is None:
        raise UnknownDatabaseError(f"there is no database {name!r:.80}")
    number, numbered, update_seq = row
    return Database(number, bool(numbered), update_seq)


def create_database(ledger: Ledger, name: str, created: bytes) -> bool:
    """Make a database; False if it is there. Needs a transaction."""
    row = ledger.find("SELECT present FROM databases WHERE name = ?", (name,))
    if row is not None and row[0]:
        return False
    number = ledger.names.databases.give_number(ledger.connection, name)
    ledger.connection.execute(_MAKE, (created, number))
    ledger.look_again(number)
    return True


def delete_database(ledger: Ledger, name: str, created: bytes, pinned: Iterable[bytes]) -> bool:
    """Remove a database with all that is in it; False if there is none.

    Needs a transaction, and foreign keys unchecked: SQLite would look through the whole feed
    for each document, and the rows that refer to it go first anyway.
    """
    connection = ledger.connection
    row = ledger.find("SELECT number FROM databases WHERE name = ? AND present", (name,))
    if row is None:
        return False
    number = row[0]
    for seq, tags in connection.execute(_SCOPED, row).fetchall():
        connection.executemany(
            "DELETE FROM scope WHERE tag = ? AND seq = ?",
            [(int(tag), seq) for tag in tags.split(",")],
        )
    freed = connection.execute(
        f"DELETE FROM attachments WHERE rev IN ({_REVS}) RETURNING blob",  # noqa: S608
        row,
    ).fetchall()
    for statement in (
        "DELETE FROM changes WHERE seq IN (SELECT seq FROM docs WHERE database = ?)",
        "DELETE FROM steps WHERE database = ?",
        "DELETE FROM revs WHERE doc IN (SELECT doc FROM docs WHERE database = ?)",
        "DELETE FROM docs WHERE database = ?",
        "DELETE FROM local_docs WHERE database = ?",
    ):
        connection.execute(statement, row)
    # The random bytes change now, so that a database which a put brings back is another one.
    connection.execute(_UNMAKE, (created, number))
    ledger.look_again(number)
    remove_unused(connection, (blob for (blob,) in freed), pinned)
    return True


def describe_database(
    connection: sqlite3.Connection, name: str, incarnation: str, *, compact_running: bool
) -> DatabaseInfo:
    """Counts and settings of a database, in a snapshot.

    Raises:
        UnknownDatabaseError: There is none of that name.
    """
    database = find_database(connection, name)
    purge_seq, revs_limit, created = connection.execute(
        "SELECT purge_seq, revs_limit, created FROM databases WHERE number = ?",
        (database.number,),
    ).fetchone()
    documents, tombstones = count_documents(connection, database)
    pages, free, size = (
        connection.execute(f"PRAGMA {what}").fetchone()[0]
        for what in ("page_count", "freelist_count", "page_size")
    )
    return DatabaseInfo(
        name=name,
        doc_count=documents,
        doc_del_count=tombstones,
        update_seq=database.update_seq,
        purge_seq=purge_seq,
        instance_start_time=start_time(incarnation, name, created),
        file_bytes=pages * size,
        active_bytes=(pages - free) * size,
        compact_running=compact_running,
        revs_limit=revs_limit,
        of_program=not database.numbered,
    )


def start_time(incarnation: str, name: str, created: bytes) -> str:
    """Digits that tell one life of a database from every other, here and in a copy.

    CouchDB's are a time, but its replicator compares them only. A clock may have stood still.
    """
    said = b"\0".join((incarnation.encode(), name.encode(), created))
    return str(int.from_bytes(hashlib.sha256(said).digest()[:_START_TIME_BYTES], "big"))


def read_local(
    connection: sqlite3.Connection, database: Database, document_id: str
) -> LocalDocument | None:
    """A local document, or None."""
    row = connection.execute(_LOCAL, (database.number, document_id)).fetchone()
    return LocalDocument(document_id, f"0-{row[0]}", row[1]) if row else None


def write_local(
    connection: sqlite3.Connection,
    place: tuple[int, str],
    body: bytes | None,
    *,
    writes: int | None,
    checked: bool,
) -> int | None:
    """Store a local document, or remove it if `body` is None.

    Args:
        connection: In a write transaction.
        place: Number of the database, and the id.
        body: The JSON.
        writes: What the caller thinks is stored; None for nothing.
        checked: Whether it must be so.

    Returns:
        The new number of writes; when removing, None if there was nothing.

    Raises:
        StoreConflictError: `checked`, and something else is stored.
    """
    row = connection.execute(_LOCAL, place).fetchone()
    stored = row[0] if row else None
    check_writes(stored, writes, checked=checked)
    if body is None:
        connection.execute("DELETE FROM local_docs WHERE database = ? AND id = ?", place)
        return stored
    count = next_writes(stored, writes)
    connection.execute(_SET_LOCAL, (*place, count, body))
    return count


def check_writes(stored: int | None, writes: int | None, *, checked: bool) -> None:
    """Nothing, unless a local document must be as the caller thinks and is not.

    Raises:
        StoreConflictError: That.
    """
    if checked and stored is not None and stored != writes:
        raise StoreConflictError("Document update conflict.")


def next_writes(stored: int | None, writes: int | None) -> int:
    """The next number of writes of a local document; it never goes back."""
    return max(stored or 0, writes or 0) + 1
