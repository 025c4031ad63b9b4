"""The intake form between browser and casebook: read what was posted, judge form and papers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from casebook.intake import Intake, Paper
from cases.catalogue import Catalogue, Field, Material
from cases.divisions import Tree
from cases.forms import Finding, check_form, required_materials
from cases.items import Item
from cases.registers import Earlier, doubles, register_field
from web.lookups import code_of

FIELD_PREFIX = "f."
PAPER_PREFIX = "p."
ROWS_MAX = 1_000
ROWS_SHOWN_MIN = 3
ROWS_ADDED = 5
REASON_MAX = 500
TOKEN_LENGTH_MAX = 64

IN_HAND = ("seen", "original", "copy", "made", "fetched")
"""States of a paper that is there."""

_TO_EXPLAIN = ("check_not_met", "paper_lacking", "register_twice", "register_known")
"""Warnings that may only be passed with a reason."""

_USUAL_STATE = {
    "see": "seen",
    "copy": "copy",
    "original": "original",
    "made": "made",
    "e": "copy",
}
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "person": ("id_type", "id_no", "name", "sex", "birth", "mobile"),
    "place": ("hukou", "live_div", "address"),
    "agent": ("relation", "agent_name", "agent_id"),
    "bank": ("bank_name", "bank_card"),
    "family": ("marital", "household_size", "members", "income_year", "assets"),
}
"""Fields that many items share, in blocks of the form; all others are the item's own."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What came from the browser: values, rows and paper states, all as they were typed."""

    values: Mapping[str, object] = field(repr=False, default_factory=dict)
    papers: Mapping[str, str] = field(default_factory=dict)
    reason: str = field(repr=False, default="")
    draft: str = ""
    for_unit: str = ""


@dataclass(frozen=True, slots=True)
class WantedPaper:
    """A paper as the form asks for it: its need, and the states that may be chosen."""

    material: Material
    need: str
    states: tuple[str, ...]
    usual: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A form after its check: what blocks, what is warned of, and what would be stored.

    `needs_reason` tells that a warning may only be passed with a reason.
    """

    cleaned: Mapping[str, object] = field(repr=False)
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    papers: tuple[WantedPaper, ...]
    needs_reason: bool

    def intake(self, posted: Posted) -> Intake:
        """What the casebook gets of a form without errors."""
        return Intake(
            fields=dict(self.cleaned),
            papers=tuple(
                Paper(paper.material.code, paper.chosen)
                for paper in self.papers
                if paper.chosen
            ),
            warnings=tuple(f"{one.code}:{one.field}" for one in self.warnings),
            reason=posted.reason,
            for_unit=posted.for_unit,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a form is judged by."""

    item: Item
    catalogue: Catalogue
    divisions: Tree
    today: date
    earlier: tuple[Earlier, ...] = ()


def read_posted(
    item: Item, catalogue: Catalogue, divisions: Tree, form: Mapping[str, str]
) -> Posted:
    """What was typed, by field of the item; anything else that was sent is left out."""
    values: dict[str, object] = {}
    for entry in item.fields:
        one = catalogue.fields[entry.name]
        if one.type == "rows":
            values[one.name] = _rows(one, form)
            continue
        typed = form.get(FIELD_PREFIX + one.name)
        if typed is not None:
            values[one.name] = code_of(divisions, typed) if one.type == "division" else typed
    papers = {
        material.code: form.get(PAPER_PREFIX + material.code, "") for material in item.materials
    }
    return Posted(
        values=values,
        papers=papers,
        reason=form.get("reason", "").strip()[:REASON_MAX],
        draft=form.get("draft", "")[:TOKEN_LENGTH_MAX],
        for_unit=form.get("for_unit", ""),
    )


def judge(rules: Rules, posted: Posted, *, accepting: bool) -> Judged:
    """Check form and papers.

    With `accepting` the papers must do for an acceptance: the main ones in hand, and only
    those that may follow still owed. A mere receipt takes what is there, and a paper that is
    lacking wants a reason.
    """
    item, catalogue = rules.item, rules.catalogue
    result = check_form(
        item, catalogue, posted.values, today=rules.today, divisions=rules.divisions
    )
    needed = required_materials(
        item, result.cleaned, rules.today, jurisdiction=catalogue.jurisdiction
    )
    papers = tuple(
        _wanted(catalogue.materials[code], need, posted.papers.get(code, ""))
        for code, need in needed
    )
    errors = [*result.errors, *_paper_errors(papers, accepting=accepting)]
    # A condition on a field that is not filled in yet says nothing: the field is asked for.
    told = [
        one
        for one in result.warnings
        if one.code != "check_not_met" or one.field in result.cleaned
    ]
    lacking = [
        Finding(PAPER_PREFIX + paper.material.code, "paper_lacking")
        for paper in papers
        if paper.chosen == "lacking"
    ]
    twice, known = _doubles(rules, posted.values)
    errors += twice
    warnings = (*told, *lacking, *known)
    needs_reason = any(one.code in _TO_EXPLAIN for one in warnings)
    if needs_reason and not posted.reason:
        errors.append(Finding("reason", "reason_needed"))
    return Judged(result.cleaned, tuple(errors), warnings, papers, needs_reason)


