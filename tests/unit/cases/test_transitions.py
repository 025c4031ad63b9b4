"""Every transition of a case: where it leads, who may do it, what it asks, what it refuses."""

from dataclasses import replace

import pytest

from cases.acts import ACT_TABLE
from cases.casestate import CaseState
from cases.entries import ACTS
from cases.grammar import PAUSE_KINDS
from cases.items import Limit
from cases.judging import Actor
from cases.lifecycle import available, check
from cases.states import CLOSED, ENDS, RULES
from tests.support.case_acts import JOINT, WHOLE, accepted, actor, decided, do, refused
from tests.support.case_history import (
    CITY,
    DISTRICT,
    STANDS,
    STREET,
    VILLAGE,
    History,
    facts_of,
    handed_to_street,
    received,
    rows,
)


def state_of(history: History) -> str:
    return history.state().state


def test_the_tables_name_the_same_acts_in_the_same_order() -> None:
    assert tuple(ACT_TABLE) == tuple(RULES) == ACTS


@pytest.mark.parametrize("act", ["not_accept", "send_back", "withdraw", "terminate", "void"])
def test_every_end_without_a_decision_wants_a_reason(act: str) -> None:
    assert ACT_TABLE[act].reason
    assert RULES[act].target in (*ENDS, None)


@pytest.mark.parametrize(
    ("act", "prints"),
    [
        ("receive", ("receipt",)),
        ("notify_missing", ("one_time_notice",)),
        ("supply", ("supplement_receipt",)),
        ("accept", ("acceptance_notice",)),
        ("accept_tolerant", ("acceptance_notice", "commitment")),
        ("deem_accepted", ("acceptance_notice",)),
        ("not_accept", ("refusal_to_accept",)),
        ("send_up", ("transfer_list",)),
        ("return", ("return_note",)),
        ("pause_open", ("special_procedure_notice",)),
        ("extend", ("extension_notice",)),
        ("decide", ("decision",)),
        ("issue", ("certificate",)),
        ("deliver", ("proof_of_delivery",)),
        ("send_back", ("return_notice",)),
        ("withdraw", ("withdrawal_slip",)),
        ("terminate", ("termination_notice",)),
        ("archive", ("box_label",)),
        ("note", ()),
        ("void", ()),
    ],
)
def test_the_papers_that_go_out_with_an_act(act: str, prints: tuple[str, ...]) -> None:
    assert ACT_TABLE[act].prints == prints


def test_a_notice_of_missing_papers_stops_the_case_until_all_have_come() -> None:
    history = received()
    do(history, VILLAGE, "notify_missing", missing=["photo", "app_form"])
    waiting = history.state()
    do(history, VILLAGE, "supply", complete=False)
    half = state_of(history)
    do(history, VILLAGE, "supply", at="2026-11-25T10:00:00+08:00")

    assert (waiting.state, waiting.missing) == ("supplement_pre", ("photo", "app_form"))
    assert half == "supplement_pre"
    assert state_of(history) == "received"
    assert history.state().acceptance_from == "2026-11-25T10:00:00+08:00"
    assert history.state().papers["photo"] == "copy"


def test_a_second_notice_wants_a_reason() -> None:
    history = received()
    do(history, VILLAGE, "notify_missing")
    do(history, VILLAGE, "supply")

    assert refused(history, VILLAGE, "notify_missing") == "second_notice"

    do(history, VILLAGE, "notify_missing", reason_code="new_fact")
    assert history.state().notices == 2


def test_papers_are_supplied_at_any_window_of_the_path_that_may_accept() -> None:
    history = received()
    do(history, VILLAGE, "send_up", to=STREET)
    do(history, STREET, "take")
    do(history, STREET, "notify_missing")
    do(history, VILLAGE, "supply")

    assert state_of(history) == "received"
    assert refused(history, CITY, "supply") == "no_right"


def test_papers_that_nobody_waits_for_are_not_supplied() -> None:
    assert refused(accepted(), VILLAGE, "supply") == "nothing_owed"


def test_a_case_is_not_accepted_while_a_main_paper_is_known_to_lack() -> None:
    history = History()
    history.write(VILLAGE, "receive", papers=[{"material": "app_form", "state": "lacking"}])

    assert refused(history, VILLAGE, "accept") == "papers_lacking"
    assert refused(history, VILLAGE, "accept_tolerant") == "papers_lacking"


