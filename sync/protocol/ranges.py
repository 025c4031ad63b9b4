"""Ranges of the space of record ids, and what one side says to the other about them.

A range is all ids that begin with the same hex digits. Its fingerprint is the sum of the keyed
marks of its records, modulo 2^64: sets can be added up range by range, in any order, and the
sum of a range is that of its sixteen parts. A mark is what AES-128 makes of the first half of
an id, under a key that the asking side draws anew for each reconciliation. Whoever picks ids
cannot know the key, so no set of records can be made whose sum hides another one.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sync.errors import PeerProtocolError

FANOUT = 16
KEY_BYTES = 16
MARK_MAX = 2**64 - 1
DEPTH_MAX = 32
"""Digits of the deepest range: two ids that share so many are the work of 2^64 attempts."""

ENTRIES_MAX = 4_096
MARKS_MAX = 65_536
"""Entries and marks of one message."""

_MARKS = struct.Struct(f">{FANOUT}Q")
_COUNT = struct.Struct(">I")
_SPLIT = 0
_LISTING = 1


class Prefix(NamedTuple):
    """The ids that begin with these digits, as a number of that many hex digits."""

    digits: int
    value: int

    @property
    def text(self) -> str:
        """The digits."""
        return f"{self.value:0{self.digits}x}" if self.digits else ""

    @property
    def low(self) -> str:
        """No id of the range is before this text."""
        return self.text

    @property
    def high(self) -> str:
        """Every id of the range is before this text."""
        return self.text + "g"

    def parts(self) -> "tuple[Prefix, ...]":
        """The sixteen ranges that it consists of."""
        return tuple(
            Prefix(self.digits + 1, self.value * FANOUT + part) for part in range(FANOUT)
        )


ROOT = Prefix(0, 0)
"""All ids."""


@dataclass(frozen=True, slots=True)
class Split:
    """The fingerprints of the sixteen parts of a range."""

    prefix: Prefix
    sums: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """The marks of all records of a range, or of those that are wanted."""

    prefix: Prefix
    marks: tuple[int, ...] = field(repr=False)


Entry = Split | Listing


def encode_entries(entries: Sequence[Entry]) -> bytes:
    """The entries one behind the other.

    ```
    entry = kind, 1 byte | digits, 1 | prefix, (digits + 1) / 2 | sums or count and marks
    ```
    """
    return b"".join(piece for entry in entries for piece in _pieces(entry))


def decode_entries(raw: bytes) -> tuple[Entry, ...]:
    """The entries in what a peer sent.

    Raises:
        PeerProtocolError: It is cut, too much, or names a range that there is none of.
    """
    reader = _Reader(raw)
    entries: list[Entry] = []
    marks = 0
    while not reader.at_end:
        entry = reader.entry()
        entries.append(entry)
        marks += len(entry.marks) if isinstance(entry, Listing) else 0
        if len(entries) > ENTRIES_MAX or marks > MARKS_MAX:
            raise PeerProtocolError("a comparison has too many entries")
    return tuple(entries)


def sums_of(members: Iterable[tuple[int, str]], prefix: Prefix) -> tuple[list[int], list[int]]:
    """Fingerprints and counts of the parts of a range, from the mark and id of its records."""
    sums, counts = [0] * FANOUT, [0] * FANOUT
    for mark, record in members:
        part = int(record[prefix.digits], FANOUT)
        sums[part] = (sums[part] + mark) & MARK_MAX
        counts[part] += 1
    return sums, counts


def _pieces(entry: Entry) -> Iterator[bytes]:
    digits, value = entry.prefix
    kind = _SPLIT if isinstance(entry, Split) else _LISTING
    yield bytes((kind, digits))
    yield value.to_bytes((digits + 1) // 2)
    if isinstance(entry, Split):
        yield _MARKS.pack(*entry.sums)
    else:
        yield _COUNT.pack(len(entry.marks))
        yield struct.pack(f">{len(entry.marks)}Q", *entry.marks)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._raw)

    def entry(self) -> Entry:
        kind, digits = self._take(2)
        if kind not in {_SPLIT, _LISTING} or digits > DEPTH_MAX:
            raise PeerProtocolError("a comparison has an entry that is unknown")
        value = int.from_bytes(self._take((digits + 1) // 2))
        if value >= FANOUT**digits:
            raise PeerProtocolError("a comparison names a range that there is none of")
        prefix = Prefix(digits, value)
        if kind == _SPLIT:
            return Split(prefix, _MARKS.unpack(self._take(_MARKS.size)))
        [count] = _COUNT.unpack(self._take(_COUNT.size))
        if count > MARKS_MAX:
            raise PeerProtocolError("a comparison has too many entries")
        return Listing(prefix, struct.unpack(f">{count}Q", self._take(8 * count)))

    def _take(self, count: int) -> bytes:
        piece = self._raw[self._at : self._at + count]
        if len(piece) < count:
            raise PeerProtocolError("a comparison was cut")
        self._at += count
        return piece
