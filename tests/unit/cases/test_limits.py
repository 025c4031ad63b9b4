from datetime import date
from pathlib import Path

import pytest

from cases.errors import CalendarError
from cases.limits import Calendar, ClockPause, Due, due, load_calendar, workdays_between

SHIPPED = Path(__file__).parents[3] / "configs" / "calendar.toml"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_calendar(SHIPPED.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        # 24 September 2026 is a Thursday before two long holidays.
        (date(2026, 9, 24), 5, date(2026, 10, 9)),
        (date(2026, 9, 24), 20, date(2026, 10, 29)),
        # The fifth day is a Saturday on which offices work.
        (date(2026, 2, 9), 5, date(2026, 2, 14)),
        (date(2026, 2, 9), 20, date(2026, 3, 13)),
        (date(2026, 11, 2), 10, date(2026, 11, 16)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
    ],
)
def test_a_limit_of_working_days_ends_on_the_confirmed_day(
    calendar: Calendar, start: date, n: int, end: date
) -> None:
    assert due(start, n, "wd", calendar) == Due(end, provisional=False)


def test_the_day_of_the_act_does_not_count(calendar: Calendar) -> None:
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)

    assert due(monday, 1, "wd", calendar).date == tuesday


def test_a_pause_takes_out_the_working_days_after_it_opened_until_it_closed(
    calendar: Calendar,
) -> None:
    site_visit = ClockPause(date(2026, 11, 5), date(2026, 11, 9))

    assert due(date(2026, 11, 2), 10, "wd", calendar, [site_visit]).date == date(2026, 11, 18)


def test_a_pause_of_one_day_takes_out_nothing(calendar: Calendar) -> None:
    site_visit = ClockPause(date(2026, 11, 5), date(2026, 11, 5))

    assert due(date(2026, 11, 2), 10, "wd", calendar, [site_visit]).date == date(2026, 11, 16)


def test_two_pauses_at_once_take_out_a_day_only_once(calendar: Calendar) -> None:
    pause = ClockPause(date(2026, 11, 5), date(2026, 11, 9))

    assert due(date(2026, 11, 2), 10, "wd", calendar, [pause, pause]).date == date(2026, 11, 18)


def test_a_limit_that_counts_days_of_an_unpublished_year_is_provisional(
    calendar: Calendar,
) -> None:
    assert due(date(2026, 12, 10), 20, "wd", calendar) == Due(
        date(2027, 1, 7), provisional=True
    )


def test_calendar_days_are_never_provisional(calendar: Calendar) -> None:
    assert due(date(2026, 12, 28), 7, "cd", calendar) == Due(
        date(2027, 1, 4), provisional=False
    )


@pytest.mark.parametrize(("hours", "end"), [(24, 24), (48, 25), (49, 26), (0, 23)])
def test_hours_end_with_the_day_that_holds_their_last_one(
    calendar: Calendar, hours: int, end: int
) -> None:
    assert due(date(2026, 11, 23), hours, "h", calendar).date == date(2026, 11, end)


@pytest.mark.parametrize(("n", "unit"), [(-1, "wd"), (10_001, "wd"), (5, "weeks")])
def test_a_limit_that_is_none_is_refused(calendar: Calendar, n: int, unit: str) -> None:
    with pytest.raises(CalendarError, match="no limit"):
        due(date(2026, 11, 23), n, unit, calendar)


def test_a_limit_behind_the_last_day_of_all_is_refused(calendar: Calendar) -> None:
    with pytest.raises(CalendarError, match="last day of every calendar"):
        due(date(9999, 12, 30), 5, "wd", calendar)


def test_a_pause_without_end_is_refused(calendar: Calendar) -> None:
    with pytest.raises(CalendarError, match="does not end"):
        due(date(2026, 11, 2), 10, "wd", calendar, [ClockPause(date(2026, 11, 5), date.max)])


@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_the_shipped_years_have_as_many_working_days_as_the_state_council_gave_them(
    calendar: Calendar, year: int, days: int
) -> None:
    new_year_eve = date(year - 1, 12, 31)

    assert workdays_between(new_year_eve, date(year, 12, 31), calendar) == days


def test_the_make_up_days_of_2026_are_those_of_the_notice(calendar: Calendar) -> None:
    make_up = sorted(day for day in calendar.make_up if day.year == 2026)

    assert [(day.month, day.day) for day in make_up] == [
        (1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10),
    ]  # fmt: skip


def test_no_working_days_lie_between_a_day_and_an_earlier_one(calendar: Calendar) -> None:
    assert workdays_between(date(2026, 11, 23), date(2026, 11, 20), calendar) == 0


def test_days_centuries_apart_are_not_counted(calendar: Calendar) -> None:
    with pytest.raises(CalendarError, match="too far apart"):
        workdays_between(date.min, date.max, calendar)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version = ", "calendar: Invalid"),
        ("[" * 100_000, "calendar"),
        ("x" * 300_000, "too large"),
        ('version = "1"', "needs a version and at least one year"),
        ("[years.2027]\nholidays = []\nmake_up = []", "needs a version"),
        ('version = "1"\nowner = "x"\n[years]', "unknown key 'owner'"),
        ('version = "1"\n[years.27]\nholidays = []\nmake_up = []', "'27' is not a year"),
        ('version = "1"\n[years.2027]\nholidays = []', "year 2027: it needs exactly"),
        ('version = "1"\n[years]\n2027 = 5', "year 2027: it needs exactly"),
        ('version = "1"\n[years.2027]\nholidays = 1\nmake_up = []', "holidays is not a list"),
        (
            'version = "1"\n[years.2027]\nholidays = [2027-02-30]\nmake_up = []',
            "calendar: Invalid date",
        ),
        (
            'version = "1"\n[years.2027]\nholidays = [2026-10-01]\nmake_up = []',
            "year 2027: holidays: 2026-10-01 is not a day of this year",
        ),
        (
            'version = "1"\n[years.2027]\nholidays = [2027-10-01T00:00:00]\nmake_up = []',
            "is not a day of this year",
        ),
        (
            'version = "1"\n[years.2027]\nholidays = ["2027-10-01"]\nmake_up = []',
            "is not a day of this year",
        ),
        (
            'version = "1"\n[years.2027]\nholidays = [2027-10-01, 2027-10-01]\nmake_up = []',
            "year 2027: holidays: 2027-10-01 stands twice",
        ),
        (
            'version = "1"\n[years.2027]\nholidays = []\nmake_up = [2027-10-08]',
            "year 2027: make_up: 2027-10-08 is no weekend day",
        ),
        (
            'version = "1"\n[years.2027]\nholidays = [2027-10-02]\nmake_up = [2027-10-02]',
            "year 2027: make_up: 2027-10-02 is no weekend day",
        ),
    ],
)
def test_a_faulty_calendar_is_refused_in_one_line_that_names_the_place(
    text: str, complaint: str
) -> None:
    with pytest.raises(CalendarError, match=complaint) as refused:
        load_calendar(text)

    assert "\n" not in str(refused.value)
