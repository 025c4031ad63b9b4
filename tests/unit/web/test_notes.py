"""Pages note who did what before they show it."""

from pathlib import Path

import pytest

from casebook.journal import WAITING_MAX, WAITING_PREFIX
from node.pages import blueprint
from tests.support.journals import actions_of, journal_of
from tests.support.network import VILLAGE, Network, Place, make_network
from tests.support.pages import Site
from tests.support.window import receive


@pytest.fixture
def network() -> Network:
    return make_network()


@pytest.fixture
def site(network: Network, tmp_path: Path) -> Site:
    return Site(network.places[VILLAGE], tmp_path, blueprint)


def place(network: Network) -> Place:
    return network.places[VILLAGE]


def test_signing_in_and_out_is_noted(site: Site, network: Network) -> None:
    browser = site.browser()

    browser.send("/logout")

    assert actions_of(place(network)) == [("sign_in", "ok"), ("sign_out", "ok")]


def test_a_wrong_password_is_noted_without_what_was_typed(site: Site, network: Network) -> None:
    stranger = site.stranger()

    stranger.send("/login", {"user": "w1", "password": "wrong"}, form="/login")
    stranger.send("/login", {"user": "my-password", "password": "x"}, form="/login")

    notes = journal_of(place(network))
    assert [(note.clerk, note.outcome) for note in notes] == [
        (f"{VILLAGE}-w1", "refused"),
        ("", "refused"),
    ]
    assert "my-password" not in str([(note.facts, note.body) for note in notes])


def test_a_search_is_noted_with_its_words_sealed_in_the_body(
    site: Site, network: Network
) -> None:
    browser = site.browser()

    browser.page("/cases?shelf=all&text=0003")

    last = journal_of(place(network))[-1]
    assert (last.action, last.thing, last.body) == ("search", "all", {"text": "0003"})


def test_a_printed_receipt_is_noted(site: Site, network: Network) -> None:
    browser = site.browser()
    case = receive(browser)

    browser.page(f"/cases/{case}/receipt")

    last = journal_of(place(network))[-1]
    assert (last.action, last.thing) == ("print", case)


def test_what_cannot_be_noted_is_not_shown(network: Network, tmp_path: Path) -> None:
    here = place(network)
    site = Site(here, tmp_path, blueprint)
    browser = site.browser()
    case = receive(browser)
    token = browser.token()
    here.casebook.journal.hold()
    here.store.put([], {f"{WAITING_PREFIX}{n:08d}": b"[{},{}]" for n in range(WAITING_MAX)})

    answer = browser.client.post(
        f"/cases/{case}/full", data={"csrf": token}, base_url="http://127.0.0.1:20001"
    )

    assert answer.status_code >= 500
    assert "张桂兰" not in answer.text
