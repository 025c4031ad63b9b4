from dataclasses import replace

import pytest

from cases.casestate import Amendment
from cases.conflicts import Conflict
from cases.fold import fold
from tests.support.case_history import (
    DISTRICT,
    PATH,
    STREET,
    VILLAGE,
    History,
    handed_to_street,
    received,
    rows,
)


def test_an_act_without_custody_loses_against_the_act_that_moved_it() -> None:
    history = handed_to_street()
    take = next(row.entry for row in history.state().timeline if row.act == "take")
    decision = history.write(VILLAGE, "decide")

    assert history.state().conflicts == (Conflict("no_custody", (decision, take)),)


def test_an_act_under_an_old_epoch_loses_when_the_case_was_taken_meanwhile() -> None:
    outpost = received()
    outpost.write(VILLAGE, "accept")
    outpost.write(VILLAGE, "send_up", to=STREET)
    street = outpost.fork()
    take = street.write(STREET, "take")
    step = outpost.write(VILLAGE, "step_done")

    state = outpost.merge(street).state()

    assert (state.custody, state.steps_done) == (STREET, ())
    assert state.conflicts == (Conflict("old_epoch", (step, take), soft=True),)


def test_an_act_under_an_earlier_custody_of_the_same_unit_loses() -> None:
    history = handed_to_street()
    history.write(STREET, "return", to=VILLAGE)
    history.write(VILLAGE, "take")
    written = history.write(VILLAGE, "step_done")
    history.add(replace(history.entries[written], epoch=0))

    assert history.state().custody == VILLAGE
    assert rows(history.state())[-1] == ("step_done", "old_epoch")


def test_of_two_receipts_the_first_in_order_counts_and_the_other_is_a_conflict() -> None:
    first, second = History(), History()
    second.positions = first.positions
    counted = first.write(VILLAGE, "receive")
    extra = second.write(VILLAGE, "receive", station=2)

    state = first.merge(second).state()

    assert state.conflicts == (Conflict("second_receive", (extra, counted)),)


def test_two_desks_of_one_unit_may_take_the_case_at_once_without_a_conflict() -> None:
    one = received()
    one.write(VILLAGE, "send_up", to=STREET)
    other = one.fork()
    one.write(STREET, "take")
    other.write(STREET, "take", station=2)
    other.write(STREET, "accept", station=2)

    state = one.merge(other).state()

    assert (state.custody, state.epoch, state.state) == (STREET, 1, "accepted")
    assert state.conflicts == ()


def test_a_cloned_device_is_reported_and_both_its_entries_stay() -> None:
    original = received()
    clone = original.fork()
    clone.positions = dict(original.positions)
    one = original.write(VILLAGE, "note")
    two = clone.write(VILLAGE, "amend")

    state = original.merge(clone).state()

    assert state.conflicts == (
        Conflict("fork", tuple(sorted((one, two))), field=f"{VILLAGE}-01"),
    )
    assert [row.entry for row in state.timeline if row.effective][1:] == sorted((one, two))


def test_a_feed_that_begins_anew_is_no_fork() -> None:
    history = received()
    again = history.write(VILLAGE, "note")
    history.add(replace(history.entries[again], seq=1, incarnation=1))

    assert history.state().conflicts == ()


def test_a_later_amendment_simply_replaces_the_one_it_has_seen() -> None:
    history = received()
    history.write(VILLAGE, "amend", fields=["mobile"])
    last = history.write(STREET, "amend", fields=["mobile"])

    assert history.state().amended == {"mobile": Amendment(last)}
    assert history.state().conflicts == ()


def test_of_amendments_made_apart_the_later_in_order_wins_and_the_other_is_kept() -> None:
    outpost = received()
    street = outpost.fork()
    losing = street.write(STREET, "amend", fields=["mobile", "address"])
    winning = outpost.write(VILLAGE, "amend", fields=["mobile", "name"])

    state = outpost.merge(street).state()

    assert state.amended == {
        "address": Amendment(losing),
        "mobile": Amendment(winning, (losing,)),
        "name": Amendment(winning),
    }
    assert state.conflicts == (
        Conflict("amendment", (losing, winning), soft=True, field="mobile"),
    )


def test_an_amendment_by_one_who_has_seen_both_settles_the_conflict() -> None:
    outpost = received()
    street = outpost.fork()
    street.write(STREET, "amend")
    outpost.write(VILLAGE, "amend")
    settled = outpost.merge(street).write(DISTRICT, "amend")

    assert outpost.state().amended == {"mobile": Amendment(settled)}
    assert outpost.state().conflicts == ()


