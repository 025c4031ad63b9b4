"""What single acts ask of the day: some may not be done before a limit has passed.

The day is that of the machine on which the act is written. Nodes that receive it do not judge
it again: their clocks are no better, and a wrong time is for a supervisor to correct.
"""

from collections.abc import Mapping
from datetime import date

from cases.casestate import CaseState
from cases.clocks import SUPPLEMENT, ClockRules, clocks_of, is_deemed
from cases.entries import text
from cases.errors import CalendarError, UnlawfulActError
from cases.limits import due


def check_time(
    state: CaseState, act: str, facts: Mapping[str, object], rules: ClockRules, today: date
) -> None:
    """Refuse an act whose day has not come.

    Raises:
        UnlawfulActError: `not_yet_due` or `pause_too_short`.
    """
    if act == "deem_accepted" and not is_deemed(state, rules, today):
        raise UnlawfulActError("not_yet_due", {"act": act})
    if act == "terminate" and not _is_over(SUPPLEMENT, state, rules, today):
        raise UnlawfulActError("not_yet_due", {"act": act})
    if act == "pause_close" and not _may_close(state, rules, today):
        raise UnlawfulActError("pause_too_short")
    if act == "co_sign" and text(facts, "opinion") == "no_answer":
        _check_silence(state, rules, today)


def is_due(state: CaseState, act: str, rules: ClockRules, today: date) -> bool:
    """Tell whether the day for an act has come, so that a page may offer it."""
    try:
        check_time(state, act, {}, rules, today)
    except UnlawfulActError:
        return False
    return True


def _is_over(name: str, state: CaseState, rules: ClockRules, today: date) -> bool:
    return any(
        clock.name == name and clock.due < today for clock in clocks_of(state, rules, today)
    )


def _may_close(state: CaseState, rules: ClockRules, today: date) -> bool:
    pause = state.pause
    allowed = rules.item.pause(pause.kind) if pause and rules.item else None
    if pause is None or allowed is None or allowed.least is None:
        return True
    opened = date.fromisoformat(pause.opened_at[:10])
    least = allowed.least
    try:
        return due(opened, least.n, least.unit, rules.calendar).date <= today
    except CalendarError:
        return True


def _check_silence(state: CaseState, rules: ClockRules, today: date) -> None:
    """A body that is silent after its time counts as one that has no objection."""
    joint = rules.item.joint if rules.item else None
    if joint is None or not state.accepted_at:
        return
    began = date.fromisoformat(state.accepted_at[:10])
    try:
        end = due(began, joint.each.n, joint.each.unit, rules.calendar)
    except CalendarError:
        return
    if end.date >= today:
        raise UnlawfulActError("not_yet_due", {"act": "co_sign"})
