"""The home page, the shelves and the IT pages of a hub, over real casebooks and sessions."""

from pathlib import Path

import pytest

from sync.protocol.cursors import ChildState, child_key, encode_child
from sync.quarantine import quarantine_document
from sync.status import SyncStatus
from tests.support.hall import FORM, Hall, open_hall, received, write
from tests.support.network import (
    CITY,
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    Network,
    make_network,
)

HOUR_MS = 3_600_000


@pytest.fixture
def network() -> Network:
    return make_network()


@pytest.fixture
def street(network: Network, tmp_path: Path) -> Hall:
    return open_hall(network, STREET, tmp_path)


def offered(network: Network, item: str = "MZ-009", unit: str = VILLAGE) -> bytes:
    case = received(network, unit, item)
    write(network, unit, case, "accept")
    write(network, unit, case, "send_up", to=STREET)
    return case


def heard(hall: Hall, unit: str, age_ms: int, clock_offset_ms: int = 0) -> None:
    state = ChildState("ab" * 16, 7, 7, 0, hall.site.now_ms - age_ms, clock_offset_ms)
    hall.place.store.put([], local={child_key(f"{unit}-01"): encode_child(state)})


def row_of(page: str, mark: str) -> str:
    """The row of a table that carries a mark such as a case or a unit."""
    return page[page.index(mark) :].partition("</tr>")[0]


def test_home_counts_the_cases_on_each_shelf(network: Network, street: Hall) -> None:
    offered(network)
    write(network, STREET, offered(network), "take")

    page = street.sign_in("r1").see("/")

    assert 'data-shelf="to_take"><b>1</b>待接收' in page
    assert 'data-shelf="to_decide"><b>1</b>待决定' in page
    assert 'data-shelf="all"><b>2</b>全部' in page


def test_home_shows_when_each_unit_below_was_last_heard_of(street: Hall) -> None:
    heard(street, VILLAGE, age_ms=30_000)
    heard(street, OTHER_VILLAGE, age_ms=50 * HOUR_MS, clock_offset_ms=25 * 60_000)

    page = street.sign_in("w1").see("/")

    assert "在线" in row_of(page, f'data-unit="{VILLAGE}"')
    silent = row_of(page, f'data-unit="{OTHER_VILLAGE}"')
    assert "超过一天无联系" in silent
    assert "2 天前" in silent
    assert "快 25 分钟" in silent
    assert page.index(OTHER_VILLAGE) < page.index(VILLAGE)


def test_a_unit_whose_local_document_is_damaged_counts_as_never_seen(street: Hall) -> None:
    street.place.store.put([], local={child_key(f"{VILLAGE}-01"): b"\xff{"})

    page = street.sign_in("i1").see("/units")

    assert "从未联系" in row_of(page, f'data-unit="{VILLAGE}"')


def test_the_same_page_speaks_english_after_the_switch(street: Hall) -> None:
    desk = street.sign_in("w1")

    answer = desk.browser.get("/language/en?next=/shelf/to_take")

    assert answer.location == "/shelf/to_take"
    assert "To take" in desk.see("/shelf/to_take")


def test_a_shelf_shows_grouped_numbers_and_masked_names(network: Network, street: Hall) -> None:
    case = offered(network)

    row = row_of(street.sign_in("r1").see("/shelf/to_take"), f'data-case="{case.hex()}"')

    assert "120103001001 01 261123 0001" in row
    assert "张**" in row
    assert FORM["name"] not in row
    assert "九江路社区" in row
    assert "惠民殡葬补贴" in row
    assert "已受理" in row


def test_a_hub_that_only_relays_shows_facts_only(network: Network, tmp_path: Path) -> None:
    case = offered(network)
    city = open_hall(network, CITY, tmp_path).sign_in("a1")

    row = row_of(city.see("/shelf/all"), f'data-case="{case.hex()}"')
    page = city.see(f"/cases/{case.hex()}")

    assert "仅事实" in row
    assert "张" not in row
    assert "本单位只转送此件" in page
    assert "张**" not in page
    assert "/acts/" not in page


def test_several_cases_are_taken_at_once(network: Network, street: Hall) -> None:
    cases = [offered(network), offered(network, unit=OTHER_VILLAGE)]
    desk = street.sign_in("r1")

    answer = desk.send("/shelf/to_take/take", case=[case.hex() for case in cases])

    assert answer.status_code == 303
    assert desk.lines() == ["勾选的办件已全部接收，由本单位办理。"]
    assert street.place.casebook.counts()["in_hand"] == 2
    assert street.site.pokes


def test_a_case_that_cannot_be_taken_is_named_and_the_others_are_taken(
    network: Network, street: Hall
) -> None:
    held, free = offered(network), offered(network)
    write(network, STREET, held, "take")

    answer = street.sign_in("r1").send(
        "/shelf/to_take/take", case=[held.hex(), "no case at all", free.hex()]
    )

    assert answer.status_code == 409
    assert "已接收 1 件；2 件未能接收：" in answer.text
    assert "120103001001 01 261123 0001" in row_of(answer.text, 'class="refused"')
    assert "本单位已承办此件" in answer.text
    assert "本机没有这个办件" in answer.text
    assert street.place.casebook.state(free).custody == STREET


def test_taking_nothing_says_so_and_taking_too_many_is_refused(street: Hall) -> None:
    desk = street.sign_in("r1")

    nothing = desk.send("/shelf/to_take/take")
    told = desk.lines()
    too_many = desk.send("/shelf/to_take/take", case=[f"{n:032x}" for n in range(21)])

    assert (nothing.status_code, told) == (303, ["没有勾选办件。"])
    assert too_many.status_code == 413


