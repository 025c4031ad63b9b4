"""The little language of conditions in the catalogue: read once, evaluated on each form.

Values are what forms hold: texts, decimals, dates, lists of rows. Two values compare as numbers
when both look like decimal numbers, as days when both are ISO dates, else as text, which has no
order. An absent value (no such entry, None, or empty text) makes its comparison false, except
`== ''`, which asks for just that (as `!= ''` asks for any value). `len` of absent rows is 0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from cases.errors import ExpressionError
from cases.expression_parser import read
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
    Operand,
    Quoted,
    leaves,
    operands,
)

_NUMERIC = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_Comparable: TypeAlias = Decimal | date | str


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition that was read: its source text for people, its tree for the evaluation."""

    source: str
    root: Condition

    @property
    def field_names(self) -> tuple[str, ...]:
        """The form fields it looks at, without repeats, in order of appearance."""
        named = [o.name for o in self._operands() if isinstance(o, FieldValue | Call)]
        return tuple(dict.fromkeys(named))

    @property
    def local_keys(self) -> tuple[str, ...]:
        """The figures of the jurisdiction it looks at."""
        return tuple(
            dict.fromkeys(o.key for o in self._operands() if isinstance(o, LocalValue))
        )

    def _operands(self) -> list[Operand]:
        return [operand for leaf in leaves(self.root) for operand in operands(leaf)]


def parse(source: str) -> Expression:
    """Read a condition.

    Raises:
        ExpressionError: It is too long, too deep, or not of the language; one line says where.
    """
    return Expression(source, read(source))


def evaluate(
    expression: Expression,
    values: Mapping[str, object],
    *,
    today: date,
    jurisdiction: Mapping[str, object] | None = None,
) -> bool:
    """Tell whether a condition holds for the values of a form on a day.

    Raises:
        ExpressionError: A value is not of the kind that the condition needs.
    """
    return _Evaluation(expression.source, values, jurisdiction or {}, today).holds(
        expression.root
    )


def age_on(birth: date, today: date) -> int:
    """Completed years of life; someone born on 29 February turns older on 1 March."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


@dataclass(frozen=True, slots=True)
class _Evaluation:
    source: str
    values: Mapping[str, object]
    jurisdiction: Mapping[str, object]
    today: date

    def holds(self, condition: Condition) -> bool:
        match condition:
            case Compare(left, operator, right):
                return self._compares(left, operator, right)
            case Among(left, options):
                return any(self._compares(left, "==", option) for option in options)
            case Not(inner):
                return not self.holds(inner)
            case Every(parts):
                return all(self.holds(part) for part in parts)
            case Either(parts):
                return any(self.holds(part) for part in parts)

    def _compares(self, left: Operand, operator: str, right: Operand) -> bool:
        one, other = self._value(left), self._value(right)
        if one is None or other is None:
            asks_for_absence = Quoted("") in (left, right)
            return asks_for_absence and operator == ("==" if one is other else "!=")
        first, second = _alike(one, other)
        if operator == "==":
            return first == second
        if operator == "!=":
            return first != second
        return self._ordered(first, operator, second)

    def _ordered(self, first: _Comparable, operator: str, second: _Comparable) -> bool:
        if isinstance(first, str) or isinstance(second, str):
            raise self._misfit("text has no order")
        less, equal = _rank(first) < _rank(second), first == second
        if operator in ("<", "<="):
            return less or (equal and operator == "<=")
        return not less and (not equal or operator == ">=")

    def _value(self, operand: Operand) -> _Comparable | None:
        match operand:
            case Number(value):
                return value
            case Quoted(text):
                return _typed(text)
            case LocalValue(key):
                return self._checked(self.jurisdiction.get(key), key)
            case FieldValue(name):
                return self._checked(self.values.get(name), name)
            case Call("age", name):
                return self._age(name)
            case Call(_, name):
                return self._count(name)

    def _age(self, name: str) -> Decimal | None:
        birth = self._checked(self.values.get(name), name)
        if birth is None:
            return None
        if not isinstance(birth, date):
            raise self._misfit(f"{name} is not a date")
        return Decimal(age_on(birth, self.today))

    def _count(self, name: str) -> Decimal:
        rows = self.values.get(name)
        if rows is None or rows == "":
            return Decimal(0)
        if not isinstance(rows, list | tuple):
            raise self._misfit(f"{name} is not a list of rows")
        return Decimal(len(rows))

    def _checked(self, value: object, name: str) -> _Comparable | None:
        if value is None:
            return None
        if isinstance(value, str):
            return _typed(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal | date):
            raise self._misfit(f"{name} is not a text, a number or a date")
        if isinstance(value, date):
            return value
        number = Decimal(value)
        if not number.is_finite():
            raise self._misfit(f"{name} is not a finite number")
        return number

    def _misfit(self, why: str) -> ExpressionError:
        return ExpressionError(f"in {self.source!r}: {why}")


def _typed(text: str) -> _Comparable | None:
    if not text:
        return None
    if _NUMERIC.fullmatch(text):
        return Decimal(text)
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else text
    except ValueError:
        return text


def _rank(value: Decimal | date) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value.toordinal())


def _alike(one: _Comparable, other: _Comparable) -> tuple[_Comparable, _Comparable]:
    if type(one) is type(other):
        return one, other
    return str(one), str(other)
