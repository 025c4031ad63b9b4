import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cases.casestate import CaseState, Offer
from cases.entries import Entry
from cases.fold import Fold, digest, fold
from cases.items import Limit
from tests.support.case_history import (
    CASE_NO,
    DISTRICT,
    ELSEWHERE,
    PATH,
    STREET,
    VILLAGE,
    History,
    facts_of,
    handed_to_street,
    received,
    rows,
)


def test_a_case_without_entries_is_a_draft() -> None:
    assert fold([]) == CaseState()


def test_a_receipt_opens_the_case_at_the_unit_that_gave_it() -> None:
    state = received().state()

    assert (state.state, state.case_no, state.item, state.item_version) == (
        "received",
        CASE_NO,
        "RS-002",
        "draft-1",
    )
    assert (state.path, state.home, state.custody, state.epoch) == (PATH, VILLAGE, VILLAGE, 0)
    assert state.received_at == "2026-11-23T09:05:00+08:00"


def test_acceptance_keeps_the_limits_and_the_calendar_it_was_given_under() -> None:
    history = received()
    history.write(VILLAGE, "accept")

    state = history.state()

    assert state.state == "accepted"
    assert (state.promised, state.legal) == (Limit(5, "wd"), Limit(20, "wd"))
    assert (state.calendar, state.accepted_by) == ("2026-1", f"{VILLAGE}-w1")


def test_the_sender_keeps_custody_until_the_offer_is_taken() -> None:
    history = received()
    offer = history.write(VILLAGE, "send_up", to=STREET)

    assert history.state().custody == VILLAGE
    assert history.state().offer == Offer(STREET, VILLAGE, offer)


def test_taking_moves_custody_and_begins_an_epoch() -> None:
    state = handed_to_street().state()

    assert (state.custody, state.epoch, state.offer) == (STREET, 1, None)


def test_a_case_goes_up_and_back_and_is_delivered_where_it_began() -> None:
    history = handed_to_street()
    history.write(STREET, "step_done")
    history.write(STREET, "send_up", to=DISTRICT)
    history.write(DISTRICT, "take")
    history.write(DISTRICT, "decide")
    history.write(DISTRICT, "issue")
    history.write(DISTRICT, "return", to=VILLAGE)
    history.write(VILLAGE, "take")
    history.write(VILLAGE, "deliver")

    state = history.state()

    assert (state.state, state.outcome, state.custody, state.epoch) == (
        "delivered",
        "granted",
        VILLAGE,
        3,
    )
    assert state.steps_done == ("first_review",)
    assert state.conflicts == ()
    assert all(row.effective for row in state.timeline)


def test_the_home_unit_delivers_without_custody() -> None:
    history = handed_to_street()
    history.write(STREET, "decide")
    history.write(VILLAGE, "deliver")

    assert history.state().state == "delivered"


def test_an_offer_ends_with_the_case() -> None:
    history = handed_to_street()
    history.write(STREET, "decide")
    history.write(STREET, "return", to=VILLAGE)
    history.write(VILLAGE, "deliver")

    assert history.state().offer is None


def test_a_holder_may_act_while_its_offer_waits() -> None:
    history = received()
    history.write(VILLAGE, "send_up", to=STREET)
    history.write(VILLAGE, "accept")

    assert history.state().state == "accepted"
    assert history.state().offered_to == STREET


def test_a_later_offer_replaces_the_first() -> None:
    history = received()
    history.write(VILLAGE, "send_up", to=STREET)
    history.write(VILLAGE, "send_up", to=DISTRICT)
    refused = history.write(STREET, "take")

    state = history.state()

    assert (state.custody, state.offered_to) == (VILLAGE, DISTRICT)
    assert state.conflicts[0].kind == "not_offered"
    assert state.conflicts[0].entries[0] == refused


@pytest.mark.parametrize(
    ("act", "facts", "reason"),
    [
        ("send_up", {"to": VILLAGE}, "offer_to_self"),
        ("send_up", {"to": ELSEWHERE}, "not_on_path"),
        ("return", {"to": STREET}, "not_below"),
        ("take", {}, "already_held"),
        ("step_done", {}, "not_in_state"),
        ("decide", {}, "not_in_state"),
        ("issue", {}, "not_in_state"),
        ("deliver", {}, "not_in_state"),
        ("receive", {}, "second_receive"),
    ],
)
def test_an_unlawful_act_of_the_holder_stays_in_the_timeline_without_effect(
    act: str, facts: dict[str, object], reason: str
) -> None:
    history = received()
    before = history.state()
    history.write(VILLAGE, act, facts)

    after = history.state()

    assert rows(after)[-1] == (act, reason)
    assert replace(after, heads=before.heads, timeline=before.timeline, conflicts=()) == before


def test_sending_up_to_a_unit_below_has_no_effect() -> None:
    history = handed_to_street()
    history.write(STREET, "send_up", to=VILLAGE)

    assert rows(history.state())[-1] == ("send_up", "not_above")


