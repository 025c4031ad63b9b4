"""Looks for personal data in clear in every file of a folder, in the encodings that occur."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.stores.bodies import Bodies

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
NEEDLE_BYTES_MIN = 6
"""Sealed records are as good as random: a shorter text would be found in them by chance."""

_BEGINNING = 4
_PIECE_BYTES = 4 << 20
_SAMPLE_BYTES = 1_024
_SAMPLES_PER_PIECE = _PIECE_BYTES // _SAMPLE_BYTES
"""After so many a text lies behind the first piece of a file."""

_SQLITE = b"SQLite format 3\0"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked through, and what was found: places, never the texts."""

    files: int
    bytes: int
    found: tuple[str, ...]


class Haystack:
    """A set of texts, looked for at once: by the first bytes of all, then by each whole."""

    def __init__(self, texts: Iterable[str]) -> None:
        needles = {text.encode(encoding) for text in texts for encoding in ENCODINGS if text}
        self._needles = {needle for needle in needles if len(needle) >= NEEDLE_BYTES_MIN}
        lengths: dict[bytes, set[int]] = {}
        for needle in self._needles:
            lengths.setdefault(needle[:_BEGINNING], set()).add(len(needle))
        self._lengths = {beginning: sorted(each) for beginning, each in lengths.items()}
        self._overlap = max(map(len, self._needles), default=1) - 1
        self._beginnings = re.compile(b"|".join(map(re.escape, sorted(lengths))))

    def __len__(self) -> int:
        return len(self._needles)

    def is_in(self, raw: bytes) -> bool:
        """Tell whether any of the texts lies in some bytes, in any of the encodings."""
        match = self._beginnings.search(raw) if self._needles else None
        while match is not None:
            start = match.start()
            if any(
                raw[start : start + length] in self._needles
                for length in self._lengths[match[0]]
            ):
                return True
            # One byte further, not behind the match: texts may overlap.
            match = self._beginnings.search(raw, start + 1)
        return False

    def search(self, folder: Path) -> Search:
        """Look through every file below a folder.

        A database is looked through as a file, and value by value: a long value lies in pieces
        in the file. A value that is packed or written as base64 is unpacked first.

        Raises:
            OSError: A file cannot be read.
        """
        found, files, size = [], 0, 0
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            files += 1
            size += path.stat().st_size
            place = path.relative_to(folder).as_posix()
            if any(self.is_in(piece) for piece in _pieces(path, self._overlap)):
                found.append(place)
            elif any(self.is_in(value) for value in _values(path)):
                found.append(f"{place} (a value)")
        return Search(files, size, tuple(found))


def finds_everything(texts: Sequence[str], folder: Path) -> bool:
    """Whether the search finds each of these texts in each encoding, and however it is packed.

    A search that finds nothing proves something only if it would have found it. `folder` is an
    empty one for samples.
    """
    hay = Haystack(texts)
    noise = os.urandom(_SAMPLE_BYTES)
    samples = (noise + text.encode(name) + noise for text in texts for name in ENCODINGS)
    if not texts or hay.is_in(noise + noise) or not all(map(hay.is_in, samples)):
        return False
    sealed = base64.b64encode(noise + texts[-1].encode())
    (folder / "plain").write_bytes(noise * _SAMPLES_PER_PIECE + texts[0].encode())
    with contextlib.closing(sqlite3.connect(folder / "store")) as database, database:
        database.execute("CREATE TABLE docs (body BLOB)")
        database.execute("INSERT INTO docs VALUES (?)", (Bodies().pack(sealed),))
    return hay.search(folder).found == ("plain", "store (a value)")


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    """The bytes of a file in pieces that overlap, so that no text lies across a seam."""
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield rest + piece
            rest = (rest + piece)[-overlap:] if overlap else b""


def _values(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            return
    bodies = Bodies()
    with contextlib.closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    ) as db:
        for table in _tables(db):
            for row in db.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of the file
                yield from _unpacked(bodies, row)


def _tables(database: sqlite3.Connection) -> Sequence[str]:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return [str(name).replace('"', '""') for (name,) in rows]


def _unpacked(bodies: Bodies, row: Sequence[object]) -> Iterator[bytes]:
    for value in row:
        raw = value.encode() if isinstance(value, str) else value
        if not isinstance(raw, bytes):
            continue
        try:
            plain = bodies.unpack(raw)
        except sqlite3.DatabaseError:
            # It only begins like a packed body; as it lies there it was looked through above.
            continue
        yield plain
        for text in _BASE64.findall(plain):
            with contextlib.suppress(ValueError):
                yield base64.b64decode(text)
