"""Tiles of C2SP tlog-tiles: 256 hashes of a level in a file, so that a tree is static files.

Level 0 holds leaf hashes; each hash of a higher level stands for a full tile below it.
"""

import re
from collections.abc import Callable

from security.errors import FormatError, ProofError
from security.suites import HASH_BYTES
from security.tlog import HashReader, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVEL_MAX = 5
"""256 to the sixth: more leaves than a log may have."""

ENTRIES = "entries"

_GROUP = 1_000
_PATH = re.compile(
    r"tile/(?P<level>[0-5]|entries)/(?P<index>(?:x[0-9]{3}/){0,4}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)

TileReader = Callable[[int, int], bytes]
"""Gives the hashes of a tile by level and index: all of them, or those that are there."""


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Give the path of a tile below the prefix of a log.

    Args:
        level: 0 to `LEVEL_MAX`, or `ENTRIES`.
        index: of the tile in its level.
        width: hashes in it; `WIDTH` for a full tile.
    """
    groups = [f"{index % _GROUP:03d}"]
    while index >= _GROUP:
        index //= _GROUP
        groups.append(f"x{index % _GROUP:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def parse_tile_path(path: str) -> tuple[int | str, int, int]:
    """Give level, index and width of a tile path from outside.

    Raises:
        FormatError: It is not the one path of a tile.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise FormatError("this is not the path of a tile")
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"] or WIDTH)
    level = ENTRIES if match["level"] == ENTRIES else int(match["level"])
    if width > WIDTH or tile_path(level, index, width) != path:
        raise FormatError("this is not the path of a tile")
    return level, index, width


def tiles_of(size: int) -> list[tuple[int, int, int]]:
    """Give level, index and width of the rightmost tile of each level of a tree."""
    tiles = []
    for level in range(LEVEL_MAX + 1):
        count = size >> HEIGHT * level
        if count == 0:
            break
        index, width = divmod(count, WIDTH)
        tiles.append((level, index, width) if width else (level, index - 1, WIDTH))
    return tiles


def hash_reader(read_tile: TileReader) -> HashReader:
    """Give the hashes of complete subtrees from tiles.

    Raises (the reader):
        ProofError: A tile is shorter than the tree says.
    """

    def read(level: int, index: int) -> bytes:
        tile_level, depth = divmod(level, HEIGHT)
        first = index << depth
        tile, offset = first >> HEIGHT, first % WIDTH
        hashes = read_tile(tile_level, tile)
        if len(hashes) < (offset + (1 << depth)) * HASH_BYTES:
            raise ProofError(f"tile {tile_path(tile_level, tile)} is cut off")
        return _subtree(hashes, offset, 1 << depth)

    return read


def full_root(hashes: bytes) -> bytes:
    """Give the hash that stands for a full tile in the level above."""
    return _subtree(hashes, 0, WIDTH)


def _subtree(hashes: bytes, offset: int, count: int) -> bytes:
    start, end = offset * HASH_BYTES, (offset + count) * HASH_BYTES
    row = [hashes[place : place + HASH_BYTES] for place in range(start, end, HASH_BYTES)]
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]
