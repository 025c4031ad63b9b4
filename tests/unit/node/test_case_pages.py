"""The page of one case: history, personal data on demand, acts and their refusal."""

import re

import pytest

from security.held import Held, sign_held
from sync.feeds import decode_feed, feed_key
from sync.holdings import Holdings
from tests.support.journals import journal_of
from tests.support.network import DISTRICT, STREET, VILLAGE, Network
from tests.support.pages import Browser, visible
from tests.support.window import ALLOWANCE, act, receive


def test_personal_data_are_shown_on_demand_and_the_journal_keeps_who_asked(
    browser: Browser, network: Network
) -> None:
    case = receive(browser)
    masked = browser.page(f"/cases/{case}")

    full = browser.send(f"/cases/{case}/full").text

    assert "张桂兰" not in masked
    assert "九江路12号" not in masked
    assert "张桂兰" in full
    last = journal_of(network.places[VILLAGE])[-1]
    assert (last.action, last.thing, last.clerk) == ("unmask", case, f"{VILLAGE}-w1")
    assert "张桂兰" not in str(last)


def test_no_address_or_title_holds_personal_data(browser: Browser) -> None:
    case = receive(browser)
    for path in (f"/cases/{case}", f"/cases/{case}/receipt", "/cases"):
        page = browser.page(path)
        title = page.split("<title>")[1].split("</title>")[0]
        addresses = " ".join(re.findall(r'(?:href|action|src)="([^"]*)"', page))

        assert "张" not in title + addresses
        assert ALLOWANCE["f.id_no"] not in addresses


def test_a_case_travels_through_all_tiers_and_is_delivered_at_its_window(
    network: Network, browser: Browser
) -> None:
    case = receive(browser, "accept")
    assert act(browser, case, "step_done", step="check", opinion="入户核查属实") == 303
    assert act(browser, case, "step_done", opinion="公示无异议") == 303
    assert act(browser, case, "send_up", to=STREET) == 303
    network.carry()
    street, district = network.places[STREET], network.places[DISTRICT]
    one = bytes.fromhex(case)
    street.casebook.act(one, "take", street.clerk())
    street.casebook.act(one, "step_done", street.clerk(), facts={"step": "first_review"})
    street.casebook.act(one, "send_up", street.clerk(), facts={"to": DISTRICT})
    network.carry()
    district.casebook.act(one, "take", district.clerk())
    district.casebook.act(
        one,
        "decide",
        district.clerk("a1"),
        facts={"outcome": "granted"},
        body={"opinion": "准予"},
    )
    network.carry()

    assert act(browser, case, "deliver", relation="family", taken_by="张小明") == 303
    words = visible(browser.page(f"/cases/{case}"))

    for said in ("入户核查属实", "公示无异议", "大营门街道", "准予", "已送达", "领取人：张**"):
        assert said in words


def test_the_page_names_the_units_above_that_hold_the_case_and_no_other(
    browser: Browser, network: Network
) -> None:
    case = receive(browser)
    village, street = network.places[VILLAGE], network.places[STREET]
    device, holder = f"{VILLAGE}-01", f"{STREET}-01"
    feed = decode_feed(village.store.local(feed_key(device)))
    held = Held(holder, device, 0, feed.head, feed.hash, 1_795_395_900_000)
    holdings = Holdings(device, village.signing, network.registry, village.store, village.clock)
    before = visible(browser.page(f"/cases/{case}"))

    village.store.put([], holdings.accept([sign_held(held, street.signing)]))
    after = visible(browser.page(f"/cases/{case}"))
    act(browser, case, "accept")
    later = visible(browser.page(f"/cases/{case}"))

    said = "上级已存 大营门街道 2026-11-23 09:05"
    assert [said in page for page in (before, after, later)] == [False, True, False]


def test_an_act_whose_time_has_not_come_is_refused_with_the_reason(browser: Browser) -> None:
    case = receive(browser, "accept")

    answer = browser.send(f"/cases/{case}/acts/deliver", {"relation": "self"})

    assert answer.status_code == 409
    assert "办件当前状态不能办理此操作" in answer.text


def test_a_refused_form_of_an_act_keeps_what_was_typed(browser: Browser) -> None:
    case = receive(browser, "accept")

    answer = browser.send(
        f"/cases/{case}/acts/send_up", {"to": "nowhere", "opinion": "材料齐全，请审"}
    )

    assert answer.status_code == 422
    assert "材料齐全，请审" in answer.text


def test_an_ineffective_act_stays_in_the_history_with_its_reason(
    network: Network, browser: Browser
) -> None:
    case = receive(browser, "accept")
    one = bytes.fromhex(case)
    act(browser, case, "step_done", step="check")
    act(browser, case, "step_done", step="publicity")
    act(browser, case, "send_up", to=STREET)
    network.carry()
    street = network.places[STREET]
    street.casebook.act(one, "take", street.clerk())
    # The village has not heard of it and takes its offer back by making another one.
    act(browser, case, "send_up", to=DISTRICT)
    network.carry()

    page = browser.page(f"/cases/{case}")

    assert 'class="void"' in page
    assert "未生效" in page
    assert "冲突" in page


def test_a_field_is_corrected_and_the_old_value_stays_in_the_record(browser: Browser) -> None:
    case = receive(browser)
    chosen = browser.page(f"/cases/{case}?field=mobile")

    assert act(browser, case, "amend", field="mobile", value="13900139000") == 303
    full = browser.send(f"/cases/{case}/full").text

    assert "新的内容：联系电话" in chosen
    assert "13900139000" in full


def test_a_withdrawal_ends_a_case_that_is_still_here(browser: Browser) -> None:
    case = receive(browser)

    assert act(browser, case, "withdraw", reason="申请人迁出本区") == 303
    assert "已撤回" in visible(browser.page(f"/cases/{case}"))


@pytest.mark.parametrize("case", ["0" * 32, "z" * 32, "12", "..", "0" * 31])
def test_a_case_that_is_not_here_is_not_found(browser: Browser, case: str) -> None:
    assert browser.get(f"/cases/{case}").status_code == 404


def test_an_act_that_does_not_exist_is_refused(browser: Browser) -> None:
    case = receive(browser)

    assert act(browser, case, "erase") == 422
