"""The files of one log: entries, tiles, and the head that says how far they are valid.

```
log/head          {"incarnation", "seq", "document"} and the newest checkpoint; the authority
log/checkpoint    the same checkpoint alone, as C2SP tlog-tiles serves it
log/entries       48 bytes a leaf: the hash of its record, and the case or journal it is of
log/tile/...      tiles of 256 hashes, partial ones for the newest checkpoint
```

Entries and tiles are synced to the disk before the head that counts them is put in its place by
a rename. Whatever a crash left behind the head is cut off at the next start.
"""

import json
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from security.errors import FormatError, ProofError
from security.suites import HASH_BYTES
from security.tlog import Frontier, HashReader, frontier, leaf_hash
from security.tlog_notes import SignedCheckpoint, parse_checkpoint
from security.tlog_tiles import WIDTH, full_root, hash_reader, tile_path, tiles_of
from sync.errors import LogError

HEAD_BYTES_MAX = 64 << 10
ENTRY_BYTES = HASH_BYTES + 16
"""What a leaf holds: a record's hash, and its case id (zeros for a checkpoint)."""

FULL = WIDTH * HASH_BYTES

_TILES_CACHED = 1_024


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes: its checkpoint, and the place in the store that it reaches.

    `document` is the id of the last document taken in: a store that was set back counts anew,
    and then another document stands at that place.
    """

    signed: SignedCheckpoint | None = None
    incarnation: str = ""
    seq: int = 0
    document: str = ""

    @property
    def size(self) -> int:
        """How many leaves the checkpoint counts."""
        return self.signed.checkpoint.size if self.signed else 0


class LogFolder:
    """One log on disk; one writer at a time, readers at any time."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is read or written yet."""
        self.folder = folder
        self._tiles: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    def head(self) -> Head:
        """Read how far the log goes; an empty head where there is no log.

        A copy of a log without the file goes by its checkpoint.

        Raises:
            LogError: The file is damaged.
        """
        try:
            with (self.folder / "head").open("rb") as file:
                raw = file.read(HEAD_BYTES_MAX + 1)
        except FileNotFoundError:
            return self._copied_head()
        except OSError as error:
            raise LogError(f"{self.folder / 'head'}: {error.strerror}") from error
        return _read_head(raw, self.folder / "head")

    def _copied_head(self) -> Head:
        """The head of a copy that holds what C2SP tlog-tiles serves, and no more."""
        path = self.folder / "checkpoint"
        try:
            with path.open("rb") as file:
                return Head(parse_checkpoint(file.read(HEAD_BYTES_MAX)))
        except FileNotFoundError:
            return Head()
        except OSError as error:
            raise LogError(f"{path}: {error.strerror}") from error
        except FormatError as error:
            raise LogError(f"{path}: {error}") from error

    def entry(self, index: int) -> bytes:
        """Give what leaf `index` holds.

        Raises:
            LogError: It is not in the file.
        """
        [entry] = self.entries(index, index + 1)
        return entry

    def entries(self, start: int, end: int) -> list[bytes]:
        """Give the entries of a range of leaves.

        Raises:
            LogError: The file ends before.
        """
        try:
            with (self.folder / "entries").open("rb") as file:
                file.seek(start * ENTRY_BYTES)
                raw = file.read((end - start) * ENTRY_BYTES)
        except OSError as error:
            raise LogError(f"{self.folder / 'entries'}: {error.strerror}") from error
        if len(raw) != (end - start) * ENTRY_BYTES:
            raise LogError(f"{self.folder / 'entries'}: ends before leaf {end}")
        return [raw[place : place + ENTRY_BYTES] for place in range(0, len(raw), ENTRY_BYTES)]

    def find(self, wanted: bytes, size: int, offset: int = 0) -> int | None:
        """Give the index of the first leaf that holds `wanted`, None where there is none.

        Args:
            wanted: the hash of a record, or with `offset` 32 the id of a case.
            size: leaves to look at.
            offset: where in the entry it stands.

        It reads the file from its beginning: some 0.3 s for ten million leaves.
        """
        step = ENTRY_BYTES << 15
        try:
            with (self.folder / "entries").open("rb") as file:
                for start in range(0, size * ENTRY_BYTES, step):
                    block = file.read(min(step, size * ENTRY_BYTES - start))
                    place = block.find(wanted)
                    while place >= 0 and place % ENTRY_BYTES != offset:
                        place = block.find(wanted, place + 1)
                    if place >= 0:
                        return (start + place) // ENTRY_BYTES
        except FileNotFoundError:
            return None
        return None

    def tile(self, level: int, index: int) -> bytes:
        """Give the hashes of a tile: the full one, or the widest partial one.

        Raises:
            LogError: There is none.
        """
        found = self._tiles.get((level, index))
        if found is not None:
            return found
        path = self.folder / tile_path(level, index)
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return self._partial(level, index)
        except OSError as error:
            raise LogError(f"{path}: {error.strerror}") from error
        if len(raw) != FULL:
            raise LogError(f"{path}: is cut off")
        self._tiles[level, index] = raw
        if len(self._tiles) > _TILES_CACHED:
            self._tiles.popitem(last=False)
        return raw

    def forget(self) -> None:
        """Read every tile from the disk again."""
        self._tiles.clear()

    def reader(self) -> HashReader:
        """Give the hashes of complete subtrees from the tiles."""
        return hash_reader(self.tile)

    def widths(self, level: int, index: int) -> list[int]:
        """The widths of the partial tiles that are there, widest first."""
        folder = (self.folder / tile_path(level, index, 1)).parent
        try:
            names = [path.name for path in folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)

    def _partial(self, level: int, index: int) -> bytes:
        for width in self.widths(level, index):
            path = self.folder / tile_path(level, index, width)
            try:
                raw = path.read_bytes()
            except FileNotFoundError:
                continue
            if len(raw) == width * HASH_BYTES:
                return raw
        raise LogError(f"{self.folder / tile_path(level, index)}: is missing")


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
        self.frontier = self._opened()
        self._full: list[tuple[int, int, bytes]] = []
        self._new: list[bytes] = []
        if self.head.signed is not None:
            # The copy for readers may be older than the head, if power failed between the two.
            _replace(self._folder / "checkpoint", self.head.signed.note)

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
            folders = self._write_tiles()
            for folder in sorted(folders, key=str):
                _sync_folder(folder)
            _replace(self._folder / "head", _write_head(head))
            if head.signed is not None:
                _replace(self._folder / "checkpoint", head.signed.note)
        except OSError as error:
            raise LogError(f"{self._folder}: {error.strerror}") from error
        self._drop_partial(self.head.size, head.size)
        self.head = head

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
        size = self.head.size
        if self.head.signed is None:
            return Frontier()
        root = self.head.signed.checkpoint.root
        try:
            found = frontier(self._log.reader(), size)
            if found.root() == root:
                self._read_rows(size)
                return found
        except (LogError, ProofError):
            pass
        return self._repaired(size, root)

    def _read_rows(self, size: int) -> None:
        for level, index, width in tiles_of(size):
            row = self._log.tile(level, index)[: width * HASH_BYTES] if width < WIDTH else b""
            self._rows.append(bytearray(row))

    def _repaired(self, size: int, root: bytes) -> Frontier:
        self._full, self._new, self._rows = [], [], []
        self.frontier = Frontier()
        for start in range(0, size, 1 << 15):
            for entry in self._log.entries(start, min(size, start + (1 << 15))):
                self.append(entry)
            self._new.clear()
        if self.frontier.root() != root:
            raise LogError(f"{self._folder}: the entries are not those that were signed")
        for folder in sorted(self._write_tiles(), key=str):
            _sync_folder(folder)
        self._log.forget()
        return self.frontier

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

    def _write_tiles(self) -> set[Path]:
        partial = [
            (level, index, bytes(self._rows[level]))
            for level, index, width in tiles_of(self.size)
            if width < WIDTH
        ]
        folders: set[Path] = set()
        for level, index, hashes in [*self._full, *partial]:
            path = self._folder / tile_path(level, index, len(hashes) // HASH_BYTES)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _put(path, hashes)
            folders.update(_folders_up_to(path.parent, self._folder))
        self._full = []
        return folders

    def _drop_partial(self, before: int, after: int) -> None:
        """Remove the partial tiles of the checkpoint before whose full tile is there now."""
        kept = {(level, index) for level, index, _ in tiles_of(after)}
        for level, index, width in tiles_of(before):
            if width < WIDTH and (level, index) not in kept:
                for each in self._log.widths(level, index):
                    path = self._folder / tile_path(level, index, each)
                    path.unlink(missing_ok=True)


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Give the entries as C2SP tlog-tiles serves them: each behind its length in two bytes."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def _read_head(raw: bytes, path: Path) -> Head:
    try:
        fields = json.loads(raw)
        note = fields["checkpoint"]
        signed = parse_checkpoint(note.encode()) if note else None
        return Head(
            signed, str(fields["incarnation"]), int(fields["seq"]), str(fields["document"])
        )
    except (ValueError, TypeError, KeyError, AttributeError, FormatError) as error:
        raise LogError(f"{path}: is damaged") from error


def _write_head(head: Head) -> bytes:
    fields = {
        "checkpoint": head.signed.note.decode() if head.signed else "",
        "document": head.document,
        "incarnation": head.incarnation,
        "seq": head.seq,
    }
    return json.dumps(fields, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _replace(path: Path, content: bytes) -> None:
    _put(path, content)
    _sync_folder(path.parent)


def _put(path: Path, content: bytes) -> None:
    """Put a file in its place whole; its folder is not synced yet."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _folders_up_to(folder: Path, top: Path) -> Iterator[Path]:
    while folder != top.parent:
        yield folder
        folder = folder.parent


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
