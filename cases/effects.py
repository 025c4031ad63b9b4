"""What each act does to the state of a case once it is known to be lawful."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from cases.casestate import CaseState, Offer
from cases.entries import Entry, text
from cases.items import Limit
from cases.states import RULES


def apply(state: CaseState, entry: Entry) -> CaseState:
    """The state after an effective entry, without timeline, conflicts and amendments."""
    act = text(entry.facts, "act")
    if act == "withdraw" and not holds(state, entry):
        # The home unit asks; the holder confirms with a withdrawal of its own.
        return replace(state, withdraw_requested=True)
    target = RULES[act].target
    moved = state if target is None else replace(state, state=target)
    effect = _EFFECTS.get(act)
    return effect(moved, entry) if effect else moved


def holds(state: CaseState, entry: Entry) -> bool:
    """Tell whether the author had custody, and knew it, when writing the entry."""
    return entry.unit == state.custody and entry.epoch == state.epoch


def _receive(state: CaseState, entry: Entry) -> CaseState:
    return replace(
        state,
        case_no=text(entry.facts, "case_no"),
        item=text(entry.facts, "item"),
        item_version=text(entry.facts, "item_version"),
        path=entry.path,
        custody=entry.unit,
        received_at=text(entry.facts, "at"),
    )


def _precheck(state: CaseState, entry: Entry) -> CaseState:
    return replace(state, precheck=text(entry.facts, "result"))


def _accept(state: CaseState, entry: Entry) -> CaseState:
    return replace(
        state,
        accepted_at=text(entry.facts, "at"),
        accepted_by=text(entry.facts, "clerk"),
        promised=_limit(entry.facts.get("promised")),
        legal=_limit(entry.facts.get("legal")),
        calendar=text(entry.facts, "calendar"),
    )


def _offer(state: CaseState, entry: Entry) -> CaseState:
    return replace(state, offer=Offer(text(entry.facts, "to"), entry.unit, entry.id))


def _take(state: CaseState, entry: Entry) -> CaseState:
    return replace(state, custody=entry.unit, epoch=state.epoch + 1, offer=None)


def _step_done(state: CaseState, entry: Entry) -> CaseState:
    return replace(state, steps_done=(*state.steps_done, text(entry.facts, "step")))


def _decide(state: CaseState, entry: Entry) -> CaseState:
    # A request to withdraw that the decision overtook is from now on a row of the timeline.
    return replace(
        state,
        outcome=text(entry.facts, "outcome"),
        decided_at=text(entry.facts, "at"),
        withdraw_requested=False,
    )


def _issue(state: CaseState, entry: Entry) -> CaseState:
    return replace(
        state,
        document_no=text(entry.facts, "document_no"),
        issued_at=text(entry.facts, "at"),
    )


def _deliver(state: CaseState, entry: Entry) -> CaseState:
    return replace(state, delivered_at=text(entry.facts, "at"), offer=None)


def _withdraw(state: CaseState, entry: Entry) -> CaseState:
    return replace(
        state,
        withdrawn_at=text(entry.facts, "at"),
        withdraw_requested=False,
        offer=None,
    )


def _limit(value: object) -> Limit | None:
    if not isinstance(value, Mapping):
        return None
    return Limit(value["n"], value["unit"])


_EFFECTS: Mapping[str, Callable[[CaseState, Entry], CaseState]] = {
    "receive": _receive,
    "precheck": _precheck,
    "accept": _accept,
    "send_up": _offer,
    "take": _take,
    "return": _offer,
    "step_done": _step_done,
    "decide": _decide,
    "issue": _issue,
    "deliver": _deliver,
    "withdraw": _withdraw,
}
