"""Due dates: limits counted over a calendar of working days that is data.

The day of the act does not count, and a case is in time until the end of the last day
(Administrative Licensing Law, article 82). Due dates are derived, never stored: when a year's
table arrives they are computed again. The calendar is published each autumn for one year, so a
date that counts days of an unknown year is provisional: weekends are off, nothing else is.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cases.errors import CalendarError

LIMIT_MAX = 10_000
CALENDAR_BYTES_MAX = 256 * 1024

# Ten thousand working days, and ten years of pauses, are far behind this.
_DAYS_WALKED_MAX = 30_000
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_HOURS_PER_DAY = 24
_COUNTING = ("first_day", "to_the_second", "day_ends_h")


@dataclass(frozen=True, slots=True)
class Counting:
    """How a jurisdiction counts, where it departs from the law's own rule.

    With `first_day` the day of the act is day 1. With `to_the_second` a limit ends at the time
    of day at which it began, otherwise at `day_ends_h` o'clock of its last day.
    """

    first_day: bool = False
    to_the_second: bool = False
    day_ends_h: int = 24


BY_LAW = Counting()


@dataclass(frozen=True, slots=True)
class Calendar:
    """A versioned table of the days that are not as their weekday says.

    `years` are the years it knows. Its sets are asked for membership only.
    """

    version: str
    years: tuple[int, ...]
    holidays: frozenset[date]
    make_up: frozenset[date]
    counting: Counting = BY_LAW

    def is_workday(self, day: date) -> bool:
        """Tell whether offices are open; outside the known years the weekday alone decides."""
        if day in self.make_up:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def knows(self, day: date) -> bool:
        """Tell whether the table of the day's year has been published."""
        return day.year in self.years


@dataclass(frozen=True, slots=True)
class Due:
    """The last day that is in time; provisional while a counted year is not yet published."""

    date: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class ClockPause:
    """A special procedure that lets the clock stand.

    It takes out the days after `opened` up to and with `closed`; opened and closed on one day
    it takes out nothing.
    """

    opened: date
    closed: date

    def covers(self, day: date) -> bool:
        """Tell whether the day is taken out of the count."""
        return self.opened < day <= self.closed


