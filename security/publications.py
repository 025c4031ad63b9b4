"""Published sets in records: a packed set in parts, checked against the statement about it."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from security import fields
from security.errors import FormatError
from security.header import NO_CASE, PUBLISH, Header, encode_header
from security.records import Record, assemble
from security.signing import Signer
from security.statements import PublishedSet
from security.suites import HASH_BYTES

PART_BYTES_MAX = 256 << 10
"""Bytes of one part: a slow link moves it in seconds."""

PARTS_MAX = 256
"""Parts of a set; a set that packs to more than 64 MiB is none."""


_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of which set a record holds; `hash` is that of the whole set, unpacked."""

    hash: bytes
    number: int
    count: int


def split_set(content: bytes) -> list[bytes]:
    """Pack a set and cut it into the parts that records carry.

    Raises:
        FormatError: It packs to more than records may carry.
    """
    packed = zlib.compress(content, _LEVEL)
    parts = [packed[at : at + PART_BYTES_MAX] for at in range(0, len(packed), PART_BYTES_MAX)]
    if len(parts) > PARTS_MAX:
        raise FormatError(f"a set has at most {PARTS_MAX} parts of {PART_BYTES_MAX} bytes")
    return parts


def part_fields(part: Part) -> dict[str, object]:
    """The extra fields of the header of a part."""
    return {"set": part.hash, "part": part.number, "parts": part.count}


def carry_part(header: Header, piece: bytes, signer: Signer) -> Record:
    """Give the record of a part; the header has the fields of `part_fields`.

    Raises:
        FormatError: The header or the piece is not that of a part.
    """
    record = assemble(encode_header(header), piece, signer)
    part_of(record)
    return record


def part_of(record: Record) -> Part:
    """Say which part a record holds.

    Raises:
        FormatError: It holds none.
    """
    header = record.header
    if header.type != PUBLISH or header.case != NO_CASE:
        raise FormatError("the record holds no part of a published set")
    if not 0 < len(record.sealed) <= PART_BYTES_MAX:
        raise FormatError(f"a part has 1 to {PART_BYTES_MAX} bytes")
    count = fields.number(header.extra, "parts", least=1, most=PARTS_MAX)
    return Part(
        hash=fields.octets(header.extra, "set", length=HASH_BYTES),
        number=fields.number(header.extra, "part", most=count - 1),
        count=count,
    )


def join_set(pieces: Sequence[bytes], stated: PublishedSet) -> bytes:
    """Unpack a set from all its parts in order, and check it against its statement.

    Raises:
        FormatError: It is not the set that was stated.
    """
    unpacker = zlib.decompressobj()
    try:
        # One byte more than stated shows that there is more, and no bomb goes off.
        content = unpacker.decompress(b"".join(pieces), stated.size + 1)
    except zlib.error as error:
        raise FormatError("a published set cannot be unpacked") from error
    if len(content) != stated.size or hashlib.sha256(content).digest() != stated.hash:
        raise FormatError("a published set is not the one that was stated")
    return content
