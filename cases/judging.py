"""What single acts ask beyond state, custody and rights, as far as entries and item tell it.

What depends on the day is judged by `timing`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cases.casestate import CaseState, TimelineRow
from cases.catalogue_checks import least_time
from cases.conflicts import AMENDMENT
from cases.effects import IN_HAND, limit_of
from cases.entries import text
from cases.errors import UnlawfulActError
from cases.items import Item, Limit, Pause
from cases.progress import (
    STEPS_THAT_ARE_ACTS,
    next_step,
    open_step,
    serves,
    unanswered,
)
from cases.retractions import NEVER
from cases.states import refusal


@dataclass(frozen=True, slots=True)
class Actor:
    """The person at work, and the place.

    `tiers` are the unit's own tier and those it stands in for because the tree skips them.
    """

    unit: str
    tier: str
    tiers: tuple[str, ...]
    clerk: str
    roles: tuple[str, ...] = ()


Facts = Mapping[str, object]

_SUPPLEMENT = Pause("supplement", counts=False)
_NOT_THERE = ("lacking", "owed")
DUPLICATE = "duplicate"
NOT_OURS = "not_ours"


def judge(case: CaseState, act: str, facts: Facts, actor: Actor, item: Item) -> None:
    """Refuse an act for what it says, or for what the case still lacks.

    Raises:
        UnlawfulActError: The code says why.
    """
    special = _SPECIAL.get(act)
    if special is not None:
        special(case, facts, actor, item)


def pauses_of(item: Item) -> tuple[Pause, ...]:
    """The special procedures that a case of this item may go through.

    Missing papers are always one: whoever finds a gap in review has to let it be filled.
    """
    return item.pauses if item.pause("supplement") else (_SUPPLEMENT, *item.pauses)


def lacking(case: CaseState, item: Item) -> tuple[str, ...]:
    """The papers of an item that are known not to be there, in the order of the item."""
    return tuple(
        material.code
        for material in item.materials
        if case.papers.get(material.code) in _NOT_THERE
    )


def tolerable(case: CaseState, item: Item) -> tuple[str, ...]:
    """The lacking papers that may follow after the acceptance: on the urgent route, all."""
    may = [
        material.code
        for material in item.materials
        if material.need == "tolerable" or (case.urgent and item.urgent_route)
    ]
    return tuple(code for code in may if case.papers.get(code) not in IN_HAND)


def row_of(case: CaseState, entry: str) -> TimelineRow | None:
    """The row of the timeline that an entry made."""
    return next((row for row in case.timeline if row.entry == entry), None)


def _check_acceptance(case: CaseState, facts: Facts, _actor: Actor, item: Item) -> None:
    owed = facts.get("owed", ())
    assert isinstance(owed, list | tuple)
    missing = [code for code in lacking(case, item) if code not in owed]
    if missing:
        raise UnlawfulActError("papers_lacking", {"material": missing[0]})


def _check_tolerance(case: CaseState, facts: Facts, actor: Actor, item: Item) -> None:
    _check_acceptance(case, facts, actor, item)
    owed = facts.get("owed", ())
    assert isinstance(owed, list | tuple)
    may = tolerable(case, item)
    for code in owed:
        if code not in may:
            raise UnlawfulActError("not_tolerable", {"material": code})
    within, bound = limit_of(facts.get("supply_within")), limit_of(facts.get("promised"))
    if case.urgent and item.urgent_route:
        # Relief comes first: the papers have a limit of their own.
        bound = None
    if bound is not None and bound.n == 0:
        # Done at once as soon as the papers are there; only the law sets them a day.
        bound = limit_of(facts.get("legal"))
    if within and bound and least_time(within, bound.unit) > bound.n:
        raise UnlawfulActError("supply_too_long")


def _check_refusal(_case: CaseState, facts: Facts, _actor: Actor, _item: Item) -> None:
    if text(facts, "reason_code") == NOT_OURS and not text(facts, "whose"):
        raise UnlawfulActError("whose_needed")


def _check_return(_case: CaseState, facts: Facts, _actor: Actor, _item: Item) -> None:
    if text(facts, "reason_code") == DUPLICATE and not text(facts, "other"):
        raise UnlawfulActError("other_needed")


def _check_step(case: CaseState, facts: Facts, actor: Actor, item: Item) -> None:
    name = text(facts, "step")
    if name in STEPS_THAT_ARE_ACTS:
        raise UnlawfulActError("step_is_act", {"step": name})
    step = open_step(case, item)
    if step is None or step.name != name:
        raise UnlawfulActError(
            "step_not_next", {"step": name, "next": step.name if step else ""}
        )
    if not serves(case, actor.unit, actor.tiers, (step.tier,), item):
        raise UnlawfulActError("no_right", {"act": "step_done", "tier": actor.tier})


def _check_answer(_case: CaseState, facts: Facts, _actor: Actor, item: Item) -> None:
    if item.joint is None or text(facts, "body") not in item.joint.consulted:
        raise UnlawfulActError("not_consulted")


def _check_pause(_case: CaseState, facts: Facts, _actor: Actor, item: Item) -> None:
    kind = text(facts, "kind")
    allowed = next((each for each in pauses_of(item) if each.kind == kind), None)
    if allowed is None or facts.get("counts") is not allowed.counts:
        raise UnlawfulActError("pause_not_allowed", {"pause": kind})
    needed = limit_of(facts.get("needed"))
    if needed is not None and not _is_within(needed, allowed):
        raise UnlawfulActError("pause_length", {"pause": kind})


def _is_within(needed: Limit, allowed: Pause) -> bool:
    least, most = allowed.least, allowed.most
    too_short = least is not None and least.unit == needed.unit and needed.n < least.n
    too_long = most is not None and most.unit == needed.unit and needed.n > most.n
    return not (too_short or too_long)


def _check_extension(_case: CaseState, _facts: Facts, _actor: Actor, item: Item) -> None:
    if item.extend is None:
        raise UnlawfulActError("no_extension")


def _check_decision(case: CaseState, facts: Facts, actor: Actor, item: Item) -> None:
    step = open_step(case, item)
    if step is not None:
        raise UnlawfulActError("step_open", {"step": step.name, "tier": step.tier})
    # One person alone may finish only what the law lets be finished at once.
    if item.handling != "immediate" and actor.clerk == case.accepted_by:
        raise UnlawfulActError("segregation", {"clerk": actor.clerk})
    bodies = unanswered(case, item)
    if bodies:
        raise UnlawfulActError("answer_open", {"body": bodies[0]})
    against = any(each.opinion == "disagree" for each in case.co_signs)
    needs_all = item.joint is not None and item.joint.consent == "all"
    if needs_all and against and text(facts, "outcome") == "granted":
        raise UnlawfulActError("not_all_agree")
    _check_parts(facts, item)


def _check_parts(facts: Facts, item: Item) -> None:
    """Where parts are independent, each has its own outcome; one that is granted is enough."""
    wanted = item.joint.parts if item.joint and item.joint.consent == "independent" else ()
    given = facts.get("parts", {})
    if not text(facts, "outcome"):
        # Only whether a decision could be made is asked.
        return
    if not isinstance(given, Mapping) or set(given) != set(wanted):
        raise UnlawfulActError("parts_wanted")
    if wanted and (text(facts, "outcome") == "granted") != ("granted" in given.values()):
        raise UnlawfulActError("parts_outcome")


def _check_delivery(case: CaseState, _facts: Facts, _actor: Actor, item: Item) -> None:
    following = next_step(case, item)
    if following is not None and following.act == "issue":
        raise UnlawfulActError("issue_open", {"tier": following.tiers[0]})


def _check_archive(case: CaseState, _facts: Facts, _actor: Actor, _item: Item) -> None:
    if case.tolerated and case.outcome == "granted":
        raise UnlawfulActError("papers_owed")


def _check_void(case: CaseState, _facts: Facts, actor: Actor, _item: Item) -> None:
    # Whoever finds the mistake asks; a supervisor does it.
    if case.void_asked_by and "supervisor" not in actor.roles:
        raise UnlawfulActError("no_role", {"act": "void"})


def _check_correction(case: CaseState, facts: Facts, _actor: Actor, _item: Item) -> None:
    row = row_of(case, text(facts, "of"))
    if row is None or not row.effective:
        raise UnlawfulActError("unknown_entry")


def _check_settlement(case: CaseState, facts: Facts, _actor: Actor, _item: Item) -> None:
    kind, field, choice = text(facts, "kind"), text(facts, "field"), facts.get("choice")
    of = facts.get("of", ())
    assert isinstance(of, list | tuple)
    key = (kind, field, tuple(of))
    if kind == AMENDMENT:
        amended = case.amended.get(field)
        known = amended is not None and of[0] in (amended.winner, *amended.losers)
    elif choice == "reopen":
        known = any(each.key == key and each.choice == "keep" for each in case.settled)
    else:
        known = any(each.key == key for each in case.conflicts)
    if not known:
        raise UnlawfulActError("no_such_conflict")
    if choice == "adopt" and kind != AMENDMENT:
        row = row_of(case, of[0])
        if row is None or refusal(case, row.act, row.facts, case.custody, case.epoch):
            raise UnlawfulActError("not_adoptable")


def _check_retraction(case: CaseState, facts: Facts, actor: Actor, _item: Item) -> None:
    row = row_of(case, text(facts, "of"))
    if row is None or not row.effective or row.act in NEVER:
        raise UnlawfulActError("not_retractable")
    if (row.unit, row.clerk) != (actor.unit, actor.clerk):
        raise UnlawfulActError("not_own")
    if row.entry not in case.heads:
        raise UnlawfulActError("built_upon")


_SPECIAL: Mapping[str, Callable[[CaseState, Facts, Actor, Item], None]] = {
    "accept": _check_acceptance,
    "accept_tolerant": _check_tolerance,
    "not_accept": _check_refusal,
    "send_back": _check_return,
    "step_done": _check_step,
    "co_sign": _check_answer,
    "pause_open": _check_pause,
    "extend": _check_extension,
    "decide": _check_decision,
    "deliver": _check_delivery,
    "archive": _check_archive,
    "void": _check_void,
    "correct": _check_correction,
    "settle": _check_settlement,
    "retract": _check_retraction,
}