def _doubles(rules: Rules, values: Mapping[str, object]) -> tuple[list[Finding], list[Finding]]:
    """Who stands twice in a register, and who stood in an earlier one."""
    field = register_field(rules.item, rules.catalogue)
    if field is None:
        return [], []
    given = values.get(field.name, ())
    rows = [row for row in given if isinstance(row, Mapping)] if isinstance(given, list) else []
    found = list(doubles(field.name, rows, rules.earlier))
    # Two households may be paid into one account; nobody is paid twice.
    blocking = [
        one for one in found if one.code == "register_twice" and one.field.endswith(".id_no")
    ]
    return blocking, [one for one in found if one not in blocking]


def blocks(item: Item, catalogue: Catalogue) -> list[tuple[str, list[Field]]]:
    """The fields of an item in blocks, each block where its first field stands."""
    found: dict[str, list[Field]] = {}
    for entry in item.fields:
        name = next((block for block, own in _GROUPS.items() if entry.name in own), "item")
        found.setdefault(name, []).append(catalogue.fields[entry.name])
    return list(found.items())


def optional_fields(item: Item) -> frozenset[str]:
    """The names of the fields that may be left empty."""
    return frozenset(entry.name for entry in item.fields if entry.optional)


def condition_fields(item: Item, catalogue: Catalogue) -> list[str]:
    """The fields on which the papers asked for depend, and what fills these fields."""
    names = [
        name
        for each in item.materials
        if each.condition is not None
        for name in each.condition.field_names
    ]
    sources = [catalogue.fields[name].fill_from for name in names]
    return list(dict.fromkeys(filter(None, (*names, *sources))))


def shown_rows(value: object, *, more: bool) -> list[Mapping[str, str]]:
    """The rows of a table in the form, with empty ones to go on typing."""
    given = value if isinstance(value, list | tuple) else ()
    rows = [row for row in given if isinstance(row, Mapping)]
    count = max(ROWS_SHOWN_MIN, len(rows) + (ROWS_ADDED if more else 1))
    return [*rows, *({} for _ in range(min(count, ROWS_MAX) - len(rows)))]


def by_place(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Findings by the field, cell or paper they are about."""
    found: dict[str, list[Finding]] = {}
    for one in findings:
        found.setdefault(one.field, []).append(one)
    return found


def _rows(one: Field, form: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows that were sent, without the empty ones behind the last that was filled."""
    rows: list[dict[str, str]] = []
    filled = 0
    for number in range(1, ROWS_MAX + 1):
        names = [f"{FIELD_PREFIX}{one.name}.{number}.{column}" for column in one.columns]
        if not any(name in form for name in names):
            break
        row = {
            column: form.get(name, "").strip()
            for column, name in zip(one.columns, names, strict=True)
        }
        rows.append(row)
        filled = number if any(row.values()) else filled
    return rows[:filled]


def _wanted(material: Material, need: str, chosen: str) -> WantedPaper:
    states = ["seen", "original", "copy", "made"]
    if need == "shared" or material.share:
        states.append("fetched")
    if need == "tolerable":
        states.append("owed")
    states.append("lacking")
    usual = _USUAL_STATE.get(material.form, "seen")
    return WantedPaper(material, need, tuple(states), usual, chosen)


def _paper_errors(papers: Sequence[WantedPaper], *, accepting: bool) -> list[Finding]:
    errors = []
    for paper in papers:
        place = PAPER_PREFIX + paper.material.code
        if not paper.chosen:
            if paper.need != "conditional":
                errors.append(Finding(place, "paper_unstated"))
        elif paper.chosen not in paper.states:
            errors.append(Finding(place, "paper_state"))
        elif accepting and paper.chosen not in (*IN_HAND, "owed"):
            errors.append(Finding(place, "paper_missing"))
    return errors
