"""Typed looks into a map from outside: each gives a checked value or one clear line."""

import re
from collections.abc import Mapping

from security.errors import FormatError

NUMBER_MAX = 2**53 - 1
"""The largest number that JSON readers, SQLite and Python all hold exactly."""

UNIT = re.compile(r"[0-9]{12}")
"""A unit code: the 12 digits of the statistical division code."""

DEVICE = re.compile(r"[0-9]{12}-(?!00)[0-9]{2}")
"""A device id: the unit code and the station, 01 to 99."""

WORD = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
"""A name that programs give: a type, a kind, a tier, a policy."""


def text(fields: Mapping[str, object], key: str, *, length_max: int) -> str:
    """Give the text at `key`, without control characters and at most `length_max` long."""
    value = _at(fields, key)
    if not isinstance(value, str) or len(value) > length_max or not value.isprintable():
        raise FormatError(f"{key} is not a text of at most {length_max} characters")
    return value


def matched(fields: Mapping[str, object], key: str, pattern: re.Pattern[str]) -> str:
    """Give the text at `key`, all of which the pattern matches."""
    value = _at(fields, key)
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise FormatError(f"{key} does not have its form")
    return value


def number(
    fields: Mapping[str, object], key: str, *, least: int = 0, most: int = NUMBER_MAX
) -> int:
    """Give the whole number at `key`, from `least` to `most`."""
    return checked_number(_at(fields, key), key, least=least, most=most)


def octets(fields: Mapping[str, object], key: str, *, length: int) -> bytes:
    """Give the bytes at `key`, exactly `length` of them."""
    return checked_octets(_at(fields, key), key, length=length)


def items(fields: Mapping[str, object], key: str, *, most: int) -> list[object]:
    """Give the list at `key`, of at most `most` items."""
    value = _at(fields, key)
    if not isinstance(value, list) or len(value) > most:
        raise FormatError(f"{key} is not a list of at most {most} items")
    return value


def is_none(fields: Mapping[str, object], key: str) -> bool:
    """Tell whether `key` is there and says that there is nothing."""
    return _at(fields, key) is None


def checked_number(value: object, name: str, *, least: int, most: int) -> int:
    """Give `value` if it is a whole number from `least` to `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise FormatError(f"{name} is not a number from {least} to {most}")
    return value


def checked_octets(value: object, name: str, *, length: int) -> bytes:
    """Give `value` if it is `length` bytes."""
    if not isinstance(value, bytes) or len(value) != length:
        raise FormatError(f"{name} is not {length} bytes")
    return value


def _at(fields: Mapping[str, object], key: str) -> object:
    try:
        return fields[key]
    except KeyError as error:
        raise FormatError(f"{key} is missing") from error
