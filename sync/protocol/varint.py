"""Small numbers in few bytes: seven bits a byte, lowest first, the high bit for more."""

from sync.errors import PeerProtocolError

BYTES_MAX = 9
"""Holds 63 bits."""

_MORE = 0x80
_BITS = 0x7F


def encode_varint(number: int) -> bytes:
    """The bytes of a number that is not negative."""
    assert 0 <= number < 1 << (7 * BYTES_MAX), "a number is out of range"
    encoded = bytearray()
    while number > _BITS:
        encoded.append(number & _BITS | _MORE)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def read_varint(octets: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """The number at `start` and where it ends; None if it is not all there yet.

    Raises:
        PeerProtocolError: It is too long, or written longer than it needs to be.
    """
    number = 0
    for count in range(BYTES_MAX):
        if start + count >= len(octets):
            return None
        octet = octets[start + count]
        number |= (octet & _BITS) << (7 * count)
        if not octet & _MORE:
            if octet == 0 and count:
                raise PeerProtocolError("a number is written longer than it needs to be")
            return number, start + count + 1
    raise PeerProtocolError("a number is too long")


def zigzag(number: int) -> int:
    """A number of either sign as one that is not negative: 0, -1, 1, -2 give 0, 1, 2, 3."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def unzigzag(number: int) -> int:
    """What `zigzag` was given."""
    return -((number + 1) >> 1) if number & 1 else number >> 1
