"""Hides the length of what is sealed, and packs it small before.

Padding is 0x80 and zeros (ISO/IEC 7816-4). Sizes follow Padmé (Nikitin and others, "Reducing
Metadata Leakage from Encrypted Files and Communication with PURBs", 2019): at most 12 % more,
and only a few different sizes left. The smallest records all share one size.
"""

import zstandard

from security.encoding import decode_map, encode
from security.errors import FormatError

FACTS_STEP = 64
TOTAL_MIN = 256
UNPACKED_BYTES_MAX = 1 << 20
"""A form with all its fields is a few kilobytes; scanned pages travel as blobs."""

_LEVEL = 3  # Higher levels cost more time than they save bytes (security-design, 1.2).
_WINDOW_BYTES_MAX = 1 << 23  # What level 3 may ask for; more would be the writer's bomb.
_END = b"\x80"


def padme(length: int) -> int:
    """Give the smallest Padmé size that is at least `length`, which is at least 2."""
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1 if low_bits > 0 else 0
    return (length + mask) & ~mask


def is_padded_size(facts_length: int, body_length: int) -> bool:
    """Tell whether the two plain texts together have a size that `pad_pair` makes."""
    total = facts_length + body_length
    return (
        facts_length >= FACTS_STEP
        and facts_length % FACTS_STEP == 0
        and body_length >= 1
        and total >= TOTAL_MIN
        and padme(total) == total
    )


def pad_pair(facts: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Pad the facts to a multiple of 64, and both together to `max(256, Padmé)`."""
    padded_facts = _pad(facts, -(-(len(facts) + 1) // FACTS_STEP) * FACTS_STEP)
    total = max(TOTAL_MIN, padme(len(padded_facts) + len(body) + 1))
    return padded_facts, _pad(body, total - len(padded_facts))


def unpad(padded: bytes) -> bytes:
    """Take the padding off.

    Raises:
        FormatError: There is none.
    """
    content = padded.rstrip(b"\0")
    if not content.endswith(_END):
        raise FormatError("the padding is not there")
    return content[:-1]


def pack(value: dict[str, object]) -> bytes:
    """Give the value as compressed bytes.

    Raises:
        FormatError: It has no encoding, or is longer than can be unpacked again.
    """
    encoded = encode(value)
    if len(encoded) > UNPACKED_BYTES_MAX:
        raise FormatError(f"an entry holds at most {UNPACKED_BYTES_MAX} bytes in each part")
    return zstandard.ZstdCompressor(level=_LEVEL).compress(encoded)


def unpack(packed: bytes) -> dict[str, object]:
    """Read what `pack` wrote.

    The size that the frame claims is looked at before memory is taken, and bounds what is then
    written: a frame that lies about it does not open.

    Raises:
        FormatError: It is too large, is not one whole frame, or holds no map.
    """
    try:
        frame = zstandard.get_frame_parameters(packed)
        if frame.content_size > UNPACKED_BYTES_MAX or frame.window_size > _WINDOW_BYTES_MAX:
            raise FormatError("the packed part is larger than allowed")
        decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES_MAX)
        encoded = decompressor.decompress(
            packed, max_output_size=UNPACKED_BYTES_MAX, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise FormatError("the packed part is damaged") from error
    return decode_map(encoded, bytes_max=UNPACKED_BYTES_MAX)


def _pad(content: bytes, length: int) -> bytes:
    return (content + _END).ljust(length, b"\0")
