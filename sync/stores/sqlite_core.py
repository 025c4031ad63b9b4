"""What both ports of the SQLite store stand on: one writer, many readers, word of changes."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.couch_values import DEFAULT_LIMITS, Limits
from sync.errors import StoreError, UnknownDatabaseError
from sync.ports import RandomBytes
from sync.stores.bodies import BODY_BYTES_STORED_MAX
from sync.stores.connections import Reader, Readers, connect, translated
from sync.stores.couch_checks import is_database_name
from sync.stores.couch_feed import Database
from sync.stores.couch_writing import DocumentWriter
from sync.stores.ledger import Ledger
from sync.stores.names import NameTables
from sync.stores.tidings import Tidings
from sync.stores.upkeep import find_database
from sync.stores.writing import Writer


class Writing:
    """All that writes one file: the connection and those who use it in turns."""

    def __init__(
        self, connection: sqlite3.Connection, random_bytes: RandomBytes, limits: Limits
    ) -> None:
        self.connection = connection
        self.random_bytes = random_bytes
        self.ledger = Ledger(connection)
        self.records = Writer(self.ledger)
        self.documents = DocumentWriter(self.ledger, limits)


class SqliteCore:
    """A file open for reading and, perhaps, for writing."""

    def __init__(
        self,
        path: Path,
        incarnation: str,
        writing: Writing | None = None,
        limits: Limits = DEFAULT_LIMITS,
        key: bytes | None = None,
    ) -> None:
        if limits.document_bytes > BODY_BYTES_STORED_MAX:
            raise StoreError(f"documents have at most {BODY_BYTES_STORED_MAX} bytes")
        self._path = path
        self._is_sealed = key is not None
        self._incarnation = incarnation
        self._writing = writing
        self._connection = writing.connection if writing else None
        self._lock = threading.Lock()
        self._limits = limits
        self._names = NameTables()
        self._readers = Readers(path, lambda: connect(path, "ro", key))
        self._tidings = Tidings()
        # SHA-256 of what is staged at this moment: compaction leaves it alone.
        self._pins: Counter[bytes] = Counter()
        self._compacting: set[str] = set()

    @property
    def incarnation(self) -> str:
        """As the ports say."""
        return self._incarnation

    @property
    def is_sealed(self) -> bool:
        """Whether the file shows nothing to who has it without its key."""
        return self._is_sealed

    @property
    def limits(self) -> Limits:
        """As the port says."""
        return self._limits

    @contextmanager
    def _write(self) -> Iterator[Writing]:
        """The writer, alone; who waits hears of what was written when the block ends."""
        with self._lock, translated(self._path):
            if self._writing is None:
                raise StoreError(f"{self._path} is closed or open for reading only")
            yield self._writing
            self._tidings.announce(self._writing.ledger.tips())

    @contextmanager
    def _database(self, name: str) -> Iterator[tuple[Reader, Database]]:
        """A database at one moment."""
        with self._readers.snapshot() as reader:
            if not is_database_name(name):
                raise UnknownDatabaseError(f"there is no database {name!r:.80}")
            yield reader, find_database(reader.connection, name)