def test_secondary_papers_may_follow_and_nothing_is_issued_before_they_have_come() -> None:
    history = received()
    do(history, VILLAGE, "accept_tolerant", owed=["photo"])
    tolerated = history.state()
    do(history, VILLAGE, "decide", actor(VILLAGE, clerk="other"))

    assert (tolerated.state, tolerated.tolerated, tolerated.owed) == (
        "accepted",
        True,
        ("photo",),
    )
    assert refused(history, VILLAGE, "issue") == "papers_owed"

    do(history, VILLAGE, "supply")
    do(history, VILLAGE, "issue")
    assert state_of(history) == "issued"


def test_only_secondary_papers_are_tolerated_and_not_longer_than_the_promise() -> None:
    assert refused(received(), VILLAGE, "accept_tolerant", owed=["app_form"]) == "not_tolerable"
    assert (
        refused(received(), VILLAGE, "accept_tolerant", supply_within={"n": 6, "unit": "wd"})
        == "supply_too_long"
    )


def test_a_case_that_nobody_answered_is_accepted_from_the_day_of_its_receipt() -> None:
    history = received()
    do(history, VILLAGE, "deem_accepted", at="2026-12-15T09:00:00+08:00")

    state = history.state()

    assert (state.state, state.deemed) == ("accepted", True)
    assert state.accepted_at == state.received_at == "2026-11-23T09:05:00+08:00"


def test_what_is_not_our_matter_is_declined_with_the_body_whose_it_is() -> None:
    history = received()

    assert refused(history, VILLAGE, "not_accept", reason_code="not_ours") == "whose_needed"

    do(history, VILLAGE, "not_accept", reason_code="not_ours", whose="public_security")
    assert state_of(history) == "not_accepted"
    assert history.state().end_reason == "not_ours"


def test_a_special_procedure_lets_the_case_stand_and_it_goes_on_where_it_stood() -> None:
    history = accepted()
    do(history, VILLAGE, "pause_open")
    paused = history.state()
    do(history, VILLAGE, "pause_close")

    assert paused.state == "paused"
    assert paused.pause is not None
    assert state_of(history) == "accepted"
    assert history.state().pause is None


def test_a_paused_case_is_neither_decided_nor_paused_again() -> None:
    history = accepted()
    do(history, VILLAGE, "pause_open")

    assert refused(history, VILLAGE, "decide") == "not_in_state"
    assert refused(history, VILLAGE, "pause_open") == "not_in_state"
    assert refused(accepted(), VILLAGE, "pause_close") == "not_in_state"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"kind": "bidding"}, "pause_not_allowed"),
        ({"kind": "site_visit", "counts": True}, "pause_not_allowed"),
        (
            {"kind": "publicity", "counts": True, "needed": {"n": 6, "unit": "cd"}},
            "pause_length",
        ),
        ({"kind": "hearing", "needed": {"n": 21, "unit": "cd"}}, "pause_length"),
    ],
)
def test_a_procedure_that_the_item_does_not_allow_is_refused(
    facts: dict[str, object], code: str
) -> None:
    assert refused(accepted(), VILLAGE, "pause_open", **facts) == code


def test_a_gap_found_in_review_is_filled_and_the_review_goes_on() -> None:
    history = accepted()
    do(history, VILLAGE, "pause_open", kind="supplement")
    waiting = state_of(history)
    do(history, VILLAGE, "supply", complete=False)
    still = state_of(history)
    do(history, VILLAGE, "supply")

    assert (waiting, still, state_of(history)) == (
        "supplement_review",
        "supplement_review",
        "accepted",
    )


@pytest.mark.parametrize("kind", PAUSE_KINDS)
def test_every_kind_of_procedure_can_be_written(kind: str) -> None:
    history = accepted()
    history.write(VILLAGE, "pause_open", kind=kind)

    assert rows(history.state())[-1] == ("pause_open", "")


def test_the_legal_limit_is_extended_once_by_an_approver_where_the_item_allows() -> None:
    history = accepted()

    assert refused(history, VILLAGE, "extend", actor(VILLAGE, "window")) == "no_role"
    assert (
        refused(history, VILLAGE, "extend", None, replace(WHOLE, extend=None)) == "no_extension"
    )

    do(history, VILLAGE, "extend")
    assert history.state().extended == Limit(10, "wd")
    assert refused(history, VILLAGE, "extend") == "extended_before"


def test_a_joint_case_is_decided_when_every_consulted_body_has_answered() -> None:
    history = accepted()
    other = actor(VILLAGE, clerk="other")

    assert refused(history, VILLAGE, "decide", other, JOINT) == "answer_open"
    assert refused(history, VILLAGE, "co_sign", other, JOINT, body="market") == "not_consulted"

    do(history, VILLAGE, "co_sign", None, JOINT, body="fire")
    do(history, VILLAGE, "co_sign", None, JOINT, body="ecology", opinion="disagree")
    assert refused(history, VILLAGE, "decide", other, JOINT) == "not_all_agree"

    do(history, VILLAGE, "decide", other, JOINT, outcome="refused")
    assert state_of(history) == "decided"


