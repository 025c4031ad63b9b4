"""Every printed paper of a case, as the page of an outpost shows it in both languages."""

import re

import pytest

from tests.support.journals import journal_of
from tests.support.pages import ID_NUMBER, Browser, Site, visible
from tests.support.window import ALLOWANCE, ITEM, act, receive

RARE_NAME = "张\U0002b739"
NUMBER = re.compile(r"受理〔2026〕\d{12}-\d{2}-\d{4}-\d{4}-\d{4}号")
NAME = ALLOWANCE["f.name"]
NUMBERS = (ALLOWANCE["f.id_no"], ALLOWANCE["f.bank_card"], ALLOWANCE["f.mobile"], ID_NUMBER)
CHINESE, ENGLISH = "zh", "en"


def papers(browser: Browser, case: str) -> dict[str, str]:
    """The addresses of the papers that the case page links to, by kind."""
    found = re.findall(
        rf"/cases/{case}/prints/[0-9a-f]+/[a-z_]+", browser.page(f"/cases/{case}")
    )
    return {address.rpartition("/")[2]: address for address in found}


def in_english(browser: Browser, address: str) -> str:
    browser.client.set_cookie("postroad-language", ENGLISH, domain="127.0.0.1")
    shown = browser.page(address)
    browser.client.set_cookie("postroad-language", CHINESE, domain="127.0.0.1")
    return shown


def told(browser: Browser) -> str:
    case = receive(browser)
    notice = {"missing.photo": "1", "missing.bank_book": "1", "reason": "请补交近期照片"}
    assert act(browser, case, "notify_missing", **notice) == 303
    return case


def supplied(browser: Browser) -> str:
    case = told(browser)
    assert act(browser, case, "supply", **{"p.photo": "copy", "p.bank_book": "copy"}) == 303
    return case


def accepted(browser: Browser) -> str:
    return receive(browser, "accept")


def promised(browser: Browser) -> str:
    return receive(browser, "accept", p__photo="owed")


def not_accepted(browser: Browser) -> str:
    case = receive(browser)
    reason = {"reason_code": "not_ours", "whose": "区人社局", "reason": "不属本单位职权"}
    assert act(browser, case, "not_accept", **reason) == 303
    return case


def paused(browser: Browser) -> str:
    case = accepted(browser)
    assert act(browser, case, "pause_open", kind="supplement", reason="补照片") == 303
    return case


CASES = {
    "one_time_notice": (told, ("请提交", "近期照片", "签名"), ("Told on", "Supply by")),
    "supplement_receipt": (supplied, ("补收〔2026〕",), ("Brought on", "Copies")),
    "acceptance_notice": (
        accepted,
        ("受理〔2026〕", "承诺办结日", "法定届满日", "收费"),
        ("Promised day", "Last legal day"),
    ),
    "commitment": (promised, ("补交截止日", "逾期未补交"), ("To follow by", "I promise")),
    "refusal_to_accept": (
        not_accepted,
        ("区人社局", "不属本单位职权", "行政复议", "行政诉讼"),
        ("Apply to", "administrative review"),
    ),
    "supplement_notice": (paused, ("补照片", "依据："), ("Legal basis", "Supply by")),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_paper_shows_what_it_must_in_both_languages(browser: Browser, kind: str) -> None:
    make, chinese, english = CASES[kind]
    case = make(browser)
    address = papers(browser, case)[kind]

    page, other = browser.page(address), in_english(browser, address)

    assert [word for word in chinese if word not in visible(page)] == []
    assert [word for word in english if word not in visible(other)] == []
    assert NAME in visible(page)
    assert "<svg" in page
    assert [number for number in NUMBERS if number in page + other] == []


def test_a_paper_is_noted_with_its_kind(browser: Browser, site: Site) -> None:
    case = accepted(browser)

    browser.page(papers(browser, case)["acceptance_notice"])

    last = journal_of(site.place)[-1]
    assert (last.action, last.thing) == ("print", case)
    assert (last.body or {})["paper"] == "acceptance_notice"


def test_a_paper_that_the_case_does_not_have_is_not_made(browser: Browser) -> None:
    case = accepted(browser)
    address = papers(browser, case)["acceptance_notice"]

    invented = address.replace("acceptance_notice", "extension_notice")

    assert browser.get(invented).status_code == 404
    assert browser.get(f"/cases/{case}/prints/{'0' * 64}/acceptance_notice").status_code == 404


def test_the_number_of_a_paper_is_the_same_on_every_reprint(browser: Browser) -> None:
    address = papers(browser, accepted(browser))["acceptance_notice"]

    first, again = (NUMBER.findall(browser.page(address)) for _ in range(2))

    assert first == again != []


def test_a_rare_character_is_named_on_the_screen_and_on_the_paper(browser: Browser) -> None:
    case = receive(browser, "accept", f__name=RARE_NAME)

    page = browser.page(papers(browser, case)["acceptance_notice"])

    assert 'data-part="rare"' in page
    assert page.count("\U0002b739 U+2B739") == 2
    assert RARE_NAME in page


def test_the_card_of_an_item_says_what_to_bring_in_both_languages(browser: Browser) -> None:
    chinese = visible(browser.page(f"/items/{ITEM}/card"))
    english = visible(in_english(browser, f"/items/{ITEM}/card"))

    assert [
        word for word in ("办事明白卡", "材料", "收费", "监督电话") if word not in chinese
    ] == []
    assert [word for word in ("What to bring", "Paper", "Fee") if word not in english] == []
    assert browser.get("/items/XX-999/card").status_code == 404
