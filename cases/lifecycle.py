"""Which acts are lawful for whom: the state table, plus rights, steps and persons.

Rights are those of the service catalogue. They are judged where an entry is written; nodes that
receive it judge what the entries alone can show (`states`).
"""

from collections.abc import Mapping, Sequence

from cases.acts import ACT_TABLE, Act
from cases.casestate import CaseState, TimelineRow
from cases.conflicts import Conflict
from cases.entries import ACTS, check_details, text
from cases.errors import UnlawfulActError
from cases.items import Item
from cases.judging import Actor, judge, pauses_of, tolerable
from cases.policy import blocked
from cases.progress import (
    LEFT_TO_HOME,
    NextStep,
    conducts,
    has_work,
    next_step,
    open_step,
    serves,
    unanswered,
)
from cases.progress import hand_over_targets as _targets
from cases.states import DRAFT, refusal

__all__ = [
    "Actor",
    "NextStep",
    "available",
    "breaches",
    "check",
    "hand_over_targets",
    "next_step",
]

Stands = Mapping[str, Sequence[str]]

_NO_STANDS: Stands = {}
# Acts that name an entry or a conflict: a page offers them beside what they name.
POINTED = ("correct", "settle", "retract")


def check(
    state: CaseState | None,
    act: str,
    facts: Mapping[str, object],
    actor: Actor,
    item: Item,
    stands: Stands = _NO_STANDS,
) -> None:
    """Refuse an act that this person may not do here and now.

    `state` is None for the `receive` of a new case. `stands` (unit of the path to the tiers it
    stands for) is needed for `send_up` alone.

    Raises:
        FactsError: The facts of the act are malformed.
        UnlawfulActError: The act is unlawful; its code says why.
    """
    if act not in ACTS:
        raise UnlawfulActError("unknown_act", {"act": act})
    check_details(act, facts)
    _judge(state if state is not None else CaseState(), act, facts, actor, item, stands)


def available(
    state: CaseState | None, actor: Actor, item: Item, stands: Stands = _NO_STANDS
) -> tuple[str, ...]:
    """The acts that a page may offer to this person now, in the order of the life of a case.

    Without `stands`, `send_up` is not among them: nobody above is known to have work. Acts that
    name an entry or a conflict (`POINTED`) are not among them either.
    """
    return tuple(
        act
        for act in ACTS
        if act not in POINTED and _is_lawful(state, act, actor, item, stands)
    )


def breaches(state: CaseState, item: Item, stands: Stands) -> tuple[Conflict, ...]:
    """The acts in force that their units had no right to under the catalogue.

    The fold cannot know the catalogue, and a device on the path can write what its program
    would refuse. Nothing is undone; a person has to look at each.
    """
    return tuple(
        Conflict("no_right", (row.entry,))
        for row in state.timeline
        if row.effective and not _had_right(state, row, item, stands)
    )


def _had_right(state: CaseState, row: TimelineRow, item: Item, stands: Stands) -> bool:
    wanted = ACT_TABLE[row.act].rights
    if not wanted or (row.act in _OF_THE_HOME and row.unit == state.home):
        return True
    tiers = stands.get(row.unit, ())
    if any(right in item.rights_of(tier) for tier in tiers for right in wanted):
        return True
    gone = (each for each in state.pauses if row.entry in (each.opened, each.closed))
    return any(conducts(item, each.kind, tiers) for each in gone)


