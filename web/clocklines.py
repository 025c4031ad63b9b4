"""The clocks of a case as its page shows them: a light, a day, and what is special about it."""

from dataclasses import dataclass

from casebook.views import CaseView
from cases.casestate import Pausing
from cases.clocks import Clock
from cases.errors import CalendarError
from cases.limits import workdays_between
from web.context import context
from web.lights import SOON_WD
from web.presenting import day, limit_text, t, term, today


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One clock: its name and limit, the light with a word, the day, and remarks."""

    name: str
    limit: str
    colour: str
    until: str
    left: str
    remarks: tuple[str, ...]


def clock_lines(view: CaseView) -> list[ClockLine]:
    """The clocks of a case in the order of its life."""
    return [_line(clock, view) for clock in view.clocks]


def pause_lines(view: CaseView) -> list[str]:
    """The special procedures that a case has been through, the running one last."""
    return [_pause(each) for each in view.state.pauses]


def _line(clock: Clock, view: CaseView) -> ClockLine:
    remarks = []
    if clock.provisional:
        remarks.append(t("clock.provisional", year=clock.due.year))
    if clock.printed:
        remarks.append(t("clock.printed", day=clock.printed))
    if clock.name == "legal" and view.state.extended is not None:
        remarks.append(t("clock.extended", limit=limit_text(view.state.extended)))
    colour, left = _state(clock)
    key = "clock.stands" if clock.stands else "clock.until"
    return ClockLine(
        name=term("clock", clock.name),
        limit=limit_text(clock.limit),
        colour=colour,
        until=t(key, day=clock.due.isoformat()),
        left=left,
        remarks=tuple(remarks),
    )


def _state(clock: Clock) -> tuple[str, str]:
    if clock.ended:
        return "grey", t("clock.ended")
    if clock.stands:
        return "grey", t("light.stands")
    now = today()
    calendar = context().casebook.calendar
    try:
        days = workdays_between(min(now, clock.due), max(now, clock.due), calendar)
    except CalendarError:
        return "grey", t("light.no_clock")
    if now > clock.due:
        return "red", t("clock.over", n=max(1, days))
    return ("amber" if days <= SOON_WD else "green"), t("clock.left", n=days)


def _pause(pause: Pausing) -> str:
    words = {"kind": term("pause", pause.kind), "from_": day(pause.opened_at)}
    text = (
        t("clock.pause_days", to=day(pause.closed_at), **words)
        if pause.closed
        else t("clock.pause_open", **words)
    )
    return t("list.bracket", text=text, note=t("clock.counts")) if pause.counts else text
