"""Rare characters on paper: which of them the fonts of an ordinary machine may not have."""

import unicodedata
from collections.abc import Iterable

_URO_LAST = 0x9FA5
"""The last ideograph of the first edition of Unicode, which every Chinese font has."""

_LATER = (0x9FA6, 0x9FFF)
_ROUND_TRIP = (0xF900, 0xFAFF)
_PLANE_0_LAST = 0xFFFF
_UNDRAWN = ("Co", "Cn", "Cs")
_PRIVATE = ("Co", "Cs")
_SHOWN_MAX = 20


def rare_characters(texts: Iterable[str]) -> tuple[str, ...]:
    """The characters of some texts that a common Chinese font need not have, each once.

    Those are the ideographs of the later extensions (plane 2 and 3, and the last rows of the
    first block), compatibility ideographs, everything else outside plane 0, private characters
    and unassigned code points. A name with one of them may come out of the printer as a box.

    Returns:
        At most 20, such as `𫜹 U+2B739`; a private character is given by its code point alone.
    """
    found = dict.fromkeys(each for text in texts for each in text if is_rare(each))
    return tuple(_named(each) for each in found)[:_SHOWN_MAX]


def is_rare(character: str) -> bool:
    """Tell whether a common Chinese font may lack a character."""
    point = ord(character)
    if point <= _URO_LAST:
        return unicodedata.category(character) in _UNDRAWN
    is_listed = any(first <= point <= last for first, last in (_LATER, _ROUND_TRIP))
    return is_listed or point > _PLANE_0_LAST or unicodedata.category(character) in _UNDRAWN


def _named(character: str) -> str:
    code = f"U+{ord(character):04X}"
    # What this version of Unicode does not know, the fonts of the machine may still draw.
    return code if unicodedata.category(character) in _PRIVATE else f"{character} {code}"
