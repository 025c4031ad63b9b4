"""The clocks of a case: both limits, pauses, extension, deemed acceptance, calendars."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from cases.catalogue_terms import Defaults
from cases.clocks import Clock, ClockRules, clocks_of, is_deemed, printed_days
from cases.errors import CalendarError, UnlawfulActError
from cases.items import Fee, Item, Limit, Pause, Step
from cases.limits import Calendar, Counting, due, load_calendar
from cases.timing import check_time, is_due
from tests.support.case_acts import JOINT, WHOLE
from tests.support.case_history import STREET, VILLAGE, History, facts_of, received
from tests.support.network import calendar

DEFAULTS = Defaults(5, 5, 10, 30, Limit(1, "wd"), Fee("none"), rating=True)
RULES = ClockRules(calendar(), DEFAULTS, WHOLE)


def rules(item: Item | None = WHOLE, days: Calendar | None = None) -> ClockRules:
    return ClockRules(days or calendar(), DEFAULTS, item)


def at(day: str, time: str = "09:00") -> str:
    return f"{day}T{time}:00+08:00"


def accepted(
    day: str, promised: int = 10, legal: int = 20, notice: Mapping[str, object] | None = None
) -> History:
    history = History()
    history.write(VILLAGE, "receive", at=at(day))
    limits = {"promised": {"n": promised, "unit": "wd"}, "legal": {"n": legal, "unit": "wd"}}
    history.write(VILLAGE, "accept", {**limits, **(notice or {})}, at=at(day))
    return history


def clock(history: History, name: str, today: str, by: ClockRules = RULES) -> Clock:
    found = clocks_of(history.state(), by, date.fromisoformat(today))
    return next(each for each in found if each.name == name)


def ends(history: History, today: str, by: ClockRules = RULES) -> tuple[str, str]:
    """The promised and the legal last day."""
    days = [clock(history, name, today, by).due.isoformat() for name in ("promised", "legal")]
    return days[0], days[1]


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        ("2026-09-24", 5, "2026-10-09"),
        ("2026-09-24", 20, "2026-10-29"),
        ("2026-02-09", 5, "2026-02-14"),
        ("2026-02-09", 20, "2026-03-13"),
        ("2026-10-01", 1, "2026-10-08"),
        ("2018-10-15", 7, "2018-10-24"),
        ("2018-10-15", 10, "2018-10-29"),
        ("2026-11-02", 10, "2026-11-16"),
    ],
)
def test_the_dates_that_are_known_by_hand(start: str, n: int, end: str) -> None:
    assert due(date.fromisoformat(start), n, "wd", calendar()).date.isoformat() == end


@pytest.mark.parametrize(
    "day",
    ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"],
)
def test_the_make_up_days_of_2026_are_worked_on(day: str) -> None:
    assert calendar().is_workday(date.fromisoformat(day))


@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_as_many_working_days_as_were_published(year: int, days: int) -> None:
    first = date(year, 1, 1).toordinal()
    after = date(year + 1, 1, 1).toordinal()

    assert (
        sum(calendar().is_workday(date.fromordinal(day)) for day in range(first, after)) == days
    )


def test_a_site_visit_takes_its_days_out_of_both_limits() -> None:
    history = accepted("2026-11-02")
    history.write(VILLAGE, "pause_open", at=at("2026-11-05"))
    history.write(VILLAGE, "pause_close", at=at("2026-11-09"))

    assert ends(accepted("2026-11-02"), "2026-11-10") == ("2026-11-16", "2026-11-30")
    assert ends(history, "2026-11-10") == ("2026-11-18", "2026-12-02")


def test_a_procedure_opened_and_closed_on_one_day_takes_out_nothing() -> None:
    history = accepted("2026-11-02")
    history.write(VILLAGE, "pause_open", at=at("2026-11-05", "09:00"))
    history.write(VILLAGE, "pause_close", at=at("2026-11-05", "16:00"))

    assert ends(history, "2026-11-10")[0] == "2026-11-16"


def test_a_procedure_that_counts_takes_out_nothing_and_has_a_clock_of_its_own() -> None:
    history = accepted("2026-11-02")
    facts = {"kind": "publicity", "counts": True, "needed": {"n": 7, "unit": "cd"}}
    history.write(VILLAGE, "pause_open", facts, at=at("2026-11-05"))

    assert ends(history, "2026-11-09")[0] == "2026-11-16"
    assert not clock(history, "promised", "2026-11-09").stands
    assert clock(history, "pause", "2026-11-09").due == date(2026, 11, 12)


def test_while_a_procedure_lasts_the_clock_stands_and_says_when_it_would_end() -> None:
    history = accepted("2026-11-02")
    history.write(VILLAGE, "pause_open", at=at("2026-11-05"))

    shown = clock(history, "promised", "2026-11-09")

    assert (shown.stands, shown.due) == (True, date(2026, 11, 18))


def test_an_extension_moves_the_legal_limit_and_not_the_promise() -> None:
    history = accepted("2026-11-02")
    history.write(VILLAGE, "extend", at=at("2026-11-10"))

    assert ends(history, "2026-11-10") == ("2026-11-16", "2026-12-14")


def test_a_case_that_nobody_answers_is_deemed_accepted_after_five_working_days() -> None:
    state = received().state()

    assert not is_deemed(state, RULES, date(2026, 11, 30))
    assert is_deemed(state, RULES, date(2026, 12, 1))
    assert not is_due(state, "deem_accepted", RULES, date(2026, 11, 30))
    assert is_due(state, "deem_accepted", RULES, date(2026, 12, 1))


def test_a_deemed_acceptance_counts_from_the_receipt() -> None:
    history = received()
    history.write(VILLAGE, "deem_accepted", at=at("2026-12-01"))

    assert clock(history, "promised", "2026-12-01").start == date(2026, 11, 23)


def test_a_notice_stops_the_clock_of_acceptance_and_supply_starts_it_anew() -> None:
    history = received()
    history.write(VILLAGE, "notify_missing", at=at("2026-11-24"))
    names = [each.name for each in clocks_of(history.state(), RULES, date(2026, 12, 30))]
    history.write(VILLAGE, "supply", at=at("2026-12-07"))

    assert names == ["supplement"]
    assert not is_deemed(history.state(), RULES, date(2026, 12, 14))
    assert clock(history, "acceptance", "2026-12-08").due == date(2026, 12, 14)


def test_papers_that_may_follow_have_a_day_of_their_own() -> None:
    history = received()
    history.write(VILLAGE, "accept_tolerant", at=at("2026-11-23"))

    assert clock(history, "supplement", "2026-11-24").due == date(2026, 11, 30)
    assert not is_due(history.state(), "terminate", RULES, date(2026, 11, 30))
    assert is_due(history.state(), "terminate", RULES, date(2026, 12, 1))


def test_a_step_has_its_own_clock_from_the_step_before() -> None:
    stepped = replace(WHOLE, steps=(_step("check", 3), _step("publicity", 5)))
    history = accepted("2026-11-02")
    first = clock(history, "step", "2026-11-02", rules(stepped)).due
    history.write(VILLAGE, "step_done", at=at("2026-11-04"), step="check")

    assert first == date(2026, 11, 5)
    assert clock(history, "step", "2026-11-04", rules(stepped)).due == date(2026, 11, 11)


def _step(name: str, n: int) -> Step:
    return Step(name, "village", n, "wd")


def test_after_the_decision_the_clock_of_the_promise_has_ended_and_delivery_runs() -> None:
    history = accepted("2026-11-02")
    history.write(VILLAGE, "decide", at=at("2026-11-10"))

    assert clock(history, "promised", "2026-11-10").ended
    assert clock(history, "delivery", "2026-11-10").due == date(2026, 11, 24)


def test_a_new_calendar_moves_the_due_day_and_the_paper_keeps_the_old_one() -> None:
    old = calendar()
    notice = printed_days(at("2026-12-28"), Limit(5, "wd"), Limit(20, "wd"), old)
    history = accepted("2026-12-28", promised=5, notice=notice)
    before = clock(history, "promised", "2026-12-28")
    new = replace(old, version="2027-1", years=(*old.years, 2027), holidays=_with_new_year(old))
    after = clock(history, "promised", "2026-12-28", rules(days=new))

    assert (before.due, before.provisional, before.printed) == (date(2027, 1, 4), True, "")
    assert (after.due, after.provisional, after.printed) == (
        date(2027, 1, 5),
        False,
        "2027-01-04",
    )


def _with_new_year(old: Calendar) -> frozenset[date]:
    return old.holidays | {date(2027, 1, 1)}


def test_of_two_notices_of_acceptance_the_shorter_promise_binds() -> None:
    history = received()
    street = history.fork()
    history.write(VILLAGE, "accept", at=at("2026-11-24"))
    street.write(STREET, "take_over", at=at("2026-11-25"))
    street.write(STREET, "accept", at=at("2026-11-26"))

    state = history.merge(street).state()

    assert len(state.promises) == 2
    assert clock(history, "promised", "2026-11-26").due == date(2026, 12, 1)


def test_a_procedure_is_not_closed_before_its_shortest_lawful_length() -> None:
    history = accepted("2026-11-02")
    facts = {"kind": "publicity", "counts": True, "needed": None}
    history.write(VILLAGE, "pause_open", facts, at=at("2026-11-05"))

    assert not is_due(history.state(), "pause_close", RULES, date(2026, 11, 11))
    assert is_due(history.state(), "pause_close", RULES, date(2026, 11, 12))


def test_a_consulted_body_counts_as_silent_only_after_its_time() -> None:
    state = accepted("2026-11-02").state()
    by = rules(JOINT)
    facts = facts_of("co_sign", opinion="no_answer")

    with pytest.raises(UnlawfulActError):
        check_time(state, "co_sign", facts, by, date(2026, 11, 11))
    check_time(state, "co_sign", facts, by, date(2026, 11, 12))


def test_a_limit_of_hours_ends_to_the_minute() -> None:
    hours = {"promised": {"n": 48, "unit": "h"}}
    history = History()
    history.write(VILLAGE, "receive", at=at("2026-11-02", "15:30"))
    history.write(VILLAGE, "accept", hours, at=at("2026-11-02", "15:30"))

    assert clock(history, "promised", "2026-11-02").until.isoformat() == (
        "2026-11-04T15:30:00+08:00"
    )


@pytest.mark.parametrize(
    ("counting", "until"),
    [
        (Counting(), "2026-11-17T00:00:00+08:00"),
        (Counting(day_ends_h=17), "2026-11-16T17:00:00+08:00"),
        (Counting(first_day=True), "2026-11-14T00:00:00+08:00"),
        (Counting(to_the_second=True), "2026-11-16T09:00:00+08:00"),
    ],
)
def test_a_jurisdiction_may_count_otherwise(counting: Counting, until: str) -> None:
    days = replace(calendar(), counting=counting)

    shown = clock(accepted("2026-11-02"), "promised", "2026-11-03", rules(days=days))

    assert shown.until.isoformat() == until


def test_a_time_that_leads_out_of_every_calendar_has_no_clock() -> None:
    history = History()
    history.write(VILLAGE, "receive", at="9999-12-31T09:00:00+08:00")

    assert clocks_of(history.state(), RULES, date(2026, 11, 23)) == ()


def test_a_pause_of_thousands_of_entries_is_counted_in_one_walk() -> None:
    history = accepted("2026-11-02")
    history.write(VILLAGE, "pause_open", at=at("2026-11-05"))
    history.write(VILLAGE, "pause_close", at=at("2026-11-09"))
    state = history.state()
    many = replace(state, pauses=state.pauses * 5_000)

    found = clocks_of(many, RULES, date(2026, 11, 10))

    assert next(each.due for each in found if each.name == "promised") == date(2026, 11, 18)


@pytest.mark.parametrize(
    "text",
    [
        'version = "1"\ncounting = 3\n[years]',
        'version = "1"\n[years]\n[counting]\nday_ends_h = 25',
        'version = "1"\n[years]\n[counting]\nfirst_day = "yes"',
        'version = "1"\n[years]\n[counting]\nunknown = true',
    ],
)
def test_a_wrong_way_of_counting_is_refused(text: str) -> None:
    with pytest.raises(CalendarError, match="counting"):
        load_calendar(text)


def test_the_way_of_counting_stands_in_the_calendar() -> None:
    text = 'version = "1"\n[years]\n[counting]\nfirst_day = true\nday_ends_h = 17'

    assert load_calendar(text).counting == Counting(first_day=True, day_ends_h=17)


def test_an_item_without_pauses_may_still_wait_for_papers() -> None:
    history = accepted("2026-11-02")
    history.write(VILLAGE, "pause_open", kind="supplement", at=at("2026-11-05"))
    item = replace(WHOLE, pauses=(Pause("hearing", counts=False),))

    shown = clocks_of(history.state(), rules(item), date(2026, 11, 6))

    assert [each.name for each in shown] == ["supplement", "promised", "legal"]
