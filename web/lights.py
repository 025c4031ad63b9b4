"""The light of a case: a colour and a word for how its clock stands, and the working days left.

A colour never stands alone (people print in grey, and some do not see red).
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from cases.errors import CalendarError
from cases.limits import Calendar, due, workdays_between

ENDED = (
    "delivered",
    "archived",
    "withdrawn",
    "not_accepted",
    "returned",
    "terminated",
    "voided",
)
DECIDED = ("decided", "issued")
STANDING = ("supplement_pre", "supplement_review", "paused")
SOON_WD = 2
"""From two working days before the end a case is shown as urgent."""


@dataclass(frozen=True, slots=True)
class Light:
    """`colour` is green, amber, red or grey; `word` a key below `light.`; `days` working days.

    `days` is None where no clock runs, else the days left, or the days over when the word is
    `overdue`. `due` is the last day as ISO text, `clock` says which clock: `accept` while the
    acceptance is open, `promise` afterwards.
    """

    colour: str
    word: str
    days: int | None = None
    due: str = ""
    clock: str = ""


class Clocked(Protocol):
    """What of a case the light looks at; the row of a list and a whole state both have it."""

    @property
    def state(self) -> str:
        """One of the states of a case."""

    @property
    def acceptance_from(self) -> str:
        """ISO time from which the clock of acceptance counts, empty before the receipt."""


def light_of(
    case: Clocked, due_text: str, today: date, calendar: Calendar, acceptance_wd: int
) -> Light:
    """The light of a case on a day.

    Args:
        case: the case.
        due_text: its promised last day as ISO text, empty while no promise runs.
        today: the civil date.
        calendar: working days.
        acceptance_wd: working days in which the unit must say whether it accepts.
    """
    if case.state in ENDED:
        return Light("grey", "ended")
    if case.state in DECIDED:
        return Light("green", "decided")
    if case.state in STANDING:
        return Light("grey", "stands", due=due_text, clock="promise" if due_text else "accept")
    clock, end = "promise", due_text
    if not end and case.state == "received" and case.acceptance_from:
        clock, end = "accept", acceptance_due(case.acceptance_from, calendar, acceptance_wd)
    if not end:
        return Light("grey", "no_clock")
    return _judged(date.fromisoformat(end), clock, today, calendar)


def acceptance_due(received_at: str, calendar: Calendar, acceptance_wd: int) -> str:
    """The last day for telling the applicant whether the case is accepted, as ISO text.

    Empty where the calendar cannot say.
    """
    try:
        start = date.fromisoformat(received_at[:10])
        return due(start, acceptance_wd, "wd", calendar).date.isoformat()
    except (ValueError, CalendarError):
        return ""


def _judged(end: date, clock: str, today: date, calendar: Calendar) -> Light:
    try:
        days = workdays_between(min(today, end), max(today, end), calendar)
    except CalendarError:
        return Light("grey", "no_clock")
    if today > end:
        # On the weekend after the last day no working day has passed, but the day has.
        return Light("red", "overdue", max(1, days), end.isoformat(), clock)
    word = "today" if today == end else ("soon" if days <= SOON_WD else "in_time")
    colour = "green" if word == "in_time" else "amber"
    return Light(colour, word, days, end.isoformat(), clock)
