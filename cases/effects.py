"""What each act does to the state of a case once it is known to be lawful.

The fold works on one state of its own and hands out copies: a new value for each of thousands
of entries would cost more than all the rest. Nothing else writes into a state.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from cases.casestate import CaseState, CoSign, Offer, Pausing, Promise, TakeOver
from cases.entries import Entry, text
from cases.items import Limit
from cases.states import (
    CLOSED,
    HANDLING,
    RECEIVED,
    RULES,
    SUPPLEMENT_PRE,
    SUPPLEMENT_REVIEW,
    VOIDED,
)

IN_HAND = ("seen", "original", "copy", "made", "fetched")
"""States of a paper that is there."""


def write(case: CaseState, /, **changes: object) -> None:
    """Change the fold's own state in place."""
    for name, value in changes.items():
        object.__setattr__(case, name, value)


def apply(state: CaseState, entry: Entry) -> None:
    """Bring the fold's own state behind an effective entry.

    Timeline, conflicts and amendments are the fold's business and stay as they are.
    """
    act = text(entry.facts, "act")
    if act == "withdraw" and not holds(state, entry):
        # The home unit asks; the holder confirms with a withdrawal of its own.
        write(state, withdraw_requested=True)
        return
    target = RULES[act].target
    resumes = state.state
    if target is not None and target != resumes:
        write(state, state=target)
    if target in CLOSED:
        write(state, offer=None)
    effect = _EFFECTS.get(act)
    if effect is not None:
        effect(state, entry, resumes)


def holds(state: CaseState, entry: Entry) -> bool:
    """Tell whether the author had custody, and knew it, when writing the entry."""
    return entry.unit == state.custody and entry.epoch == state.epoch


def promise_of(entry: Entry, accepted_at: str) -> Promise:
    """What an entry of acceptance told the applicant."""
    return Promise(
        entry=entry.id,
        accepted_at=accepted_at,
        promised=limit_of(entry.facts.get("promised")),
        legal=limit_of(entry.facts.get("legal")),
        calendar=text(entry.facts, "calendar"),
        promised_day=text(entry.facts, "promised_day"),
        legal_day=text(entry.facts, "legal_day"),
    )


def limit_of(value: object) -> Limit | None:
    """A limit of checked facts."""
    return Limit(value["n"], value["unit"]) if isinstance(value, Mapping) else None


def _at(entry: Entry) -> str:
    return text(entry.facts, "at")


def _names(value: object) -> tuple[str, ...]:
    assert isinstance(value, list | tuple)
    return tuple(value)


def _papers(value: object) -> dict[str, str]:
    assert isinstance(value, list | tuple)
    return {paper["material"]: paper["state"] for paper in value}


