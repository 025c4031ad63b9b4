"""A form that is being filled in outlasts the browser, the program and the power."""

import pytest

from sync.stores.memory import MemoryStore
from tests.support.network import VILLAGE
from tests.support.pages import SECRET, Browser, Site, visible
from tests.support.window import ALLOWANCE, ITEM, fill
from web.drafts import DRAFT_BYTES_MAX, DRAFTS_MAX, Draft, Drafts

CLERK = f"{VILLAGE}-w1"


def numbers(count: int) -> bytes:
    """Bytes of a source that is the same in every run."""
    return bytes(range(count))


@pytest.fixture
def kept() -> Drafts:
    return Drafts(MemoryStore(numbers), SECRET, numbers)


def draft(token: str, ms: int = 1, **values: str) -> Draft:
    return Draft(token * 32, ITEM, ms, values or {"f.name": "张桂兰"})


def save(browser: Browser, **changes: str) -> str:
    """Type into a form, which saves itself, and give its token."""
    form = fill(browser, "check", **changes)
    answer = browser.send(f"/intake/{ITEM}/draft", form, form=f"/intake/{ITEM}")
    assert answer.status_code == 204
    return form["draft"]


def test_what_was_typed_is_there_again(browser: Browser) -> None:
    token = save(browser, f__name="李春梅", f__address="")

    home = browser.page("/")
    page = browser.page(f"/intake/{ITEM}?draft={token}")

    assert "未完成的登记" in home
    assert f"draft={token}" in home
    assert 'value="李春梅"' in page
    assert "已恢复" in visible(page)
    assert f'name="draft" value="{token}"' in page


def test_a_form_that_became_a_case_is_no_draft_any_more(browser: Browser) -> None:
    token = save(browser)
    form = {**ALLOWANCE, "draft": token, "do": "receive"}

    answer = browser.send(f"/intake/{ITEM}", form, form=f"/intake/{ITEM}")

    assert answer.status_code == 303
    assert "未完成的登记" not in browser.page("/")


def test_a_draft_is_dropped_on_demand(browser: Browser) -> None:
    token = save(browser)

    assert browser.send(f"/intake/{ITEM}/drop", {"draft": token}).status_code == 303
    assert "未完成的登记" not in browser.page("/")


def test_a_draft_of_another_item_or_nobody_gives_an_empty_form(browser: Browser) -> None:
    token = save(browser, f__name="李春梅")

    for path in (f"/intake/MZ-007?draft={token}", f"/intake/{ITEM}?draft=x"):
        assert "李春梅" not in browser.page(path)


def test_the_store_does_not_say_what_was_typed(browser: Browser, site: Site) -> None:
    save(browser, f__name="李春梅")

    held = site.place.store.locals("form/")

    assert len(held) == 1
    assert all("李春梅".encode() not in value for value in held.values())


def test_a_draft_is_its_clerk_s_alone_and_opens_under_its_own_secret_alone(
    kept: Drafts,
) -> None:
    store = MemoryStore(numbers)
    here = Drafts(store, SECRET, numbers)
    here.save(CLERK, draft("a"))

    assert here.load(CLERK, "a" * 32) == draft("a")
    assert here.load(f"{VILLAGE}-w2", "a" * 32) is None
    assert Drafts(store, bytes(32), numbers).of(CLERK) == []
    assert kept.of(CLERK) == []


def test_only_so_many_and_so_large_drafts_are_kept(kept: Drafts) -> None:
    for number in range(DRAFTS_MAX + 3):
        assert kept.save(CLERK, Draft(f"{number:032x}", ITEM, number, {}))

    assert len(kept.of(CLERK)) == DRAFTS_MAX
    assert kept.of(CLERK)[0].saved_ms == DRAFTS_MAX + 2
    assert not kept.save(CLERK, draft("b", f="x" * DRAFT_BYTES_MAX))
    assert not kept.save(CLERK, Draft("short", ITEM, 1, {}))
