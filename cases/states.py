"""The state machine of a case as a table: which act is lawful in which state, and by whom.

This is what every node can judge from the entries alone. Rights of tiers, steps and persons
come from the catalogue and are judged by `lifecycle` before an entry is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cases.entries import text

DRAFT = "draft"
RECEIVED = "received"
ACCEPTED = "accepted"
HANDLING = "handling"
DECIDED = "decided"
ISSUED = "issued"
DELIVERED = "delivered"
WITHDRAWN = "withdrawn"

# Until the decision: a case may still be withdrawn, and its form amended.
UNDECIDED = (RECEIVED, ACCEPTED, HANDLING)
# Somebody still has something to do.
OPEN = (*UNDECIDED, DECIDED, ISSUED)
ANY = (*OPEN, DELIVERED, WITHDRAWN)

# Who may act: the unit with custody; the unit it is offered to; the holder or the unit that
# received the case; any unit on the case's path.
HOLDER = "holder"
OFFERED = "offered"
HOLDER_OR_HOME = "holder_or_home"
PATH = "path"


@dataclass(frozen=True, slots=True)
class Rule:
    """When an act is lawful and where it leads; no `target` leaves the state as it is."""

    sources: tuple[str, ...]
    target: str | None
    by: str


RULES: Mapping[str, Rule] = {
    "receive": Rule((DRAFT,), RECEIVED, PATH),
    "precheck": Rule((RECEIVED,), None, HOLDER),
    "accept": Rule((RECEIVED,), ACCEPTED, HOLDER),
    "send_up": Rule(OPEN, None, HOLDER),
    "take": Rule(OPEN, None, OFFERED),
    "return": Rule(OPEN, None, HOLDER),
    "step_done": Rule((ACCEPTED, HANDLING), HANDLING, HOLDER),
    "decide": Rule((ACCEPTED, HANDLING), DECIDED, HOLDER),
    "issue": Rule((DECIDED,), ISSUED, HOLDER),
    "deliver": Rule((DECIDED, ISSUED), DELIVERED, HOLDER_OR_HOME),
    "note": Rule(ANY, None, PATH),
    "amend": Rule(UNDECIDED, None, PATH),
    "withdraw": Rule(UNDECIDED, WITHDRAWN, HOLDER_OR_HOME),
}


class Standing(Protocol):
    """What of a case the table looks at."""

    @property
    def path(self) -> tuple[str, ...]:
        """The units of the case, root first; the last one received it."""

    @property
    def state(self) -> str:
        """One of the states above."""

    @property
    def custody(self) -> str:
        """The unit that may move the case forward."""

    @property
    def epoch(self) -> int:
        """How often custody has moved."""

    @property
    def offered_to(self) -> str:
        """The unit that may take the case, or nothing."""

    @property
    def outcome(self) -> str:
        """What was decided, or nothing."""


def refusal(
    case: Standing, act: str, facts: Mapping[str, object], unit: str, epoch: int
) -> str:
    """Why an act of a unit that saw this custody epoch has no effect, as a code; or nothing.

    The facts have been checked. The code is kept in the timeline and has a text on the pages.
    """
    rule = RULES.get(act)
    if rule is None:
        return "unknown_act"
    if act == "receive":
        return "" if case.state == DRAFT else "second_receive"
    if case.state == DRAFT:
        return "no_case"
    if unit not in case.path:
        return "off_path"
    if case.state not in rule.sources:
        late = rule.sources == UNDECIDED and case.state != WITHDRAWN
        return "too_late" if late else "not_in_state"
    return _refusal_by_tenure(case, rule, unit, epoch) or _refusal_by_facts(
        case, act, facts, unit
    )


def _refusal_by_tenure(case: Standing, rule: Rule, unit: str, epoch: int) -> str:
    if rule.by == PATH or (rule.by == HOLDER_OR_HOME and unit == case.path[-1]):
        return ""
    if rule.by == OFFERED and unit == case.custody:
        return "already_held"
    # An act under an earlier custody was done by somebody who did not know of the hand-over.
    if epoch != case.epoch:
        return "old_epoch" if epoch < case.epoch else "unknown_epoch"
    if rule.by == OFFERED:
        return "" if unit == case.offered_to else "not_offered"
    return "" if unit == case.custody else "no_custody"


def _refusal_by_facts(case: Standing, act: str, facts: Mapping[str, object], unit: str) -> str:
    if act == "issue" and case.outcome != "granted":
        return "not_granted"
    if act not in ("send_up", "return"):
        return ""
    target = text(facts, "to")
    if target == unit:
        return "offer_to_self"
    if target not in case.path:
        return "not_on_path"
    above = case.path.index(target) < case.path.index(unit)
    if above != (act == "send_up"):
        return "not_above" if act == "send_up" else "not_below"
    return ""
