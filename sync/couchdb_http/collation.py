"""The order in which CouchDB puts JSON values: by kind, then within the kind.

CouchDB sorts text by the root collation of ICU. What stands here is that order for ASCII,
letters with accents and Chinese (where it is the order of code points); other scripts are
sorted by code point, as ICU does for most of them.
"""

import unicodedata
from functools import lru_cache
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A value of JSON."""

Key: TypeAlias = tuple[object, ...]
"""What Python compares in place of a JSON value."""

# Symbols of ASCII in the order of ICU; digits and letters follow them.
_SYMBOLS = "\t\n\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_RANK = {symbol: place for place, symbol in enumerate(_SYMBOLS)}
_AFTER_SYMBOLS = len(_SYMBOLS)


def key_of(value: Json) -> Key:
    """A key by which Python sorts values as CouchDB does.

    null, false, true, numbers, text, arrays, objects; the depth of a value is that of its JSON,
    which is limited where it is read.
    """
    if value is None:
        return (1,)
    if isinstance(value, bool):
        return (3 if value else 2,)
    if isinstance(value, int | float):
        return (4, value)
    if isinstance(value, str):
        return (5, text_key(value))
    if isinstance(value, list):
        return (6, tuple(key_of(item) for item in value))
    return (7, tuple((text_key(name), key_of(item)) for name, item in value.items()))


def raw_key_of(value: Json) -> Key:
    """A key that sorts text by code points, as CouchDB sorts the ids of documents."""
    return (5, (value,)) if isinstance(value, str) else key_of(value)


@lru_cache(maxsize=4096)
def text_key(text: str) -> Key:
    """A key by which Python sorts text: letters first, then accents, then case, then all."""
    decomposed = unicodedata.normalize("NFD", text)
    letters = [sign for sign in decomposed if not unicodedata.combining(sign)]
    accents = [sign for sign in decomposed if unicodedata.combining(sign)]
    return (
        tuple(_weight(sign) for sign in "".join(letters).casefold()),
        tuple(accents),
        tuple(sign.isupper() for sign in letters),
        text,
    )


def _weight(sign: str) -> int:
    return _RANK.get(sign, _AFTER_SYMBOLS + ord(sign))
