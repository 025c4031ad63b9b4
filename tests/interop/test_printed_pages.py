"""Papers as Chromium puts them on A4, read back from the PDF by another program."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from node.pages import blueprint
from tests.e2e.screens import CHROMIUM, chromium
from tests.support.network import VILLAGE, small_network
from tests.support.pages import Browser, Site
from tests.support.window import ALLOWANCE, act, receive

BASE = "http://127.0.0.1:20001"
PDFTOTEXT = Path("/usr/bin/pdftotext")
NAME = ALLOWANCE["f.name"]


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Browser]:
    with small_network() as network:
        yield Site(network.places[VILLAGE], tmp_path, blueprint).browser()


@pytest.fixture
def page(window: Browser) -> Iterator[Page]:
    """A page of Chromium, whose requests the pages of the outpost answer."""
    if not (CHROMIUM.exists() and PDFTOTEXT.exists()):
        pytest.skip("Chromium or poppler-utils is not installed (make setup)")

    def answer(route: Route) -> None:
        with window.get(route.request.url.removeprefix(BASE)) as got:
            route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.data)

    with sync_playwright() as playwright, chromium(playwright) as browser:
        context = browser.new_context()
        context.route(f"{BASE}/**", answer)
        yield context.new_page()
        context.close()


def printed(page: Page, address: str, folder: Path) -> list[str]:
    """The words of each sheet of a page that was printed, without any space."""
    page.goto(BASE + address)
    path = folder / "paper.pdf"
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    done = subprocess.run(
        [PDFTOTEXT, "-layout", path, "-"], check=True, capture_output=True, timeout=30
    )
    sheets = done.stdout.decode().split("\f")[:-1]
    return ["".join(sheet.split()) for sheet in sheets]


def paper(window: Browser, case: str, kind: str) -> str:
    found = re.search(
        rf"/cases/{case}/prints/[0-9a-f]+/{kind}\b", window.page(f"/cases/{case}")
    )
    assert found, kind
    return found[0]


def test_a_one_time_notice_fills_one_sheet_a_copy(
    window: Browser, page: Page, tmp_path: Path
) -> None:
    case = receive(window)
    notice = {"missing.photo": "1", "missing.bank_book": "1", "reason": "请补交近期照片"}
    act(window, case, "notify_missing", **notice)

    first, second = printed(page, paper(window, case, "one_time_notice"), tmp_path)

    wanted = ("一次性告知书", NAME, "请提交", "请补交近期照片", "申请人签名", "（盖章）")
    assert [word for word in wanted if word not in first or word not in second] == []
    assert ("申请人留存" in first, "存档" in second) == (True, True)


def test_an_acceptance_with_a_rare_name_is_one_sheet_with_days_and_number(
    window: Browser, page: Page, tmp_path: Path
) -> None:
    name = "张\U00020bb7"
    case = receive(window, "accept", f__name=name)

    [sheet] = printed(page, paper(window, case, "acceptance_notice"), tmp_path)

    wanted = ("受理通知书", name, "承诺办结日", "法定届满日", "U+20BB7")
    assert [word for word in wanted if word not in sheet] == []
    assert re.search(r"受理〔2026〕\d{12}-\d{2}-\d{4}-\d{4}-\d{4}号", sheet)
    assert "F8" not in sheet


def test_a_card_of_an_item_is_one_sheet(window: Browser, page: Page, tmp_path: Path) -> None:
    [sheet] = printed(page, "/items/MZ-006/card", tmp_path)

    assert [word for word in ("办事明白卡", "材料", "监督电话") if word not in sheet] == []
    assert window.get("/items/MZ-006/card").status_code == 200
