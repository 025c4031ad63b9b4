"""The readers of a grant: who gets which key of a case, sealed to whom."""

from dataclasses import dataclass, field

from security import fields
from security.encoding import decode, encode
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

READERS_BYTES_MAX = 2048
"""Sixteen readers that are no units of the path."""

_KINDS = (CASE_KEY, FACTS_KEY)
_EPOCH_MAX = 2**32 - 1
_SEALED_BYTES = KEY_BYTES + KEY_BYTES + TAG_BYTES


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


def decode_readers(sealed: bytes, path: tuple[str, ...]) -> tuple[SealedKey, ...]:
    """Read the sealed part of a grant.

    Args:
        sealed: The bytes, from outside.
        path: The path in the header; a reader on it is told by its place.

    Raises:
        FormatError: There are none, too many, or one unit and epoch stands twice.
    """
    rows = decode(sealed, bytes_max=READERS_BYTES_MAX)
    if not isinstance(rows, list) or len(rows) > READERS_MAX:
        raise FormatError(f"a grant is not a list of at most {READERS_MAX} readers")
    readers = tuple(_reader(row, path) for row in rows)
    if not readers:
        raise FormatError("a grant names no reader")
    if len({(reader.unit, reader.epoch) for reader in readers}) != len(readers):
        raise FormatError("a grant names one reader twice")
    return readers


def encode_readers(readers: tuple[SealedKey, ...], path: tuple[str, ...]) -> bytes:
    """Give what `decode_readers` reads."""
    return encode(
        [
            [_told(reader.unit, path), reader.epoch, _KINDS.index(reader.kind), reader.sealed]
            for reader in readers
        ]
    )


def _told(unit: str, path: tuple[str, ...]) -> object:
    if unit == ESCROW:
        return None
    return path.index(unit) if unit in path else unit


def _unit(told: object, path: tuple[str, ...]) -> str:
    if told is None:
        return ESCROW
    if isinstance(told, str) and fields.UNIT.fullmatch(told) and told not in path:
        return told
    return path[fields.checked_number(told, "a reader", least=0, most=len(path) - 1)]


def _reader(row: object, path: tuple[str, ...]) -> SealedKey:
    match row:
        case [told, epoch, kind, sealed]:
            kinds = len(_KINDS) - 1
            return SealedKey(
                unit=_unit(told, path),
                epoch=fields.checked_number(epoch, "epoch", least=0, most=_EPOCH_MAX),
                kind=_KINDS[fields.checked_number(kind, "kind", least=0, most=kinds)],
                sealed=fields.checked_octets(sealed, "sealed", length=_SEALED_BYTES),
            )
    raise FormatError("a reader is not four values")
