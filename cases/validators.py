"""The rules that single values of a form must keep, each giving message codes and no texts.

The catalogue says which rule guards which field, and whether breaking it blocks (`error`) or is
only shown and recorded (`warn`: the paper in hand wins). A flaw that is a mere warning by its
nature stays one whatever the catalogue says. Each rule also brings the value into its stored
form. The rules that need the day, the divisions or other fields are here, the rest in
`text_rules`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from cases import identity
from cases.division_tree import Tree
from cases.text_rules import TEXT_RULES, Flaw, Verdict, compact, date_any, flawed

BIRTH_YEAR_MIN = 1900

_OWN_NUMBER_TYPES = ("id", "hmt", "frp")
"""Documents whose 18-digit number is built like a citizen number."""
_OTHER_NUMBER = re.compile(r"[0-9A-Z]{5,30}", re.ASCII)
_NEARLY_CITIZEN = re.compile(r"[0-9]{15,19}X?", re.ASCII)
_DIVISION = re.compile(r"[0-9]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule may look at besides the value itself.

    `values` are the other fields of the form (of the row, inside rows), `name` the field under
    check and `source` the field it is filled from, both empty where there is none.
    """

    today: date
    values: Mapping[str, object] = field(default_factory=dict)
    divisions: Tree | None = None
    name: str = ""
    source: str = ""


def check(rule: str, level: str, text: str, around: Surroundings) -> Verdict:
    """The verdict of a rule by name, under the level that the catalogue gives it.

    Under `warn` nothing blocks. Raises KeyError for a name that is not in `RULE_NAMES`, which
    the loading of a catalogue rules out.
    """
    alone = TEXT_RULES.get(rule)
    verdict = alone(text) if alone else _FORM_RULES[rule](text, around)
    if level == "error":
        return verdict
    return replace(verdict, flaws=tuple(replace(flaw, level=level) for flaw in verdict.flaws))


def id_number(text: str, around: Surroundings) -> Verdict:
    """A citizen number: 17 digits and a check, a real birth date from 1900 to today."""
    value = compact(text).upper()
    if not identity.has_citizen_form(value):
        return flawed(value, "id_form")
    if identity.citizen_check(value[:17]) != value[17]:
        return flawed(value, "id_check_digit")
    birth = identity.birth_of(value)
    if birth is None or birth.year < BIRTH_YEAR_MIN or birth > around.today:
        return flawed(value, "id_birth_date")
    if not _area_known(value[:6], around.divisions):
        return Verdict(value, (Flaw("id_area_unknown", {"area": value[:6]}, "warn"),))
    return Verdict(value)


def id_or_other(text: str, around: Surroundings) -> Verdict:
    """A citizen number where the document has one, else 5 to 30 letters and digits.

    Only `id_no` is bound by the `id_type` of its form or row. For the numbers of other people
    no type is asked: whatever has the form of a citizen number must be a right one.
    """
    value = compact(text).upper()
    kind = around.values.get("id_type") if around.name == "id_no" else None
    like_citizen = identity.has_citizen_form(value)
    if kind == "id" or (kind in (None, *_OWN_NUMBER_TYPES) and like_citizen):
        return id_number(value, around)
    if not _OTHER_NUMBER.fullmatch(value):
        return flawed(value, "document_number_form")
    if kind is None and _NEARLY_CITIZEN.fullmatch(value):
        return Verdict(value, (Flaw("id_form", level="warn"),))
    return Verdict(value)


def date_past(text: str, around: Surroundings) -> Verdict:
    """A day that is not after today."""
    verdict = date_any(text)
    if not verdict.flaws and date.fromisoformat(verdict.value) > around.today:
        return flawed(verdict.value, "date_after_today")
    return verdict


def division12(text: str, around: Surroundings) -> Verdict:
    """A 12-digit division of the table.

    A table covers the places of a network, people come from everywhere: a code whose area
    (first six digits) the table does not hold is a warning, one missing inside is an error.
    """
    value = compact(text)
    if not _DIVISION.fullmatch(value):
        return flawed(value, "division_form")
    if around.divisions is None or value in around.divisions:
        return Verdict(value)
    if value[:6] + "000000" in around.divisions:
        return flawed(value, "division_unknown")
    return Verdict(value, (Flaw("division_elsewhere", level="warn"),))


def birth_matches_id(text: str, around: Surroundings) -> Verdict:
    """A birth date equal to the one in the citizen number, where the document is an ID card."""
    number = citizen_number(around)
    born = identity.birth_of(number) if number else None
    if born is not None and around.values.get("id_type", "id") == "id":
        return Verdict(text) if text == born.isoformat() else flawed(text, "birth_not_as_id")
    return Verdict(text)


def sex_matches_id(text: str, around: Surroundings) -> Verdict:
    """A sex equal to the one in the citizen number; `not stated` contradicts nothing."""
    number = citizen_number(around)
    if number and text in ("1", "2") and text != identity.sex_of(number):
        return flawed(text, "sex_not_as_id")
    return Verdict(text)


def citizen_number(around: Surroundings) -> str:
    """The number under the source field when it is built like a citizen number, else empty."""
    number = around.values.get(around.source)
    kind = around.values.get("id_type", "id")
    if not isinstance(number, str) or kind not in _OWN_NUMBER_TYPES:
        return ""
    return number if identity.has_citizen_form(number) else ""


def _area_known(area: str, divisions: Tree | None) -> bool:
    if area[0] == "9":
        return True
    if not identity.has_known_province(area):
        return False
    code = area + "000000"
    return divisions is None or code in divisions or not divisions.covers(code)


_FORM_RULES: Mapping[str, Callable[[str, Surroundings], Verdict]] = MappingProxyType(
    {
        "id_number": id_number,
        "id_or_other": id_or_other,
        "date_past": date_past,
        "division12": division12,
        "birth_matches_id": birth_matches_id,
        "sex_matches_id": sex_matches_id,
    }
)
RULE_NAMES = (*_FORM_RULES, *TEXT_RULES)
"""Every rule a catalogue may name."""
