import pytest

from cases.entries import ACTS
from cases.errors import FactsError, UnlawfulActError
from cases.items import Item
from cases.lifecycle import Actor, NextStep, available, check, next_step
from tests.support.case_history import (
    CITY,
    DISTRICT,
    ELSEWHERE,
    STANDS,
    STREET,
    VILLAGE,
    History,
    facts_of,
    handed_to_street,
    item,
    received,
)
from tests.support.case_items import CARD, EMPLOYMENT, PENSION, SUPPORT, actor


def act(
    history: History, unit: str, name: str, subject: Item, clerk: str = "", **facts: object
) -> None:
    """Do an act as a page does: check it on the newest state, then write it."""
    who = actor(unit, clerk)
    check(history.state(), name, facts_of(name, **facts), who, subject, STANDS)
    history.write(unit, name, facts, clerk=who.clerk)


def refused(
    history: History, unit: str, name: str, subject: Item, clerk: str = "", **facts: object
) -> str:
    """The code with which an act is refused."""
    with pytest.raises(UnlawfulActError) as error:
        act(history, unit, name, subject, clerk, **facts)
    return error.value.code


def test_a_pension_claim_runs_through_three_tiers() -> None:
    history = History()
    act(history, VILLAGE, "receive", PENSION)
    act(history, VILLAGE, "accept", PENSION)
    act(history, VILLAGE, "send_up", PENSION, to=STREET)
    act(history, STREET, "take", PENSION)
    act(history, STREET, "step_done", PENSION)
    act(history, STREET, "send_up", PENSION, to=DISTRICT)
    act(history, DISTRICT, "take", PENSION)
    act(history, DISTRICT, "decide", PENSION)
    act(history, VILLAGE, "deliver", PENSION)

    assert history.state().state == "delivered"
    assert history.state().conflicts == ()


def test_support_is_accepted_at_the_street_and_posted_in_the_village() -> None:
    history = History()
    act(history, VILLAGE, "receive", SUPPORT)
    act(history, VILLAGE, "precheck", SUPPORT)
    act(history, VILLAGE, "send_up", SUPPORT, to=STREET)
    act(history, STREET, "take", SUPPORT)
    act(history, STREET, "accept", SUPPORT)
    act(history, STREET, "step_done", SUPPORT, step="check")
    act(history, STREET, "return", SUPPORT, to=VILLAGE)
    act(history, VILLAGE, "take", SUPPORT)
    act(history, VILLAGE, "step_done", SUPPORT, step="publicity")
    act(history, VILLAGE, "send_up", SUPPORT, to=STREET)
    act(history, STREET, "take", SUPPORT)
    act(history, STREET, "decide", SUPPORT, clerk="another")

    assert history.state().outcome == "granted"


def test_an_immediate_item_is_finished_at_the_outpost_by_one_clerk() -> None:
    history = History()
    for name in ("receive", "accept", "decide", "issue", "deliver"):
        act(history, VILLAGE, name, CARD)

    assert history.state().state == "delivered"


def test_an_immediate_item_goes_up_from_a_tier_that_may_not_decide_it() -> None:
    history = received()
    history.write(VILLAGE, "accept")

    assert refused(history, VILLAGE, "decide", EMPLOYMENT) == "no_right"
    assert next_step(history.state(), EMPLOYMENT) == NextStep(
        "decide", "", ("street", "district")
    )


def test_only_a_tier_that_may_accept_or_precheck_receives() -> None:
    assert refused(History(), STREET, "receive", PENSION) == "no_right"


def test_a_case_is_received_once() -> None:
    assert refused(received(), VILLAGE, "receive", PENSION) == "second_receive"


def test_an_act_on_no_case_is_refused() -> None:
    with pytest.raises(UnlawfulActError) as error:
        check(None, "accept", facts_of("accept"), actor(VILLAGE), PENSION)

    assert error.value.code == "no_case"


def test_an_item_that_is_not_the_case_s_is_refused() -> None:
    assert refused(History(), VILLAGE, "receive", PENSION, item="MZ-001") == "other_item"


def test_an_unknown_act_is_refused() -> None:
    assert refused(received(), VILLAGE, "later_act", PENSION) == "unknown_act"


def test_malformed_facts_are_refused_before_anything_is_judged() -> None:
    with pytest.raises(FactsError):
        act(received(), VILLAGE, "send_up", PENSION, to="up")


