"""Journeys of clerks in a real browser; each is watched for strangers and complaints."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from cases.divisions import load_divisions
from postroad.registries import open_registry
from security.receipts import verify_receipt
from tests.e2e.screens import CHROMIUM, Screen, chromium, screen
from tests.e2e.town import ARRIVE_S, HEXI, STREET, VILLAGE, Town, until
from tests.e2e.window import BANK, STREET_ITEM, do, known_of, people, state_of, take_in
from web.accounts import load_accounts

PEOPLE = people(7)
FORM = f"/intake/{STREET_ITEM}"
RECEIPT = "/cases/*/receipt"

TABLE_ITEM = "NY-002"
"""The subsidy for farmland: its form holds a table of six columns."""

WORDS = "同意。"

Open = Callable[[str, str], Screen]


@pytest.fixture(scope="module")
def town(lay_out: Callable[..., Town]) -> Town:
    town = lay_out(STREET, VILLAGE)
    town.start()
    return town


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright, chromium(playwright) as browser:
        yield browser


@pytest.fixture
def open_screen(town: Town, browser: Browser) -> Iterator[Open]:
    """Opens screens of signed-in clerks by unit and post."""
    with ExitStack() as stack:

        def one_more(unit: str, post: str) -> Screen:
            opened = stack.enter_context(screen(browser, town.place(unit)))
            opened.sign_in(post, town.passwords[f"{unit}-{post}"])
            return opened

        yield one_more


def test_a_clerk_finds_an_item_by_the_initials_of_its_pinyin(open_screen: Open) -> None:
    window = open_screen(VILLAGE, "w1")
    window.press("F2", "/items")

    window.page.keyboard.type("hmbzbt")
    expect(window.page.locator("#found tbody tr")).to_have_count(1)
    window.press("Enter", FORM)

    expect(window.page.locator("#content .head b")).to_have_text("惠民殡葬补贴")


def test_an_intake_is_keyed_in_without_a_mouse_and_f8_gives_the_receipt(
    town: Town, open_screen: Open
) -> None:
    window = open_screen(VILLAGE, "w1")
    pair = next(PEOPLE)
    window.open(FORM)

    key_in(window, known_of(pair, VILLAGE))
    window.press("F8", RECEIPT)

    figure = window.page.locator("figure.code")
    settings = town.place(VILLAGE).settings()
    registry = open_registry(settings.registry, settings.root_key.hex())
    receipt = verify_receipt(figure.get_attribute("data-receipt") or "", registry)
    number = receipt.case_no
    parts = (number[:12], number[12:14], number[14:20], number[20:24], number[24:])
    expect(figure.locator("svg.qr path").first).to_be_visible()
    expect(window.page.locator(".half .number.strong").first).to_have_text(" ".join(parts))
    assert window.page.locator("html").get_attribute("data-printed") == "yes"
    assert pair[0].name not in "".join(window.texts())
    assert pair[0].id_no not in "".join(window.texts())


def test_a_wrong_check_digit_is_told_beside_its_field_and_all_that_was_typed_stays(
    open_screen: Open,
) -> None:
    window = open_screen(VILLAGE, "w1")
    person, relative = next(PEOPLE)
    wrong = person.id_no[:-1] + ("1" if person.id_no[-1] != "1" else "2")
    known = known_of((person, relative), VILLAGE) | {
        "id_no": wrong,
        "sex": "1",
        "birth": "19500101",
    }
    window.open(FORM)

    key_in(window, known)
    window.press("F8", FORM)

    field = window.page.locator(".field.wrong", has=window.page.locator('[name="f.id_no"]'))
    expect(field.locator(".fault")).to_be_visible()
    expect(window.page.locator("#intake .fault")).to_have_count(1)
    assert window.focused() == "f.id_no"
    assert window.value("f.name") == person.name
    assert window.value("f.bank_card") == person.bank_card
    assert window.value("p.invoice") != ""


def test_the_english_switch_keeps_the_page_and_what_was_typed(open_screen: Open) -> None:
    window = open_screen(VILLAGE, "w1")
    person, _ = next(PEOPLE)
    window.open("/cases")
    window.page.click(".top a.tool")
    expect(window.page.locator("html")).to_have_attribute("lang", "en")
    assert window.page.url.endswith("/cases")

    window.open(FORM)
    window.page.fill('[name="f.name"]', person.name)
    window.page.click('.top button[form="intake"]')

    expect(window.page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert window.page.url.endswith(FORM)
    assert window.value("f.name") == person.name


def test_a_save_key_pressed_twice_makes_one_case(town: Town, open_screen: Open) -> None:
    window = open_screen(VILLAGE, "w1")
    window.open(FORM)
    key_in(window, known_of(next(PEOPLE), VILLAGE))
    shelf = "/cases?shelf=mine"
    clerk = town.clerk(VILLAGE, "w2")
    before = clerk.get(shelf).text.count("<tr data-case")

    with window.page.expect_navigation(url=f"**{RECEIPT}"):
        window.page.keyboard.press("F8")
        window.page.keyboard.press("F8")

    assert clerk.get(shelf).text.count("<tr data-case") == before + 1


def test_a_hub_takes_and_decides_with_the_keyboard(town: Town, open_screen: Open) -> None:
    case = offered_to_street(town)
    reviewer = open_screen(STREET, "r1")
    reviewer.press("F2", "/shelf/to_take")
    reviewer.page.keyboard.press("Space")
    reviewer.press("F9", "/shelf/to_take")

    approver = open_screen(STREET, "a1")
    approver.press("Alt+J", "/shelf/to_decide")
    approver.press("Enter", f"/cases/{case}")
    approver.page.keyboard.press("F8")
    approver.page.keyboard.press("Space")
    approver.page.keyboard.press("Tab")
    approver.page.keyboard.type(WORDS)
    approver.press("F9", f"/cases/{case}/acts/decide")
    approver.press("F9", f"/cases/{case}")

    expect(approver.page.locator(".case-head")).to_have_attribute("data-state", "decided")
    clerk = town.clerk(VILLAGE, "w1")
    until(lambda: state_of(clerk, case) == "decided", ARRIVE_S, "the outpost sees the decision")


def test_every_page_fits_an_old_screen_and_says_everything_in_chinese_words(
    town: Town, open_screen: Open
) -> None:
    wide, keys = {}, {}
    for opened in every_page(town, open_screen, "zh"):
        assert opened.language() == "zh-CN"
        wide[opened.page.url] = opened.overhang()
        keys[opened.page.url] = opened.keys()

    assert {url: by for url, by in wide.items() if by > 0} == {}
    assert {url: found for url, found in keys.items() if found} == {}


def test_every_page_in_english_fits_too_and_holds_no_chinese_but_names_and_typed_words(
    town: Town, open_screen: Open
) -> None:
    known = names_and_words(town)
    wide, keys, chinese = {}, {}, {}
    for opened in every_page(town, open_screen, "en"):
        assert opened.language() == "en"
        wide[opened.page.url] = opened.overhang()
        keys[opened.page.url] = opened.keys()
        chinese[opened.page.url] = opened.chinese(known)

    assert {url: by for url, by in wide.items() if by > 0} == {}
    assert {url: found for url, found in keys.items() if found} == {}
    assert {url: found for url, found in chinese.items() if found} == {}


def every_page(town: Town, open_screen: Open, language: str) -> Iterator[Screen]:
    """Opens every page of an outpost and of a hub, one after the other."""
    case = offered_to_street(town)
    window, reviewer, approver, it = (
        open_screen(VILLAGE, "w1"),
        *(open_screen(STREET, post) for post in ("r1", "a1", "i1")),
    )
    for opened in (window, reviewer, approver, it):
        opened.open(f"/language/{language}")
    for path in outpost_pages(case):
        window.open(path)
        yield window
    yield with_faults(window)
    do(town.clerk(STREET, "r1"), case, "take")
    for path in hub_pages(case):
        reviewer.open(path)
        yield reviewer
    approver.open(f"/cases/{case}")
    yield approver
    approver.page.check('[name="outcome"][value="refused"]')
    approver.page.fill('[name="opinion"]', WORDS)
    approver.press("F9", f"/cases/{case}/acts/decide")
    yield approver
    for path in ("/", "/units", "/quarantine"):
        it.open(path)
        yield it


def outpost_pages(case: str) -> list[str]:
    return [
        "/",
        "/items",
        "/items?q=zzzz",
        f"/items/{STREET_ITEM}",
        FORM,
        f"/intake/{TABLE_ITEM}",
        "/cases",
        "/cases?shelf=conflicts",
        f"/cases/{case}",
        f"/cases/{case}?field=mobile",
        f"/cases/{case}/receipt",
        "/outbox",
        "/password",
    ]


def hub_pages(case: str) -> list[str]:
    return [
        "/",
        "/shelf/to_take",
        "/shelf/in_hand",
        "/shelf/all",
        "/shelf/all?q=99999",
        f"/cases/{case}",
        "/units",
        "/password",
    ]


def with_faults(window: Screen) -> Screen:
    """A form that was sent empty: every field says what is missing."""
    window.open(f"/intake/{TABLE_ITEM}")
    window.press("F8", f"/intake/{TABLE_ITEM}")
    return window


def names_and_words(town: Town) -> set[str]:
    """What stays Chinese in every language: names of places and clerks, and typed words."""
    whole = load_divisions(HEXI.read_text(encoding="utf-8"), HEXI.name)
    accounts = [
        load_accounts(town.place(unit).settings().accounts) for unit in (STREET, VILLAGE)
    ]
    return {
        BANK,
        WORDS,
        *(whole.unit(code).name for code in whole.subtree(whole.root)),
        *(clerk.name for each in accounts for clerk in each.clerks()),
    }


def key_in(window: Screen, known: dict[str, str]) -> None:
    """Fill in the form from the field that has the focus to the last, by keys alone."""
    keyboard = window.page.keyboard
    for _ in range(40):
        name = window.focused()
        if name == "reason":
            return
        if window.is_list() and not window.value(name):
            keyboard.press("ArrowDown")
        elif name.removeprefix("f.") in known and not window.value(name):
            keyboard.type(known[name.removeprefix("f.")])
        keyboard.press("Enter")
        assert window.focused() != name, f"Enter does not leave {name}"
    raise AssertionError("the form has no end")


def offered_to_street(town: Town) -> str:
    """A case that has been accepted at the outpost and lies on the street's shelf."""
    clerk, street = town.clerk(VILLAGE, "w1"), town.clerk(STREET, "r1")
    case = take_in(clerk, VILLAGE, STREET_ITEM, next(PEOPLE)).case
    do(clerk, case, "send_up")
    shelf = "/shelf/to_take"
    until(lambda: case in street.get(shelf).text, ARRIVE_S, "the case is at the street")
    return case
