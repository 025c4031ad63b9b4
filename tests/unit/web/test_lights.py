"""The light of a case follows its clock by working days."""

from dataclasses import dataclass
from datetime import date

import pytest

from tests.support.network import calendar
from web.lights import Light, acceptance_due, light_of

RECEIVED = "2026-11-23T09:05:00+08:00"


@dataclass(frozen=True)
class Case:
    state: str
    acceptance_from: str = RECEIVED


def light(state: str, due: str, today: str) -> Light:
    return light_of(Case(state), due, date.fromisoformat(today), calendar(), 5)


@pytest.mark.parametrize(
    ("today", "colour", "word", "days"),
    [
        ("2026-11-23", "green", "in_time", 5),
        ("2026-11-26", "amber", "soon", 2),
        ("2026-11-28", "amber", "soon", 1),
        ("2026-11-30", "amber", "today", 0),
        ("2026-12-02", "red", "overdue", 2),
    ],
)
def test_a_promise_turns_amber_two_working_days_before_its_end_and_red_after_it(
    today: str, colour: str, word: str, days: int
) -> None:
    assert light("handling", "2026-11-30", today) == Light(
        colour, word, days, "2026-11-30", "promise"
    )


def test_an_overdue_case_is_over_by_a_day_even_on_the_weekend_after_its_end() -> None:
    found = light("accepted", "2026-11-27", "2026-11-28")

    assert (found.word, found.days) == ("overdue", 1)


def test_a_received_case_shows_the_clock_of_its_acceptance() -> None:
    found = light("received", "", "2026-11-24")

    assert (found.clock, found.due, found.days) == ("accept", "2026-11-30", 4)


@pytest.mark.parametrize("state", ["delivered", "withdrawn"])
def test_an_ended_case_has_no_clock(state: str) -> None:
    assert light(state, "2026-11-30", "2026-12-30") == Light("grey", "ended")


def test_a_decided_case_is_no_longer_late() -> None:
    assert light("decided", "2026-11-30", "2026-12-30").colour == "green"


def test_a_time_that_is_none_gives_no_due_day() -> None:
    assert acceptance_due("soon", calendar(), 5) == ""


@pytest.mark.parametrize("state", ["supplement_pre", "supplement_review", "paused"])
def test_a_case_in_a_special_procedure_stands_and_is_not_late(state: str) -> None:
    assert light(state, "2026-11-30", "2026-12-30").word == "stands"
