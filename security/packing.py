"""Packs what is sealed: canonical CBOR, then raw deflate with a dictionary that all share.

An act is some sixty bytes of fixed words around a time and a name. A dictionary of those words
leaves the time and the name. Raw deflate (RFC 1951) with a preset dictionary (RFC 1950, 2.2)
has three bits of frame where zstd has five bytes, which at this size is a fifth of the whole.

Before the words stands a hint: what the header of the record, which its reader has, tells of
what is likely sealed in it. So a time or a unit that stands in both is not written twice.

The dictionary is a file beside this module, made by `python -m benchmarks.make_dictionary` of
field names, codes and office phrases; no record was ever near it. Its number stands in the
header of each record. A number, once used, always means the same bytes: the hash below holds
that, and another dictionary gets another number.
"""

import hashlib
import pkgutil
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from security.encoding import decode_map, encode
from security.errors import FormatError

UNPACKED_BYTES_MAX = 1 << 20
"""A form with all its fields is a few kilobytes; scanned pages travel as blobs."""

PLAIN = 0
"""Number of the dictionary that holds nothing."""
DICTIONARY = 1
"""Number of the dictionary that this version writes with."""
DICTIONARY_SHA256: Final = "529db8e8131adf4f1e7ef318fecd9c39ec655086dee83d3604276019ce0bac8b"

_EPOCH = datetime(1970, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
_MS_MAX = 253_000_000_000_000  # within the year 9987; a later stamp hints at nothing
_RAW = -zlib.MAX_WBITS
_LEVEL = 9
_MEMORY = 5  # A state of 24 KiB is copied for each entry; a larger one packs no smaller.


def checked(content: bytes) -> bytes:
    """Give the dictionary back if it is the one that records were written with.

    Raises:
        FormatError: The file was damaged; what it packs nobody could read.
    """
    if hashlib.sha256(content).hexdigest() != DICTIONARY_SHA256:
        raise FormatError("the dictionary of this installation is damaged")
    return content


DICTIONARIES: Final[Mapping[int, bytes]] = MappingProxyType(
    {PLAIN: b"", DICTIONARY: checked(pkgutil.get_data("security", "dictionary-1.bin") or b"")}
)
"""Every dictionary by its number."""


def _state(dictionary: bytes) -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, _MEMORY, zdict=dictionary)


_STATES: Final = {number: _state(content) for number, content in DICTIONARIES.items()}


def pack(value: Mapping[str, object], dictionary: int = DICTIONARY, hint: bytes = b"") -> bytes:
    """Give the value as packed bytes.

    Args:
        value: A map of what CBOR here can hold.
        dictionary: The number of the dictionary.
        hint: Bytes that the reader has too and that are likely to stand in the value.

    Raises:
        FormatError: It has no encoding, is longer than can be unpacked again, or there is no
            such dictionary.
    """
    encoded = encode(dict(value))
    if len(encoded) > UNPACKED_BYTES_MAX:
        raise FormatError(f"an entry holds at most {UNPACKED_BYTES_MAX} bytes in each part")
    state = _STATES.get(dictionary)
    if state is None:
        raise FormatError(f"there is no dictionary {dictionary}")
    fresh = state.copy()
    # What is written before the flush is thrown away: it only moves the window on.
    fresh.compress(hint)
    fresh.flush(zlib.Z_SYNC_FLUSH)
    return fresh.compress(encoded) + fresh.flush()


def unpack(packed: bytes, dictionary: int, hint: bytes = b"") -> dict[str, object]:
    """Read what `pack` wrote; never takes more memory than `UNPACKED_BYTES_MAX`.

    Raises:
        FormatError: It is too large, is not one whole stream, holds no map, or there is no such
            dictionary.
    """
    content = DICTIONARIES.get(dictionary)
    if content is None:
        raise FormatError(f"there is no dictionary {dictionary}")
    state = zlib.decompressobj(_RAW, zdict=content + hint)
    try:
        encoded = state.decompress(packed, UNPACKED_BYTES_MAX + 1)
    except zlib.error as error:
        raise FormatError("the packed part is damaged") from error
    if len(encoded) > UNPACKED_BYTES_MAX:
        raise FormatError("the packed part is larger than allowed")
    if not state.eof or state.unused_data:
        raise FormatError("the packed part is not one whole stream")
    return decode_map(encoded, bytes_max=UNPACKED_BYTES_MAX)


def hint_of(device: str, ms: int) -> bytes:
    """Give what a device and its clock tell of an act: who wrote when, as facts write it.

    Args:
        device: The author in the header.
        ms: Milliseconds of its clock stamp; the office's zone is taken to be China's.
    """
    moment = _EPOCH + timedelta(milliseconds=min(ms, _MS_MAX))
    unit, _, station = device.partition("-")
    number = f"{unit}{station}{moment:%y%m%d}".encode()
    clerk = encode("clerk") + bytes([0x60 + len(unit) + 3]) + unit.encode() + b"-w"
    at = moment.isoformat(timespec="seconds").encode()
    return b"x\x19" + number + clerk + b"\xa3" + encode("at") + b"x\x19" + at + encode("act")