def due(
    start: date, n: int, unit: str, calendar: Calendar, pauses: Sequence[ClockPause] = ()
) -> Due:
    """The last day of a limit of `n` units that starts with an act on day `start`.

    `unit` is `wd` working days, `cd` calendar days, or `h` hours, which are rounded up to whole
    days because an act has a day and not an hour here. A limit of 0 ends on the day of the act.

    Raises:
        CalendarError: The unit is unknown, or the limit leaves every calendar.
    """
    if unit not in ("wd", "cd", "h") or not 0 <= n <= LIMIT_MAX:
        raise CalendarError(f"no limit of {n} {unit}")
    left = -(-n // _HOURS_PER_DAY) if unit == "h" else n
    day, provisional = start, False
    if calendar.counting.first_day and left and (unit != "wd" or calendar.is_workday(day)):
        left -= 1
    standing = _Standing(pauses)
    for _ in range(_DAYS_WALKED_MAX):
        if left == 0:
            return Due(day, provisional)
        day = _next(day)
        if unit == "wd":
            provisional = provisional or not calendar.knows(day)
        if standing.covers(day):
            continue
        if unit != "wd" or calendar.is_workday(day):
            left -= 1
    raise CalendarError(f"the limit of {n} {unit} from {start} does not end within reason")


class _Standing:
    """The days that pauses take out, asked for in ascending order only."""

    def __init__(self, pauses: Sequence[ClockPause]) -> None:
        self._left = sorted(pauses, key=lambda pause: pause.opened, reverse=True)
        self._until = date.min

    def covers(self, day: date) -> bool:
        while self._left and self._left[-1].opened < day:
            self._until = max(self._until, self._left.pop().closed)
        return day <= self._until


def ends_at(start: datetime, limit_due: Due, n: int, unit: str, calendar: Calendar) -> datetime:
    """The moment until which an act is in time, in the zone of `start`.

    Args:
        start: when the limit began.
        limit_due: its last day, as `due` gives it.
        n: the limit; hours end to the minute, and so do limits counted to the second.
        unit: `wd`, `cd` or `h`.
        calendar: says how the jurisdiction counts.
    """
    whole = datetime.combine(limit_due.date, time(), start.tzinfo)
    if unit == "h":
        # Days that a pause took out lie between the day reached without it and the last day.
        plain = start.date() + -(-n // _HOURS_PER_DAY) * _ONE_DAY
        return start + timedelta(hours=n) + (limit_due.date - plain)
    if calendar.counting.to_the_second:
        return whole.replace(hour=start.hour, minute=start.minute, second=start.second)
    return whole + timedelta(hours=calendar.counting.day_ends_h)


def workdays_between(
    start: date, end: date, calendar: Calendar, pauses: Sequence[ClockPause] = ()
) -> int:
    """The working days after `start` up to and with `end`; 0 when `end` is not later.

    With the pauses taken out it is what a case has used of its limit on the day `end`.

    Raises:
        CalendarError: The two days are too far apart to belong to one case.
    """
    span = (end - start).days
    if span > _DAYS_WALKED_MAX:
        raise CalendarError(f"{start} and {end} are too far apart to count working days")
    standing = _Standing(pauses)
    days = (start + i * _ONE_DAY for i in range(1, span + 1))
    return sum(not standing.covers(day) and calendar.is_workday(day) for day in days)


def load_calendar(text: str) -> Calendar:
    """Read a calendar from TOML: `version`, per year `holidays` and `make_up`, and `counting`.

    `counting` may be left out: then limits are counted as the law says.

    Raises:
        CalendarError: The text is not such a table; the message names the year and the day.
    """
    if len(text) > CALENDAR_BYTES_MAX:
        raise CalendarError("calendar: the file is too large")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CalendarError(f"calendar: {error}") from error
    for key in table:
        if key not in ("version", "years", "counting"):
            raise CalendarError(f"calendar: unknown key {key!r}")
    version, years = table.get("version"), table.get("years")
    if not isinstance(version, str) or not version or not isinstance(years, dict):
        raise CalendarError("calendar: it needs a version and at least one year")
    holidays: list[date] = []
    make_up: list[date] = []
    for name, year in years.items():
        holidays += _days(name, year, "holidays")
        make_up += _days(name, year, "make_up")
    return Calendar(
        version,
        tuple(sorted(int(name) for name in years)),
        frozenset(holidays),
        frozenset(make_up),
        _counting(table.get("counting", {})),
    )


def _counting(table: object) -> Counting:
    if not isinstance(table, Mapping) or table.keys() - _COUNTING:
        raise CalendarError(f"calendar: counting: only {', '.join(_COUNTING)} are known")
    ends = table.get("day_ends_h", 24)
    first_day, to_the_second = (table.get(name, False) for name in _COUNTING[:2])
    if type(ends) is not int or not 1 <= ends <= _HOURS_PER_DAY:
        raise CalendarError("calendar: counting: day_ends_h is not an hour from 1 to 24")
    if not (isinstance(first_day, bool) and isinstance(to_the_second, bool)):
        raise CalendarError("calendar: counting: first_day and to_the_second are true or false")
    return Counting(first_day, to_the_second, ends)


def _days(name: str, year: object, kind: str) -> list[date]:
    place = f"calendar: year {name}"
    if not (name.isascii() and name.isdecimal() and len(name) == len("2026")):
        raise CalendarError(f"calendar: {name!r} is not a year")
    if not isinstance(year, Mapping) or sorted(year) != ["holidays", "make_up"]:
        raise CalendarError(f"{place}: it needs exactly holidays and make_up")
    days = year[kind]
    if not isinstance(days, list):
        raise CalendarError(f"{place}: {kind} is not a list of days")
    seen: dict[date, None] = {}
    for day in days:
        # A date with a time of day is a date too, as Python sees it; here it is a mistake.
        if type(day) is not date or day.year != int(name):
            raise CalendarError(f"{place}: {kind}: {day!s} is not a day of this year")
        if day in seen:
            raise CalendarError(f"{place}: {kind}: {day} stands twice")
        if kind == "make_up" and (day.weekday() < _SATURDAY or day in year["holidays"]):
            raise CalendarError(f"{place}: make_up: {day} is no weekend day to work on")
        seen[day] = None
    return list(seen)


def _next(day: date) -> date:
    if day == date.max:
        raise CalendarError("the limit ends after the last day of every calendar")
    return day + _ONE_DAY
