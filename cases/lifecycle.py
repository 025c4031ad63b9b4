"""Which acts are lawful for whom: the state table, plus rights, steps and persons.

Rights are those of the service catalogue. They are judged where an entry is written; nodes that
receive it judge what the entries alone can show (`states`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cases.casestate import CaseState, TimelineRow
from cases.conflicts import Conflict
from cases.entries import ACTS, check_details, text
from cases.errors import UnlawfulActError
from cases.items import Item
from cases.progress import (
    LEFT_TO_HOME,
    STEPS_THAT_ARE_ACTS,
    NextStep,
    has_work,
    next_step,
    open_step,
    serves,
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

# The tier rights of which an act needs one. Custody is asked for by the state table.
_RIGHTS: Mapping[str, tuple[str, ...]] = {
    "receive": ("accept", "precheck"),
    "precheck": ("precheck",),
    "accept": ("accept",),
    "decide": ("decide",),
    "issue": ("issue",),
    "deliver": ("deliver",),
}


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

    Without `stands`, `send_up` is not among them: nobody above is known to have work.
    """
    return tuple(act for act in ACTS if _is_lawful(state, act, actor, item, stands))


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
    wanted = _RIGHTS.get(row.act)
    if wanted is None or (row.act == "deliver" and row.unit == state.home):
        return True
    tiers = stands.get(row.unit, ())
    return any(right in item.rights_of(tier) for tier in tiers for right in wanted)


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
    if act == "receive":
        return {"item": item.code}
    if act == "step_done":
        step = open_step(case, item)
        return {"step": step.name} if step else {}
    if act in ("send_up", "return"):
        above, below = _targets(case, actor.unit, item, stands)
        return {"to": next(iter(above if act == "send_up" else below), actor.unit)}
    return {}


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
    _check_right(case, act, actor, item)
    if act == "send_up":
        _check_target(facts, item, stands)
    special = _SPECIAL.get(act)
    if special is not None:
        special(case, facts, actor, item)


def _check_place(case: CaseState, act: str, facts: Mapping[str, object], actor: Actor) -> None:
    # The actor looks at the newest state, so it acts under the newest epoch.
    code = refusal(case, act, facts, actor.unit, case.epoch)
    if code:
        params = {"act": act, "state": case.state, "custody": case.custody}
        raise UnlawfulActError(code, {**params, "to": text(facts, "to")})


def _check_right(case: CaseState, act: str, actor: Actor, item: Item) -> None:
    wanted = _RIGHTS.get(act)
    if wanted is None or (act == "deliver" and actor.unit == case.home):
        return
    holders = [
        tier for tier in item.rights if any(right in item.rights_of(tier) for right in wanted)
    ]
    if act in LEFT_TO_HOME and serves(case, actor.unit, actor.tiers, holders, item):
        return
    if not any(tier in holders for tier in actor.tiers):
        raise UnlawfulActError("no_right", {"act": act, "tier": actor.tier})


def _check_target(facts: Mapping[str, object], item: Item, stands: Stands) -> None:
    target = text(facts, "to")
    if not has_work(item, stands.get(target, ())):
        raise UnlawfulActError("target_no_right", {"to": target})


def _check_step(case: CaseState, facts: Mapping[str, object], actor: Actor, item: Item) -> None:
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


def _check_decision(
    case: CaseState, _facts: Mapping[str, object], actor: Actor, item: Item
) -> None:
    step = open_step(case, item)
    if step is not None:
        raise UnlawfulActError("step_open", {"step": step.name, "tier": step.tier})
    # One person alone may finish only what the law lets be finished at once.
    if item.handling != "immediate" and actor.clerk == case.accepted_by:
        raise UnlawfulActError("segregation", {"clerk": actor.clerk})


def _check_delivery(
    case: CaseState, _facts: Mapping[str, object], _actor: Actor, item: Item
) -> None:
    following = next_step(case, item)
    if following is not None and following.act == "issue":
        raise UnlawfulActError("issue_open", {"tier": following.tiers[0]})


_SPECIAL: Mapping[str, Callable[[CaseState, Mapping[str, object], Actor, Item], None]] = {
    "step_done": _check_step,
    "decide": _check_decision,
    "deliver": _check_delivery,
}
