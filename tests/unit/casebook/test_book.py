"""A case on its way through four tiers, with real keys and a perfect link."""

import pytest

from casebook.book import Casebook
from casebook.errors import NotReadableError, UnknownCaseError
from casebook.intake import Intake, Paper
from cases.errors import UnlawfulActError
from security.errors import SecurityError
from security.receipts import verify_receipt
from tests.support.network import (
    CITY,
    DISTRICT,
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    Network,
    make_network,
    stored_records,
)

FORM = {"name": "张秀英", "id_no": "120103195001010003", "mobile": "13800000000"}
PAPERS = (Paper("id_card", "seen"), Paper("app_form", "original"))


@pytest.fixture
def network() -> Network:
    return make_network()


def receive(network: Network, item: str, unit: str = VILLAGE) -> bytes:
    place = network.places[unit]
    received = place.casebook.receive(item, Intake(FORM, PAPERS), place.clerk())
    network.carry()
    return received.case


def act(network: Network, unit: str, case: bytes, name: str, **facts: object) -> None:
    place = network.places[unit]
    clerk = place.clerk("a2" if name == "decide" else "w1")
    place.casebook.act(case, name, clerk, facts=facts, body={"opinion": "同意"})
    network.carry()


def states(network: Network, case: bytes) -> set[str]:
    return {
        network.places[unit].casebook.state(case).state
        for unit in (CITY, DISTRICT, STREET, VILLAGE)
    }


def test_an_immediate_item_is_finished_at_the_outpost(network: Network) -> None:
    case = receive(network, "MZ-007")

    act(network, VILLAGE, case, "accept")
    act(network, VILLAGE, case, "decide", outcome="granted")
    act(network, VILLAGE, case, "issue", document_no="优待〔2026〕01-0001号")
    act(network, VILLAGE, case, "deliver", relation="self")

    assert states(network, case) == {"delivered"}


def test_a_street_decides_and_the_outpost_delivers(network: Network) -> None:
    case = receive(network, "MZ-009")

    act(network, VILLAGE, case, "accept")
    act(network, VILLAGE, case, "send_up", to=STREET)
    act(network, STREET, case, "take")
    act(network, STREET, case, "decide", outcome="granted")
    act(network, STREET, case, "return", to=VILLAGE, reason_code="deliver")
    act(network, VILLAGE, case, "take")
    act(network, VILLAGE, case, "deliver", relation="self")

    assert states(network, case) == {"delivered"}


def test_a_district_decides_after_the_street_reviewed(network: Network) -> None:
    case = receive(network, "RS-002")

    act(network, VILLAGE, case, "accept")
    act(network, VILLAGE, case, "send_up", to=STREET)
    act(network, STREET, case, "take")
    act(network, STREET, case, "step_done", step="first_review")
    act(network, STREET, case, "send_up", to=DISTRICT)
    act(network, DISTRICT, case, "take")
    act(network, DISTRICT, case, "decide", outcome="granted")

    assert states(network, case) == {"decided"}


def test_a_reported_case_reaches_the_city_and_comes_back(network: Network) -> None:
    case = receive(network, "TY-001")

    act(network, VILLAGE, case, "precheck", result="fit")
    act(network, VILLAGE, case, "send_up", to=STREET)
    act(network, STREET, case, "take")
    act(network, STREET, case, "accept")
    act(network, STREET, case, "send_up", to=DISTRICT)
    act(network, DISTRICT, case, "take")
    act(network, DISTRICT, case, "step_done", step="review")
    act(network, DISTRICT, case, "send_up", to=CITY)
    act(network, CITY, case, "take")
    act(network, CITY, case, "decide", outcome="granted")
    act(network, CITY, case, "issue", document_no="津优〔2026〕01-0001号")
    act(network, CITY, case, "return", to=VILLAGE, reason_code="deliver")
    act(network, VILLAGE, case, "take")
    act(network, VILLAGE, case, "deliver", relation="self")

    assert states(network, case) == {"delivered"}


def test_every_tier_folds_to_the_same_digest(network: Network) -> None:
    case = receive(network, "MZ-009")
    act(network, VILLAGE, case, "accept")
    act(network, VILLAGE, case, "send_up", to=STREET)

    digests = {
        network.places[unit].casebook.digests()[case.hex()]
        for unit in (CITY, DISTRICT, STREET, VILLAGE)
    }

    assert len(digests) == 1


def test_a_neighbouring_village_holds_nothing_of_the_case(network: Network) -> None:
    case = receive(network, "MZ-009")

    with pytest.raises(UnknownCaseError):
        network.places[OTHER_VILLAGE].casebook.state(case)


def view_of(network: Network, unit: str, case: bytes) -> dict[str, object]:
    place = network.places[unit]
    return dict(place.casebook.view(case, place.clerk()).fields)


def test_a_relaying_hub_reads_the_facts_and_not_the_applicant(network: Network) -> None:
    case = receive(network, "MZ-009")

    assert network.places[CITY].casebook.state(case).item == "MZ-009"
    assert view_of(network, CITY, case) == {}
    assert view_of(network, STREET, case)["name"] == "张秀英"


def test_a_relaying_hub_cannot_write_on_the_case(network: Network) -> None:
    case = receive(network, "MZ-009")
    city = network.places[CITY]

    with pytest.raises(NotReadableError):
        city.casebook.act(case, "note", city.clerk(), body={"text": "急"})


def test_sending_a_case_beyond_its_audience_carries_the_key(network: Network) -> None:
    case = receive(network, "MZ-003")
    act(network, VILLAGE, case, "send_up", to=STREET)
    act(network, STREET, case, "take")
    act(network, STREET, case, "accept")
    before = view_of(network, DISTRICT, case)

    act(network, STREET, case, "send_up", to=DISTRICT)

    assert before == {}
    assert view_of(network, DISTRICT, case)["name"] == "张秀英"


