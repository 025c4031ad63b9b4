"""The rules that a value keeps or breaks by itself, and the verdict they all give.

Each rule also brings the value into its stored form: full-width digits become ASCII, `1,200`
becomes `1200.00`, a middle dot becomes U+00B7.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from cases import identity

NAME_CHARACTERS_MAX = 50

_WIDE = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)} | {0x3000: " "}
_NAME_SIGNS = str.maketrans({**dict.fromkeys("•‧∙・･⋅", "·"), "\u3000": " "})
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_FIXED_LINE = re.compile(r"0[0-9]{2,3}-?[0-9]{7,8}(?:-[0-9]{1,6})?", re.ASCII)
_BANK_CARD = re.compile(r"[0-9]{16,19}", re.ASCII)
_ISO_DAY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", re.ASCII)
_DECIMAL = re.compile(
    r"-?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,8})?", re.ASCII
)
_INTEGER = re.compile(r"-?[0-9]{1,12}", re.ASCII)
_POSTCODE = re.compile(r"[0-9]{6}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(?:\.[^@\s.]{1,63})+")
_NAME_RANGES = (
    *((0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)),
    *((0x20000, 0x3FFFD), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)),
    *((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F)),
)
"""Ideographs (all of planes 2 and 3, where the extension blocks lie), variation selectors, and
Latin letters."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a value: a message code, its parameters, and `error` or `warn`."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict)
    level: str = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A value in its stored form, and its flaws."""

    value: str
    flaws: tuple[Flaw, ...] = ()


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as ASCII, without space around them."""
    return text.translate(_WIDE).strip()


def uscc(text: str) -> Verdict:
    """A unified social credit code with its check character."""
    value = compact(text).upper()
    if not identity.has_credit_form(value):
        return flawed(value, "uscc_form")
    if identity.credit_check(value[:17]) != value[17]:
        return flawed(value, "uscc_check_digit")
    return Verdict(value)


def name_cn(text: str) -> Verdict:
    """A name of 1 to 50 characters; ideographs of any plane are never touched or cut."""
    value = text.strip().translate(_NAME_SIGNS)
    if not 1 <= len(value) <= NAME_CHARACTERS_MAX:
        return flawed(value, "name_length", max=str(NAME_CHARACTERS_MAX))
    odd = [c for c in value if c not in "· " and not _within(ord(c), _NAME_RANGES)]
    if odd:
        return Verdict(value, (Flaw("name_symbol", {"character": odd[0]}, "warn"),))
    return Verdict(value)


def mobile(text: str) -> Verdict:
    """A mobile number: 11 digits beginning with 13 to 19."""
    value = _phone_digits(text)
    return Verdict(value) if _MOBILE.fullmatch(value) else flawed(value, "mobile_form")


def phone(text: str) -> Verdict:
    """A mobile number, or area code and number with an optional extension."""
    value = _phone_digits(text)
    if _MOBILE.fullmatch(value):
        return Verdict(value)
    line = narrow(text).replace(" ", "")
    return Verdict(line) if _FIXED_LINE.fullmatch(line) else flawed(line, "phone_form")


def bank_card(text: str) -> Verdict:
    """A card number of 16 to 19 digits with a Luhn check digit."""
    value = compact(text).replace("-", "")
    if not _BANK_CARD.fullmatch(value):
        return flawed(value, "bank_card_form")
    if not identity.passes_luhn(value):
        return flawed(value, "bank_card_check_digit")
    return Verdict(value)


def date_any(text: str) -> Verdict:
    """A day in ISO form; `20261123` is taken as well, because clerks type it."""
    value = narrow(text)
    if not _ISO_DAY.fullmatch(value):
        return flawed(value, "date_form")
    try:
        return Verdict(date.fromisoformat(value).isoformat())
    except ValueError:
        return flawed(value, "date_form")


def decimal_any(text: str) -> Verdict:
    """A decimal number with at most 8 places; thousands may be set off by commas."""
    value = narrow(text)
    if not _DECIMAL.fullmatch(value):
        return flawed(value, "number_form")
    return Verdict(value.replace(",", ""))


def integer_any(text: str) -> Verdict:
    """A whole number of at most 12 digits."""
    value = narrow(text)
    return (
        Verdict(str(int(value))) if _INTEGER.fullmatch(value) else flawed(value, "integer_form")
    )


def money(text: str) -> Verdict:
    """A sum in yuan, not below zero, with two places."""
    return _two_places(text)


def area_mu(text: str) -> Verdict:
    """An area in mu, not below zero, with two places."""
    return _two_places(text)


def area_sqm(text: str) -> Verdict:
    """An area in square metres, above zero, with two places."""
    verdict = _two_places(text)
    if not verdict.flaws and Decimal(verdict.value) == 0:
        return flawed(verdict.value, "number_zero")
    return verdict


def int_nonneg(text: str) -> Verdict:
    """A whole number, not below zero."""
    verdict = integer_any(text)
    if not verdict.flaws and int(verdict.value) < 0:
        return flawed(verdict.value, "number_negative")
    return verdict


def postcode(text: str) -> Verdict:
    """A postcode of six digits."""
    value = compact(text)
    return Verdict(value) if _POSTCODE.fullmatch(value) else flawed(value, "postcode_form")


def email(text: str) -> Verdict:
    """An address with one @ and a dot after it."""
    value = narrow(text)
    return Verdict(value) if _EMAIL.fullmatch(value) else flawed(value, "email_form")


def text200(text: str) -> Verdict:
    """At most 200 characters."""
    return _at_most(text, 200)


def text2000(text: str) -> Verdict:
    """At most 2000 characters."""
    return _at_most(text, 2000)


TEXT_RULES: Mapping[str, Callable[[str], Verdict]] = MappingProxyType(
    {
        "uscc": uscc,
        "name_cn": name_cn,
        "mobile": mobile,
        "phone": phone,
        "bank_card": bank_card,
        "date_any": date_any,
        "money": money,
        "area_mu": area_mu,
        "area_sqm": area_sqm,
        "int_nonneg": int_nonneg,
        "postcode": postcode,
        "email": email,
        "text200": text200,
        "text2000": text2000,
    }
)
"""The rules of this module that a catalogue may name."""


def flawed(value: str, code: str, **params: str) -> Verdict:
    """A verdict with one flaw."""
    return Verdict(value, (Flaw(code, params),))


def compact(text: str) -> str:
    """Full-width characters as ASCII, without any space."""
    return "".join(text.translate(_WIDE).split())


def _phone_digits(text: str) -> str:
    value = compact(text).replace("-", "")
    for prefix in ("+86", "0086"):
        value = value.removeprefix(prefix)
    return value


def _two_places(text: str) -> Verdict:
    verdict = decimal_any(text)
    if verdict.flaws:
        return verdict
    number = Decimal(verdict.value) + 0  # makes -0 a plain 0
    if number < 0:
        return flawed(verdict.value, "number_negative")
    rounded = number.quantize(Decimal("0.01"))
    if rounded != number:
        return flawed(verdict.value, "number_places", places="2")
    return Verdict(f"{rounded:f}")


def _at_most(text: str, length_max: int) -> Verdict:
    if len(text) > length_max:
        return flawed(text, "text_length", max=str(length_max))
    return Verdict(text)


def _within(point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= point <= last for first, last in ranges)
