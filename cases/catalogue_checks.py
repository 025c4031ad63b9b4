"""Checks that the parts of an item fit each other: rights, limits, conditions, names."""

from collections.abc import Iterator, Mapping

from cases.catalogue_terms import Field, Terms
from cases.errors import CatalogueError
from cases.expression_tree import (
    Among,
    Call,
    Compare,
    FieldValue,
    Number,
    Quoted,
    leaves,
    operands,
)
from cases.expressions import Expression
from cases.items import Item, Limit, Step

_STEP_RIGHTS = ("accept", "decide", "issue", "deliver")
"""A step of this name does the act, so its tier must have the right of that name."""
_WEEK_WD, _WEEK_CD, _DAY_H = 5, 7, 24
_INCOMPARABLE = ("rows", "file", "geo")


def check_item(item: Item, terms: Terms) -> None:
    """Refuse an item whose parts contradict each other.

    Raises:
        CatalogueError: The message names the item and the entry.
    """
    _check_rights(item)
    _check_limits(item)
    _check_steps_in_promise(item)
    _check_names(item, terms)
    fields = {entry.name: terms.fields[entry.name] for entry in item.fields}
    for entry, condition in conditions(item):
        _check_condition(f"{item.code} {entry}", condition, fields, terms)


def conditions(item: Item) -> Iterator[tuple[str, Expression]]:
    """Every condition of an item, with the entry in which it stands."""
    for material in item.materials:
        if material.condition is not None:
            yield "materials", material.condition
    for check in item.checks:
        yield "checks", check
    if item.urgent_route is not None:
        yield "urgent_route", item.urgent_route.when


def least_time(limit: Limit, unit: str) -> float:
    """The shortest time that a limit can be, told in another unit.

    A week of calendar days has five working days; an office's working day is a calendar day.
    So a limit never looks longer than it may turn out, and no lawful item is refused.
    """
    if limit.unit == unit:
        return limit.n
    days = limit.n / _DAY_H if limit.unit == "h" else limit.n
    if unit == "h":
        return days * _DAY_H
    if unit == "wd" and limit.unit == "cd":
        weeks, rest = divmod(limit.n, _WEEK_CD)
        return weeks * _WEEK_WD + max(0, rest - (_WEEK_CD - _WEEK_WD))
    return days


def _check_rights(item: Item) -> None:
    if not item.deciding_tiers:
        raise _wrong(item, "rights", "no tier may decide")
    if not any("accept" in rights for rights in item.rights.values()):
        raise _wrong(item, "rights", "no tier may accept")
    for step in item.steps:
        if step.name in _STEP_RIGHTS and step.name not in item.rights[step.tier]:
            raise _wrong(item, "steps", f"{step.tier} has not the right to {step.name}")
    for tier in item.decide_limits:
        if tier not in item.deciding_tiers:
            raise _wrong(item, "decide_limit_by_amount", f"{tier} has not the right to decide")


def _check_limits(item: Item) -> None:
    legal = item.legal
    if legal is not None and least_time(item.promised, legal.unit) > legal.n:
        raise _wrong(item, "promised", "it is longer than the legal limit")
    for pause in item.pauses:
        if pause.least and pause.most and pause.least.n > pause.most.n:
            raise _wrong(item, "pauses", f"the least of {pause.kind} is above its most")
    kinds = [pause.kind for pause in item.pauses]
    if len(set(kinds)) < len(kinds):
        raise _wrong(item, "pauses", "a kind stands twice")


def _check_steps_in_promise(item: Item) -> None:
    """Hold the sum of the steps against the promise, unit by unit.

    Steps in working days follow each other. Those in another unit (a notice posted for seven
    calendar days, a visit within two hours) may run beside them, so each unit is summed by
    itself, at its shortest in the unit of the promise. A step whose special procedure stops the
    clock takes nothing of the promise.
    """
    stopping = {pause.kind for pause in item.pauses if not pause.counts}
    sums: dict[str, int] = {}
    for step in item.steps:
        if step.name not in stopping:
            sums[step.unit] = sums.get(step.unit, 0) + step.n
    for unit, total in sums.items():
        if least_time(Limit(total, unit), item.promised.unit) > item.promised.n:
            promise = f"{item.promised.n} {item.promised.unit}"
            raise _wrong(item, "steps", f"they take {total} {unit}, {promise} are promised")


def _check_names(item: Item, terms: Terms) -> None:
    own = [entry.name for entry in item.fields]
    columns = [column for name in own for column in terms.fields[name].columns]
    for name in item.fee.over_fields:
        if name not in own:
            raise _wrong(item, "fee", f"{name!r} is not a field of this item")
    for pause in item.pauses:
        for name in pause.hides:
            if name not in own and name not in columns:
                raise _wrong(item, "pauses", f"{name!r} is not a field of this item")
    if item.urgent_route is not None:
        _check_skipped(item, item.urgent_route.skip, item.steps)


def _check_skipped(item: Item, skipped: tuple[str, ...], steps: tuple[Step, ...]) -> None:
    for name in skipped:
        if name not in [step.name for step in steps]:
            raise _wrong(item, "urgent_route", f"{name!r} is not a step of this item")


def _check_condition(
    place: str, condition: Expression, fields: Mapping[str, Field], terms: Terms
) -> None:
    for name in condition.field_names:
        if name not in fields:
            raise CatalogueError(f"{place}: {name!r} is not a field of this item")
    for leaf in leaves(condition.root):
        for operand in operands(leaf):
            _check_type(place, operand, fields)
        _check_options(place, leaf, fields, terms)


def _check_type(place: str, operand: object, fields: Mapping[str, Field]) -> None:
    match operand:
        case Call("age", name) if fields[name].type != "date":
            raise CatalogueError(f"{place}: age() of {name}, which is not a date")
        case Call("len", name) if fields[name].type != "rows":
            raise CatalogueError(f"{place}: len() of {name}, which has no rows")
        case FieldValue(name) if fields[name].type in _INCOMPARABLE:
            raise CatalogueError(f"{place}: {name} cannot be compared")


def _check_options(
    place: str, leaf: Compare | Among, fields: Mapping[str, Field], terms: Terms
) -> None:
    enums = [
        terms.enums[fields[operand.name].enum]
        for operand in operands(leaf)
        if isinstance(operand, FieldValue) and fields[operand.name].enum
    ]
    for operand in operands(leaf):
        if isinstance(operand, Number | Quoted):
            key = operand.text if isinstance(operand, Quoted) else str(operand)
            for enum in enums:
                if key and key not in enum.keys:
                    raise CatalogueError(f"{place}: {key!r} is not a key of {enum.name}")


def _wrong(item: Item, entry: str, why: str) -> CatalogueError:
    return CatalogueError(f"{item.code} {entry}: {why}")