def hand_over_targets(
    state: CaseState, actor: Actor, item: Item, stands: Stands
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The units above and below that this person may offer the case to, the likeliest first.

    `stands` says for each unit of the path which tiers it stands for.
    """
    return _targets(state, actor.unit, item, stands)


def _is_lawful(
    state: CaseState | None, act: str, actor: Actor, item: Item, stands: Stands
) -> bool:
    if (state is None or state.state == DRAFT) != (act == "receive"):
        return False
    case = state if state is not None else CaseState()
    try:
        _judge(case, act, _likely_facts(case, act, actor, item, stands), actor, item, stands)
    except UnlawfulActError:
        return False
    return True


def _likely_facts(
    case: CaseState, act: str, actor: Actor, item: Item, stands: Stands
) -> Mapping[str, object]:
    """The facts that decide whether an act is lawful, chosen so that it is if it can be."""
    if act == "step_done":
        step = open_step(case, item)
        return {"step": step.name} if step else {}
    if act in ("send_up", "return"):
        above, below = _targets(case, actor.unit, item, stands)
        return {"to": next(iter(above if act == "send_up" else below), actor.unit)}
    if act == "accept_tolerant":
        owed = tolerable(case, item)
        return {"owed": owed} if owed else {"owed": ("",)}
    if act == "co_sign":
        return {"body": next(iter(unanswered(case, item)), "")}
    if act == "pause_open":
        kinds = pauses_of(item)
        step = open_step(case, item)
        first = next((each for each in kinds if step and each.kind == step.name), kinds[0])
        return {"kind": first.kind, "counts": first.counts}
    fixed: Mapping[str, Mapping[str, object]] = {
        "receive": {"item": item.code},
        "notify_missing": {"reason_code": "again"},
        "void": {"clerk": actor.clerk},
    }
    return fixed.get(act, {})


def _judge(
    case: CaseState,
    act: str,
    facts: Mapping[str, object],
    actor: Actor,
    item: Item,
    stands: Stands,
) -> None:
    _check_place(case, act, facts, actor)
    subject = text(facts, "item") if act == "receive" else case.item
    if subject != item.code:
        raise UnlawfulActError("other_item", {"item": subject, "catalogue": item.code})
    row = ACT_TABLE[act]
    _check_role(row, act, actor)
    _check_right(case, act, facts, actor, item)
    for conflict in case.conflicts:
        if blocked(act, conflict.kind, soft=conflict.soft):
            raise UnlawfulActError("conflict_open", {"conflict": conflict.kind})
    if act == "send_up":
        _check_target(facts, item, stands)
    judge(case, act, facts, actor, item)


def _check_place(case: CaseState, act: str, facts: Mapping[str, object], actor: Actor) -> None:
    # The actor looks at the newest state, so it acts under the newest epoch.
    code = refusal(case, act, facts, actor.unit, case.epoch)
    if code:
        params = {"act": act, "state": case.state, "custody": case.custody}
        raise UnlawfulActError(code, {**params, "to": text(facts, "to")})


def _check_role(row: Act, act: str, actor: Actor) -> None:
    if row.roles and not any(role in row.roles for role in actor.roles):
        raise UnlawfulActError("no_role", {"act": act})


# What the unit that received the case may always do for the applicant who stands there.
_OF_THE_HOME = ("deliver", "supply")
# Such as the posting of a list by the village: the item gives the step, and with it the pause.
_PROCEDURES = ("pause_open", "pause_close")


def _check_right(
    case: CaseState, act: str, facts: Mapping[str, object], actor: Actor, item: Item
) -> None:
    row = ACT_TABLE[act]
    if not row.rights or (act in _OF_THE_HOME and actor.unit == case.home):
        return
    holders = [
        tier
        for tier in item.rights
        if any(right in item.rights_of(tier) for right in row.rights)
    ]
    if act in LEFT_TO_HOME and serves(case, actor.unit, actor.tiers, holders, item):
        return
    if act in _PROCEDURES and conducts(item, _procedure(case, facts), actor.tiers):
        return
    if not any(tier in holders for tier in actor.tiers):
        raise UnlawfulActError("no_right", {"act": act, "tier": actor.tier})


def _procedure(case: CaseState, facts: Mapping[str, object]) -> str:
    return case.pause.kind if case.pause else text(facts, "kind")


def _check_target(facts: Mapping[str, object], item: Item, stands: Stands) -> None:
    target = text(facts, "to")
    if not has_work(item, stands.get(target, ())):
        raise UnlawfulActError("target_no_right", {"to": target})
