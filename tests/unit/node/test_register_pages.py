"""A register of households: from a sheet into the form, onto the wall, and never paid twice."""

import io
import re

from werkzeug.test import TestResponse

from postroad.demo.citizens import citizen_number, with_luhn
from tests.support.applications import OLD
from tests.support.pages import Browser, visible
from web.sheets import write_sheet

ITEM = "NY-002"
HEADINGS = ["姓名", "证件号码", "银行账号", "承包面积(亩)", "补贴面积(亩)", "联系电话"]
PAPERS = {
    "p.register_sheet": "original",
    "p.publicity_photo": "copy",
    "p.land_contract": "copy",
}


def line(number: int, **changed: str) -> list[str]:
    cells = {
        "name": f"张例{'甲乙丙丁'[number]}",
        "id_no": citizen_number(OLD.replace(day=number + 2)),
        "bank_card": with_luhn(f"62000000000{number:04d}"),
        "land": "3.50",
        "subsidy": "3.00",
        "mobile": "13800001234",
        **changed,
    }
    return list(cells.values())


def bring(browser: Browser, *lines: list[str], item: str = ITEM, **typed: str) -> TestResponse:
    form = {"f.batch_year": "2026", **typed, "csrf": browser.token(), "do": "sheet"}
    file = (io.BytesIO(write_sheet([HEADINGS, *lines])), "清册.xlsx")
    return browser.client.post(
        f"/intake/{item}", data={**form, "sheet": file}, base_url="http://127.0.0.1:20001"
    )


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input name="(f\.[^"]+)"[^>]*? value="([^"]*)"', page))


def receive(browser: Browser, page: str, reason: str = "") -> TestResponse:
    values = {**fields_of(page), **PAPERS, "reason": reason, "do": "receive"}
    return browser.send(f"/intake/{ITEM}", {**values, "draft": browser.draft(ITEM)})


def received(browser: Browser) -> str:
    answer = receive(browser, bring(browser, line(0), line(1)).text)
    return answer.headers["Location"].split("/")[2]


def test_a_sheet_fills_the_form_and_leaves_what_was_typed(browser: Browser) -> None:
    page = bring(browser, line(0), line(1), ["合计", "", "", "7.00", "6"]).text
    values = fields_of(page)

    assert values["f.batch_year"] == "2026"
    assert values["f.households.2.name"] == "张例乙"
    assert "补贴面积(亩)合计：6.00" in visible(page)
    assert "合计不符" not in page


def test_each_wrong_cell_and_each_wrong_sum_has_its_own_line(browser: Browser) -> None:
    wrong = [line(0, id_no="12010319400102000?"), line(1, land="many")]

    page = bring(browser, *wrong, ["合计", "", "", "9", "6"]).text

    assert "合计不符" in page
    assert 'value="12010319400102000?"' in page
    assert 'value="many"' in page
    assert page.count('<td class="wrong">') == 2


def test_one_person_in_two_lines_is_refused_and_a_shared_account_explained(
    browser: Browser,
) -> None:
    person = bring(browser, line(0), line(1, id_no=line(0)[1])).text
    account = bring(browser, line(0), line(1, bank_card=line(0)[2])).text

    assert "与第 1 行重复" in person
    assert receive(browser, person, "共用").status_code == 422
    assert receive(browser, account).status_code == 422
    assert receive(browser, account, "父子共用账户").status_code == 303


def test_who_stood_in_an_earlier_register_is_pointed_out(browser: Browser) -> None:
    received(browser)

    page = bring(browser, line(0)).text

    assert "此前的清册已有：1201030010010126112300017" in page


def test_a_list_for_the_wall_has_no_number_and_the_one_to_sign_has_its_ends(
    browser: Browser,
) -> None:
    case = received(browser)

    posting = browser.page(f"/cases/{case}/register/posting").split("table>")[1]
    sign = browser.page(f"/cases/{case}/register/sign").split("table>")[1]

    assert "张例甲" in posting
    assert "6.00" in posting
    assert not re.search(r"1201|6200|1380", posting)
    assert line(0)[1] not in sign
    assert line(0)[1][-4:] in sign


def test_there_is_no_other_list(browser: Browser) -> None:
    case = received(browser)

    assert browser.get(f"/cases/{case}/register/other").status_code == 404


def test_an_item_without_a_register_takes_no_sheet_and_keeps_what_was_typed(
    browser: Browser,
) -> None:
    answer = bring(browser, item="MZ-007", **{"f.name": "张例甲"})

    assert answer.status_code == 422
    assert 'value="张例甲"' in answer.text
