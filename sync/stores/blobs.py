"""The bytes of attachments in the SQLite store: cut into pieces, stored once each."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator

from sync.couch_values import StagedBlob
from sync.errors import DocumentRefusedError
from sync.stores.editing import digest_text

PIECE_BYTES = 256 * 1024
PIECES_MAX = 65536
"""So a blob has at most 16 GiB: far above any limit for attachments."""

_ADD_PIECE = "INSERT INTO pieces (piece, bytes) VALUES (?, ?)"
_FIND = "SELECT blob FROM blobs WHERE sha256 = ?"
_FINISH = "UPDATE blobs SET sha256 = ?, md5 = ?, length = ? WHERE blob = ?"
_IN_USE = (
    "SELECT staged OR EXISTS (SELECT 1 FROM attachments a WHERE a.blob = b.blob), sha256"
    " FROM blobs b WHERE b.blob = ?"
)


class Incoming:
    """A blob that arrives piece by piece, in several transactions of the caller."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Begin a blob; needs a write transaction, as every method does."""
        self._connection = connection
        added = connection.execute("INSERT INTO blobs DEFAULT VALUES").lastrowid
        assert added is not None
        self.number = added
        self._count = 0
        self._length = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, piece: bytes) -> None:
        """Store the next piece: `PIECE_BYTES`, but for the last one."""
        if self._count >= PIECES_MAX:
            raise DocumentRefusedError("attachment_too_large", "the attachment is too large")
        place = self.number * PIECES_MAX + self._count
        self._connection.execute(_ADD_PIECE, (place, piece))
        self._sha256.update(piece)
        self._md5.update(piece)
        self._count += 1
        self._length += len(piece)

    def finish(self) -> StagedBlob:
        """What it is, once all pieces were added; the same content is kept only once."""
        sha256, md5 = self._sha256.digest(), self._md5.digest()
        if find_blob(self._connection, sha256) is not None:
            remove_blob(self._connection, self.number)
        else:
            self._connection.execute(_FINISH, (sha256, md5, self._length, self.number))
        return StagedBlob(sha256, digest_text(md5), self._length)


def find_blob(connection: sqlite3.Connection, sha256: bytes) -> int | None:
    """The number of the blob with this content, or None."""
    row = connection.execute(_FIND, (sha256,)).fetchone()
    return int(row[0]) if row else None


def store_blob(connection: sqlite3.Connection, sha256: bytes, content: bytes | None) -> int:
    """The number of a blob that a revision names from now on.

    Args:
        connection: In a write transaction.
        sha256: Of the content.
        content: The bytes; None if the store must have them already.

    Raises:
        DocumentRefusedError: It has not.
    """
    number = find_blob(connection, sha256)
    if number is None:
        if content is None:
            raise DocumentRefusedError("missing_stub", "the staged attachment is gone")
        incoming = Incoming(connection)
        for start in range(0, len(content), PIECE_BYTES):
            incoming.add(content[start : start + PIECE_BYTES])
        incoming.finish()
        number = incoming.number
    connection.execute("UPDATE blobs SET staged = 0 WHERE blob = ? AND staged", (number,))
    return number


def remove_blob(connection: sqlite3.Connection, number: int) -> None:
    """Take away a blob with its pieces."""
    first = number * PIECES_MAX
    connection.execute(
        "DELETE FROM pieces WHERE piece BETWEEN ? AND ?", (first, first + PIECES_MAX - 1)
    )
    connection.execute("DELETE FROM blobs WHERE blob = ?", (number,))


def remove_unused(
    connection: sqlite3.Connection, numbers: Iterable[int], pinned: Iterable[bytes]
) -> None:
    """Take away those of these blobs that no revision names and nobody is about to use.

    Args:
        connection: In a write transaction.
        numbers: Blobs that a revision named which is gone.
        pinned: SHA-256 of what is staged at this moment.
    """
    for number in dict.fromkeys(numbers):
        row = connection.execute(_IN_USE, (number,)).fetchone()
        if row is not None and not row[0] and row[1] not in pinned:
            remove_blob(connection, number)


def remove_staged(connection: sqlite3.Connection) -> None:
    """Take away what a process that died had staged."""
    for (number,) in connection.execute("SELECT blob FROM blobs WHERE staged").fetchall():
        connection.execute("BEGIN IMMEDIATE")
        remove_blob(connection, number)
        connection.execute("COMMIT")


def regrouped(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of exactly `size`, but for the last one."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)