def test_a_unit_without_custody_moves_nothing() -> None:
    history = handed_to_street()

    assert refused(history, VILLAGE, "step_done", PENSION) == "no_custody"
    assert refused(history, DISTRICT, "decide", PENSION) == "no_custody"


def test_only_the_unit_that_a_case_is_offered_to_takes_it() -> None:
    history = received()
    history.write(VILLAGE, "send_up", to=STREET)

    assert refused(history, DISTRICT, "take", PENSION) == "not_offered"


def test_a_unit_stands_in_for_the_tiers_that_the_tree_skips() -> None:
    history = handed_to_street()
    history.write(STREET, "step_done")
    both = Actor(STREET, "street", ("street", "district"), "another")

    check(history.state(), "decide", facts_of("decide"), both, PENSION)

    assert refused(history, STREET, "decide", PENSION) == "no_right"


@pytest.mark.parametrize(
    ("unit", "name", "to", "code"),
    [
        (STREET, "send_up", STREET, "offer_to_self"),
        (STREET, "send_up", ELSEWHERE, "not_on_path"),
        (STREET, "send_up", VILLAGE, "not_above"),
        (STREET, "send_up", CITY, "target_no_right"),
        (STREET, "return", DISTRICT, "not_below"),
        (STREET, "return", ELSEWHERE, "not_on_path"),
    ],
)
def test_a_case_is_offered_only_along_its_path_to_who_can_work_on_it(
    unit: str, name: str, to: str, code: str
) -> None:
    assert refused(handed_to_street(), unit, name, PENSION, to=to) == code


def test_nothing_is_sent_up_to_a_unit_of_which_nothing_is_known() -> None:
    facts = facts_of("send_up", to=DISTRICT)

    with pytest.raises(UnlawfulActError) as error:
        check(handed_to_street().state(), "send_up", facts, actor(STREET), PENSION)

    assert error.value.code == "target_no_right"


def test_a_decision_waits_for_the_steps_before_it() -> None:
    history = handed_to_street()
    history.write(STREET, "send_up", to=DISTRICT)
    history.write(DISTRICT, "take")

    with pytest.raises(UnlawfulActError) as error:
        act(history, DISTRICT, "decide", PENSION)

    assert (error.value.code, error.value.params) == (
        "step_open",
        {"step": "first_review", "tier": "street"},
    )


def test_steps_after_the_decision_do_not_hold_it_up() -> None:
    decide_first = item(
        {"street": ["decide"], "village": ["accept"]},
        [("accept", "village"), ("decide", "street"), ("pay", "street")],
    )
    history = handed_to_street()

    act(history, STREET, "decide", decide_first)

    assert history.state().state == "decided"


def test_a_step_that_stands_twice_is_open_until_it_is_done_twice() -> None:
    reward = item(
        {"street": ["review", "decide"], "village": ["accept", "review"]},
        [("publicity", "village"), ("review", "street"), ("publicity", "street")],
    )
    history = received()
    history.write(VILLAGE, "accept")
    act(history, VILLAGE, "step_done", reward, step="publicity")

    assert refused(history, VILLAGE, "step_done", reward, step="publicity") == "step_not_next"
    act(history, VILLAGE, "send_up", reward, to=STREET)
    act(history, STREET, "take", reward)
    act(history, STREET, "step_done", reward, step="review")
    assert refused(history, STREET, "decide", reward) == "step_open"
    act(history, STREET, "step_done", reward, step="publicity")
    act(history, STREET, "decide", reward)
    assert history.state().state == "decided"


@pytest.mark.parametrize(
    ("step", "code"),
    [("accept", "step_is_act"), ("decide", "step_is_act"), ("pay", "step_not_next")],
)
def test_a_step_that_is_not_next_is_refused(step: str, code: str) -> None:
    assert refused(handed_to_street(), STREET, "step_done", PENSION, step=step) == code


def test_a_step_of_another_tier_is_refused() -> None:
    history = received()
    history.write(VILLAGE, "accept")

    assert refused(history, VILLAGE, "step_done", PENSION) == "no_right"


def test_the_home_unit_does_the_steps_of_tiers_below_it() -> None:
    history = History()
    act(history, STREET, "receive", SUPPORT)
    act(history, STREET, "accept", SUPPORT)
    act(history, STREET, "step_done", SUPPORT, step="check")
    act(history, STREET, "step_done", SUPPORT, step="publicity")

    assert history.state().steps_done == ("check", "publicity")


