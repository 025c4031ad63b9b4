"""SQLCipher behind the same connections: one key more, and its errors are SQLite's.

SQLCipher is SQLite with each page under AES-256 and HMAC-SHA512. The key is raw, 32 random
bytes: it is not stretched again at each connection, because key slots did that (see
`security.slots`). Its exceptions are other classes than those of `sqlite3`, without codes.
"""

import sqlite3
from pathlib import Path
from typing import Any

try:
    from sqlcipher3 import dbapi2 as _cipher
except ImportError:  # A platform without it keeps plain files, and says so.
    _cipher = None

from sync.errors import StoreError

IS_AVAILABLE = _cipher is not None
KEY_BYTES = 32

FAULTS: tuple[type[Exception], ...] = (
    (sqlite3.Error,) if _cipher is None else (sqlite3.Error, _cipher.Error)
)
"""The errors of either library."""

_PLAIN = b"SQLite format 3\0"
_CODES = {
    "database or disk is full": sqlite3.SQLITE_FULL,
    "database disk image is malformed": sqlite3.SQLITE_CORRUPT,
    "file is not a database": sqlite3.SQLITE_NOTADB,
    "file is encrypted or is not a database": sqlite3.SQLITE_NOTADB,
    "disk I/O error": sqlite3.SQLITE_IOERR,
    "database is locked": sqlite3.SQLITE_BUSY,
    "database table is locked": sqlite3.SQLITE_LOCKED,
    "attempt to write a readonly database": sqlite3.SQLITE_READONLY,
    "unable to open database file": sqlite3.SQLITE_CANTOPEN,
    "out of memory": sqlite3.SQLITE_NOMEM,
}
"""The texts of `sqlite3_errstr`, stable since SQLite 3; SQLCipher's module gives no codes."""


def open_file(address: str, key: bytes | None, *, timeout_s: float = 5.0) -> sqlite3.Connection:
    """A connection to a file given as a URI, sealed if there is a key.

    Raises:
        StoreError: There is a key and no SQLCipher on this machine.
        sqlite3.Error, sqlcipher3.dbapi2.Error: As `FAULTS`; with a wrong key at the first
            statement that reads.
    """
    if key is None:
        return sqlite3.connect(
            address, timeout=timeout_s, isolation_level=None, check_same_thread=False, uri=True
        )
    if _cipher is None or len(key) != KEY_BYTES:
        raise StoreError(
            f"{address} is sealed, and SQLCipher is not installed here",
            hint="Install the package sqlcipher3.",
        )
    connection: Any = _cipher.connect(
        address, timeout=timeout_s, isolation_level=None, check_same_thread=False, uri=True
    )
    connection.execute(_keyed("PRAGMA key = ", key))
    opened: sqlite3.Connection = connection
    return opened


def primary_code(error: Exception) -> int | None:
    """The primary code of SQLite behind an error of either library, None for a general one."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF
    return _CODES.get(str(error))


def is_plain(path: Path) -> bool | None:
    """Whether a file is plain SQLite; None for one that is not there or empty.

    Raises:
        OSError: It cannot be read.
    """
    if not path.exists():
        return None
    with path.open("rb") as file:
        start = file.read(len(_PLAIN))
    return start == _PLAIN if start else None


def export_sealed(plain: sqlite3.Connection, target: Path, key: bytes) -> None:
    """Copy all that a plain connection of SQLCipher holds into a new sealed file.

    Raises:
        sqlcipher3.dbapi2.Error: As `FAULTS`.
    """
    pragmas = ("application_id", "user_version")
    kept = {name: plain.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas}
    plain.execute(_keyed("ATTACH DATABASE ? AS sealed KEY ", key), (str(target),))
    plain.execute("SELECT sqlcipher_export('sealed')")
    for name, value in kept.items():
        plain.execute(f"PRAGMA sealed.{name} = {int(value)}")
    plain.execute("DETACH DATABASE sealed")


def open_plain_for_export(path: Path) -> sqlite3.Connection:
    """A plain file through SQLCipher, which alone can export it.

    Raises:
        StoreError: SQLCipher is not installed.
    """
    if _cipher is None:
        raise StoreError(
            "SQLCipher is not installed here", hint="Install the package sqlcipher3."
        )
    opened: sqlite3.Connection = _cipher.connect(str(path), isolation_level=None)
    return opened


def _keyed(statement: str, key: bytes) -> str:
    # The form x'..' makes it the raw key; a statement takes no parameter here.
    return f"{statement}\"x'{key.hex()}'\""
