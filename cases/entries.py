"""What an entry of a case says: the acts there are and the facts that each of them carries.

Facts hold nothing personal, so that supervision above may read them. `grammar` holds the
tables. A fact or an act that they do not name is kept and ignored: an older node carries what a
newer one wrote, and folds it once it has been upgraded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.errors import FactsError
from cases.grammar import BY_ACT, EVERY_ACT, Check, is_moment, is_text

__all__ = ["ACTS", "Entry", "check_details", "check_facts", "is_moment", "is_text", "text"]

ACTS = tuple(BY_ACT)
"""Every act this program knows, in the order of the life of a case."""

_Rules = tuple[tuple[str, bool, Check], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One opened act on a case: what its header says, who its author is, and its facts.

    `id` is the hash of the whole record, so that equal ids mean equal entries. `epoch` is the
    custody epoch the author saw. `device`, `incarnation` and `seq` are the place in the
    author's feed, `unit` is the author's unit by the registry, `path` the case's home path,
    root first. `hlc` is shown and never sorted by.
    """

    id: str
    parents: tuple[str, ...]
    epoch: int
    device: str
    seq: int
    unit: str
    path: tuple[str, ...]
    hlc: tuple[int, int]
    facts: Mapping[str, object]
    incarnation: int = 0


def check_facts(facts: Mapping[str, object]) -> None:
    """Refuse facts that are malformed; an unknown act passes, whatever else it says.

    Raises:
        FactsError: A fact is absent, of a wrong type, or out of its bounds.
    """
    act = facts.get("act")
    if not is_text(act):
        raise FactsError("facts: the act is not a short text")
    _check(act, _EVERY_ACT, facts)
    check_details(act, facts)


def check_details(act: str, facts: Mapping[str, object]) -> None:
    """Refuse malformed facts of one act, leaving aside those that every act carries.

    Raises:
        FactsError: A fact is absent, of a wrong type, or out of its bounds.
    """
    _check(act, _BY_ACT.get(act, ()), facts)


def text(facts: Mapping[str, object], name: str) -> str:
    """A fact that is a short text, or nothing where it is absent or something else."""
    value = facts.get(name)
    return value if is_text(value) else ""


def _check(act: str, rules: _Rules, facts: Mapping[str, object]) -> None:
    for name, optional, holds in rules:
        if optional and name not in facts:
            continue
        if not holds(facts.get(name)):
            raise FactsError(f"facts of {act}: {name} is absent or malformed")


def _compiled(rules: Mapping[str, Check]) -> _Rules:
    return tuple(
        (name.removesuffix("?"), name.endswith("?"), holds) for name, holds in rules.items()
    )


_EVERY_ACT = _compiled(EVERY_ACT)
_BY_ACT = {act: _compiled(rules) for act, rules in BY_ACT.items()}
