"""The clocks of a case: derived from its state and a calendar, never stored.

Two limits run together after the acceptance, the promised one and the legal one. A special
procedure takes its days out of both, unless the item says that they count. When a calendar is
published, every due date follows it; what was printed before stays beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from cases.casestate import CaseState, Pausing, Promise
from cases.catalogue_terms import Defaults
from cases.errors import CalendarError
from cases.items import Item, Limit
from cases.limits import Calendar, ClockPause, Due, due, ends_at
from cases.progress import open_step
from cases.states import (
    DECIDED,
    ISSUED,
    PAUSED,
    RECEIVED,
    REVIEW,
    STANDING,
    SUPPLEMENT_PRE,
    SUPPLEMENT_REVIEW,
)

ACCEPTANCE, SUPPLEMENT, PROMISED, LEGAL = "acceptance", "supplement", "promised", "legal"
STEP, PAUSE, DELIVERY = "step", "pause", "delivery"
NAMES = (ACCEPTANCE, SUPPLEMENT, PROMISED, LEGAL, STEP, PAUSE, DELIVERY)


@dataclass(frozen=True, slots=True)
class Clock:
    """One limit of a case.

    `due` is the last day in time, `until` the moment; provisional while the table of a counted
    year is not published. A clock that `stands` shows the day on which it would end if the
    procedure ended today. `printed` is the day on the applicant's paper where it differs.
    `ended` clocks were stopped by the decision: the day they would have run to.
    """

    name: str
    start: date
    limit: Limit
    due: date
    until: datetime
    provisional: bool
    stands: bool = False
    printed: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ClockRules:
    """What clocks run by: the calendar, the defaults of the catalogue, and the case's item."""

    calendar: Calendar
    defaults: Defaults
    item: Item | None


def clocks_of(state: CaseState, rules: ClockRules, today: date) -> tuple[Clock, ...]:
    """The clocks that run or stand on a day, in the order of `NAMES`.

    Those of the promise stay after the decision, marked as ended. A clock whose times lead out
    of every calendar is left out: there is no day to show.
    """
    found = [
        *_before_acceptance(state, rules),
        *_of_supplement(state, rules),
        *_of_promise(state, rules, today),
        *_of_step(state, rules, today),
        *_of_pause(state, rules),
        *_of_delivery(state, rules),
    ]
    return tuple(sorted(found, key=lambda clock: NAMES.index(clock.name)))


def is_deemed(state: CaseState, rules: ClockRules, today: date) -> bool:
    """Tell whether the law takes a case as accepted because nobody answered in time."""
    clocks = _before_acceptance(state, rules)
    return any(clock.due < today and not clock.stands for clock in clocks)


def pauses_of_clock(state: CaseState, today: date) -> tuple[ClockPause, ...]:
    """The procedures that take days out of the limits; one that lasts ends today for now."""
    return tuple(
        ClockPause(_day(each.opened_at), _day(each.closed_at) if each.closed else today)
        for each in state.pauses
        if not each.counts
    )


def printed_days(
    accepted: str, promised: Limit | None, legal: Limit | None, calendar: Calendar
) -> dict[str, str]:
    """The facts that keep what a notice of acceptance prints: both last days, where known."""
    days = {}
    for name, limit in (("promised_day", promised), ("legal_day", legal)):
        clock = None if limit is None else _clock(name, accepted, limit, calendar)
        if clock is not None:
            days[name] = clock.due.isoformat()
    return days


def _before_acceptance(state: CaseState, rules: ClockRules) -> list[Clock]:
    if state.state != RECEIVED:
        return []
    limit = Limit(rules.defaults.acceptance_decision_wd, "wd")
    clock = _clock(ACCEPTANCE, state.acceptance_from, limit, rules.calendar)
    return [] if clock is None else [clock]


def _of_supplement(state: CaseState, rules: ClockRules) -> list[Clock]:
    limit = Limit(rules.defaults.supplement_hold_cd, "cd")
    if state.tolerated:
        limit = state.supply_within or limit
    elif state.state not in (SUPPLEMENT_PRE, SUPPLEMENT_REVIEW):
        return []
    clock = _clock(SUPPLEMENT, state.asked_at, limit, rules.calendar)
    return [] if clock is None else [clock]


def _of_promise(state: CaseState, rules: ClockRules, today: date) -> Iterator[Clock]:
    ended = state.state not in (*REVIEW, *STANDING)
    for name in (PROMISED, LEGAL):
        clocks = [_promise(name, each, state, rules, today) for each in state.promises]
        known = [clock for clock in clocks if clock is not None]
        if known:
            # Of two notices in the applicant's hand the shorter one binds.
            yield replace(min(known, key=lambda clock: clock.due), ended=ended)


def _promise(
    name: str, promise: Promise, state: CaseState, rules: ClockRules, today: date
) -> Clock | None:
    limit, printed = promise.promised, promise.promised_day
    if name == LEGAL:
        limit, printed = promise.legal, promise.legal_day
    if limit is None:
        return None
    if name == LEGAL and state.extended is not None and state.extended.unit == limit.unit:
        limit = Limit(limit.n + state.extended.n, limit.unit)
    pauses = pauses_of_clock(state, today)
    stands = state.pause is not None and not state.pause.counts
    return _clock(name, promise.accepted_at, limit, rules.calendar, pauses, (stands, printed))


def _of_step(state: CaseState, rules: ClockRules, today: date) -> list[Clock]:
    if state.state not in REVIEW or rules.item is None:
        return []
    step = open_step(state, rules.item) or next(
        (each for each in rules.item.steps if each.name == "decide"), None
    )
    if step is None:
        return []
    pauses = pauses_of_clock(state, today)
    clock = _clock(STEP, state.step_since, step.limit, rules.calendar, pauses)
    return [] if clock is None else [clock]


def _of_pause(state: CaseState, rules: ClockRules) -> list[Clock]:
    pause = state.pause
    if state.state != PAUSED or pause is None:
        return []
    limit = pause.needed or _most(pause, rules.item)
    clock = None if limit is None else _clock(PAUSE, pause.opened_at, limit, rules.calendar)
    return [] if clock is None else [clock]


def _most(pause: Pausing, item: Item | None) -> Limit | None:
    allowed = item.pause(pause.kind) if item else None
    return None if allowed is None else allowed.most or allowed.least


def _of_delivery(state: CaseState, rules: ClockRules) -> list[Clock]:
    if state.state not in (DECIDED, ISSUED):
        return []
    limit = Limit(rules.defaults.delivery_wd, "wd")
    clock = _clock(DELIVERY, state.issued_at or state.decided_at, limit, rules.calendar)
    return [] if clock is None else [clock]


def _clock(
    name: str,
    start: str,
    limit: Limit,
    calendar: Calendar,
    pauses: tuple[ClockPause, ...] = (),
    shown: tuple[bool, str] = (False, ""),
) -> Clock | None:
    stands, printed = shown
    try:
        began = datetime.fromisoformat(start)
        end: Due = due(began.date(), limit.n, limit.unit, calendar, pauses)
        until = ends_at(began, end, limit.n, limit.unit, calendar)
    except (ValueError, OverflowError, CalendarError):
        return None
    return Clock(
        name=name,
        start=began.date(),
        limit=limit,
        due=end.date,
        until=until,
        provisional=end.provisional,
        stands=stands,
        printed=printed if printed != end.date.isoformat() else "",
    )


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])
