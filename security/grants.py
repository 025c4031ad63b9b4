"""Grants: a key of a case, sealed to each unit that may read it, signed by who gave it.

A grant is a record of its own, so that any holder can grant again and a lost one can be
repeated. HPKE does not say who sealed; the signature of the record does, and the author stands
in the sealed context as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from security.encoding import encode
from security.errors import FormatError, OpenError
from security.header import GRANT, Header, encode_header
from security.readers import (
    CASE_KEY,
    ESCROW,
    FACTS_KEY,
    Reader,
    SealedKey,
    encode_readers,
)
from security.records import Record, assemble, derive_facts_key
from security.signing import ReadingKey, Signer, seal_to
from security.suites import KEY_BYTES

__all__ = ["CASE_KEY", "ESCROW", "FACTS_KEY", "Grant", "Reader", "make_grant", "open_grant"]


@dataclass(frozen=True, slots=True)
class Grant:
    """A key that a unit was granted: the case key, or the facts key alone."""

    kind: str
    key: bytes = field(repr=False)


def make_grant(
    header: Header, case_key: bytes, readers: Sequence[Reader], signer: Signer
) -> Record:
    """Seal the keys of a case to `readers`: one record of type grant.

    Who is to read the facts alone gets the derived key; no way leads from it to the case key.

    Raises:
        FormatError: The header is not that of a grant, or a reader is not well-formed.
    """
    if header.type != GRANT:
        raise FormatError("the header of a grant has another type")
    keys = {
        CASE_KEY: case_key,
        FACTS_KEY: derive_facts_key(case_key, header.case, header.generation),
    }
    sealed = []
    for reader in readers:
        if reader.kind not in keys:
            raise FormatError("a reader gets the case key or the facts key")
        info = _context(header, reader.unit, reader.epoch, reader.kind)
        sealed_key = seal_to(reader.public, keys[reader.kind], info)
        sealed.append(SealedKey(reader.unit, reader.epoch, reader.kind, sealed_key))
    readers_bytes = encode_readers(tuple(sealed), header.path)
    return assemble(encode_header(header), readers_bytes, signer)


def open_grant(
    record: Record, unit: str, reading_keys: Mapping[int, ReadingKey]
) -> Grant | None:
    """Give the key that a grant holds for `unit`, or None if it holds none that it can open.

    Args:
        record: A grant whose signature has been verified.
        unit: The reader, a unit code or `ESCROW`.
        reading_keys: The unit's reading keys by epoch.

    Raises:
        OpenError: The grant names the unit and epoch, and yet does not open.
    """
    addressed = [
        reader
        for reader in record.readers
        if reader.unit == unit and reader.epoch in reading_keys
    ]
    if not addressed:
        return None
    # The case key opens all that the facts key opens, so it is the one to keep.
    reader = min(addressed, key=lambda reader: reader.kind != CASE_KEY)
    info = _context(record.header, reader.unit, reader.epoch, reader.kind)
    key = reading_keys[reader.epoch].open(reader.sealed, info)
    if len(key) != KEY_BYTES:
        raise OpenError("the sealed key does not open")
    return Grant(reader.kind, key)


def _context(header: Header, unit: str, epoch: int, kind: str) -> bytes:
    context = (
        *("postroad/grant/v1", header.suite, header.case, header.generation),
        *(unit, epoch, kind, header.device),
    )
    return encode(context)
