"""Take-over, corrected times, and acts that their authors take back."""

from dataclasses import replace

import pytest

from tests.support.case_acts import accepted, actor, do, refused
from tests.support.case_history import DISTRICT, STREET, VILLAGE, received, rows


def test_a_silent_unit_s_case_is_taken_over_from_above_by_a_supervisor() -> None:
    history = accepted()

    assert refused(history, STREET, "take_over") == "no_role"
    assert refused(history, VILLAGE, "take_over", actor(VILLAGE, "supervisor")) == "not_over"

    taken = do(history, STREET, "take_over", actor(STREET, "supervisor"))
    state = history.state()
    assert (state.custody, state.epoch, state.holders) == (STREET, 1, (VILLAGE, STREET))
    assert [(each.entry, each.of) for each in state.taken_over] == [(taken, VILLAGE)]


def test_a_higher_tier_wins_when_two_take_a_case_over_at_once() -> None:
    street = accepted()
    district = street.fork()
    do(street, STREET, "take_over", actor(STREET, "supervisor"))
    do(district, DISTRICT, "take_over", actor(DISTRICT, "supervisor"))

    assert street.merge(district).state().custody == DISTRICT


def test_a_wrong_time_is_corrected_by_a_supervisor_and_the_entry_stays_as_it_is() -> None:
    history = received()
    wrong = history.write(VILLAGE, "accept", at="2024-11-23T09:05:00+08:00")
    doubted = history.state().clock_doubt
    do(
        history,
        STREET,
        "correct",
        actor(STREET, "supervisor"),
        of=wrong,
        right="2026-11-24T09:00:00+08:00",
    )

    state = history.state()

    assert doubted == (wrong,)
    assert (state.accepted_at, state.clock_doubt) == ("2026-11-24T09:00:00+08:00", ())
    assert [row.at for row in state.timeline if row.entry == wrong] == [
        "2024-11-23T09:05:00+08:00"
    ]


def test_a_time_is_doubtful_when_the_clock_was_off_or_ran_back() -> None:
    history = received()
    off = history.write(VILLAGE, "accept", clock_offset_s=-601)
    back = history.write(VILLAGE, "decide")
    history.add(replace(history.entries.pop(back), hlc=(1_800_000_000_000, 0)))

    assert history.state().clock_doubt == (off, back)


def test_an_act_that_nobody_built_upon_is_taken_back_by_its_author() -> None:
    history = accepted()
    [*_, last] = history.state().timeline
    assert refused(history, STREET, "retract", of=last.entry) == "not_own"
    do(history, VILLAGE, "retract", of=last.entry)

    state = history.state()

    assert (state.state, state.promises, state.conflicts) == ("received", (), ())
    assert rows(state)[-2:] == [("accept", "retracted"), ("retract", "")]


def test_an_act_that_somebody_built_upon_stays_and_the_attempt_is_shown() -> None:
    history = accepted()
    [*_, last] = history.state().timeline
    street = history.fork()
    late = history.write(VILLAGE, "retract", of=last.entry)
    street.write(STREET, "note")

    state = history.merge(street).state()

    assert state.state == "accepted"
    assert [(each.kind, each.entries, each.soft) for each in state.conflicts] == [
        ("retract_late", (late,), True)
    ]


@pytest.mark.parametrize("act", ["receive", "retract"])
def test_a_receipt_and_a_retraction_are_not_taken_back(act: str) -> None:
    history = received()
    if act == "retract":
        do(history, VILLAGE, "note")
        do(history, VILLAGE, "retract", of=history.state().heads[0])
    [*_, last] = history.state().timeline

    assert refused(history, VILLAGE, "retract", of=last.entry) == "not_retractable"
    history.write(VILLAGE, "retract", of=last.entry)
    assert rows(history.state())[-1] == ("retract", "retract_late")


def test_an_act_is_not_taken_back_once_its_author_went_on() -> None:
    history = accepted()
    [*_, last] = history.state().timeline
    do(history, VILLAGE, "note")

    assert refused(history, VILLAGE, "retract", of=last.entry) == "built_upon"
