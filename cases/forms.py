"""Checks a filled form against its item: what blocks, what is only shown, what is stored.

The result holds message codes, never texts. A finding inside rows is named
`members.2.id_no`: field, row from 1, column. Stored values are texts (and rows of texts), since
records hold no floats and no dates.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from cases import identity
from cases.catalogue import Catalogue, Field
from cases.division_tree import Tree
from cases.errors import ExpressionError
from cases.expressions import Expression, evaluate
from cases.items import Item
from cases.text_rules import Flaw, Verdict, compact, date_any, decimal_any, flawed, integer_any
from cases.validators import Surroundings, check, citizen_number

FIELDS_MAX = 300
TEXT_MAX = 4_000
"""The longest rule of a catalogue allows 2000 characters; this guards fields without one."""
ROWS_MAX = 1_000
"""A register of a large village has some 800 households and fits one record of 1 MiB."""

Row: TypeAlias = dict[str, str]

_GEO = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]{1,8})?),(-?[0-9]{1,3}(?:\.[0-9]{1,8})?)", re.ASCII)
_LATITUDE_MAX, _LONGITUDE_MAX = 90, 180
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""They let a printed text read differently from the stored one."""
_REFUSED_CATEGORIES = ("Cc", "Cs")
_TYPE_RULES = {"int": integer_any, "decimal": decimal_any, "date": date_any}


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A message about one field: a code and the parameters of its text."""

    field: str
    code: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class FormResult:
    """What a form came to: the values to store, what blocks it, what is shown and recorded.

    `cleaned` lacks the fields that have errors and the optional ones that are empty.
    """

    cleaned: dict[str, object]
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def is_acceptable(self) -> bool:
        """Whether nothing blocks the form."""
        return not self.errors


def check_form(
    item: Item,
    catalogue: Catalogue,
    values: Mapping[str, object],
    *,
    today: date,
    divisions: Tree | None = None,
) -> FormResult:
    """Check what the window keyed for an item.

    A field that is missing (not: left empty) takes its default. An empty birth date or sex is
    filled in from a right citizen number. Without `divisions` only the form of a division code
    is checked.
    """
    form = _Form(catalogue, today, divisions)
    if len(values) > FIELDS_MAX:
        return FormResult({}, (Finding("", "too_many_fields", {"max": str(FIELDS_MAX)}),), ())
    optional = {entry.name: entry.optional for entry in item.fields}
    for name in values:
        if name not in optional:
            form.add(str(name)[:40], Flaw("unknown_field"))
    for one in _in_order(catalogue.fields[name] for name in optional):
        form.read(one, values.get(one.name, one.default), optional=optional[one.name])
    for condition in item.checks:
        form.hold(condition)
    if item.guard is not None and item.guard.negative_list:
        form.guard()
    cleaned = {name: form.cleaned[name] for name in optional if name in form.cleaned}
    return FormResult(cleaned, tuple(form.errors), tuple(form.warnings))


def required_materials(
    item: Item,
    values: Mapping[str, object],
    today: date,
    *,
    jurisdiction: Mapping[str, object] | None = None,
) -> tuple[tuple[str, str], ...]:
    """The papers to ask for, each with its need: `main`, `tolerable` or `shared`.

    A conditional paper is main when its condition holds and left out when not. Its need is
    `conditional` while the values do not let one tell, because a field is wrongly filled.
    """
    found: list[tuple[str, str]] = []
    for material in item.materials:
        if material.condition is None:
            found.append((material.code, material.need))
            continue
        try:
            holds = evaluate(material.condition, values, today=today, jurisdiction=jurisdiction)
        except ExpressionError:
            found.append((material.code, "conditional"))
        else:
            found.extend([(material.code, "main")] if holds else [])
    return tuple(found)


def _in_order(fields: Iterable[Field]) -> list[Field]:
    """Filled fields last, as they look at others; enumerations first, as rules look at them."""
    return sorted(fields, key=lambda one: (bool(one.fill_from), one.type != "enum"))


class _Form:
    """Gathers values and findings while the fields are read one by one."""

    def __init__(self, catalogue: Catalogue, today: date, divisions: Tree | None) -> None:
        self.cleaned: dict[str, object] = {}
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self._catalogue = catalogue
        self._today = today
        self._divisions = divisions

    def add(self, place: str, flaw: Flaw) -> None:
        found = self.errors if flaw.level == "error" else self.warnings
        found.append(Finding(place, flaw.code, flaw.params))

    def read(self, one: Field, raw: object, *, optional: bool) -> None:
        value = self._rows(one, raw) if one.type == "rows" else self._filled(one, raw)
        if value:
            self.cleaned[one.name] = value
        elif not optional and not self._explained(one):
            self.add(one.name, Flaw("required"))

    def hold(self, condition: Expression) -> None:
        """Warn where a check of the item fails; what cannot be told yet is left alone."""
        figures = self._catalogue.jurisdiction
        names = condition.field_names
        if any(self._has_error(name) for name in names):
            return
        if any(key not in figures for key in condition.local_keys):
            return
        try:
            holds = evaluate(condition, self.cleaned, today=self._today, jurisdiction=figures)
        except ExpressionError:
            holds = False
        if not holds:
            place = names[0] if names else ""
            self.add(place, Flaw("check_not_met", {"check": condition.source}, "warn"))

    def guard(self) -> None:
        """Refuse words that would make the paper a proof that nobody here may give."""
        for name, value in self.cleaned.items():
            if self._catalogue.fields[name].type != "text" or not isinstance(value, str):
                continue
            word = self._catalogue.negative.word_in(value)
            if word:
                self.add(name, Flaw("negative_list", {"word": word}))

    def _explained(self, one: Field) -> bool:
        """Whether an error on the field, or on the one that fills it, tells why it is empty."""
        return self._has_error(one.name) or (
            one.fill_from != "" and self._has_error(one.fill_from)
        )

    def _has_error(self, name: str) -> bool:
        return any(error.field.partition(".")[0] == name for error in self.errors)

    def _filled(self, one: Field, raw: object) -> str:
        around = self._around(one, self.cleaned)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            raw = _from_number(one, around) if one.fill_from else ""
        return self._text(one.name, one, raw, around)

    def _rows(self, one: Field, raw: object) -> list[Row]:
        rows: list[Row] = []
        if raw in ("", None):
            return rows
        if not isinstance(raw, list | tuple):
            self.add(one.name, Flaw("wrong_type"))
            return rows
        if len(raw) > ROWS_MAX:
            self.add(one.name, Flaw("too_many_rows", {"max": str(ROWS_MAX)}))
            return rows
        for number, row in enumerate(raw, start=1):
            if not isinstance(row, Mapping):
                self.add(f"{one.name}.{number}", Flaw("wrong_type"))
            elif any(row.values()):
                rows.append(self._row(f"{one.name}.{number}", one, row))
        return rows

    def _row(self, place: str, one: Field, raw: Mapping[str, object]) -> Row:
        row: Row = {}
        for name in raw:
            if name not in one.columns:
                self.add(f"{place}.{str(name)[:40]}", Flaw("unknown_field"))
        for column in one.columns:
            cell = self._catalogue.fields[column]
            before = len(self.errors)
            text = self._text(
                f"{place}.{column}", cell, raw.get(column, ""), self._around(cell, row)
            )
            if text:
                row[column] = text
            elif cell.required and len(self.errors) == before:
                self.add(f"{place}.{column}", Flaw("required"))
        return row

    def _text(self, place: str, one: Field, raw: object, around: Surroundings) -> str:
        """The stored form of one value, empty when it is absent or has an error."""
        if not isinstance(raw, str):
            self.add(place, Flaw("wrong_type"))
            return ""
        text = raw.replace("\r\n", "\n").strip()
        if not text:
            return ""
        flaws: list[Flaw] = []
        for verdict in self._verdicts(one, text, around):
            flaws.extend(verdict.flaws)
            text = verdict.value
            if any(flaw.level == "error" for flaw in verdict.flaws):
                text = ""
                break
        for flaw in flaws:
            self.add(place, flaw)
        return text

    def _verdicts(self, one: Field, text: str, around: Surroundings) -> Iterable[Verdict]:
        verdict = _plain(text)
        yield verdict
        verdict = self._typed(one, verdict.value)
        yield verdict
        for rule in one.validators:
            level = self._catalogue.validators[rule].level
            verdict = check(rule, level, verdict.value, around)
            yield verdict

    def _typed(self, one: Field, text: str) -> Verdict:
        if one.type == "enum":
            known = text in self._catalogue.enums[one.enum].keys
            return Verdict(text) if known else flawed(text, "not_an_option")
        if one.type == "geo":
            return _coordinates(text)
        return _TYPE_RULES.get(one.type, Verdict)(text)

    def _around(self, one: Field, values: Mapping[str, object]) -> Surroundings:
        return Surroundings(self._today, values, self._divisions, one.name, one.fill_from)


def _plain(text: str) -> Verdict:
    if len(text) > TEXT_MAX:
        return flawed("", "text_length", max=str(TEXT_MAX))
    for character in text:
        odd = unicodedata.category(character) in _REFUSED_CATEGORIES and character not in "\n\t"
        if odd or character in _DIRECTION_MARKS:
            return flawed("", "control_character", point=f"U+{ord(character):04X}")
    return Verdict(text)


def _coordinates(text: str) -> Verdict:
    """Latitude and longitude in degrees, separated by a comma."""
    value = compact(text)
    match = _GEO.fullmatch(value)
    if match is None:
        return flawed(value, "coordinates_form")
    latitude, longitude = (abs(Decimal(part)) for part in match.groups())
    if latitude > _LATITUDE_MAX or longitude > _LONGITUDE_MAX:
        return flawed(value, "coordinates_form")
    return Verdict(value)


def _from_number(one: Field, around: Surroundings) -> str:
    number = citizen_number(around)
    if not number:
        return ""
    if "sex_matches_id" in one.validators:
        return identity.sex_of(number)
    born = identity.birth_of(number)
    return born.isoformat() if born else ""
