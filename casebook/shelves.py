"""The shelves on which lists show cases: SQL conditions over the read model."""

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

SEARCH = "case_no LIKE :text"


def shelf_values(unit: str) -> dict[str, object]:
    """Return the named parameters of every condition."""
    return {"unit": unit}