def _receive(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(
        state,
        case_no=text(entry.facts, "case_no"),
        item=text(entry.facts, "item"),
        item_version=text(entry.facts, "item_version"),
        path=entry.path,
        custody=entry.unit,
        holders=(entry.unit,),
        papers=_papers(entry.facts["papers"]),
        urgent=entry.facts.get("urgent") is True,
        received_at=_at(entry),
        acceptance_from=_at(entry),
    )


def _precheck(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, precheck=text(entry.facts, "result"))


def _notify(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(
        state,
        notices=state.notices + 1,
        missing=_names(entry.facts["missing"]),
        asked_at=_at(entry),
    )


def _supply(state: CaseState, entry: Entry, _resumes: str) -> None:
    """Take in papers; when all have come, the case goes on where it stood."""
    papers = {**state.papers, **_papers(entry.facts["papers"])}
    write(state, papers=papers)
    if entry.facts["complete"] is not True:
        return
    write(state, missing=(), asked_at="")
    if state.state == SUPPLEMENT_PRE:
        write(state, state=RECEIVED, acceptance_from=_at(entry))
    elif state.state == SUPPLEMENT_REVIEW:
        _pause_close(state, entry, state.state)
    if state.tolerated:
        write(state, tolerated=False, owed=())


def _accept(state: CaseState, entry: Entry, _resumes: str) -> None:
    # Deemed accepted: the law counts from the receipt, not from the day it was noticed.
    deemed = text(entry.facts, "act") == "deem_accepted"
    promise = promise_of(entry, state.acceptance_from if deemed else _at(entry))
    write(
        state,
        deemed=deemed,
        accepted_at=promise.accepted_at,
        accepted_by="" if deemed else text(entry.facts, "clerk"),
        promised=promise.promised,
        legal=promise.legal,
        calendar=promise.calendar,
        promises=(*state.promises, promise),
        step_since=promise.accepted_at,
        missing=(),
    )


def _accept_tolerant(state: CaseState, entry: Entry, resumes: str) -> None:
    _accept(state, entry, resumes)
    write(
        state,
        tolerated=True,
        owed=_names(entry.facts["owed"]),
        supply_within=limit_of(entry.facts["supply_within"]),
        asked_at=_at(entry),
    )


def _offer(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, offer=Offer(text(entry.facts, "to"), entry.unit, entry.id))


def _take(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(
        state,
        custody=entry.unit,
        epoch=state.epoch + 1,
        holders=(*state.holders, entry.unit),
        offer=None,
    )


def _take_over(state: CaseState, entry: Entry, resumes: str) -> None:
    former = state.custody
    _take(state, entry, resumes)
    taken = TakeOver(entry.id, entry.unit, former, state.epoch)
    write(state, taken_over=(*state.taken_over, taken))


def _step_done(state: CaseState, entry: Entry, _resumes: str) -> None:
    done = (*state.steps_done, text(entry.facts, "step"))
    write(state, steps_done=done, step_since=_at(entry))


def _co_sign(state: CaseState, entry: Entry, _resumes: str) -> None:
    facts = entry.facts
    answer = CoSign(text(facts, "body"), text(facts, "opinion"), entry.id)
    others = tuple(each for each in state.co_signs if each.body != answer.body)
    write(state, co_signs=(*others, answer))


def _pause_open(state: CaseState, entry: Entry, resumes: str) -> None:
    kind = text(entry.facts, "kind")
    pausing = Pausing(
        kind=kind,
        opened_at=_at(entry),
        counts=entry.facts["counts"] is True,
        needed=limit_of(entry.facts["needed"]),
        opened=entry.id,
    )
    write(state, pauses=(*state.pauses, pausing), resumes=resumes)
    if kind == "supplement":
        write(state, state=SUPPLEMENT_REVIEW, asked_at=_at(entry))


def _pause_close(state: CaseState, entry: Entry, _resumes: str) -> None:
    *before, last = state.pauses
    closed = replace(last, closed_at=_at(entry), closed=entry.id)
    write(
        state,
        state=state.resumes or HANDLING,
        resumes="",
        pauses=(*before, closed),
        asked_at=state.asked_at if state.tolerated else "",
    )


def _extend(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, extended=limit_of(entry.facts["by"]))


def _decide(state: CaseState, entry: Entry, _resumes: str) -> None:
    # A request to withdraw that the decision overtook is from now on a row of the timeline.
    write(
        state,
        outcome=text(entry.facts, "outcome"),
        decided_at=_at(entry),
        withdraw_requested=False,
    )


def _issue(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, document_no=text(entry.facts, "document_no"), issued_at=_at(entry))


def _deliver(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, delivered_at=_at(entry))


def _end(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, ended_at=_at(entry), end_reason=text(entry.facts, "reason_code"))


def _withdraw(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, withdrawn_at=_at(entry), ended_at=_at(entry), withdraw_requested=False)


def _void(state: CaseState, entry: Entry, resumes: str) -> None:
    if not state.void_asked_by:
        write(state, void_asked_by=text(entry.facts, "clerk"))
        return
    write(state, state=VOIDED, offer=None)
    _end(state, entry, resumes)


def _archive(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, archived_at=_at(entry))


def _rate(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, ratings=(*state.ratings, text(entry.facts, "level")))


def _attach(state: CaseState, entry: Entry, _resumes: str) -> None:
    write(state, papers={**state.papers, **_papers(entry.facts["papers"])})


_EFFECTS: Mapping[str, Callable[[CaseState, Entry, str], None]] = {
    "receive": _receive,
    "precheck": _precheck,
    "notify_missing": _notify,
    "supply": _supply,
    "accept": _accept,
    "accept_tolerant": _accept_tolerant,
    "deem_accepted": _accept,
    "not_accept": _end,
    "send_up": _offer,
    "take": _take,
    "return": _offer,
    "take_over": _take_over,
    "step_done": _step_done,
    "co_sign": _co_sign,
    "pause_open": _pause_open,
    "pause_close": _pause_close,
    "extend": _extend,
    "decide": _decide,
    "issue": _issue,
    "deliver": _deliver,
    "send_back": _end,
    "withdraw": _withdraw,
    "terminate": _end,
    "void": _void,
    "archive": _archive,
    "rate": _rate,
    "attach": _attach,
}