def test_a_unit_above_does_not_do_the_steps_of_the_home_unit_below() -> None:
    history = handed_to_street()
    history.write(STREET, "step_done", step="check")

    assert refused(history, STREET, "step_done", SUPPORT, step="publicity") == "no_right"


def test_the_home_unit_issues_for_tiers_below_it_but_does_not_decide_for_them() -> None:
    history = History()
    act(history, DISTRICT, "receive", EMPLOYMENT)
    act(history, DISTRICT, "accept", EMPLOYMENT)
    act(history, DISTRICT, "decide", EMPLOYMENT)
    act(history, DISTRICT, "issue", EMPLOYMENT)
    left_to_village = item({"street": ["accept"], "village": ["decide"]})
    other = History()
    act(other, STREET, "receive", left_to_village)
    act(other, STREET, "accept", left_to_village)

    assert history.state().state == "issued"
    assert refused(other, STREET, "decide", left_to_village, clerk="wang") == "no_right"


def test_who_accepted_does_not_decide() -> None:
    history = History()
    act(history, STREET, "receive", SUPPORT)
    act(history, STREET, "accept", SUPPORT, clerk="li")
    act(history, STREET, "step_done", SUPPORT, clerk="li", step="check")
    act(history, STREET, "step_done", SUPPORT, clerk="li", step="publicity")

    assert refused(history, STREET, "decide", SUPPORT, clerk="li") == "segregation"
    act(history, STREET, "decide", SUPPORT, clerk="wang")
    assert history.state().state == "decided"


def test_a_document_is_issued_before_it_is_delivered() -> None:
    history = received()
    for name in ("accept", "decide"):
        act(history, VILLAGE, name, CARD)

    assert refused(history, VILLAGE, "deliver", CARD) == "issue_open"


def test_a_refusal_is_delivered_without_a_document() -> None:
    history = received()
    act(history, VILLAGE, "accept", CARD)
    act(history, VILLAGE, "decide", CARD, outcome="refused")

    assert refused(history, VILLAGE, "issue", CARD) == "not_granted"
    act(history, VILLAGE, "deliver", CARD)
    assert history.state().state == "delivered"


def test_a_holder_without_the_right_to_deliver_does_not_deliver() -> None:
    history = handed_to_street()
    history.write(STREET, "decide")

    assert refused(history, STREET, "deliver", PENSION) == "no_right"


def test_any_unit_of_the_path_amends_until_the_decision() -> None:
    history = handed_to_street()
    act(history, DISTRICT, "amend", PENSION)
    act(history, VILLAGE, "amend", PENSION)
    history.write(STREET, "decide")

    assert refused(history, VILLAGE, "amend", PENSION) == "too_late"
    assert refused(history, ELSEWHERE, "note", PENSION) == "off_path"


def test_the_home_unit_may_ask_to_withdraw_and_others_may_not() -> None:
    history = handed_to_street()
    act(history, VILLAGE, "withdraw", PENSION)

    assert history.state().withdraw_requested
    assert refused(history, DISTRICT, "withdraw", PENSION) == "no_custody"


EVERYBODY = ("rate", "amend", "attach", "note", "urge")


@pytest.mark.parametrize(
    ("unit", "offered"),
    [
        (VILLAGE, ("withdraw", *EVERYBODY)),
        (
            STREET,
            (
                *("send_up", "return", "step_done", "pause_open", "withdraw", "void"),
                *EVERYBODY,
            ),
        ),
        (DISTRICT, ("void", *EVERYBODY)),
        (ELSEWHERE, ()),
    ],
)
def test_a_page_offers_what_its_unit_may_do(unit: str, offered: tuple[str, ...]) -> None:
    state = handed_to_street().state()

    assert available(state, actor(unit), PENSION, STANDS) == offered


def test_a_page_offers_to_receive_only_when_there_is_no_case() -> None:
    assert available(None, actor(VILLAGE), PENSION) == ("receive",)
    assert available(None, actor(STREET), PENSION) == ()
    assert "receive" not in available(received().state(), actor(VILLAGE), PENSION)


def test_what_a_page_offers_is_lawful() -> None:
    state = received().state()
    facts = {name: facts_of(name, to=STREET) for name in ACTS}

    for name in available(state, actor(VILLAGE), PENSION, STANDS):
        check(state, name, facts[name], actor(VILLAGE), PENSION, STANDS)
