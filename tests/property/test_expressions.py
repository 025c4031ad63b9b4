"""Laws of the little language: nothing but its own error comes out, and texts mean trees."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cases.errors import ExpressionError
from cases.expression_tree import (
    Among,
    Call,
    Compare,
    Condition,
    Either,
    Every,
    FieldValue,
    LocalValue,
    Not,
    Number,
    Quoted,
)
from cases.expressions import Expression, evaluate, parse

TODAY = date(2026, 11, 23)
NAMES = ("urgent", "birth", "members", "amount", "in_use", "a", "notes")

numbers = st.decimals(
    min_value=-(10**9), max_value=10**9, places=2, allow_nan=False, allow_infinity=False
).map(lambda number: Number(number + Decimal(0)))
quoted = st.text(st.characters(exclude_characters='"\r\n'), max_size=8).map(Quoted) | st.text(
    st.characters(exclude_characters="'\r\n"), max_size=8
).map(Quoted)
literals = numbers | quoted
operands = (
    literals
    | st.sampled_from(NAMES).map(FieldValue)
    | st.builds(Call, st.sampled_from(("age", "len")), st.sampled_from(NAMES))
    | st.sampled_from(NAMES).map(LocalValue)
)
comparisons = st.builds(
    Compare, operands, st.sampled_from(("==", "!=", "<", "<=", ">", ">=")), operands
) | st.builds(Among, operands, st.lists(literals, min_size=1, max_size=3).map(tuple))


def grow(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(Every, parts) | st.builds(Either, parts)


conditions = st.recursive(comparisons, grow, max_leaves=6)
values = st.dictionaries(
    st.sampled_from(NAMES),
    st.none()
    | st.text(max_size=12)
    | st.integers()
    | st.dates()
    | st.dates().map(date.isoformat)
    | st.decimals()
    | st.booleans()
    | st.lists(st.just({"name": "王"}), max_size=3),
)


@given(conditions)
def test_a_tree_that_is_written_down_reads_as_the_same_tree(tree: Condition) -> None:
    written = str(tree)
    if len(written) <= 500:
        assert parse(written).root == tree


def refusal(attempt: Callable[[], object]) -> str:
    """The message of the only error that may come out, empty when none did."""
    try:
        attempt()
    except ExpressionError as error:
        return str(error)
    return ""


@given(st.text(max_size=60) | st.text("abin()<=>!'\"., 01_", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    assert len(refusal(lambda: parse(text)).splitlines()) <= 1


@given(conditions, values, values)
def test_any_values_give_an_answer_or_a_refusal(
    tree: Condition, form: dict[str, object], figures: dict[str, object]
) -> None:
    condition = Expression("x", tree)

    told = refusal(lambda: evaluate(condition, form, today=TODAY, jurisdiction=figures))

    assert len(told.splitlines()) <= 1


@given(st.decimals(-1000, 1000, places=2), st.decimals(-1000, 1000, places=2))
def test_numbers_in_text_compare_as_numbers(one: Decimal, other: Decimal) -> None:
    form = {"a": f"{one:f}", "b": f"{other:f}"}

    assert evaluate(parse("a < b"), form, today=TODAY) == (one < other)
    assert evaluate(parse("a == b"), form, today=TODAY) == (one == other)
    assert evaluate(parse("a >= b"), form, today=TODAY) == (one >= other)
