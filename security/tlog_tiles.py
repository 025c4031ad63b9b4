"""Tiles of C2SP tlog-tiles: 256 hashes of a level in a file, so that a tree is static files.

Level 0 holds leaf hashes; each hash of a higher level stands for a full tile below it.
"""

import re
from collections import OrderedDict
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
_KEPT = 256
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

    The subtrees of a tile are worked out together when the first is asked for, and kept for the
    next: a proof asks for one of every size.

    Raises (the reader):
        ProofError: A tile is shorter than the tree says.
    """
    kept: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()

    def read(level: int, index: int) -> bytes:
        tile_level, depth = divmod(level, HEIGHT)
        first = index << depth
        tile, offset = first >> HEIGHT, first % WIDTH >> depth
        rows = kept.get((tile_level, tile))
        if rows is None:
            rows = _rows(read_tile(tile_level, tile))
            kept[tile_level, tile] = rows
            if len(kept) > _KEPT:
                kept.popitem(last=False)
        if depth >= len(rows) or offset >= len(rows[depth]):
            raise ProofError(f"tile {tile_path(tile_level, tile)} is cut off")
        return rows[depth][offset]

    return read


def full_root(hashes: bytes) -> bytes:
    """Give the hash that stands for a full tile in the level above."""
    return subtree(hashes, 0, WIDTH)


def subtree(hashes: bytes, offset: int, count: int) -> bytes:
    """Give the root over `count` hashes of a row, a power of two, from `offset` on."""
    start, end = offset * HASH_BYTES, (offset + count) * HASH_BYTES
    row = [hashes[place : place + HASH_BYTES] for place in range(start, end, HASH_BYTES)]
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]


def _rows(hashes: bytes) -> list[list[bytes]]:
    """The hashes of all complete subtrees within a tile, by their level."""
    count = len(hashes) // HASH_BYTES * HASH_BYTES
    rows = [[hashes[place : place + HASH_BYTES] for place in range(0, count, HASH_BYTES)]]
    while len(rows[-1]) > 1 and len(rows) < HEIGHT:
        row = rows[-1]
        rows.append(
            [node_hash(row[place], row[place + 1]) for place in range(0, len(row) - 1, 2)]
        )
    return rows
