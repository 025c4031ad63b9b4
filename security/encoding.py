"""One byte string for one value: deterministic CBOR, read as if it came from an enemy.

The subset is what signed data needs: None, bool, int of 64 bits, str, bytes, list and dict with
text keys. RFC 8949, 4.2.1 gives the form. Everything else, tags above all, is refused before
a value is built from it: a tag may ask a reader for a number of a gigabyte.
"""

from typing import Never

import cbor2

from security.errors import FormatError

DEPTH_MAX = 12
"""How deep containers may stand in each other; forms and facts use four."""

_INT_MIN = -(2**64)
_INT_MAX = 2**64 - 1


class _NoTags(dict[int, Never]):
    """Decoders for every tag: each one refuses."""

    def __missing__(self, tag: int) -> Never:
        raise FormatError(f"tag {tag} has no place here")


_NO_TAGS = _NoTags()


def encode(value: object) -> bytes:
    """Give the one encoding of `value`.

    Raises:
        FormatError: The value holds something outside the subset, such as a float.
    """
    _check(value, DEPTH_MAX)
    return _canonical(value)


def decode(encoded: bytes, *, bytes_max: int, depth_max: int = DEPTH_MAX) -> object:
    """Read one value that was written by `encode`, and only by it.

    Args:
        encoded: All of the bytes; nothing may stand behind the value.
        bytes_max: The longest encoding that is looked at.
        depth_max: The deepest nesting of lists and maps.

    Raises:
        FormatError: The bytes are too long, too deep, not valid, or not the one encoding.
    """
    if len(encoded) > bytes_max:
        raise FormatError(f"the encoding has {len(encoded)} bytes, {bytes_max} are allowed")
    try:
        value: object = cbor2.loads(
            encoded,
            semantic_decoders=_NO_TAGS,
            max_depth=depth_max,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as error:
        raise FormatError("this is not valid CBOR of the subset used here") from error
    _check(value, depth_max)
    if _canonical(value) != encoded:
        raise FormatError("this is not the one encoding of its value")
    return value


def decode_map(encoded: bytes, *, bytes_max: int) -> dict[str, object]:
    """Read a map as `decode` does.

    Raises:
        FormatError: As `decode`, or the value is no map.
    """
    value = decode(encoded, bytes_max=bytes_max)
    if not isinstance(value, dict):
        raise FormatError("a map was expected")
    return value


def _canonical(value: object) -> bytes:
    # For text keys the order of cbor2 (shorter first) and that of RFC 8949 (by bytes) agree.
    try:
        return cbor2.dumps(value, canonical=True)
    except (cbor2.CBOREncodeError, ValueError) as error:
        raise FormatError("text that is not Unicode has no encoding") from error


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind in {str, bytes, bool} or value is None:
        return
    if isinstance(value, int) and kind is int:
        if not _INT_MIN <= value <= _INT_MAX:
            raise FormatError("a number has more than 64 bits")
    elif depth == 0:
        raise FormatError("lists and maps stand too deep in each other")
    elif isinstance(value, (list, tuple)) and kind in {list, tuple}:
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, dict) and kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise FormatError("a map key is not text")
            _check(item, depth - 1)
    else:
        raise FormatError(f"a {kind.__name__} has no encoding here")
