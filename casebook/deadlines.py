"""When the promise of a case ends, derived and never stored."""

from dataclasses import dataclass
from datetime import date

from cases.errors import CalendarError
from cases.fold import CaseState
from cases.limits import Calendar, due


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of the promise as ISO text, empty while no clock runs.

    Provisional means that the calendar does not know the year yet (weekday rule only).
    """

    text: str
    provisional: bool


NONE = Deadline("", provisional=False)


def due_of(state: CaseState, calendar: Calendar) -> Deadline:
    """Return the promised last day of an accepted case that is not finished.

    The day of acceptance does not count (domain rule of working-day limits).
    """
    if not state.accepted_at or state.promised is None:
        return NONE
    start = date.fromisoformat(state.accepted_at[:10])
    try:
        result = due(start, state.promised.n, state.promised.unit, calendar)
    except CalendarError:
        return NONE
    return Deadline(result.date.isoformat(), result.provisional)
