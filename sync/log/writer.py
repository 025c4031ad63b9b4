"""The one writer of a log folder: what is synced when, and what a start mends."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from security.errors import ProofError
from security.suites import HASH_BYTES
from security.tlog import Frontier, HashReader, frontier, leaf_hash
from security.tlog_tiles import (
    HEIGHT,
    LEVEL_MAX,
    WIDTH,
    full_root,
    subtree,
    tile_path,
    tiles_of,
)
from sync.errors import LogError
from sync.log.folder import ENTRY_BYTES, FULL, Head, LogFolder

TILES_UNSYNCED_MAX = 64
"""Full tiles that a start makes again at most: a few tenths of a second."""

_REPLAY = 1 << 15


class LogWriter:
    """The one writer of a log folder: appends leaves, then publishes a head for them."""

    def __init__(self, log: LogFolder) -> None:
        """Open the log where its head says it ends; what lies behind is cut off.

        Tiles that are missing or damaged are made again from the entries.

        Raises:
            LogError: Entries are missing, or they are not those that were signed.
        """
        self._log = log
        self._folder = log.folder
        if not (self._folder / "head").exists() and (self._folder / "checkpoint").exists():
            raise LogError(f"{self._folder / 'head'}: is missing")
        self.head = log.head()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cut_entries()
        self._rows: list[bytearray] = []
        self._full: list[tuple[int, int, bytes]] = []
        self._unsynced: list[Path] = []
        self._new: list[bytes] = []
        self.frontier = Frontier()
        self.frontier = self._opened()
        if self.head.signed is not None:
            # The copy for readers may be older than the head, if power failed between the two.
            _put(self._folder / "checkpoint", self.head.signed.note, durable=False)

    @property
    def size(self) -> int:
        """Leaves, those included that no head counts yet."""
        return self.frontier.size

    def append(self, entry: bytes) -> None:
        """Add a leaf; it counts from the next `publish` on."""
        self._new.append(entry)
        leaf = leaf_hash(entry)
        self.frontier.append(leaf)
        self._push(0, leaf)

    def publish(self, head: Head) -> None:
        """Write what was appended and the head that counts it, all synced to the disk.

        Raises:
            LogError: The disk took it not; call again, or open the log anew.
        """
        try:
            self._write_entries()
            self._write_tiles()
            tiled = self._sync_tiles(head.size)
            _replace(self._folder / "head", _write_head(replace(head, tiled=tiled)))
            if head.signed is not None:
                _put(self._folder / "checkpoint", head.signed.note, durable=False)
        except OSError as error:
            raise LogError(f"{self._folder}: {error.strerror}") from error
        self._drop_partial(self.head.size, head.size)
        self.head = replace(head, tiled=tiled)

    def _push(self, level: int, value: bytes) -> None:
        while len(self._rows) <= level:
            self._rows.append(bytearray())
        row = self._rows[level]
        row += value
        if len(row) == FULL:
            full = bytes(row)
            row.clear()
            index = (self.frontier.size >> 8 * (level + 1)) - 1
            self._full.append((level, index, full))
            self._push(level + 1, full_root(full))

    def _cut_entries(self) -> None:
        path, wanted = self._folder / "entries", self.head.size * ENTRY_BYTES
        try:
            length = path.stat().st_size if path.exists() else 0
            if length < wanted:
                raise LogError(f"{path}: {length} bytes, the checkpoint counts {wanted}")
            if length > wanted:
                os.truncate(path, wanted)
        except OSError as error:
            raise LogError(f"{path}: {error.strerror}") from error

    def _opened(self) -> Frontier:
        """The right edge as the tiles have it, or as the entries have it if they do not fit."""
        signed = self.head.signed
        if signed is None:
            return Frontier()
        for tiled in (self.head.tiled, 0):
            try:
                self._restore(tiled)
                self._replay(tiled, self.head.size)
            except (LogError, ProofError):
                continue
            if self.frontier.root() == signed.checkpoint.root:
                self._write_tiles()
                self._log.forget()
                return self.frontier
        raise LogError(f"{self._folder}: the entries are not those that were signed")

    def _restore(self, tiled: int) -> None:
        """Take up the right edge of the first `tiled` leaves, a multiple of 256, from tiles."""
        self._full, self._unsynced, self._rows = [], [], [bytearray()]
        for level in range(1, LEVEL_MAX + 1):
            count = tiled >> HEIGHT * level
            tiles = range(count - count % WIDTH, count)
            row = b"".join(full_root(self._log.tile(level - 1, index)) for index in tiles)
            self._rows.append(bytearray(row))
        self.frontier = frontier(_of_rows(self._rows), tiled)

    def _replay(self, start: int, end: int) -> None:
        for place in range(start, end, _REPLAY):
            for entry in self._log.entries(place, min(end, place + _REPLAY)):
                self.append(entry)
            self._new.clear()

    def _write_entries(self) -> None:
        if not self._new:
            return
        path = self._folder / "entries"
        with path.open("ab") as file:
            if file.tell() != (self.size - len(self._new)) * ENTRY_BYTES:
                raise LogError(f"{path}: somebody else wrote to it")
            file.write(b"".join(self._new))
            file.flush()
            os.fsync(file.fileno())
        self._new = []

    def _write_tiles(self) -> None:
        partial = [
            (level, index, bytes(self._rows[level]))
            for level, index, width in tiles_of(self.size)
            if width < WIDTH
        ]
        for level, index, hashes in [*self._full, *partial]:
            path = self._folder / tile_path(level, index, len(hashes) // HASH_BYTES)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _put(path, hashes, durable=False)
            if len(hashes) == FULL:
                self._unsynced.append(path)
        self._full = []

    def _sync_tiles(self, size: int) -> int:
        """Sync the full tiles once there are many; returns how many leaves they cover."""
        if len(self._unsynced) < TILES_UNSYNCED_MAX:
            return self.head.tiled
        folders: set[Path] = set()
        for path in self._unsynced:
            _sync(path)
            folders.update(_folders_up_to(path.parent, self._folder))
        for folder in sorted(folders, key=str):
            _sync(folder)
        self._unsynced = []
        return size - size % WIDTH

    def _drop_partial(self, before: int, after: int) -> None:
        """Remove the partial tiles of the checkpoint before whose full tile is there now."""
        kept = {(level, index) for level, index, _ in tiles_of(after)}
        for level, index, width in tiles_of(before):
            if width < WIDTH and (level, index) not in kept:
                for each in self._log.widths(level, index):
                    path = self._folder / tile_path(level, index, each)
                    path.unlink(missing_ok=True)


def _write_head(head: Head) -> bytes:
    fields = {
        "checkpoint": head.signed.note.decode() if head.signed else "",
        "document": head.document,
        "incarnation": head.incarnation,
        "seq": head.seq,
        "tiled": head.tiled,
    }
    return json.dumps(fields, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _replace(path: Path, content: bytes) -> None:
    """Put a file in its place whole, and durably."""
    _put(path, content, durable=True)
    _sync(path.parent)


def _put(path: Path, content: bytes, *, durable: bool) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    beside.replace(path)


def _folders_up_to(folder: Path, top: Path) -> Iterator[Path]:
    while folder != top.parent:
        yield folder
        folder = folder.parent


def _sync(path: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _of_rows(rows: list[bytearray]) -> HashReader:
    """The hashes of complete subtrees at the right edge, which stand in the rows there."""

    def read(level: int, index: int) -> bytes:
        tile_level, depth = divmod(level, HEIGHT)
        first = (index << depth) % WIDTH
        return subtree(bytes(rows[tile_level]), first, 1 << depth)

    return read
