"""Amendments of form fields: which value counts when several were written apart.

Amendments that nobody's later amendment had seen stand side by side; the rule of the field
chooses among them. The rule of each field is stated in the receipt of the case, so that nodes
with different catalogues agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.casestate import Amendment
from cases.conflicts import AMENDMENT, Conflict
from cases.order import Ancestry

LATEST, CUSTODY, HIGHER, UNION, ASK = "latest", "custody", "higher", "union", "ask"


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a field: who says that it counts, and the entry in which it was written.

    The two differ when a person chose among values that others had written.
    """

    by: str
    bit: int
    value: str
    seen: int
    rank: int
    held: bool


class Amendments:
    """The amendments of one case while it is folded; values are added in the order."""

    def __init__(self, ancestry: Ancestry) -> None:
        """Take the ancestry in which every amendment and every choice is marked."""
        self._ancestry = ancestry
        self._rules: Mapping[str, str] = {}
        self._tips: dict[str, list[_Value]] = {}
        self._history: dict[str, list[_Value]] = {}

    def rule_by(self, rules: Mapping[str, str]) -> None:
        """Follow the rules that the receipt states, by field."""
        self._rules = rules

    def add(self, field: str, by: str, value: str, *, rank: int, held: bool) -> None:
        """Take in a value; what its author had seen lies behind it.

        Args:
            field: name of the field.
            by: the entry that says so.
            value: the entry that holds the value.
            rank: place of the author's unit on the path, the root first.
            held: whether that unit had custody.
        """
        seen = self._ancestry.seen(by)
        new = _Value(by, self._ancestry.bit(by), value, seen, rank, held)
        tips = self._tips.setdefault(field, [])
        tips[:] = [each for each in tips if not seen & each.bit]
        tips.append(new)
        self._history.setdefault(field, []).append(new)

    def knows(self, field: str, value: str) -> bool:
        """Tell whether an entry wrote a value of this field."""
        return any(each.value == value for each in self._history.get(field, ()))

    def result(self) -> tuple[dict[str, Amendment], tuple[Conflict, ...]]:
        """The amended fields in the order of their names, and the conflicts among them."""
        amended = {field: self._amendment(field) for field in sorted(self._tips)}
        conflicts = tuple(
            Conflict(
                AMENDMENT,
                (*each.losers, each.winner) if each.winner else each.losers,
                soft=each.rule != ASK,
                field=field,
            )
            for field, each in amended.items()
            if each.losers and each.rule != UNION
        )
        return amended, conflicts

    def _amendment(self, field: str) -> Amendment:
        tips = self._tips[field]
        rule = self._rules.get(field, LATEST)
        values = list(dict.fromkeys(each.value for each in tips))
        base = self._base(field) if len(values) > 1 else ""
        if len(values) == 1:
            return Amendment(values[0], rule=rule)
        if rule == ASK:
            return Amendment("", tuple(values), base, rule)
        winner = _chosen(tips, rule).value
        losers = tuple(each for each in values if each != winner)
        return Amendment(winner, losers, base, rule)

    def _base(self, field: str) -> str:
        """The last value that the authors of all tips had seen."""
        common = -1
        for tip in self._tips[field]:
            common &= tip.seen
        for value in reversed(self._history[field]):
            if common & value.bit:
                return value.value
        return ""


def _chosen(tips: list[_Value], rule: str) -> _Value:
    """The value that counts; whatever the rule leaves open, the later in the order decides."""
    if rule == CUSTODY:
        return max(enumerate(tips), key=lambda each: (each[1].held, each[0]))[1]
    if rule == HIGHER:
        return max(enumerate(tips), key=lambda each: (-each[1].rank, each[0]))[1]
    return tips[-1]
