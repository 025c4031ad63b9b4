"""Sealing a plain store file in place: a copy beside it, compared, then renamed over it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sync.errors import StoreError
from sync.stores.connections import connect, translated
from sync.stores.lock import WriterLock, sync_folder
from sync.stores.schema import check_file, check_sound
from sync.stores.sealing import export_sealed, open_plain_for_export

if TYPE_CHECKING:
    import sqlite3

SUFFIX = ".sealed"


def seal_store(path: Path, key: bytes) -> int:
    """Replace a plain store by a sealed one with the same content; gives its rows.

    Until the rename the plain file is whole, after it the sealed one is. What the plain file
    held stays on the disk until it is overwritten: only a disk that was encrypted from the
    start is free of it.

    Raises:
        StoreError: Another program has the store open, there is no room, it is damaged, or the
            copy differs; the plain store stays.
    """
    path = path.resolve()
    with translated(path):
        lock = WriterLock(path.with_name(path.name + ".lock"))
    target = path.with_name(path.name + SUFFIX)
    try:
        with translated(path):
            for leftover in ("", "-wal", "-shm", "-journal"):
                target.with_name(target.name + leftover).unlink(missing_ok=True)
            rows = _copy(path, target, key)
            _make_durable(target)
            target.replace(path)
            sync_folder(path.parent)
        return rows
    finally:
        lock.release()


def _copy(path: Path, target: Path, key: bytes) -> int:
    plain = open_plain_for_export(path)
    try:
        check_file(plain, path)
        # The log is folded in and taken away: beside a sealed file it would be foreign.
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        plain.execute("PRAGMA journal_mode = DELETE")
        target.touch(mode=0o600)
        export_sealed(plain, target, key)
        before = _counts(plain)
    finally:
        plain.close()
    copy = connect(target, "ro", key)
    try:
        check_file(copy, target)
        faults = check_sound(copy)
        if faults or _counts(copy) != before:
            raise StoreError(f"{target} differs from {path}: {'; '.join(faults) or 'rows'}")
    finally:
        copy.close()
    return sum(before.values())


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows of every table; the names come from the schema, whose own tables are ours."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        str(name): int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608
        for (name,) in names
    }


def _make_durable(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
