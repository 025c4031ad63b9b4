"""Where a case stands in the steps of its item, and who could take it further."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases.casestate import CaseState
from cases.items import Item, Step
from cases.states import (
    DECIDED,
    ISSUED,
    PAUSED,
    RECEIVED,
    REVIEW,
    SUPPLEMENT_PRE,
    SUPPLEMENT_REVIEW,
)
from cases.urgency import left_out

# Steps of these names are done by the act of the same name.
STEPS_THAT_ARE_ACTS = ("precheck", "accept", "decide", "issue", "deliver")
# The handling proper is over with the first of these.
_ENDING = ("decide", "issue", "deliver")
# A case received above the lowest tier has nobody below, so its home unit does these for the
# tiers below it. It never accepts or decides what is theirs.
LEFT_TO_HOME = ("step_done", "issue")
# A tier with one of these has something to do for the item; `guide` and `query` are not work.
WORKING_RIGHTS = ("accept", "review", "decide", "issue", "deliver")


@dataclass(frozen=True, slots=True)
class NextStep:
    """The act that takes a case further, the step it does, and the tiers that may do it.

    `step` is empty where the item names none. The tier of the step stands first, the others
    follow from the lowest up. The home unit may deliver even when no tier is named.
    """

    act: str
    step: str
    tiers: tuple[str, ...]


def next_step(state: CaseState | None, item: Item) -> NextStep | None:
    """What has to happen next, or None when the case is finished or does not exist."""
    if state is None:
        return None
    if state.state == RECEIVED:
        return _by_right("accept", item)
    if state.state in (SUPPLEMENT_PRE, SUPPLEMENT_REVIEW):
        return _by_right("supply", item, "accept")
    if state.state == PAUSED:
        return _by_right("pause_close", item, "review")
    if state.state in REVIEW:
        return _next_of_review(state, item)
    if state.state == DECIDED and state.outcome == "granted" and _is_issued(item):
        return _by_right("issue", item)
    if state.state in (DECIDED, ISSUED):
        return _by_right("deliver", item)
    return None


def _next_of_review(state: CaseState, item: Item) -> NextStep:
    step = open_step(state, item)
    if step is not None:
        return NextStep("step_done", step.name, (step.tier,))
    if unanswered(state, item):
        return _by_right("co_sign", item, "decide")
    return _by_right("decide", item)


def unanswered(state: CaseState, item: Item) -> tuple[str, ...]:
    """The bodies that were consulted in a joint case and have not answered yet."""
    if item.joint is None:
        return ()
    answered = [each.body for each in state.co_signs]
    return tuple(body for body in item.joint.consulted if body not in answered)


def open_step(state: CaseState, item: Item) -> Step | None:
    """The first step before the decision that an accepted case still lacks, or None.

    A name that the item lists twice has to be done twice.
    """
    done = list(state.steps_done)
    without = left_out(item, urgent=state.urgent)
    for step in item.steps:
        if step.name in _ENDING:
            return None
        if step.name in without:
            continue
        if step.name in done:
            done.remove(step.name)
        elif step.name not in STEPS_THAT_ARE_ACTS:
            return step
    return None


def serves(
    case: CaseState, unit: str, tiers: Sequence[str], step_tiers: Sequence[str], item: Item
) -> bool:
    """Tell whether a unit that stands for `tiers` may do what the item gives to `step_tiers`.

    The home unit also may when they are below it, for no unit of the path is.
    """
    if any(tier in step_tiers for tier in tiers):
        return True
    order = tuple(item.rights)
    ranks = [order.index(tier) for tier in tiers if tier in order]
    if unit != case.home or not ranks:
        return False
    return any(tier in order[max(ranks) + 1 :] for tier in step_tiers)


def conducts(item: Item, kind: str, tiers: Sequence[str]) -> bool:
    """Tell whether a special procedure is itself a step of one of these tiers.

    Whoever has the step opens and closes the procedure, such as a village that posts a list.
    """
    return any(step.name == kind and step.tier in tiers for step in item.steps)


def has_work(item: Item, tiers: Sequence[str]) -> bool:
    """Tell whether a unit that stands for these tiers has anything to do for the item."""
    if any(step.tier in tiers for step in item.steps):
        return True
    return any(right in item.rights_of(tier) for tier in tiers for right in WORKING_RIGHTS)


def hand_over_targets(
    state: CaseState, unit: str, item: Item, stands: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The units of the path above and below that a unit may offer the case to.

    `stands` says for each unit of the path which tiers it stands for. Units that can do the
    next step come first, and nearer ones before farther ones; above, only units that have any
    work for the item are named at all.
    """
    if unit not in state.path:
        return (), ()
    place = state.path.index(unit)
    following = next_step(state, item)

    def later(target: str) -> bool:
        if following is None:
            return True
        if following.act == "deliver" and target == state.home:
            return False
        tiers = stands.get(target, ())
        if following.act in LEFT_TO_HOME:
            return not serves(state, target, tiers, following.tiers, item)
        return not any(tier in following.tiers for tier in tiers)

    above = [
        each for each in reversed(state.path[:place]) if has_work(item, stands.get(each, ()))
    ]
    below = list(state.path[place + 1 :])
    return tuple(sorted(above, key=later)), tuple(sorted(below, key=later))


def _by_right(act: str, item: Item, right: str = "") -> NextStep:
    """The next step is an act for which a tier needs a right, by default that of its name."""
    wanted = right or act
    step = next((each for each in item.steps if each.name == act), None)
    holders = [tier for tier in reversed(tuple(item.rights)) if wanted in item.rights_of(tier)]
    if step is None:
        return NextStep(act, "", tuple(holders))
    others = (tier for tier in holders if tier != step.tier)
    return NextStep(act, step.name, (step.tier, *others))


def _is_issued(item: Item) -> bool:
    return any("issue" in item.rights_of(tier) for tier in item.rights)
