"""The search by a whole number at a hub: what it finds, what it notes, when it stops."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook.twins import ID_NUMBER, PHONE
from hub.pages.finding import SEARCHES_A_DAY, SEARCHES_A_MINUTE, SearchLimits
from security.header import JOURNAL
from tests.support.hall import FORM, open_hall, received
from tests.support.network import (
    CITY,
    STREET,
    VILLAGE,
    Network,
    small_network,
    stored_records,
)

ITEM = "MZ-009"


@pytest.fixture
def network() -> Iterator[Network]:
    with small_network() as made:
        yield made


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        (ID_NUMBER, FORM["id_no"]),
        (ID_NUMBER, f" {FORM['id_no'][:6]} {FORM['id_no'][6:]}"),
        (PHONE, FORM["mobile"]),
        (PHONE, "+86 138-0000-0000"),
    ],
)
def test_a_hub_finds_a_case_by_a_whole_number(network: Network, field: str, typed: str) -> None:
    case = received(network, VILLAGE, ITEM)

    found = network.places[STREET].casebook.found(field, typed)

    assert [row.case_id for row in found] == [case.hex()]


@pytest.mark.parametrize("typed", [FORM["id_no"][:17], "", "1", "%", FORM["mobile"], "9" * 400])
def test_a_part_of_a_number_or_another_finds_nothing(network: Network, typed: str) -> None:
    received(network, VILLAGE, ITEM)

    assert network.places[STREET].casebook.found(ID_NUMBER, typed) == ()


def test_a_hub_that_may_not_read_the_case_has_no_tag_of_it(network: Network) -> None:
    received(network, VILLAGE, ITEM)
    casebook = network.places[CITY].casebook

    assert casebook.rows("all").rows[0].readable == "facts"
    assert casebook.found(ID_NUMBER, FORM["id_no"]) == ()


def test_two_hubs_have_different_tags_of_one_person(network: Network) -> None:
    received(network, VILLAGE, ITEM)
    tags = {
        unit: network.places[unit].casebook._model._from.tagger.search_tag(PHONE, "13800000000")
        for unit in (VILLAGE, STREET)
    }

    assert len(set(tags.values())) == 2
    assert {len(tag) for tag in tags.values()} == {16}


def test_a_clerk_is_stopped_by_the_minute_and_by_the_day() -> None:
    limits, now = SearchLimits(), 0
    by_minute = [limits.admits("a", now) for _ in range(SEARCHES_A_MINUTE + 1)]
    for _ in range(SEARCHES_A_DAY):
        now += 60_000
        limits.admits("a", now)

    assert by_minute == [True] * SEARCHES_A_MINUTE + [False]
    assert not limits.admits("a", now + 60_000)
    assert limits.admits("b", now)
    assert limits.admits("a", now + 86_400_000)


def journal_records(network: Network) -> int:
    records = stored_records(network.places[STREET].store)
    return sum(record.header.audience == JOURNAL for record in records)


def test_the_page_notes_each_search_before_it_answers(network: Network, tmp_path: Path) -> None:
    case = received(network, VILLAGE, ITEM)
    desk = open_hall(network, STREET, tmp_path).sign_in("w1")
    before = journal_records(network)

    answer = desk.send("/find", field=ID_NUMBER, number=FORM["id_no"])
    nothing = desk.send("/find", field=PHONE, number="13911111111")

    assert case.hex() in answer.get_data(as_text=True)
    assert case.hex() not in nothing.get_data(as_text=True)
    assert journal_records(network) == before + 2


def test_the_page_stops_who_searches_too_often(network: Network, tmp_path: Path) -> None:
    desk = open_hall(network, STREET, tmp_path).sign_in("w1")
    codes = [
        desk.send("/find", field=PHONE, number="13911111111").status_code
        for _ in range(SEARCHES_A_MINUTE + 1)
    ]

    assert codes == [200] * SEARCHES_A_MINUTE + [429]


def test_it_staff_may_not_search_for_persons(network: Network, tmp_path: Path) -> None:
    desk = open_hall(network, STREET, tmp_path).sign_in("i1")

    assert desk.send("/find", field=PHONE, number="13911111111").status_code == 403
