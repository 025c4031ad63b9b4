"""Cases that collide: one applicant at two outposts, one number on two cases."""

import dataclasses

import pytest

from casebook.intake import Intake, Paper
from casebook.twins import BLIND_KEY
from cases.errors import UnlawfulActError
from cases.numbers import parse_case_number
from tests.support.network import (
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    Network,
    clone_of,
    make_network,
)

FORM = {"name": "张秀英", "id_no": "12010319500101000X", "mobile": "13800000000"}
PAPERS = (Paper("id_card", "seen"), Paper("app_form", "original"))


@pytest.fixture
def network() -> Network:
    return make_network()


def receive(network: Network, unit: str, item: str = "MZ-009", **fields: str) -> bytes:
    place = network.places[unit]
    intake = Intake({**FORM, **fields}, PAPERS)
    return place.casebook.receive(item, intake, place.clerk()).case


def kinds(network: Network, unit: str, case: bytes) -> list[tuple[str, bool]]:
    place = network.places[unit]
    state = place.casebook.view(case, place.clerk()).state
    return [(one.kind, one.soft) for one in state.conflicts]


def test_the_same_applicant_and_item_at_two_outposts_meet_at_the_street(
    network: Network,
) -> None:
    one = receive(network, VILLAGE)
    network.places[OTHER_VILLAGE].clock.ms += 60_000
    two = receive(network, OTHER_VILLAGE, id_no=" 12010319500101000x ")
    network.carry()

    assert kinds(network, STREET, one) == [("duplicate", True)]
    assert kinds(network, STREET, two) == [("duplicate", False)]
    assert kinds(network, VILLAGE, one) == []
    assert network.places[STREET].casebook.counts()["conflicts"] == 2


def test_the_case_that_was_accepted_first_goes_first(network: Network) -> None:
    one = receive(network, VILLAGE)
    two = receive(network, OTHER_VILLAGE)
    place = network.places[OTHER_VILLAGE]
    place.casebook.act(two, "accept", place.clerk())
    network.carry()

    assert kinds(network, STREET, one) == [("duplicate", False)]
    assert kinds(network, STREET, two) == [("duplicate", True)]


def test_a_person_sends_the_second_back_and_both_cases_are_free(network: Network) -> None:
    one = receive(network, VILLAGE)
    two = receive(network, OTHER_VILLAGE)
    network.carry()
    place = network.places[OTHER_VILLAGE]
    other = network.places[STREET].casebook.state(one).case_no
    facts = {"reason_code": "duplicate", "other": other}
    place.casebook.act(two, "send_back", place.clerk(), facts=facts)
    network.carry()

    assert kinds(network, STREET, one) == []
    assert network.places[STREET].casebook.state(two).state == "returned"
    assert network.places[STREET].casebook.counts()["conflicts"] == 0


def test_a_duplicate_is_not_decided_before_a_person_has_looked(network: Network) -> None:
    receive(network, VILLAGE, "MZ-007")
    two = receive(network, VILLAGE, "MZ-007")
    place = network.places[VILLAGE]
    place.casebook.act(two, "accept", place.clerk())
    network.carry()
    facts = {"outcome": "granted"}
    one_first = kinds(network, VILLAGE, two)
    third = receive(network, VILLAGE, "MZ-007")
    place.casebook.act(third, "accept", place.clerk())

    with pytest.raises(UnlawfulActError, match="conflict_open"):
        place.casebook.act(third, "decide", place.clerk("a1"), facts=facts)
    supervisor = place.clerk("s1", "supervisor")
    view = place.casebook.view(third, supervisor)
    for kind, field, of in [one.key for one in view.state.conflicts if not one.soft]:
        settled = {"kind": kind, "field": field, "of": list(of), "choice": "keep"}
        place.casebook.act(third, "settle", supervisor, facts=settled)
    place.casebook.act(third, "decide", place.clerk("a1"), facts=facts)

    assert one_first == [("duplicate", True)]
    assert place.casebook.state(third).state == "decided"


def test_other_items_and_other_people_are_no_duplicates(network: Network) -> None:
    one = receive(network, VILLAGE)
    receive(network, VILLAGE, "MZ-007")
    receive(network, VILLAGE, id_no="120103195001010003")

    assert kinds(network, VILLAGE, one) == []


def test_the_window_is_told_of_a_case_that_the_applicant_already_has(
    network: Network,
) -> None:
    case = receive(network, VILLAGE)

    found = network.places[VILLAGE].casebook.twins_of("MZ-009", dict(FORM))

    assert [row.case for row in found] == [case]
    assert network.places[VILLAGE].casebook.twins_of("MZ-009", {"id_no": ""}) == ()


def test_the_read_model_holds_no_number_of_a_person_and_each_node_has_its_own_tags(
    network: Network,
) -> None:
    case = receive(network, VILLAGE)
    network.carry()
    rows = [network.places[unit].casebook.rows("all").rows[0] for unit in (VILLAGE, STREET)]

    assert case == rows[0].case == rows[1].case
    assert FORM["id_no"] not in repr(rows)
    assert rows[0].person_tag != rows[1].person_tag
    assert network.places[VILLAGE].store.local(BLIND_KEY) is not None


def test_a_number_on_two_cases_is_kept_twice_and_the_later_gets_a_suffix(
    network: Network,
) -> None:
    first = receive(network, VILLAGE)
    network.places["clone"] = clone_of(network, VILLAGE)
    network.places["clone"].clock.ms += 60_000
    second = receive(network, "clone", id_no="120103195001010003")
    network.carry()
    street = network.places[STREET]
    views = [street.casebook.view(case, street.clerk()) for case in (first, second)]

    assert views[0].state.case_no == views[1].state.case_no
    assert [view.suffix for view in views] == ["", "-2"]
    assert [kinds(network, STREET, case) for case in (first, second)] == [
        [("number_clash", True)],
        [("number_clash", False)],
    ]


def test_a_clock_set_back_and_a_forgotten_store_make_no_number_again(
    network: Network,
) -> None:
    place = network.places[VILLAGE]
    first = place.casebook.state(receive(network, VILLAGE)).case_no
    place.clock.ms -= 400 * 86_400_000
    second = place.casebook.state(receive(network, VILLAGE)).case_no
    place.store.put([], {"numbers": None})
    place.casebook.rebuild()
    third = place.casebook.state(receive(network, VILLAGE)).case_no

    numbers = [parse_case_number(number) for number in (first, second, third)]
    assert len({number.text for number in numbers}) == 3
    assert {number.day for number in numbers} == {numbers[0].day}
    assert dataclasses.astuple(numbers[2])[-1] == numbers[0].serial + 2
