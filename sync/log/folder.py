"""The files of one log: entries, tiles, and the head that says how far they are valid.

```
log/head          the newest checkpoint, how far it goes in the store, which tiles are synced
log/checkpoint    the same checkpoint alone, as C2SP tlog-tiles serves it
log/entries       48 bytes a leaf: the hash of its record, and the case or journal it is of
log/tile/...      tiles of 256 hashes, partial ones for the newest checkpoint
```

Entries are synced to the disk before the head that counts them is put in its place by a rename;
what a crash left behind the head is cut off at the next start. Tiles follow from entries: they
are synced some thousands at a time, and those since are made again at a start.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from security.errors import FormatError
from security.suites import HASH_BYTES
from security.tlog import HashReader
from security.tlog_notes import SignedCheckpoint, parse_checkpoint
from security.tlog_tiles import (
    WIDTH,
    hash_reader,
    tile_path,
)
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
    and then another document stands at that place. `tiled` leaves have their full tiles synced.
    """

    signed: SignedCheckpoint | None = None
    incarnation: str = ""
    seq: int = 0
    document: str = ""
    tiled: int = 0

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
        """Give the hashes of complete subtrees from the tiles as they are now."""
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


def _read_head(raw: bytes, path: Path) -> Head:
    try:
        fields = json.loads(raw)
        note = fields["checkpoint"]
        signed = parse_checkpoint(note.encode()) if note else None
        return Head(
            signed,
            str(fields["incarnation"]),
            int(fields["seq"]),
            str(fields["document"]),
            int(fields["tiled"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, FormatError) as error:
        raise LogError(f"{path}: is damaged") from error
