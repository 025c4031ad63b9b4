"""SQLite connections: how they are set up and shared, and what their errors mean."""

import errno
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.errors import StoreError, StoreFullError
from sync.stores.bodies import Bodies
from sync.stores.sealing import FAULTS, is_plain, open_file, primary_code

_BUSY_S = 5.0
"""Readers meet a lock only while a file is recovered or a last writer closes it."""
_RIGHTS_HINT = "Check that the file and its folder can be read and written."
_CHECKPOINT_PAGES = 8000
"""About 32 MiB of log. Ids are hashes and fall all over their index: the longer the log, the
more of them share a page when it is written back."""
_WRITER_CACHE_KIB = 16 * 1024
_NO_ROOM = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
"""A file as large as the file system or the account allows; no space for the log's index."""
_WAL_BYTES_KEPT = 64 * 1024 * 1024


def connect(path: Path, mode: str, key: bytes | None = None) -> sqlite3.Connection:
    """A connection to an existing file ("rw" or "ro") or to a new one ("rwc").

    No memory map: on a dying disk it ends the process where a read gives an error.

    Raises:
        StoreError: The file is sealed and there is no key, or the other way round.
    """
    check_kind(path, key)
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = open_file(address, key, timeout_s=_BUSY_S)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: the log is synced at each commit, so what was acknowledged survives a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        # The file may be damaged or made to harm: believe less of it.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
    except FAULTS:
        connection.close()
        raise
    return connection


def check_kind(path: Path, key: bytes | None) -> None:
    """Refuse a plain file where a sealed one is due, and a sealed one without its key.

    A thief may put a plain file in the place of a sealed one: nothing of it is believed.

    Raises:
        StoreError: So it is.
        OSError: The file cannot be read.
    """
    plain = is_plain(path)
    if plain is False and key is None:
        raise StoreError(
            f"{path} is sealed without a key here, or damaged",
            hint="If it was never sealed, set it aside with its -wal file, keep both, and"
            " restore from a backup.",
        )
    if plain and key is not None:
        raise StoreError(
            f"{path} is not sealed, and it should be",
            hint="If `postroad node encrypt` was interrupted, repeat it.",
        )


def prepare_writer(connection: sqlite3.Connection) -> None:
    """Make `connection` the one that writes, with a write-ahead log beside the file.

    This changes the file: it must have been found to be a store.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn an error of SQLite or of the file system in the block into one line about `path`."""
    try:
        yield
    except FAULTS as error:
        raise _store_error(path, error) from error
    except OSError as error:
        raise _file_error(path, error) from error


def damaged(path: Path, what: str) -> StoreError:
    """The error for a file that must not be used, repaired or replaced by a program."""
    return StoreError(
        f"{path} is damaged: {what}",
        hint="Set the file aside with its -wal file, keep both, and restore from a backup.",
    )


def _file_error(path: Path, error: OSError) -> StoreError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return _full(path)
    return StoreError(f"{path}: {error.strerror}", hint=_RIGHTS_HINT)


def _full(path: Path) -> StoreFullError:
    return StoreFullError(f"{path} cannot grow: nothing was written")


def _store_error(path: Path, error: Exception) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = primary_code(error)
    if primary == sqlite3.SQLITE_FULL or code in _NO_ROOM:
        return _full(path)
    # "no such table", too, comes as a general error: our statements are constant, so it is the
    # file that does not fit them.
    if primary in {None, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return damaged(path, str(error))
    if primary == sqlite3.SQLITE_IOERR:
        return StoreError(f"{path}: {error}", hint="Check the disk.")
    return StoreError(f"{path}: {error}", hint=_RIGHTS_HINT)


class Reader:
    """One thread's connection, with what unpacks the bodies it reads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.bodies = Bodies()
        self.lock = threading.Lock()


class Readers:
    """A reading connection per thread, so that readers wait for nobody and hold up nobody.

    Each connection has a lock that its thread holds while it reads: `close` and the removal of
    what ended threads left behind wait for a read under way.
    """

    def __init__(self, path: Path, open_connection: Callable[[], sqlite3.Connection]) -> None:
        self._path = path
        self._open_connection = open_connection
        self._lock = threading.Lock()
        self._readers: dict[int, Reader] = {}
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """The connection of this thread.

        Raises:
            StoreError: The store is closed, or SQLite failed in the block.
        """
        with translated(self._path):
            reader = self._locked_reader()
            try:
                yield reader
            finally:
                reader.lock.release()

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """As `reading`; all statements of the block see the store at one moment."""
        with self.reading() as reader:
            reader.connection.execute("BEGIN")
            try:
                yield reader
            finally:
                reader.connection.rollback()

    def close(self) -> None:
        """Wait for reads under way, then close every connection."""
        with self._lock:
            self._closed = True
            for thread in list(self._readers):
                self._close_reader(thread)

    def _locked_reader(self) -> Reader:
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            thread = threading.get_ident()
            if thread not in self._readers:
                self._close_those_of_ended_threads()
                self._readers[thread] = Reader(self._open_connection())
            reader = self._readers[thread]
            # Only this thread, `close` and the removal take it, and both hold the outer lock.
            reader.lock.acquire()
            return reader

    def _close_those_of_ended_threads(self) -> None:
        alive = {thread.ident for thread in threading.enumerate()}
        for thread in [ident for ident in self._readers if ident not in alive]:
            self._close_reader(thread)

    def _close_reader(self, thread: int) -> None:
        reader = self._readers.pop(thread)
        with reader.lock:
            reader.connection.close()
