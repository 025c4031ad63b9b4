"""Citizen numbers (GB 11643) and credit codes (GB 32100): their check characters and parts."""

import re
from datetime import date

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100 leaves out I O Z S V, which are mistaken for digits and for each other."""
CREDIT_FIRST = "123456789ANY"
"""The body that registered: justice, civil affairs, market regulation, rural collectives..."""
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS = "10X98765432"
_CITIZEN = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_CREDIT = re.compile(f"[{CREDIT_ALPHABET}]{{18}}", re.ASCII)
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]", re.ASCII)
"""81 82 83 stand on the residence permits of Hong Kong, Macao and Taiwan."""
_BIRTH = slice(6, 14)
_SEX = 16


def has_citizen_form(text: str) -> bool:
    """Tell whether a text is 17 digits and a digit or X."""
    return _CITIZEN.fullmatch(text) is not None


def citizen_check(first: str) -> str:
    """The check character for the first 17 digits of a citizen number (MOD 11-2)."""
    total = sum(w * int(digit) for w, digit in zip(_CITIZEN_WEIGHTS, first, strict=True))
    return _CITIZEN_CHECKS[total % 11]


def birth_of(number: str) -> date | None:
    """The birth date in a number of citizen form, or None where no such day exists."""
    digits = number[_BIRTH]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def sex_of(number: str) -> str:
    """`1` male or `2` female, from the parity of the seventeenth digit."""
    return "1" if int(number[_SEX]) % 2 else "2"


def has_known_province(number: str) -> bool:
    """Tell whether the first two digits are a province in use."""
    return _PROVINCE.match(number) is not None


def has_credit_form(text: str) -> bool:
    """Tell whether a text is 18 characters of the alphabet with a first one that is in use."""
    return _CREDIT.fullmatch(text) is not None and text[0] in CREDIT_FIRST


def credit_check(first: str) -> str:
    """The check character for the first 17 characters of a credit code (MOD 31)."""
    total = sum(
        CREDIT_ALPHABET.index(character) * pow(3, place, 31)
        for place, character in enumerate(first)
    )
    return CREDIT_ALPHABET[-total % 31]


def passes_luhn(digits: str) -> bool:
    """Tell whether the last digit is the Luhn check digit of those before it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the digits of 10..18, added
    return total % 10 == 0
