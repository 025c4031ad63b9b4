"""An application for any item of the catalogue: right values, right papers, made up people."""

from collections.abc import Mapping
from datetime import date

from casebook.intake import Intake
from cases.catalogue import Catalogue, Field
from cases.divisions import Tree
from cases.items import Item
from postroad.demo.citizens import citizen_number, with_luhn
from web.counter.intakeform import Judged, Posted, Rules, judge

TODAY = date(2026, 11, 23)
OLD, CHILD, BABY = date(1940, 1, 2), date(2014, 3, 4), date(2026, 2, 3)
COMMITTEE = "120103001001"

USUAL = {"see": "seen", "copy": "copy", "original": "original", "made": "made", "e": "copy"}

CONDITIONS: Mapping[str, Mapping[str, str]] = {
    "hardship_cause=='illness'": {"hardship_cause": "illness"},
    "hardship_cause=='disability'": {"hardship_cause": "disability"},
    "relation=='agent'": {"relation": "agent"},
    "relation!='self'": {"relation": "child"},
    "special_group==1": {"special_group": "1"},
    "employ_kind=='unit'": {"employ_kind": "unit"},
    "employ_kind=='self'": {"employ_kind": "self"},
    "live_basis=='rent'": {"live_basis": "rent"},
    "live_basis=='own'": {"live_basis": "own"},
    "live_basis=='work'": {"live_basis": "work"},
    "age(birth)<16": {"id_no": citizen_number(CHILD)},
    "age(birth)<1": {"id_no": citizen_number(BABY)},
    "spouse_name==''": {"spouse_name": ""},
}
"""What to key so that the condition of a paper holds."""

_NEITHER = {
    "hardship_cause": "accident",
    "relation": "self",
    "special_group": "0",
    "employ_kind": "flex",
    "live_basis": "kin",
    "spouse_name": "赵例甲",
}
"""Values under which no conditional paper is asked for."""

_BY_NAME = {
    **_NEITHER,
    "name": "张例乙",
    "id_no": citizen_number(OLD),
    "disability_grade": "1",
    "live_since": "2025-06-01",
    "death_date": "2026-10-01",
    "baby_birth": "2026-10-01",
    "start_date": "2026-12-01",
    "end_date": "2026-12-20",
    "due_date": "2027-03-01",
    "mobile": "13800001234",
    "bank_card": with_luhn("620000000000001"),
    "urgent": "0",
    "amount": "1500.00",
    "site_area": "120.00",
    "geo": "39.1,117.2",
    "email": "a@example.cn",
    "postcode": "300042",
    "uscc": "92330681MA0000000D",
    "employer_uscc": "91120103MA00000006",
    "batch_year": "2026",
}
_BY_TYPE = {"int": "3", "decimal": "80.00", "file": "paper", "date": "2026-10-01"}
_ROWS = 5


def values_for(
    item: Item, catalogue: Catalogue, changes: Mapping[str, str] | None = None
) -> dict[str, object]:
    """What a clerk keys for an item, everything that it asks and may ask."""
    typed = {**_BY_NAME, **(changes or {})}
    if item.privacy == "minor" and "guardian_id" in [each.name for each in item.fields]:
        typed = {**typed, "id_no": citizen_number(CHILD), "guardian_id": citizen_number(OLD)}
    values: dict[str, object] = {}
    for entry in item.fields:
        field = catalogue.fields[entry.name]
        if field.type == "rows":
            values[field.name] = [_row(field, catalogue, number) for number in range(_ROWS)]
        else:
            values[field.name] = _value(field, catalogue, typed)
    return values


def judged(
    item: Item,
    catalogue: Catalogue,
    divisions: Tree,
    *,
    changes: Mapping[str, str] | None = None,
    papers: Mapping[str, str] | None = None,
) -> tuple[Judged, Posted]:
    """The application as the intake page judges it; `papers` differ from the usual ones."""
    rules = Rules(item, catalogue, divisions, TODAY)
    values = values_for(item, catalogue, changes)
    shown = {each.code: USUAL[catalogue.materials[each.code].form] for each in item.materials}
    given = {**shown, **(papers or {})}
    reason = "材料随后补齐" if "lacking" in given.values() else ""
    posted = Posted(values, given, reason)
    return judge(rules, posted, accepting=False), posted


def application(
    item: Item,
    catalogue: Catalogue,
    divisions: Tree,
    *,
    changes: Mapping[str, str] | None = None,
    papers: Mapping[str, str] | None = None,
) -> Intake:
    """An application without a fault, as the casebook takes it."""
    found, posted = judged(item, catalogue, divisions, changes=changes, papers=papers)
    assert found.errors == (), (item.code, found.errors)
    told = [each for each in found.warnings if each.code != "paper_lacking"]
    assert told == [], (item.code, told)
    return found.intake(posted)


def _value(field: Field, catalogue: Catalogue, typed: Mapping[str, str]) -> str:
    if field.fill_from:
        return ""
    if field.name in typed:
        return typed[field.name]
    if field.type == "enum":
        return field.default or catalogue.enums[field.enum].options[0].key
    if field.type == "division":
        return COMMITTEE
    if "id_or_other" in field.validators:
        return citizen_number(OLD)
    if "name_cn" in field.validators:
        return "钱例丙"
    return _BY_TYPE.get(field.type, "例文")


def _row(field: Field, catalogue: Catalogue, number: int) -> dict[str, str]:
    own = {
        "id_no": citizen_number(date(1950, 1, number + 1)),
        "bank_card": with_luhn(f"6200000000{number:05d}"),
        "name": f"孙例{'甲乙丙丁戊'[number]}",
    }
    return {
        column: own.get(column) or _value(catalogue.fields[column], catalogue, _BY_NAME)
        for column in field.columns
    }
