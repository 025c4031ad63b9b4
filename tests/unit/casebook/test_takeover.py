"""A street takes over the case of a silent outpost, which comes back with two days of work."""

import pytest

from casebook.intake import Intake, Paper
from cases.errors import UnlawfulActError
from cases.fold import CaseState
from tests.support.network import CITY, DISTRICT, STREET, VILLAGE, Network, make_network

FORM = {"name": "张秀英", "id_no": "120103195001010003", "mobile": "13800000000"}
PAPERS = (Paper("id_card", "seen"), Paper("app_form", "original"))
TWO_DAYS_MS = 2 * 86_400_000
PATH = (CITY, DISTRICT, STREET, VILLAGE)


@pytest.fixture
def network() -> Network:
    return make_network()


def act(network: Network, unit: str, case: bytes, name: str, /, **facts: object) -> CaseState:
    place = network.places[unit]
    clerk = place.clerk("s1" if name in ("take_over", "settle") else "w1", "supervisor")
    if name == "decide":
        clerk = place.clerk("a1")
    return place.casebook.act(case, name, clerk, facts=facts, body={"reason": "失联"})


def received(network: Network, item: str = "MZ-007") -> bytes:
    place = network.places[VILLAGE]
    case = place.casebook.receive(item, Intake(FORM, PAPERS), place.clerk()).case
    network.carry()
    return case


def state_of(network: Network, unit: str, case: bytes) -> CaseState:
    return network.places[unit].casebook.state(case)


def same_everywhere(network: Network, case: bytes) -> CaseState:
    network.carry()
    digests = {network.places[unit].casebook.digests()[case.hex()] for unit in PATH}
    assert len(digests) == 1
    return state_of(network, CITY, case)


def test_the_work_of_two_days_offline_is_kept_and_the_applicant_s_paper_stays_true(
    network: Network,
) -> None:
    case = received(network, "MZ-009")
    act(network, STREET, case, "take_over", reason_code="silent")
    act(network, VILLAGE, case, "accept")
    network.places[VILLAGE].clock.ms += TWO_DAYS_MS
    act(network, VILLAGE, case, "note")
    on_paper = state_of(network, VILLAGE, case).promises[0].promised_day

    state = same_everywhere(network, case)

    assert (state.custody, state.state) == (STREET, "accepted")
    assert [row.act for row in state.timeline if row.effective] == [
        *("receive", "take_over", "accept", "note")
    ]
    view = network.places[VILLAGE].casebook.view(case, network.places[VILLAGE].clerk())
    assert view.due == on_paper
    assert state.conflicts == ()


def test_two_acceptances_both_stand_on_paper_and_the_earlier_promise_binds(
    network: Network,
) -> None:
    case = received(network, "MZ-007")
    act(network, STREET, case, "take_over", reason_code="silent")
    act(network, VILLAGE, case, "accept")
    network.places[STREET].clock.ms += TWO_DAYS_MS
    act(network, STREET, case, "accept")

    state = same_everywhere(network, case)

    assert len(state.promises) == 2
    assert [(one.kind, one.soft) for one in state.conflicts] == [("accepted_twice", True)]


def test_a_decision_made_offline_waits_for_a_person_and_can_be_adopted(
    network: Network,
) -> None:
    case = received(network, "MZ-007")
    act(network, VILLAGE, case, "accept")
    network.carry()
    act(network, STREET, case, "take_over", reason_code="silent")
    act(network, VILLAGE, case, "decide", outcome="granted")
    waiting = same_everywhere(network, case)
    [conflict] = waiting.conflicts

    assert (waiting.state, conflict.kind, conflict.soft) == ("accepted", "late_act", False)
    with pytest.raises(UnlawfulActError, match="conflict_open"):
        act(network, STREET, case, "decide", outcome="refused")

    kind, _field, of = conflict.key
    act(network, STREET, case, "settle", kind=kind, of=list(of), choice="adopt")
    settled = same_everywhere(network, case)
    assert (settled.state, settled.outcome, settled.conflicts) == ("decided", "granted", ())


def test_a_decision_made_offline_can_be_let_go_and_brought_back_to_the_desk(
    network: Network,
) -> None:
    case = received(network, "MZ-007")
    act(network, VILLAGE, case, "accept")
    network.carry()
    act(network, STREET, case, "take_over", reason_code="silent")
    late = act(network, VILLAGE, case, "decide", outcome="granted").heads[0]
    network.carry()
    named = {"kind": "late_act", "of": [late]}
    act(network, STREET, case, "settle", choice="keep", **named)
    kept = state_of(network, STREET, case)
    act(network, STREET, case, "settle", choice="reopen", **named)

    reopened = same_everywhere(network, case)

    assert (kept.conflicts, [one.choice for one in kept.settled]) == ((), ["keep"])
    assert [one.kind for one in reopened.conflicts] == ["late_act"]
    assert late in [row.entry for row in reopened.timeline]


def test_a_step_done_offline_is_kept_without_effect_and_blocks_nothing(
    network: Network,
) -> None:
    case = received(network, "MZ-006")
    act(network, VILLAGE, case, "accept")
    network.carry()
    act(network, STREET, case, "take_over", reason_code="silent")
    act(network, VILLAGE, case, "step_done", step="check")

    state = same_everywhere(network, case)

    assert (state.steps_done, [(one.kind, one.soft) for one in state.conflicts]) == (
        (),
        [("old_epoch", True)],
    )


def test_papers_and_corrections_from_the_offline_days_count(network: Network) -> None:
    case = received(network, "MZ-009")
    act(network, STREET, case, "take_over", reason_code="silent")
    place = network.places[VILLAGE]
    body = {"values": {"mobile": "13911112222"}}
    facts = {"fields": ["mobile"]}
    place.casebook.act(case, "amend", place.clerk(), facts=facts, body=body)
    act(network, VILLAGE, case, "attach", papers=[{"material": "bank_book", "state": "copy"}])

    state = same_everywhere(network, case)

    assert state.papers["bank_book"] == "copy"
    street = network.places[STREET]
    assert street.casebook.view(case, street.clerk()).fields["mobile"] == "13911112222"


def test_the_outpost_that_came_back_hands_the_case_over_no_more(network: Network) -> None:
    case = received(network)
    act(network, STREET, case, "take_over", reason_code="silent")
    network.carry()

    with pytest.raises(UnlawfulActError, match="no_custody"):
        act(network, VILLAGE, case, "accept")


def test_a_case_that_stays_open_is_the_case_opened_anew(network: Network) -> None:
    case = received(network, "MZ-009")
    street = network.places[STREET].casebook
    street.state(case)
    act(network, VILLAGE, case, "accept")
    act(network, VILLAGE, case, "send_up", to=STREET)
    network.carry()
    act(network, STREET, case, "take")

    kept = street.state(case)
    street.read_again()

    assert street.state(case) == kept
    assert kept.custody == STREET
