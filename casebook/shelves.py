"""The shelves on which lists show cases: SQL conditions over the read model."""

from dataclasses import dataclass

from casebook.index import ENDED

_ENDED = ", ".join(f"'{state}'" for state in ENDED)
_OPEN = f"state NOT IN ({_ENDED})"

CONDITIONS: dict[str, str] = {
    "mine": "home = :unit",
    "to_take": f"offer_to = :unit AND {_OPEN}",
    "in_hand": f"custody = :unit AND {_OPEN}",
    "to_decide": f"custody = :unit AND next_act = 'decide' AND {_OPEN}",
    # The unit that received a case may always hand the result over, whoever holds custody.
    "to_deliver": "(custody = :unit OR home = :unit) AND state IN ('decided', 'issued')",
    "all": "1",
    "conflicts": "conflicts + twins > 0",
}
"""Shelf name to condition; the one named parameter is the unit that looks."""

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Sought:
    """What narrows a shelf: digits of a number, a unit on the path, an item, a waiting time.

    `days` are those since the last act; empty texts and 0 narrow nothing.
    """

    text: str = ""
    under: str = ""
    item: str = ""
    days: int = 0

    def narrowed(self, where: str, now_ms: int) -> tuple[str, dict[str, object]]:
        """Return a condition with these parts added, and their values."""
        parts, values = [f"({where})"], dict[str, object]()
        digits = "".join(each for each in self.text if each.isdigit())
        if digits:
            parts.append("case_no LIKE :text")
            values["text"] = f"%{digits}%"
        if self.under:
            parts.append("'/' || path || '/' LIKE :under")
            values["under"] = f"%/{''.join(each for each in self.under if each.isdigit())}/%"
        if self.item:
            parts.append("item = :item")
            values["item"] = self.item
        if self.days:
            parts.append("updated_ms <= :before")
            values["before"] = now_ms - self.days * DAY_MS
        return " AND ".join(parts), values


ANYTHING = Sought()


def shelf_values(unit: str) -> dict[str, object]:
    """Return the named parameters of every condition."""
    return {"unit": unit}
