"""The state machine of a case as a table: which act is lawful in which state, and by whom.

This is what every node can judge from the entries alone. Rights of tiers, steps and persons
come from the catalogue and are judged by `lifecycle` before an entry is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cases.entries import text
from cases.policy import ASK, LATE, PAPER

DRAFT = "draft"
RECEIVED = "received"
SUPPLEMENT_PRE = "supplement_pre"
ACCEPTED = "accepted"
HANDLING = "handling"
PAUSED = "paused"
SUPPLEMENT_REVIEW = "supplement_review"
DECIDED = "decided"
ISSUED = "issued"
DELIVERED = "delivered"
ARCHIVED = "archived"
NOT_ACCEPTED = "not_accepted"
WITHDRAWN = "withdrawn"
RETURNED = "returned"
TERMINATED = "terminated"
VOIDED = "voided"

# Before acceptance, and in review after it.
UNACCEPTED = (RECEIVED, SUPPLEMENT_PRE)
REVIEW = (ACCEPTED, HANDLING)
STANDING = (PAUSED, SUPPLEMENT_REVIEW)
# Until the decision: a case may still be withdrawn, and its form amended.
UNDECIDED = (*UNACCEPTED, *REVIEW, *STANDING)
# Somebody still has something to do.
OPEN = (*UNDECIDED, DECIDED, ISSUED)
# It ended without a decision; each wants a reason and a notice.
ENDS = (NOT_ACCEPTED, WITHDRAWN, RETURNED, TERMINATED, VOIDED)
CLOSED = (DELIVERED, ARCHIVED, *ENDS)
ANY = (*OPEN, *CLOSED)

# Who may act: the unit with custody; the unit it is offered to; the holder or the unit that
# received the case; the holder or a unit above it; a unit above it; any unit on the path.
HOLDER = "holder"
OFFERED = "offered"
HOLDER_OR_HOME = "holder_or_home"
ABOVE = "above"
OVER = "over"
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
    "notify_missing": Rule((RECEIVED,), SUPPLEMENT_PRE, HOLDER),
    # Where it leads depends on what was owed and whether all of it came.
    "supply": Rule((*UNDECIDED, DECIDED), None, PATH),
    "accept": Rule((RECEIVED,), ACCEPTED, HOLDER),
    "accept_tolerant": Rule((RECEIVED,), ACCEPTED, HOLDER),
    "deem_accepted": Rule((RECEIVED,), ACCEPTED, HOLDER),
    "not_accept": Rule((RECEIVED,), NOT_ACCEPTED, HOLDER),
    "send_up": Rule(OPEN, None, HOLDER),
    "take": Rule(OPEN, None, OFFERED),
    "return": Rule(OPEN, None, HOLDER),
    "step_done": Rule(REVIEW, HANDLING, HOLDER),
    "co_sign": Rule((*REVIEW, *STANDING), None, PATH),
    # A pause for missing papers leads to `supplement_review`.
    "pause_open": Rule(REVIEW, PAUSED, HOLDER),
    # Back to where the case stood before.
    "pause_close": Rule(STANDING, None, HOLDER),
    "extend": Rule((*REVIEW, *STANDING), None, HOLDER),
    "decide": Rule(REVIEW, DECIDED, HOLDER),
    "issue": Rule((DECIDED,), ISSUED, HOLDER),
    "deliver": Rule((DECIDED, ISSUED), DELIVERED, HOLDER_OR_HOME),
    "send_back": Rule(UNDECIDED, RETURNED, HOLDER),
    "withdraw": Rule(UNDECIDED, WITHDRAWN, HOLDER_OR_HOME),
    "terminate": Rule(UNDECIDED, TERMINATED, HOLDER),
    # The first asks, the second does it.
    "void": Rule(tuple(each for each in ANY if each != VOIDED), None, ABOVE),
    "archive": Rule((DELIVERED, *ENDS), ARCHIVED, HOLDER),
    "rate": Rule(ANY, None, PATH),
    "amend": Rule(UNDECIDED, None, PATH),
    "attach": Rule(ANY, None, PATH),
    "note": Rule(ANY, None, PATH),
    "urge": Rule(ANY, None, PATH),
    "correct": Rule(ANY, None, ABOVE),
    "take_over": Rule(OPEN, None, OVER),
    "settle": Rule(ANY, None, ABOVE),
    "retract": Rule(ANY, None, PATH),
}

_ACCEPTING = ("accept", "accept_tolerant", "deem_accepted")
_AFTER_DECISION = (DECIDED, ISSUED, DELIVERED, ARCHIVED)


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
    def holders(self) -> tuple[str, ...]:
        """The unit with custody in each epoch."""

    @property
    def offered_to(self) -> str:
        """The unit that may take the case, or nothing."""

    @property
    def outcome(self) -> str:
        """What was decided, or nothing."""

    @property
    def notices(self) -> int:
        """How many notices of missing papers were given before acceptance."""

    @property
    def tolerated(self) -> bool:
        """Whether secondary papers are still owed."""

    @property
    def is_extended(self) -> bool:
        """Whether the legal limit was extended."""

    @property
    def void_asked_by(self) -> str:
        """The clerk who asked for the case to be voided, or nothing."""


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
        return _refusal_by_state(case, act, unit, epoch)
    tenure = _refusal_by_tenure(case, act, rule, unit, epoch)
    if tenure:
        return tenure
    special = _SPECIAL.get(act)
    return special(case, facts, unit) if special else ""


def _refusal_by_state(case: Standing, act: str, unit: str, epoch: int) -> str:
    if act in ("amend", "withdraw") and case.state in _AFTER_DECISION:
        return "too_late"
    # The applicant was told of an acceptance twice: both papers are true, see `policy`.
    held = 0 <= epoch < len(case.holders) and case.holders[epoch] == unit
    if act in _ACCEPTING and case.state in _ACCEPTED_SINCE and held:
        return "accepted_twice"
    if LATE.get(act) == ASK and held and epoch < case.epoch:
        return "late_act"
    return "not_in_state"


_ACCEPTED_SINCE = (*REVIEW, *STANDING, *_AFTER_DECISION)


def _refusal_by_tenure(case: Standing, act: str, rule: Rule, unit: str, epoch: int) -> str:
    if rule.by == PATH or (rule.by == HOLDER_OR_HOME and unit == case.path[-1]):
        return ""
    if rule.by in (ABOVE, OVER):
        rank = case.path.index(unit)
        # A holder off the path is one that the home was moved away from: anybody is above it.
        known = case.custody in case.path
        holder = case.path.index(case.custody) if known else len(case.path) - 1
        is_high = rank < holder or (rule.by == ABOVE and rank == holder)
        return "" if is_high else "not_over"
    if rule.by == OFFERED and unit == case.custody:
        return "already_held"
    # An act under an earlier custody was done by somebody who did not know of the hand-over.
    if epoch != case.epoch:
        return _refusal_of_the_late(case, act, unit, epoch)
    if rule.by == OFFERED:
        return "" if unit == case.offered_to else "not_offered"
    return "" if unit == case.custody else "no_custody"


def _refusal_of_the_late(case: Standing, act: str, unit: str, epoch: int) -> str:
    if epoch > case.epoch:
        return "unknown_epoch"
    rule = LATE.get(act, "")
    if not 0 <= epoch < len(case.holders) or case.holders[epoch] != unit:
        return "old_epoch"
    if rule == PAPER:
        return ""
    return "late_act" if rule == ASK else "old_epoch"


def _refuse_notice(case: Standing, facts: Mapping[str, object], _unit: str) -> str:
    again = case.notices > 0 and not text(facts, "reason_code")
    return "second_notice" if again else ""


def _refuse_supply(case: Standing, _facts: Mapping[str, object], _unit: str) -> str:
    waits = case.tolerated or case.state in (*UNACCEPTED, SUPPLEMENT_REVIEW)
    return "" if waits else "nothing_owed"


def _refuse_extension(case: Standing, _facts: Mapping[str, object], _unit: str) -> str:
    return "extended_before" if case.is_extended else ""


def _refuse_issue(case: Standing, _facts: Mapping[str, object], _unit: str) -> str:
    if case.outcome != "granted":
        return "not_granted"
    return "papers_owed" if case.tolerated else ""


def _refuse_termination(case: Standing, _facts: Mapping[str, object], _unit: str) -> str:
    waits = case.tolerated or case.state in (SUPPLEMENT_PRE, SUPPLEMENT_REVIEW)
    return "" if waits else "nothing_owed"


def _refuse_void(case: Standing, facts: Mapping[str, object], _unit: str) -> str:
    same = case.void_asked_by and case.void_asked_by == text(facts, "clerk")
    return "second_person" if same else ""


def _refuse_offer(case: Standing, facts: Mapping[str, object], unit: str, *, up: bool) -> str:
    target = text(facts, "to")
    if target == unit:
        return "offer_to_self"
    if target not in case.path:
        return "not_on_path"
    if (case.path.index(target) < case.path.index(unit)) != up:
        return "not_above" if up else "not_below"
    return ""


_SPECIAL: Mapping[str, Callable[[Standing, Mapping[str, object], str], str]] = {
    "notify_missing": _refuse_notice,
    "supply": _refuse_supply,
    "extend": _refuse_extension,
    "issue": _refuse_issue,
    "terminate": _refuse_termination,
    "void": _refuse_void,
    "send_up": lambda case, facts, unit: _refuse_offer(case, facts, unit, up=True),
    "return": lambda case, facts, unit: _refuse_offer(case, facts, unit, up=False),
}