def test_nothing_is_issued_for_a_refusal() -> None:
    history = handed_to_street()
    history.write(STREET, "decide", outcome="refused")
    history.write(STREET, "issue")

    assert rows(history.state())[-1] == ("issue", "not_granted")


def test_an_epoch_that_never_was_has_no_effect() -> None:
    history = received()
    written = history.write(VILLAGE, "accept")
    history.add(replace(history.entries[written], epoch=7))

    assert rows(history.state())[-1] == ("accept", "unknown_epoch")


def test_a_unit_off_the_path_changes_nothing() -> None:
    history = received()
    history.write(ELSEWHERE, "amend")

    assert rows(history.state())[-1] == ("amend", "off_path")
    assert history.state().amended == {}


def test_a_case_is_received_only_by_the_last_unit_of_its_path() -> None:
    history = History()
    history.write(STREET, "receive", path=PATH)

    assert rows(history.state()) == [("receive", "not_home")]
    assert history.state().state == "draft"


def test_acts_before_any_receipt_have_no_effect() -> None:
    history = History()
    history.write(VILLAGE, "note")

    assert rows(history.state()) == [("note", "no_case")]


@pytest.mark.parametrize("act", ["note", "receive"])
def test_a_finished_case_moves_no_more(act: str) -> None:
    history = received()
    history.write(VILLAGE, "withdraw")
    history.write(VILLAGE, act)
    history.write(VILLAGE, "accept")

    assert history.state().state == "withdrawn"
    assert rows(history.state())[-1] == ("accept", "not_in_state")


def test_heads_are_what_nobody_has_seen_yet() -> None:
    outpost = received()
    street = outpost.fork()
    one = outpost.write(VILLAGE, "note")
    two = street.write(STREET, "note")

    assert outpost.merge(street).state().heads == tuple(sorted((one, two)))


def test_an_entry_with_an_absent_parent_is_held_and_folds_once_it_comes() -> None:
    history = received()
    offer = history.write(VILLAGE, "send_up", to=STREET)
    take = history.write(STREET, "take")
    without_offer = [entry for entry in history.entries.values() if entry.id != offer]

    assert fold(without_offer).held == (take,)
    assert fold(without_offer).custody == VILLAGE
    assert history.state().custody == STREET


def test_an_act_of_a_newer_program_is_a_row_without_effect_and_no_conflict() -> None:
    history = received()
    history.write(VILLAGE, "later_act", kind="hearing")

    state = history.state()

    assert rows(state)[-1] == ("later_act", "unknown_act")
    assert state.timeline[-1].facts["kind"] == "hearing"
    assert state.conflicts == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda history: history.write(VILLAGE, "note"),
        lambda history: history.write(STREET, "decide"),
        lambda history: history.write(VILLAGE, "withdraw"),
    ],
)
def test_the_digest_tells_any_difference_of_entries(
    change: Callable[[History], object],
) -> None:
    history = handed_to_street()
    before = digest(history.state())
    change(history)

    assert digest(history.state()) != before


def test_the_digest_of_a_known_history_stays_what_it_was() -> None:
    receipt = next(iter(received().entries.values()))
    amendment = replace(
        receipt, id="b" * 64, parents=("a" * 64,), seq=2, facts=facts_of("amend")
    )
    state = fold([replace(receipt, id="a" * 64), amendment])

    assert digest(state) == "fb93e0ceeca07c4bb83fec07c5c39305c4d7bcda2c6c9630db708bc29d8a8ae7"


def a_thousand_entries() -> list[Entry]:
    """A case on which two desks act at once, all the time."""
    first = next(iter(received().entries.values()))
    entries = [first]
    for seq in range(2, 1_001):
        act = ("note", "amend", "step_done", "send_up")[seq % 4]
        facts = facts_of(act, to=STREET)
        parents = (entries[-1].id,) if seq % 3 else (first.id,)
        entries.append(replace(first, id=f"{seq}", seq=seq, parents=parents, facts=facts))
    return entries


def test_a_thousand_entries_fold_within_a_tenth_of_a_second() -> None:
    # It takes some 15 ms; `make bench` measures it, this bounds it on a busy machine.
    entries = a_thousand_entries()

    assert min(_seconds_to_fold(entries) for _ in range(5)) < 0.1


def test_one_more_entry_costs_a_small_part_of_folding_anew() -> None:
    entries = a_thousand_entries()
    kept = Fold(entries[:-50])
    ordered = [row.entry for row in kept.state.timeline]
    last = replace(entries[-1], parents=(ordered[-1],))

    began = time.perf_counter()
    is_behind = kept.add([last])
    spent = time.perf_counter() - began

    assert is_behind
    assert kept.state == fold([*entries[:-50], last])
    assert spent < min(_seconds_to_fold(entries) for _ in range(5))


def _seconds_to_fold(entries: list[Entry]) -> float:
    began = time.perf_counter()
    fold(entries)
    return time.perf_counter() - began
