"""Case ids: UUID version 7 (RFC 9562, 5.7), made offline and never shown to people."""

from __future__ import annotations

CASE_ID_BYTES = 16
_RANDOM_BYTES = 10


def new_case_id(now_ms: int, random_bytes: bytes) -> bytes:
    """Return a UUIDv7 of 48 bits of time and 74 bits of the 10 random bytes given.

    Raises:
        ValueError: Not exactly 10 random bytes.
    """
    if len(random_bytes) != _RANDOM_BYTES:
        message = f"a case id takes {_RANDOM_BYTES} random bytes, not {len(random_bytes)}"
        raise ValueError(message)
    value = bytearray((now_ms & 0xFFFF_FFFF_FFFF).to_bytes(6, "big") + random_bytes)
    value[6] = 0x70 | value[6] & 0x0F
    value[8] = 0x80 | value[8] & 0x3F
    return bytes(value)