def test_a_long_shelf_is_shown_in_pages_of_twenty(network: Network, street: Hall) -> None:
    for _ in range(21):
        received(network, VILLAGE, "MZ-009")
    desk = street.sign_in("s1")

    first, second = desk.see("/shelf/all"), desk.see("/shelf/all?offset=20")

    assert first.count('<tr data-case="') == 20
    assert "第 1–20 件，共 21 件" in first
    assert second.count('<tr data-case="') == 1


@pytest.mark.parametrize("offset", ["-20", "x", "9" * 40, "²0"])
def test_an_offset_that_is_no_number_leads_to_the_first_page(
    offset: str, network: Network, street: Hall
) -> None:
    received(network, VILLAGE, "MZ-009")

    page = street.sign_in("s1").see(f"/shelf/all?offset={offset}")

    assert page.count('<tr data-case="') == 1


def test_a_case_is_found_by_digits_and_never_by_a_name(network: Network, street: Hall) -> None:
    first, second = received(network, VILLAGE, "MZ-009"), received(network, VILLAGE, "MZ-009")
    desk = street.sign_in("s1")

    found = desk.see("/shelf/all?q=261123 0002")
    by_name = desk.see("/shelf/all?q=张秀英")

    assert second.hex() in found
    assert first.hex() not in found
    assert "只能按办件编号查找" in by_name


def test_an_unknown_shelf_is_not_found(street: Hall) -> None:
    assert street.sign_in("s1").browser.get("/shelf/secret").status_code == 404


@pytest.mark.parametrize("address", ["/shelf/all", "/shelf/to_take", f"/cases/{'0' * 32}"])
def test_it_staff_open_no_cases(address: str, street: Hall) -> None:
    answer = street.sign_in("i1").browser.get(address)

    assert answer.status_code == 403
    assert "您的岗位没有此权限" in answer.text


@pytest.mark.parametrize("name", ["w1", "r1", "a1"])
def test_the_quarantine_is_for_it_staff_and_supervisors_alone(name: str, street: Hall) -> None:
    desk = street.sign_in(name)

    assert desk.browser.get("/quarantine").status_code == 403
    assert "/quarantine" not in desk.see("/")


def test_the_quarantine_names_record_neighbour_and_reason(street: Hall) -> None:
    kept = quarantine_document(b"no record", "signature", VILLAGE, "up")
    newer = quarantine_document(b"of a newer program", "unheard_of", VILLAGE, "up")
    street.place.store.put([kept, newer])
    desk = street.sign_in("i1")

    page = desk.see("/quarantine")

    row = row_of(page, f'data-record="{kept.id}"')
    assert "签名不符" in row
    assert "九江路社区" in row
    assert "unheard_of" in row_of(page, f'data-record="{newer.id}"')
    assert "有 2 条记录未通过校验" in desk.see("/")


def test_a_full_quarantine_is_shown_in_pages(street: Hall) -> None:
    street.place.store.put(
        [quarantine_document(bytes([n]) * 9, "chain", VILLAGE, "up") for n in range(51)]
    )
    desk = street.sign_in("i1")

    assert desk.see("/quarantine").count("<tr data-record=") == 50
    assert desk.see("/quarantine?offset=50").count("<tr data-record=") == 1


def test_a_record_is_turned_down_with_a_reason_and_stays_on_the_list_of_all(
    street: Hall,
) -> None:
    kept = quarantine_document(b"no record", "signature", VILLAGE, "up")
    street.place.store.put([kept])
    desk = street.sign_in("i1")

    desk.send(f"/quarantine/{kept.id}/reject", words="伪造的记录")

    assert "没有被隔离的记录" in desk.see("/quarantine")
    row = row_of(desk.see("/quarantine?all=1"), f'data-record="{kept.id}"')
    assert "已驳回" in row
    assert "伪造的记录" in row


@pytest.mark.parametrize(
    ("verdict", "words", "told"),
    [
        ("reject", "", "须填写理由"),
        ("reject", "长" * 201, "须填写理由"),
        ("release", "着急", "不能由人工放行"),
    ],
)
def test_a_decision_without_reason_or_right_changes_nothing(
    street: Hall, verdict: str, words: str, told: str
) -> None:
    kept = quarantine_document(b"no record", "signature", VILLAGE, "up")
    street.place.store.put([kept])
    desk = street.sign_in("i1")

    desk.send(f"/quarantine/{kept.id}/{verdict}", words=words)

    page = desk.see("/quarantine")
    assert told in page
    assert f'data-record="{kept.id}"' in page


def test_clerks_at_the_window_decide_nothing_in_the_quarantine(street: Hall) -> None:
    kept = quarantine_document(b"no record", "signature", VILLAGE, "up")
    street.place.store.put([kept])

    answer = street.sign_in("w1").send(f"/quarantine/{kept.id}/reject", words="不要了")

    assert answer.status_code == 403


def test_it_staff_see_what_ails_the_link_to_above(network: Network, tmp_path: Path) -> None:
    status = SyncStatus("broken", 4, None, "connection refused", 0, 2)
    hall = open_hall(network, STREET, tmp_path, status)

    assert "connection refused" in hall.sign_in("i1").see("/units")
    assert "connection refused" not in hall.sign_in("w1").see("/units")


def test_nobody_opens_a_page_without_signing_in(street: Hall) -> None:
    answer = street.site.stranger().get("/shelf/all")

    assert answer.status_code == 303
    assert answer.location.startswith("/login")
