"""The tree of a condition: what the parser makes and the evaluation walks."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A number written in the condition."""

    value: Decimal

    def __str__(self) -> str:
        return f"{self.value:f}"


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text written in the condition; it never holds both kinds of quotation mark."""

    text: str

    def __str__(self) -> str:
        mark = '"' if "'" in self.text else "'"
        return f"{mark}{self.text}{mark}"


@dataclass(frozen=True, slots=True)
class FieldValue:
    """What the form holds under a field name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Call:
    """`age` of a date field in whole years, or `len` of a field of rows."""

    function: str
    name: str

    def __str__(self) -> str:
        return f"{self.function}({self.name})"


@dataclass(frozen=True, slots=True)
class LocalValue:
    """A figure that each jurisdiction sets for itself."""

    key: str

    def __str__(self) -> str:
        return f"jurisdiction.{self.key}"


Operand: TypeAlias = Number | Quoted | FieldValue | Call | LocalValue


@dataclass(frozen=True, slots=True)
class Compare:
    """Two operands under one of `== != < <= > >=`."""

    left: Operand
    operator: str
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class Among:
    """An operand that equals one of the listed literals."""

    left: Operand
    options: tuple[Number | Quoted, ...]

    def __str__(self) -> str:
        return f"{self.left} in ({', '.join(map(str, self.options))})"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    inner: "Condition"

    def __str__(self) -> str:
        return f"not {_grouped(self.inner)}"


@dataclass(frozen=True, slots=True)
class Every:
    """Conditions joined by `and`."""

    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return " and ".join(map(_grouped, self.parts))


@dataclass(frozen=True, slots=True)
class Either:
    """Conditions joined by `or`."""

    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return " or ".join(map(_grouped, self.parts))


Condition: TypeAlias = Compare | Among | Not | Every | Either


def leaves(condition: Condition) -> Iterator[Compare | Among]:
    """Every comparison of a condition, from left to right."""
    match condition:
        case Compare() | Among():
            yield condition
        case Not(inner):
            yield from leaves(inner)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from leaves(part)


def operands(leaf: Compare | Among) -> tuple[Operand, ...]:
    """The operands of one comparison, literals included."""
    if isinstance(leaf, Compare):
        return (leaf.left, leaf.right)
    return (leaf.left, *leaf.options)


def _grouped(condition: Condition) -> str:
    if isinstance(condition, Every | Either):
        return f"({condition})"
    return str(condition)
