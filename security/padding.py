"""Hides the length of what is sealed.

Padding is 0x80 and zeros (ISO/IEC 7816-4). Nearly all acts share one size; what is longer takes
one of few sizes, at most 12 % above its own (Nikitin and others, "Reducing Metadata Leakage
from Encrypted Files and Communication with PURBs", 2019).
"""

from security.errors import FormatError

FACTS_STEP = 32
"""Facts of an act pack to some 20 bytes."""
TOTAL_STEP = 64
"""Sizes are multiples of this, and Padmé's where those lie farther apart."""

_END = b"\x80"


def padme(length: int) -> int:
    """Give the smallest Padmé size that is at least `length`, which is at least 2."""
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1 if low_bits > 0 else 0
    return (length + mask) & ~mask


def padded_size(length: int) -> int:
    """Give the size that both plain texts of `length` bytes together are padded to."""
    return max(padme(length), -(-length // TOTAL_STEP) * TOTAL_STEP)


def is_padded_size(facts_length: int, body_length: int) -> bool:
    """Tell whether the two plain texts together have a size that `pad_pair` makes."""
    total = facts_length + body_length
    return (
        facts_length >= FACTS_STEP
        and facts_length % FACTS_STEP == 0
        and body_length >= 1
        and padded_size(total) == total
    )


def pad_pair(facts: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Pad the facts to a multiple of 32, and both together to a size of `padded_size`."""
    padded_facts = _pad(facts, -(-(len(facts) + 1) // FACTS_STEP) * FACTS_STEP)
    total = padded_size(len(padded_facts) + len(body) + 1)
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


def _pad(content: bytes, length: int) -> bytes:
    return (content + _END).ljust(length, b"\0")