def test_who_accepted_does_not_decide() -> None:
    assert refused(accepted(), VILLAGE, "decide") == "segregation"


def test_papers_that_do_not_come_end_the_case() -> None:
    history = received()

    assert refused(history, VILLAGE, "terminate") == "nothing_owed"

    do(history, VILLAGE, "notify_missing")
    do(history, VILLAGE, "terminate")
    assert state_of(history) == "terminated"


def test_a_duplicate_is_sent_back_with_the_number_of_the_other_case() -> None:
    history = received()

    assert refused(history, VILLAGE, "send_back", reason_code="duplicate") == "other_needed"

    do(
        history,
        VILLAGE,
        "send_back",
        reason_code="duplicate",
        other="1201030030010126112300077",
    )
    assert state_of(history) == "returned"


def test_a_wrong_case_is_voided_by_a_supervisor_after_another_person_asked() -> None:
    history = decided()
    supervisor = actor(STREET, "supervisor", clerk="inspector")
    do(history, VILLAGE, "void")
    asked = history.state()

    assert (asked.state, asked.void_asked_by) == ("decided", f"{VILLAGE}-w1")
    assert refused(history, VILLAGE, "void", actor(VILLAGE, "supervisor")) == "second_person"
    assert refused(history, STREET, "void", actor(STREET, clerk="b")) == "no_role"

    do(history, STREET, "void", supervisor)
    assert (state_of(history), history.state().end_reason) == ("voided", "wrong_entry")


def test_nobody_below_the_holder_voids_a_case() -> None:
    assert refused(handed_to_street(), VILLAGE, "void") == "not_over"


def test_a_finished_case_is_archived_once() -> None:
    history = decided("refused")
    do(history, VILLAGE, "deliver")
    do(history, VILLAGE, "archive")

    assert state_of(history) == "archived"
    assert refused(history, VILLAGE, "archive") == "not_in_state"


@pytest.mark.parametrize("act", ["rate", "note", "urge", "attach"])
def test_what_only_adds_never_changes_the_state(act: str) -> None:
    for history in (received(), accepted(), decided()):
        before = state_of(history)
        do(history, CITY, act)
        assert state_of(history) == before


def test_what_a_page_offers_is_lawful_in_every_state() -> None:
    supervisor = actor(STREET, "supervisor", "approver", clerk="s1")
    histories = [received(), accepted(), decided(), handed_to_street()]
    for name in ("notify_missing", "accept_tolerant"):
        history = received()
        history.write(VILLAGE, name)
        histories.append(history)
    paused = accepted()
    paused.write(VILLAGE, "pause_open")

    for history in (*histories, paused):
        for who in (actor(VILLAGE, clerk="v2"), supervisor):
            for name in available(history.state(), who, WHOLE, STANDS):
                facts = _facts(name, history.state(), who)
                check(history.state(), name, facts, who, WHOLE, STANDS)


def _facts(name: str, state: CaseState, who: Actor) -> dict[str, object]:
    to = {"send_up": STREET if who.unit == VILLAGE else DISTRICT, "return": VILLAGE}
    extra: dict[str, object] = {"to": to[name]} if name in to else {}
    if name == "notify_missing" and state.notices:
        extra["reason_code"] = "again"
    return facts_of(name, **extra)


def test_an_act_of_a_newer_program_is_kept_and_counts_after_the_upgrade() -> None:
    history = received()
    written = history.write(VILLAGE, "accept")
    known = history.entries[written]
    # To a program whose tables lack it, an act is a word like any other.
    history.add(replace(known, facts={**known.facts, "act": "later_act"}))
    before = history.state()
    history.add(known)

    assert (before.state, rows(before)[-1]) == ("received", ("later_act", "unknown_act"))
    assert before.conflicts == ()
    assert history.state().state == "accepted"


def test_every_closed_state_ends_an_offer() -> None:
    for act, rule in RULES.items():
        if rule.target in CLOSED and rule.target != "archived" and act != "deliver":
            history = received()
            if act == "terminate":
                history.write(VILLAGE, "notify_missing")
            history.write(VILLAGE, "send_up", to=STREET)
            history.write(VILLAGE, act)
            assert (act, history.state().offer) == (act, None)