def test_an_amendment_that_has_seen_only_one_of_two_leaves_the_other_as_loser() -> None:
    outpost = received()
    street, district = outpost.fork(), outpost.fork()
    unseen = district.write(DISTRICT, "amend")
    seen = street.write(STREET, "amend")
    winning = outpost.merge(street).write(VILLAGE, "amend")

    assert seen not in outpost.merge(district).state().amended["mobile"].losers
    assert outpost.state().amended == {"mobile": Amendment(winning, (unseen,))}


def test_an_amendment_after_the_decision_is_too_late() -> None:
    history = handed_to_street()
    history.write(STREET, "decide")
    history.write(VILLAGE, "amend")

    assert rows(history.state())[-1] == ("amend", "too_late")


def test_a_step_done_by_two_desks_apart_is_done_once() -> None:
    one = handed_to_street()
    other = one.fork()
    one.write(STREET, "step_done")
    second = other.write(STREET, "step_done", station=2)

    state = one.merge(other).state()

    assert state.steps_done == ("first_review",)
    assert state.conflicts == (Conflict("repeated_step", (second,), soft=True),)


def test_a_step_that_stands_twice_in_the_item_is_done_twice_by_who_knows_of_the_first() -> None:
    history = received()
    history.write(VILLAGE, "accept")
    history.write(VILLAGE, "step_done", step="publicity")
    history.write(VILLAGE, "send_up", to=STREET)
    history.write(STREET, "take")
    history.write(STREET, "step_done", step="publicity")

    assert history.state().steps_done == ("publicity", "publicity")


def test_the_holder_withdraws_at_once() -> None:
    history = received()
    history.write(VILLAGE, "withdraw")

    assert history.state().state == "withdrawn"
    assert history.state().withdrawn_at == "2026-11-23T09:05:00+08:00"


def test_the_home_unit_without_custody_asks_and_the_holder_confirms() -> None:
    history = handed_to_street()
    history.write(VILLAGE, "withdraw")
    asked = history.state()
    history.write(STREET, "withdraw")
    confirmed = history.state()

    assert (asked.state, asked.withdraw_requested) == ("accepted", True)
    assert (confirmed.state, confirmed.withdraw_requested) == ("withdrawn", False)


def test_a_withdrawal_after_the_decision_is_too_late() -> None:
    history = handed_to_street()
    decision = history.write(STREET, "decide")
    request = history.write(VILLAGE, "withdraw")

    assert rows(history.state())[-1] == ("withdraw", "too_late")
    assert history.state().conflicts == (Conflict("withdrawal_decided", (request, decision)),)


@pytest.mark.parametrize("asking_station", [1, 2])
def test_a_withdrawal_and_a_decision_made_apart_are_reported_whichever_comes_first(
    asking_station: int,
) -> None:
    # The home unit of this case is a street, whose devices sort after those of the district.
    path = PATH[:3]
    street = History()
    street.write(STREET, "receive", path=path)
    street.write(STREET, "accept")
    street.write(STREET, "send_up", to=DISTRICT)
    street.write(DISTRICT, "take")
    district = street.fork()
    request = street.write(STREET, "withdraw", station=asking_station)
    decision = district.write(DISTRICT, "decide")
    if asking_station == 1:
        # As if the request came from a device that sorts before those of the district.
        street.add(replace(street.entries[request], device="0"))

    state = street.merge(district).state()

    assert (state.state, state.withdraw_requested) == ("decided", False)
    assert state.conflicts == (Conflict("withdrawal_decided", (request, decision)),)


def test_a_decision_that_knows_of_the_request_is_no_conflict() -> None:
    history = handed_to_street()
    history.write(VILLAGE, "withdraw")
    history.write(STREET, "decide")

    assert history.state().conflicts == ()


def test_a_row_between_does_not_hide_which_act_moved_the_case() -> None:
    history = handed_to_street()
    take = next(row.entry for row in history.state().timeline if row.act == "take")
    history.write(STREET, "note")
    late = history.write(VILLAGE, "step_done")

    assert history.state().conflicts == (Conflict("no_custody", (late, take)),)


def test_a_fork_is_reported_while_one_of_its_entries_still_waits() -> None:
    history = received()
    written = history.write(VILLAGE, "note")
    twin = replace(history.entries[written], id="f" * 64, parents=("absent",))

    state = fold([*history.entries.values(), twin])

    assert state.held == (twin.id,)
    assert [conflict.kind for conflict in state.conflicts] == ["fork"]


def test_a_withdrawal_under_an_earlier_custody_is_a_request() -> None:
    history = handed_to_street()
    history.write(STREET, "return", to=VILLAGE)
    history.write(VILLAGE, "take")
    written = history.write(VILLAGE, "withdraw")
    history.add(replace(history.entries[written], epoch=0))

    assert (history.state().state, history.state().withdraw_requested) == ("accepted", True)
