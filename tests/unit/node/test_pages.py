"""Items, lists, home and outbox of an outpost, over a real casebook with real keys."""

import re

import pytest

from sync.status import SyncStatus
from tests.support.pages import Browser, Site, visible
from tests.support.window import ITEM, receive


def test_an_item_is_found_by_its_initials_its_name_and_its_code(browser: Browser) -> None:
    for query in ("gljt", "高龄", "mz006", "old-age"):
        assert "高龄津贴" in browser.page(f"/items?q={query}")


def test_the_list_alone_is_sent_while_the_clerk_types(browser: Browser) -> None:
    found = browser.page("/items/found?q=gljt")

    assert "高龄津贴" in found
    assert "<html" not in found


def test_a_search_without_a_hit_says_so_and_escapes_what_was_typed(browser: Browser) -> None:
    page = browser.page("/items?q=<script>alert(1)</script>")

    assert "没有找到" in page
    assert "<script>alert" not in page


def test_the_guide_card_tells_papers_limits_and_the_condition(browser: Browser) -> None:
    words = visible(browser.page(f"/items/{ITEM}"))

    assert "居民身份证" in words
    assert "20 个工作日" in words
    assert "年龄（出生日期） ≥ 80" in words.replace("(", "（").replace(")", "）")


def test_an_item_that_this_unit_may_only_explain_cannot_be_received(browser: Browser) -> None:
    assert "本站不收此件" in browser.page("/items/JT-002")
    assert browser.get("/intake/JT-002").status_code == 403


def test_an_unknown_item_is_not_found(browser: Browser) -> None:
    assert browser.get("/intake/XX-999").status_code == 404


def test_a_list_shows_light_words_days_custody_and_masked_applicants(browser: Browser) -> None:
    receive(browser, "accept")
    page = browser.page("/cases")
    words = visible(page)

    assert "正常 剩 20 工作日" in words
    assert "张**" in words
    assert "张桂兰" not in page
    assert "待上传" in words
    assert "九江路社区" in words


def test_a_case_is_found_by_the_last_digits_of_its_number(browser: Browser) -> None:
    receive(browser)
    receive(browser)

    assert "0002 5" in browser.page("/cases?text=00025")
    assert "0001 7" not in browser.page("/cases?text=00025")
    assert "没有办件" in browser.page("/cases?text=99999")


@pytest.mark.parametrize("query", ["shelf=nonsense", "offset=-5", "offset=abc", "text=%25_'"])
def test_a_strange_address_of_the_list_harms_nothing(browser: Browser, query: str) -> None:
    assert browser.get(f"/cases?{query}").status_code == 200


def test_long_lists_are_turned_page_by_page(browser: Browser) -> None:
    for _ in range(21):
        receive(browser)

    first, second = browser.page("/cases"), browser.page("/cases?shelf=mine&offset=20")

    assert "共 21 件" in first
    assert first.count("data-case=") == 20
    assert second.count("data-case=") == 1


def test_the_outbox_lists_what_waits_and_sends_on_demand(site: Site, browser: Browser) -> None:
    receive(browser)
    pokes = site.pokes
    site.status = SyncStatus("broken", 2, site.now_ms, "link lost after 3 s", 0, 0)

    page = visible(browser.page("/outbox"))
    answer = browser.send("/outbox/send")

    assert "120103001001 01 261123 0001 7" in page
    assert "link lost after 3 s" in page
    assert (answer.status_code, site.pokes) == (303, pokes + 1)


def test_the_outbox_is_empty_once_the_unit_above_has_everything(
    site: Site, browser: Browser
) -> None:
    receive(browser)
    site.status = SyncStatus("synchronised", 0, site.now_ms, "", 10_000, 0)

    assert "没有等待上传的办件" in browser.page("/outbox")


def test_home_counts_what_waits_and_offers_what_is_often_used(browser: Browser) -> None:
    receive(browser)
    receive(browser, "accept")
    page = browser.page("/")

    assert re.search(r'data-count="to_accept"><b>1</b>', page)
    assert re.search(r'data-count="in_hand"><b>2</b>', page)
    assert f"/intake/{ITEM}" in page


def test_an_overdue_case_turns_red(site: Site, browser: Browser) -> None:
    receive(browser)
    # Signing in anew: two weeks at a desk are longer than a session.
    site.now_ms += 14 * 86_400_000
    page = site.browser().page("/")

    assert re.search(r'data-count="overdue"><b>1</b>', page)
    assert "超期" in page


@pytest.mark.parametrize("path", ["/", "/items", f"/items/{ITEM}", f"/intake/{ITEM}", "/cases"])
def test_a_page_in_english_has_no_chinese_words_but_names(site: Site, path: str) -> None:
    page = site.browser(language="en").page(path)
    for name in ("中文", "九江路社区", "王秀英"):
        page = page.replace(name, "")
    page = re.sub(r"<datalist.*?</datalist>", "", page, flags=re.DOTALL)

    assert re.findall(r"[\u4e00-\u9fff]+", page) == []
