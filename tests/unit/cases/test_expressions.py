"""Conditions of the catalogue: what they mean, what they refuse."""

from datetime import date
from decimal import Decimal

import pytest

from cases.errors import ExpressionError
from cases.expression_parser import CHARACTERS_MAX
from cases.expressions import age_on, evaluate, parse

TODAY = date(2026, 11, 23)
VALUES: dict[str, object] = {
    "relation": "agent",
    "urgent": "1",
    "amount": "1500.50",
    "birth": "1946-11-24",
    "start": "2026-11-01",
    "end": date(2026, 11, 2),
    "grade": 2,
    "size": Decimal("120.0"),
    "partners": [{"name": "甲"}] * 5,
    "spouse": "",
    "nobody": None,
    "code": "007",
    "cause": "因病",
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("relation=='agent'", True),
        ("relation!='agent'", False),
        ('relation == "self"', False),
        ("urgent==1", True),
        ("urgent=='1'", True),
        ("amount > 1500", True),
        ("amount >= 1500.5", True),
        ("amount <= 1500.5", True),
        ("amount < 1500.50", False),
        ("9 < amount", True),
        ("amount > -1", True),
        ("age(birth) >= 80", False),
        ("age(birth) == 79", True),
        ("end >= start", True),
        ("start > end", False),
        ("start == '2026-11-01'", True),
        ("grade in (1, 2)", True),
        ("grade in (3)", False),
        ("cause in ('因残','因病')", True),
        ("len(partners) >= 5", True),
        ("len(absent) == 0", True),
        ("size <= jurisdiction.max_site_area", True),
        ("size <= jurisdiction.unset", False),
        ("spouse == ''", True),
        ("nobody == ''", True),
        ("absent == ''", True),
        ("relation == ''", False),
        ("relation != ''", True),
        ("absent != ''", False),
        ("absent == absent", False),
        ("absent != 'self'", False),
        ("absent < 3", False),
        ("absent in ('')", True),
        ("age(absent) < 16", False),
        ("not absent == 1", True),
        ("code == 7", True),
        ("relation == 7", False),
        ("relation != 7", True),
        ("urgent==1 and amount>2000 or relation=='agent'", True),
        ("urgent==1 and (amount>2000 or relation=='self')", False),
        ("not urgent==1 or not not urgent==1", True),
    ],
)
def test_a_condition_means_what_it_says(condition: str, expected: bool) -> None:
    figures = {"max_site_area": "167"}

    assert evaluate(parse(condition), VALUES, today=TODAY, jurisdiction=figures) is expected


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("relation > 3", "text has no order"),
        ("relation >= 'a'", "text has no order"),
        ("start > 3", "text has no order"),
        ("age(relation) > 3", "relation is not a date"),
        ("age(amount) > 3", "amount is not a date"),
        ("len(relation) > 3", "relation is not a list of rows"),
        ("partners == 5", "partners is not a text, a number or a date"),
        ("flag == 1", "flag is not a text, a number or a date"),
        ("huge > 1", "huge is not a finite number"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_one_line(condition: str, why: str) -> None:
    values = {**VALUES, "flag": True, "huge": Decimal("Infinity")}

    with pytest.raises(ExpressionError) as refusal:
        evaluate(parse(condition), values, today=TODAY)
    assert str(refusal.value) == f"in {condition!r}: {why}"


@pytest.mark.parametrize(
    "source",
    [
        "",
        "   ",
        "urgent",
        "urgent ==",
        "== 1",
        "urgent = 1",
        "urgent == 1 1",
        "urgent == 1 and",
        "(urgent == 1",
        "urgent == 1)",
        "urgent in ()",
        "urgent in 1",
        "urgent in (1,)",
        "urgent in (amount)",
        "urgent == 'x",
        "urgent == 1.2.3",
        "urgent == 1x",
        "urgent == 1e9",
        "Urgent == 1",
        "紧急 == 1",
        "age() > 1",
        "age(1) > 1",
        "age birth > 1",
        "jurisdiction > 1",
        "jurisdiction. > 1",
        "jurisdiction.and > 1",
        "and == 1",
        "__import__('os') == 1",
        "urgent.real == 1",
        "urgent == 1; urgent",
        "urgent == 1 if urgent",
        "lambda: urgent",
        "urgent == '\n'",
        "not",
    ],
)
def test_what_is_not_of_the_language_is_refused_in_one_line(source: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse(source)

    assert "\n" not in str(refusal.value)


def test_a_condition_cannot_be_made_to_exhaust_the_stack() -> None:
    with pytest.raises(ExpressionError, match="nests at most 16 deep"):
        parse("(" * 200 + "a==1" + ")" * 200)
    with pytest.raises(ExpressionError, match="nests at most 16 deep"):
        parse("not " * 100 + "a==1")


def test_a_condition_has_a_longest_length() -> None:
    with pytest.raises(ExpressionError, match="at most 500 characters"):
        parse("a==1".ljust(CHARACTERS_MAX + 1))


def test_a_condition_names_the_fields_and_figures_it_needs() -> None:
    condition = parse("age(birth) > 3 and (size < jurisdiction.most or birth != '' )")

    assert condition.field_names == ("birth", "size")
    assert condition.local_keys == ("most",)


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        (date(2000, 2, 29), date(2026, 2, 28), 25),
        (date(2000, 2, 29), date(2026, 3, 1), 26),
        (date(1946, 11, 23), date(2026, 11, 23), 80),
        (date(1946, 11, 24), date(2026, 11, 23), 79),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
    ],
)
def test_a_year_of_life_is_complete_on_the_birthday(
    birth: date, today: date, years: int
) -> None:
    assert age_on(birth, today) == years