def relief_at_the_street(network: Network, amount: str) -> bytes:
    """A case of temporary relief that only the decision is missing from."""
    village = network.places[VILLAGE]
    form = {**FORM, "amount": amount}
    case = village.casebook.receive("MZ-003", Intake(form, PAPERS), village.clerk()).case
    network.carry()
    act(network, VILLAGE, case, "send_up", to=STREET)
    act(network, STREET, case, "take")
    act(network, STREET, case, "accept")
    for step in ("check", "publicity"):
        holder = VILLAGE if step == "publicity" else STREET
        if holder == VILLAGE:
            act(network, STREET, case, "return", to=VILLAGE, reason_code="publicity")
            act(network, VILLAGE, case, "take")
        act(network, holder, case, "step_done", step=step)
    act(network, VILLAGE, case, "send_up", to=STREET)
    act(network, STREET, case, "take")

    return case


def test_a_street_decides_relief_up_to_its_bound(network: Network) -> None:
    case = relief_at_the_street(network, "2000.00")

    act(network, STREET, case, "decide", outcome="granted")

    assert states(network, case) == {"decided"}


def test_a_street_does_not_decide_relief_above_its_bound(network: Network) -> None:
    case = relief_at_the_street(network, "2000.01")

    with pytest.raises(UnlawfulActError, match="amount_above"):
        act(network, STREET, case, "decide", outcome="granted")


def test_an_amendment_replaces_the_field_and_keeps_the_entry(network: Network) -> None:
    case = receive(network, "MZ-009")
    village = network.places[VILLAGE]

    village.casebook.act(
        case,
        "amend",
        village.clerk(),
        facts={"fields": ["mobile"]},
        body={"values": {"mobile": "13900000000"}},
    )

    assert view_of(network, VILLAGE, case)["mobile"] == "13900000000"


def test_one_draft_token_gives_one_case_however_often_it_is_sent(network: Network) -> None:
    village = network.places[VILLAGE]
    intake = Intake(FORM, PAPERS)

    first = village.casebook.receive("MZ-009", intake, village.clerk(), draft="t1")
    second = village.casebook.receive("MZ-009", intake, village.clerk(), draft="t1")

    assert first == second
    assert village.casebook.rows("mine").total == 1


def test_the_receipt_verifies_against_the_registry_alone(network: Network) -> None:
    village = network.places[VILLAGE]
    received = village.casebook.receive("MZ-009", Intake(FORM, PAPERS), village.clerk())

    receipt = verify_receipt(received.receipt, network.registry)

    assert receipt.case_no == received.case_no


def test_a_changed_receipt_is_refused(network: Network) -> None:
    village = network.places[VILLAGE]
    received = village.casebook.receive("MZ-009", Intake(FORM, PAPERS), village.clerk())
    other = "000000" if received.query_code != "000000" else "000001"
    changed = received.receipt.replace(received.query_code, other)

    with pytest.raises(SecurityError):
        verify_receipt(changed, network.registry)


def test_a_clock_set_back_a_day_gives_no_number_twice(network: Network) -> None:
    village = network.places[VILLAGE]
    intake = Intake(FORM, PAPERS)
    first = village.casebook.receive("MZ-009", intake, village.clerk())

    village.clock.ms -= 86_400_000
    second = village.casebook.receive("MZ-009", intake, village.clerk())

    assert second.case_no[:20] == first.case_no[:20]
    assert second.case_no != first.case_no


def test_an_unlawful_act_writes_nothing(network: Network) -> None:
    case = receive(network, "MZ-009")
    village = network.places[VILLAGE]
    before = village.store.last_seq

    with pytest.raises(UnlawfulActError):
        village.casebook.act(case, "decide", village.clerk(), facts={"outcome": "granted"})

    assert village.store.last_seq == before


def test_a_withdrawal_at_the_outpost_is_a_request_until_the_holder_confirms(
    network: Network,
) -> None:
    case = receive(network, "MZ-009")
    act(network, VILLAGE, case, "accept")
    act(network, VILLAGE, case, "send_up", to=STREET)
    act(network, STREET, case, "take")

    act(network, VILLAGE, case, "withdraw")
    requested = network.places[STREET].casebook.state(case)
    act(network, STREET, case, "withdraw")

    assert requested.withdraw_requested
    assert states(network, case) == {"withdrawn"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "gb18030"])
def test_no_stored_byte_shows_the_applicant(network: Network, encoding: str) -> None:
    receive(network, "MZ-009")
    name = "张秀英".encode(encoding)
    number = "120103195001010003".encode(encoding)

    stored = b"".join(record.raw for record in stored_records(network.places[CITY].store))

    assert stored
    assert name not in stored
    assert number not in stored


def shelf(casebook: Casebook, name: str) -> int:
    return casebook.rows(name).total


def test_the_shelves_follow_the_case(network: Network) -> None:
    case = receive(network, "MZ-009")
    act(network, VILLAGE, case, "accept")
    act(network, VILLAGE, case, "send_up", to=STREET)
    street = network.places[STREET].casebook

    offered = shelf(street, "to_take")
    act(network, STREET, case, "take")

    assert offered == 1
    assert shelf(street, "to_take") == 0
    assert shelf(street, "to_decide") == 1
    assert street.rows("all", text=street.state(case).case_no[-5:]).total == 1


def test_the_read_model_can_be_built_again_from_the_store(network: Network) -> None:
    case = receive(network, "MZ-009")
    village = network.places[VILLAGE]
    before = village.casebook.digests()

    village.casebook.rebuild()

    assert village.casebook.digests() == before
    assert case.hex() in before
