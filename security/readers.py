"""The readers of a grant: who gets which key of a case, sealed to whom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from security import fields
from security.errors import FormatError
from security.suites import KEY_BYTES, TAG_BYTES

CASE_KEY = "case"
"""Kind of grant that opens facts and body."""
FACTS_KEY = "facts"
"""Kind of grant that opens the facts alone."""
ESCROW = "escrow"
"""Reader whose key lies divided and offline with the city."""
READERS_MAX = 16
"""Six tiers, escrow, and room for joint handling."""

_READER = re.compile(rf"[0-9]{{12}}|{ESCROW}")
_KIND = re.compile(rf"{CASE_KEY}|{FACTS_KEY}")
_EPOCH_MAX = 2**32 - 1
_SEALED_BYTES = KEY_BYTES + KEY_BYTES + TAG_BYTES
_PARTS = ("unit", "epoch", "kind", "sealed")


@dataclass(frozen=True, slots=True)
class Reader:
    """A unit, or `ESCROW`, that shall read a case with the reading key of one of its epochs."""

    unit: str
    epoch: int
    public: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A key of a case as it stands in a grant."""

    unit: str
    epoch: int
    kind: str
    sealed: bytes = field(repr=False)


def decode_readers(header_fields: Mapping[str, object]) -> tuple[SealedKey, ...]:
    """Read the `readers` of a grant header.

    Raises:
        FormatError: There are none, too many, or one unit and epoch stands twice.
    """
    rows = fields.items(header_fields, "readers", most=READERS_MAX)
    readers = tuple(_reader(row) for row in rows)
    if not readers:
        raise FormatError("a grant names no reader")
    if len({(reader.unit, reader.epoch) for reader in readers}) != len(readers):
        raise FormatError("a grant names one reader twice")
    return readers


def encode_readers(readers: tuple[SealedKey, ...]) -> list[object]:
    """Give what `decode_readers` reads."""
    return [[reader.unit, reader.epoch, reader.kind, reader.sealed] for reader in readers]


def _reader(row: object) -> SealedKey:
    if not isinstance(row, list) or len(row) != len(_PARTS):
        raise FormatError("a reader is not four values")
    values = dict(zip(_PARTS, row, strict=True))
    return SealedKey(
        unit=fields.matched(values, "unit", _READER),
        epoch=fields.number(values, "epoch", most=_EPOCH_MAX),
        kind=fields.matched(values, "kind", _KIND),
        sealed=fields.octets(values, "sealed", length=_SEALED_BYTES),
    )
