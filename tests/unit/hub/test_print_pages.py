"""The printed papers of a hub's acts, in both languages, and what a wall may show."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from casebook.intake import Intake
from tests.support.hall import FORM, PAPERS, Desk, Hall, open_hall, received, write
from tests.support.network import STREET, VILLAGE, Network, small_network
from tests.support.pages import visible

ITEM = "MZ-001"
"""The low-income support: posted in the village, decided at the street."""

REGISTER = "NY-002"
"""The subsidy for farmland: one case with a row for every household."""

SON, CARD = "120103201001010017", "6217000000000000004"

DECIDED_HERE = "MZ-009"
"""The funeral subsidy: accepted in the village, decided at the street without a poster."""


@pytest.fixture
def network() -> Iterator[Network]:
    with small_network() as made:
        yield made


@pytest.fixture
def hall(network: Network, tmp_path: Path) -> Hall:
    return open_hall(network, STREET, tmp_path)


def taken_in(network: Network, item: str, more: Mapping[str, object]) -> bytes:
    place = network.places[VILLAGE]
    case = place.casebook.receive(item, Intake({**FORM, **more}, PAPERS), place.clerk()).case
    network.carry()
    return case


def at_the_street(network: Network, more: Mapping[str, object] | None = None) -> bytes:
    case = taken_in(network, ITEM, more or {})
    write(network, VILLAGE, case, "precheck", result="fit")
    write(network, VILLAGE, case, "send_up", to=STREET)
    write(network, STREET, case, "take")
    write(network, STREET, case, "accept")
    return case


def posted(network: Network, more: Mapping[str, object] | None = None) -> bytes:
    case = at_the_street(network, more)
    post(network, STREET, case)
    return case


def post(network: Network, unit: str, case: bytes) -> None:
    needed = {"n": 7, "unit": "cd"}
    counts = unit == STREET
    write(network, unit, case, "pause_open", kind="publicity", counts=counts, needed=needed)


def extended(network: Network) -> bytes:
    case = at_the_street(network)
    write(network, STREET, case, "extend", reason_code="complex")
    return case


def refused(network: Network) -> bytes:
    case = received(network, VILLAGE, DECIDED_HERE)
    write(network, VILLAGE, case, "accept")
    write(network, VILLAGE, case, "send_up", to=STREET)
    write(network, STREET, case, "take")
    write(network, STREET, case, "decide", outcome="refused")
    return case


def delivered(network: Network) -> bytes:
    case = refused(network)
    write(network, STREET, case, "deliver", relation="self")
    return case


CASES = {
    "transfer_list": (at_the_street, ("移交人签名", "递送人签名", "份数"), ("Carried by",)),
    "special_procedure_notice": (posted, ("公示", "照常计算"), ("Procedure", "Legal basis")),
    "publicity_poster": (posted, ("公示止 2026-11-", "监督电话"), ("Posted until",)),
    "extension_notice": (extended, ("15 个工作日", "行政复议"), ("New last legal day",)),
    "refusal": (refused, ("不准〔2026〕", "行政诉讼", "同意"), ("administrative review",)),
    "proof_of_delivery": (delivered, ("领取人", "与申请人关系"), ("Taken by", "Delivered on")),
}


def paper(desk: Desk, case: bytes, kind: str) -> str:
    shown = desk.see(f"/cases/{case.hex()}")
    found = re.search(rf"/cases/{case.hex()}/prints/[0-9a-f]+/{kind}\b", shown)
    assert found, kind
    return desk.see(found[0])


@pytest.mark.parametrize("kind", CASES)
def test_a_paper_shows_what_it_must_in_both_languages(
    network: Network, hall: Hall, kind: str
) -> None:
    make, chinese, english = CASES[kind]
    case = make(network)

    page = paper(hall.sign_in("r1"), case, kind)
    other = paper(hall.sign_in("r1", "en"), case, kind)

    assert [word for word in chinese if word not in visible(page)] == []
    assert [word for word in english if word not in visible(other)] == []
    assert FORM["id_no"] not in page + other


@pytest.mark.parametrize("kind", ["transfer_list", "publicity_poster"])
def test_a_paper_that_others_read_has_the_name_masked(
    network: Network, hall: Hall, kind: str
) -> None:
    page = paper(hall.sign_in("r1"), posted(network), kind)

    assert FORM["name"] not in page
    assert "张*" in page
    assert FORM["mobile"] not in page


def test_a_poster_names_nobody_of_the_household_but_the_applicant(
    network: Network, hall: Hall
) -> None:
    members = [{"name": "李小明", "id_no": SON, "relation": "child", "income_year": "31415"}]
    case = posted(network, {"members": members})

    page = paper(hall.sign_in("r1"), case, "publicity_poster")

    assert [word for word in ("李", "31415", SON) if word in visible(page)] == []


def test_a_poster_of_a_register_has_area_and_sum_but_no_numbers_of_persons(
    network: Network, hall: Hall
) -> None:
    row = {"name": "李小明", "id_no": SON, "bank_card": CARD, "land_mu": "7.5"}
    case = taken_in(network, REGISTER, {"households": [row]})
    write(network, VILLAGE, case, "accept")
    post(network, VILLAGE, case)

    page = paper(hall.sign_in("r1"), case, "publicity_poster")

    assert [word for word in ("李*", "7.5") if word not in visible(page)] == []
    assert [word for word in ("李小明", SON, CARD) if word in page] == []


def test_a_paper_of_another_unit_is_marked_as_a_copy(network: Network, hall: Hall) -> None:
    case = at_the_street(network)

    desk = hall.sign_in("r1")

    assert "副本" in paper(desk, case, "transfer_list")
    assert "副本" not in paper(desk, case, "acceptance_notice")


def test_who_may_not_open_cases_may_not_open_their_papers(network: Network, hall: Hall) -> None:
    case = at_the_street(network)

    answer = hall.sign_in("i1").browser.get(f"/cases/{case.hex()}/prints/{'0' * 64}/refusal")

    assert answer.status_code == 403
