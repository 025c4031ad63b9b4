"""The printed papers of a hub's acts, in both languages, and what a wall may show."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hall import FORM, Desk, Hall, open_hall, received, write
from tests.support.network import STREET, VILLAGE, Network, small_network
from tests.support.pages import visible

ITEM = "MZ-001"
"""The low-income support: posted in the village, decided at the street."""

DECIDED_HERE = "MZ-009"
"""The funeral subsidy: accepted in the village, decided at the street without a poster."""


@pytest.fixture
def network() -> Iterator[Network]:
    with small_network() as made:
        yield made


@pytest.fixture
def hall(network: Network, tmp_path: Path) -> Hall:
    return open_hall(network, STREET, tmp_path)


def at_the_street(network: Network) -> bytes:
    case = received(network, VILLAGE, ITEM)
    write(network, VILLAGE, case, "precheck", result="fit")
    write(network, VILLAGE, case, "send_up", to=STREET)
    write(network, STREET, case, "take")
    write(network, STREET, case, "accept")
    return case


def posted(network: Network) -> bytes:
    case = at_the_street(network)
    needed = {"n": 7, "unit": "cd"}
    write(network, STREET, case, "pause_open", kind="publicity", counts=True, needed=needed)
    return case


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


def test_a_paper_of_another_unit_is_marked_as_a_copy(network: Network, hall: Hall) -> None:
    case = at_the_street(network)

    desk = hall.sign_in("r1")

    assert "副本" in paper(desk, case, "transfer_list")
    assert "副本" not in paper(desk, case, "acceptance_notice")


def test_who_may_not_open_cases_may_not_open_their_papers(network: Network, hall: Hall) -> None:
    case = at_the_street(network)

    answer = hall.sign_in("i1").browser.get(f"/cases/{case.hex()}/prints/{'0' * 64}/refusal")

    assert answer.status_code == 403
