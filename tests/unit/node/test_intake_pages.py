"""From an application to a printed receipt, over a real casebook with real keys."""

import re

from security.receipts import verify_receipt
from sync.status import SyncStatus
from tests.support.network import Network
from tests.support.pages import Browser, Site, visible
from tests.support.window import ALLOWANCE, ITEM, fill, receive, send_faulty


def test_receiving_gives_a_number_a_receipt_and_the_acceptance_clock(browser: Browser) -> None:
    case = receive(browser)
    words = visible(browser.page(f"/cases/{case}/receipt"))

    assert "120103001001 01 261123 0001 7" in words
    assert "5 个工作日内" in words
    assert "2026-11-30" in words
    assert "王秀英" in words


def test_the_receipt_shows_the_applicant_masked_alone(browser: Browser) -> None:
    case = receive(browser)
    page = browser.page(f"/cases/{case}/receipt")

    assert "张**" in page
    assert "120103********0025" in page
    assert "张桂兰" not in page
    assert ALLOWANCE["f.id_no"] not in page


def test_the_code_on_the_receipt_verifies_offline(network: Network, browser: Browser) -> None:
    case = receive(browser)
    page = browser.page(f"/cases/{case}/receipt")
    texts = re.findall(r'data-receipt="([^"]+)"', page)

    receipt = verify_receipt(texts[0], network.registry)

    assert len(texts) == 1
    assert receipt.case_no == "1201030010010126112300017"
    assert receipt.query_code in page


def test_the_query_code_stands_on_the_applicants_half_alone(browser: Browser) -> None:
    case = receive(browser)
    page = browser.page(f"/cases/{case}/receipt")
    code = page.split("查询码")[1].split(">")[2].split("<")[0]

    assert len(code) == 6
    assert page.count(f">{code}<") == 1


def test_a_second_print_of_a_receipt_is_marked(browser: Browser) -> None:
    case = receive(browser)

    first = browser.page(f"/cases/{case}/receipt")
    second = browser.page(f"/cases/{case}/receipt")

    assert "补打" not in first
    assert "补打" in second


def test_a_receipt_is_provisional_until_the_street_has_it(site: Site, browser: Browser) -> None:
    case = receive(browser)

    waiting = browser.page(f"/cases/{case}/receipt")
    site.status = SyncStatus("synchronised", 0, site.now_ms, "", 10_000, 0)
    sent = browser.page(f"/cases/{case}/receipt")

    assert "暂定" in waiting
    assert "暂定" not in sent


def test_receiving_asks_for_a_session_at_once(site: Site, browser: Browser) -> None:
    receive(browser)

    assert site.pokes == 1


def test_receive_and_accept_go_in_one_step_where_the_unit_may_accept(browser: Browser) -> None:
    case = receive(browser, "accept")
    words = visible(browser.page(f"/cases/{case}"))

    assert "已受理" in words
    assert "2026-12-21 到期" in words


def test_a_unit_that_may_not_accept_is_not_offered_it_and_cannot_force_it(
    browser: Browser,
) -> None:
    page = browser.page("/intake/MZ-001")
    form = {"draft": browser.draft("MZ-001"), "do": "accept"}

    answer = browser.send("/intake/MZ-001", form, form="/intake/MZ-001")

    assert 'value="accept"' not in page
    assert answer.status_code == 409


def test_a_form_sent_twice_makes_one_case(browser: Browser) -> None:
    form = fill(browser, "accept")

    places = [
        browser.send(f"/intake/{ITEM}", form, form=f"/intake/{ITEM}").headers["Location"]
        for _ in range(2)
    ]

    assert places[0] == places[1]
    assert visible(browser.page("/cases")).count("高龄津贴") == 1


def test_birth_and_sex_are_filled_in_from_the_number(browser: Browser) -> None:
    case = receive(browser, f__birth="", f__sex="")
    page = browser.send(f"/cases/{case}/full").text

    assert "1940-01-01" in page
    assert "女" in visible(page)


def test_full_width_digits_and_short_forms_are_understood(browser: Browser) -> None:
    case = receive(
        browser, f__id_no="１２０１０３１９４００１０１００２５", f__hukou="120103001001 九江路"
    )
    page = browser.send(f"/cases/{case}/full").text

    assert "120103194001010025" in page


def test_a_wrong_check_digit_is_told_beside_the_field_and_nothing_is_lost(
    browser: Browser,
) -> None:
    page = send_faulty(browser, f__id_no="120103194001010021")

    assert "校验位不符" in page
    assert 'value="120103194001010021"' in page
    assert 'value="九江路12号3门201"' in page
    assert '<option value="seen" selected>' in page


def test_a_paper_that_nobody_looked_at_stops_the_form(browser: Browser) -> None:
    assert "请选择材料情况" in send_faulty(browser, p__id_card="")


def test_a_state_that_the_paper_cannot_have_is_refused(browser: Browser) -> None:
    assert "此材料不能选这一项" in send_faulty(browser, p__app_form="owed")


def test_without_a_main_paper_a_case_can_be_received_with_a_reason_but_not_accepted(
    browser: Browser,
) -> None:
    refused = send_faulty(browser, "accept", p__app_form="lacking", reason="明日补交")
    unexplained = send_faulty(browser, "receive", p__app_form="lacking")
    case = receive(browser, "receive", p__app_form="lacking", reason="明日补交")

    assert "不能受理" in refused
    assert "请写明仍要收件的原因" in unexplained
    assert "已收件" in visible(browser.page(f"/cases/{case}"))


def test_a_condition_of_the_item_that_is_not_met_wants_a_reason(browser: Browser) -> None:
    young = {"f__id_no": "120103195001010003"}
    page = send_faulty(browser, **young)
    case = receive(browser, **young, reason="按试点办法提前受理")

    assert "不符合事项条件" in page
    assert "按试点办法提前受理" in browser.page(f"/cases/{case}")


def test_papers_that_depend_on_the_form_appear_once_it_says_so(browser: Browser) -> None:
    form = {**ALLOWANCE, "do": "check", "draft": browser.draft("RS-001")}
    without = browser.send("/intake/RS-001", form, form="/intake/RS-001").text
    form["f.special_group"] = "1"
    with_paper = browser.send("/intake/RS-001", form, form="/intake/RS-001").text

    assert 'name="p.disability_cert"' not in without
    assert 'name="p.disability_cert"' in with_paper


def test_switching_the_language_keeps_what_was_typed(browser: Browser) -> None:
    form = fill(browser, "language-en")

    answer = browser.send(f"/intake/{ITEM}", form, form=f"/intake/{ITEM}")

    assert answer.status_code == 200
    assert "Receive and print" in answer.text
    assert 'value="九江路12号3门201"' in answer.text
    assert "Required" not in answer.text


def test_rows_are_added_without_a_script_and_checked_cell_by_cell(browser: Browser) -> None:
    form = {
        "draft": browser.draft("NY-002"),
        "do": "rows",
        "f.households.1.name": "李建国",
        "f.households.1.id_no": "120103195001010004",
    }
    more = browser.send("/intake/NY-002", form, form="/intake/NY-002").text
    checked = browser.send(
        "/intake/NY-002", {**form, "do": "check"}, form="/intake/NY-002"
    ).text

    assert 'name="f.households.6.name"' in more
    assert 'value="李建国"' in more
    assert "校验位不符" in checked
