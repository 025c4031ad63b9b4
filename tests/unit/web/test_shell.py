"""The shell: who may see a page, which requests are refused, and what every answer carries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook.times import local_text
from node.pages import blueprint
from sync.status import HeldBy, SyncStatus
from tests.support.network import VILLAGE, small_network
from tests.support.pages import PASSWORD, Browser, Site, clerk_of, visible
from web.accounts import load_accounts
from web.presenting import moment

BASE = "http://127.0.0.1:20001"
IDLE_MS = 5 * 60 * 1000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with small_network() as network:
        yield Site(network.places[VILLAGE], tmp_path, blueprint)


@pytest.mark.parametrize(
    "path", ["/", "/items", "/intake/MZ-006", "/cases", "/outbox", "/password", "/link"]
)
def test_nobody_sees_a_page_without_signing_in(site: Site, path: str) -> None:
    answer = site.stranger().get(path)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login")


def test_signing_in_leads_to_the_page_that_was_wanted(site: Site) -> None:
    stranger = site.stranger()

    answer = stranger.send(
        "/login", {"user": "w1", "password": PASSWORD, "next": "/cases"}, form="/login"
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/cases")


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example", "/\\x"])
def test_signing_in_never_leads_to_another_site(site: Site, path: str) -> None:
    answer = site.stranger().send(
        "/login", {"user": "w1", "password": PASSWORD, "next": path}, form="/login"
    )

    assert answer.headers["Location"] == "/"


def test_a_wrong_password_is_refused_and_not_repeated_on_the_page(site: Site) -> None:
    answer = site.stranger().send(
        "/login", {"user": "w1", "password": "not-the-password"}, form="/login"
    )

    assert answer.status_code == 403
    assert "用户名或密码不正确" in answer.text
    assert "not-the-password" not in answer.text


@pytest.mark.parametrize("user", ["w1", "nobody"])
def test_after_three_wrong_passwords_even_the_right_one_has_to_wait(
    site: Site, user: str
) -> None:
    stranger = site.stranger()
    for _ in range(3):
        stranger.send("/login", {"user": user, "password": "guess"}, form="/login")

    early = stranger.send("/login", {"user": user, "password": PASSWORD}, form="/login")

    assert early.status_code == 429
    assert early.headers["Retry-After"] == "2"


def test_after_the_wait_the_right_password_is_welcome(site: Site) -> None:
    stranger = site.stranger()
    for _ in range(3):
        stranger.send("/login", {"user": "w1", "password": "guess"}, form="/login")

    site.now_ms += 2_001
    answer = stranger.send("/login", {"user": "w1", "password": PASSWORD}, form="/login")

    assert answer.status_code == 303


def test_a_form_without_the_token_of_the_session_changes_nothing(site: Site) -> None:
    browser = site.browser()

    answer = browser.client.post("/outbox/send", data={"csrf": "0" * 32}, base_url=BASE)

    assert answer.status_code == 403
    assert "未作任何改动" in answer.text
    assert site.pokes == 0


def test_the_token_of_another_session_is_of_no_use(site: Site) -> None:
    browser, other = site.browser(), site.browser()

    answer = browser.client.post("/outbox/send", data={"csrf": other.token()}, base_url=BASE)

    assert answer.status_code == 403


def test_a_screen_left_alone_for_five_minutes_is_locked(site: Site) -> None:
    browser = site.browser()

    site.now_ms += IDLE_MS + 1

    assert browser.get("/cases").status_code == 303


def test_work_keeps_a_session_awake_and_the_light_of_the_link_does_not(site: Site) -> None:
    working, idle = site.browser(), site.browser()
    for _ in range(4):
        site.now_ms += IDLE_MS // 2
        working.get("/cases")
        idle.get("/link")

    assert working.get("/cases").status_code == 200
    assert idle.get("/cases").status_code == 303


def test_a_locked_page_left_open_overnight_does_not_fill_its_cookie(site: Site) -> None:
    browser = site.browser()
    site.now_ms += IDLE_MS + 1
    for _ in range(30):
        browser.get("/link")
        browser.get("/cases")

    assert browser.page("/login").count("已锁定") == 1


def test_a_locked_session_wakes_with_the_password_and_keeps_its_forms_valid(site: Site) -> None:
    browser = site.browser()
    token = browser.token()
    site.now_ms += IDLE_MS + 1

    woken = browser.client.post(
        "/unlock", data={"csrf": token, "password": PASSWORD}, base_url=BASE
    )
    answer = browser.client.post("/outbox/send", data={"csrf": token}, base_url=BASE)

    assert (woken.status_code, answer.status_code) == (204, 303)


def test_a_locked_session_does_not_wake_with_a_wrong_password(site: Site) -> None:
    browser = site.browser()
    token = browser.token()
    site.now_ms += IDLE_MS + 1

    answer = browser.client.post(
        "/unlock", data={"csrf": token, "password": "guess"}, base_url=BASE
    )

    assert answer.status_code == 403
    assert browser.get("/cases").status_code == 303


def test_a_copied_cookie_is_worthless_after_signing_out(site: Site) -> None:
    browser = site.browser()
    name = f"postroad-{VILLAGE}-01"
    cookie = browser.client.get_cookie(name, domain="127.0.0.1")
    assert cookie is not None
    thief = site.stranger()

    browser.send("/logout")
    thief.client.set_cookie(name, cookie.value, domain="127.0.0.1")

    assert thief.get("/cases").status_code == 303


def test_the_session_cookie_is_named_after_the_device_and_kept_from_scripts(site: Site) -> None:
    stranger = site.stranger()

    answer = stranger.send("/login", {"user": "w1", "password": PASSWORD}, form="/login")
    cookie = answer.headers["Set-Cookie"]

    assert cookie.startswith(f"postroad-{VILLAGE}-01=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_forged_cookie_signs_nobody_in(site: Site) -> None:
    stranger = site.stranger()
    stranger.client.set_cookie(
        f"postroad-{VILLAGE}-01", "eyJ1c2VyIjoidzEifQ.x.y", domain="127.0.0.1"
    )

    assert stranger.get("/cases").status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:20001"]
)
def test_a_name_that_is_not_ours_is_refused(site: Site, host: str) -> None:
    answer = site.stranger().client.get("/login", headers={"Host": host})

    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:20001", "localhost:8080", "[::1]:20001"])
def test_loopback_by_any_of_its_names_is_served(site: Site, host: str) -> None:
    assert site.stranger().client.get("/login", headers={"Host": host}).status_code == 200


def test_a_request_that_is_too_large_is_refused(site: Site) -> None:
    answer = site.browser().send("/outbox/send", {"x": "a" * 600_000})

    assert answer.status_code == 413
    assert site.pokes == 0


def test_a_form_with_a_field_that_is_too_long_is_refused(site: Site) -> None:
    assert site.browser().send("/outbox/send", {"x": "a" * 20_001}).status_code == 413


def test_every_page_is_kept_out_of_caches_frames_and_foreign_scripts(site: Site) -> None:
    headers = site.browser().get("/").headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_scripts_and_styles_are_served_to_everybody_and_may_be_kept(site: Site) -> None:
    with site.stranger().get("/static/shell.css") as answer:
        status, caching = answer.status_code, answer.headers["Cache-Control"]

    assert status == 200
    assert "max-age" in caching


def test_the_language_is_remembered_and_the_page_stays(site: Site) -> None:
    browser = site.browser()

    answer = browser.get("/language/en?next=/cases")

    assert answer.headers["Location"] == "/cases"
    assert "Case number" in browser.page("/cases")


@pytest.mark.parametrize(("language", "words"), [("zh", "没有此页"), ("en", "no such page")])
def test_an_unknown_address_has_a_page_in_the_language_of_the_reader(
    site: Site, language: str, words: str
) -> None:
    answer = site.browser(language=language).get("/nowhere")

    assert answer.status_code == 404
    assert words in answer.text


def test_a_stranger_learns_nothing_of_which_addresses_exist_but_the_open_ones(
    site: Site,
) -> None:
    stranger = site.stranger()

    health = stranger.get("/healthz")

    assert health.get_json() == {
        "status": "ok",
        "device": f"{VILLAGE}-01",
        "version": "0.1.0",
    }


def test_a_clerk_changes_the_password_and_the_file_follows(site: Site, tmp_path: Path) -> None:
    browser = site.browser()
    new = "九江路的新密码2026"

    answer = browser.send(
        "/password", {"old": PASSWORD, "new": new, "again": new}, form="/password"
    )

    assert answer.status_code == 303
    assert load_accounts(tmp_path / "accounts.json").verify("w1", new) is not None
    assert (
        site.stranger()
        .send("/login", {"user": "w1", "password": new}, form="/login")
        .status_code
        == 303
    )


def test_a_new_password_ends_every_other_session_of_the_clerk(site: Site) -> None:
    browser, elsewhere = site.browser(), site.browser()
    new = "九江路的新密码2026"

    browser.send("/password", {"old": PASSWORD, "new": new, "again": new}, form="/password")

    assert browser.client.get("/", base_url=BASE).status_code == 200
    assert elsewhere.client.get("/", base_url=BASE).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("wrong", "long-enough-1", "long-enough-1"),
        (PASSWORD, "short", "short"),
        (PASSWORD, "long-enough-1", "long-enough-2"),
        (PASSWORD, PASSWORD, PASSWORD),
    ],
)
def test_a_password_is_not_changed_on_a_faulty_form(
    site: Site, old: str, new: str, again: str
) -> None:
    answer = site.browser().send(
        "/password", {"old": old, "new": new, "again": again}, form="/password"
    )

    assert answer.status_code == 422
    assert site.browser()


def test_an_initial_password_is_pointed_out(tmp_path: Path) -> None:
    with small_network() as network:
        site = Site(network.places[VILLAGE], tmp_path, blueprint, initial=True)

        assert "初始密码" in site.browser().page("/")


def test_a_clerk_who_was_switched_off_is_out_at_the_next_page(site: Site) -> None:
    browser = site.browser()
    roster = site.app.extensions["postroad"].roster
    roster._accounts = type(roster._accounts)(VILLAGE, ())

    assert browser.get("/cases").status_code == 303


@pytest.mark.parametrize(
    ("state", "waiting", "words"),
    [
        ("synchronised", 0, "已同步"),
        ("waiting", 4, "待上传 4 条"),
        ("broken", 4, "线路中断"),
        ("never", 0, "尚未连接上级"),
    ],
)
def test_the_light_of_the_link_says_its_state_in_words(
    site: Site, state: str, waiting: int, words: str
) -> None:
    site.status = SyncStatus(state, waiting, site.now_ms, "", 0, 0)  # type: ignore[arg-type]  # the states are a literal type

    assert words in visible(site.browser().page("/"))


@pytest.mark.parametrize(
    ("held_by", "language", "words"),
    [
        ("window", "zh", "按规定暂不同步"),
        ("paused", "zh", "上级已暂停同步"),
        ("window", "en", "closed by policy until"),
        ("paused", "en", "paused from above"),
    ],
)
def test_the_light_says_what_holds_the_link_and_until_when(
    site: Site, held_by: HeldBy, language: str, words: str
) -> None:
    site.status = SyncStatus("held", 4, None, "", 0, 0, held_by, site.now_ms + 3_600_000)

    page = visible(site.browser(language=language).page("/"))

    assert words in page
    assert moment(local_text(site.now_ms + 3_600_000)) in page


def test_places_are_looked_up_for_a_form(site: Site) -> None:
    found = site.browser().get("/divisions?q=120103001001").get_json()

    assert [place["code"] for place in found["places"]] == [VILLAGE]


def test_two_clerks_of_one_unit_have_sessions_of_their_own(tmp_path: Path) -> None:
    with small_network() as network:
        place = network.places[VILLAGE]
        clerks = (clerk_of(place, "w1"), clerk_of(place, "w2", "supervisor"))
        site = Site(place, tmp_path, blueprint, clerks)

        pages: list[Browser] = [site.browser("w1"), site.browser("w2")]

        assert "监察" not in visible(pages[0].page("/"))
        assert "监察" in visible(pages[1].page("/"))
