"""Due dates against an implementation that counts day by day and shares no code."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cases.limits import Calendar, ClockPause, due, workdays_between
from tests.support.slow_clock import last_day, works

FIRST = date(2025, 12, 1)
DAYS = st.integers(0, 400).map(lambda n: FIRST + timedelta(days=n))
LIMITS = st.tuples(st.integers(0, 45), st.sampled_from(("wd", "cd", "h")))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[list[date], list[date]]:
    """Days off at will, and weekend days to work on that are none of them."""
    off = draw(st.lists(DAYS, max_size=30, unique=True))
    weekend = [
        day for day in draw(st.lists(DAYS, max_size=20, unique=True)) if _is_weekend(day)
    ]
    return off, [day for day in weekend if day not in off]


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


@st.composite
def pauses(draw: st.DrawFn) -> list[tuple[date, date]]:
    spans = draw(st.lists(st.tuples(DAYS, st.integers(0, 30)), max_size=4))
    return [(opened, opened + timedelta(days=length)) for opened, length in spans]


def made(days: tuple[list[date], list[date]]) -> Calendar:
    return Calendar("test", (2025, 2026, 2027), frozenset(days[0]), frozenset(days[1]))


@given(DAYS, LIMITS, calendars(), pauses())
def test_a_due_date_is_the_one_that_slow_counting_finds(
    start: date,
    limit: tuple[int, str],
    days: tuple[list[date], list[date]],
    spans: list[tuple[date, date]],
) -> None:
    n, unit = limit

    found = due(start, n, unit, made(days), [ClockPause(*span) for span in spans])

    assert found.date == last_day(start, n, unit, days, spans)


@given(DAYS, st.integers(0, 45), calendars(), pauses())
def test_on_the_due_day_exactly_the_limit_has_been_used(
    start: date,
    n: int,
    days: tuple[list[date], list[date]],
    spans: list[tuple[date, date]],
) -> None:
    calendar, standing = made(days), [ClockPause(*span) for span in spans]

    end = due(start, n, "wd", calendar, standing).date

    assert workdays_between(start, end, calendar, standing) == n


@given(DAYS, st.integers(1, 45), calendars(), pauses(), st.integers(0, 30))
def test_a_further_pause_never_makes_a_case_due_earlier(
    start: date,
    n: int,
    days: tuple[list[date], list[date]],
    spans: list[tuple[date, date]],
    length: int,
) -> None:
    calendar = made(days)
    before = [ClockPause(*span) for span in spans]
    further = ClockPause(start, start + timedelta(days=length))

    later = due(start, n, "wd", calendar, [*before, further])
    assert later.date >= due(start, n, "wd", calendar, before).date


@given(DAYS, calendars())
def test_a_day_is_worked_on_as_the_table_says(
    day: date, days: tuple[list[date], list[date]]
) -> None:
    assert made(days).is_workday(day) == works(day, *days)
