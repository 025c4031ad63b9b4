"""The urgent route of an item: relief first, papers afterwards, steps left out."""

from collections.abc import Mapping
from datetime import date

from cases.errors import ExpressionError
from cases.expressions import evaluate
from cases.items import Item


def is_urgent(
    item: Item,
    values: Mapping[str, object],
    today: date,
    jurisdiction: Mapping[str, object],
) -> bool:
    """Tell whether a form asks for the urgent route of its item; False where it has none."""
    route = item.urgent_route
    if route is None:
        return False
    try:
        return bool(evaluate(route.when, values, today=today, jurisdiction=jurisdiction))
    except ExpressionError:
        return False


def left_out(item: Item, *, urgent: bool) -> tuple[str, ...]:
    """The names of the steps that a case of this item does without."""
    route = item.urgent_route
    return route.skip if urgent and route is not None else ()
