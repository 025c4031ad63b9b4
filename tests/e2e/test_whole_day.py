"""Cases through all four tiers, with the link down, back, and stalled."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from cases.fold import digest
from postroad.demo.browser import Browser, Page
from postroad.demo.evidence import read_holdings
from tests.e2e.town import ARRIVE_S, CITY, DISTRICT, STREET, VILLAGE, Town, answers, until
from tests.e2e.window import (
    STREET_ITEM,
    do,
    has_waiting_row,
    light,
    people,
    send_now,
    state_of,
    take_in,
)

AT_ONCE_S = 2.0
PAGE_S = 1.0
HUBS = (STREET, DISTRICT, CITY)
PEOPLE = people(11)


class Watch(Browser):
    """A browser that keeps the time of the slowest page, redirects included."""

    slowest_s = 0.0

    def get(self, path: str) -> Page:
        return self._timed(lambda: super(Watch, self).get(path))

    def post(self, path: str, fields: Mapping[str, str]) -> Page:
        return self._timed(lambda: super(Watch, self).post(path, fields))

    def _timed(self, ask: Callable[[], Page]) -> Page:
        began = time.monotonic()
        page = ask()
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return page


@pytest.fixture(scope="module")
def town(lay_out: Callable[..., Town]) -> Town:
    town = lay_out(CITY, DISTRICT, STREET, VILLAGE)
    town.start()
    return town


@pytest.fixture
def window(town: Town) -> Iterator[Watch]:
    """A window clerk at the outpost; afterwards the link is up again, whatever happened."""
    yield signed_in(town, VILLAGE, "w1")
    town.links[VILLAGE].bring_up()


def test_a_case_taken_in_with_the_link_down_gets_its_receipt_at_once_and_waits(
    town: Town, window: Watch
) -> None:
    town.links[VILLAGE].take_down()
    until(lambda: light(window).state == "broken", ARRIVE_S, "the light says broken")

    began = time.monotonic()
    receipt = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE))
    took_s = time.monotonic() - began

    assert took_s < AT_ONCE_S
    assert receipt.case_no.startswith(VILLAGE)
    assert has_waiting_row(window, receipt.case)
    assert light(window).waiting > 0
    assert [state_of(town.clerk(unit, "s1"), receipt.case) for unit in HUBS] == ["", "", ""]


def test_a_case_reaches_every_tier_once_the_link_is_back_and_its_decision_comes_down(
    town: Town, window: Watch
) -> None:
    town.links[VILLAGE].take_down()
    case = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE)).case
    do(window, case, "send_up")

    town.links[VILLAGE].bring_up()
    send_now(window)
    wait_for_state(town, case, "accepted", *HUBS)
    do(town.clerk(STREET, "r1"), case, "take")
    do(town.clerk(STREET, "a1"), case, "decide", {"outcome": "granted", "opinion": "同意。"})

    until(lambda: shows(window, case, "decided"), ARRIVE_S, "the decision is back")
    wait_for_state(town, case, "decided", *HUBS)
    assert not has_waiting_row(window, case)


def test_all_tiers_fold_every_case_to_the_same_state(town: Town, window: Watch) -> None:
    case = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE)).case
    do(window, case, "send_up")
    town.settle()

    holdings = read_holdings(town.area).values()

    assert {case in each.sightings for each in holdings} == {True}
    for known in {case for each in holdings for case in each.sightings}:
        assert len({digest(each.sightings[known].state) for each in holdings}) == 1
    assert [each.quarantined + each.refused for each in holdings] == [0, 0, 0, 0]


def test_pages_answer_within_a_second_while_the_link_is_stalled(
    town: Town, window: Watch
) -> None:
    street = signed_in(town, STREET, "r1")
    town.links[VILLAGE].stall()
    case = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE)).case
    send_now(window)

    take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE))
    do(window, case, "send_up")
    for path in ("/", "/items?q=dbsq", "/cases", "/cases?text=0001", "/outbox", "/link"):
        assert window.get(path).is_ok
    for path in ("/", "/shelf/all", "/units"):
        assert street.get(path).is_ok

    assert max(window.slowest_s, street.slowest_s) < PAGE_S
    assert state_of(street, case) == ""
    town.links[VILLAGE].bring_up()
    wait_for_state(town, case, "accepted", STREET)


def test_clerks_reach_the_pages_of_the_hub_above_through_the_tunnel(town: Town) -> None:
    door = town.place(VILLAGE).door
    assert door is not None

    until(lambda: answers(door) == f"{STREET}-01", ARRIVE_S, "the street answers at the door")
    through = Browser(door)
    through.sign_in("r1", town.passwords[f"{STREET}-r1"])

    assert through.get("/shelf/all").is_ok


def signed_in(town: Town, unit: str, post: str) -> Watch:
    watch = Watch(town.place(unit).pages)
    watch.sign_in(post, town.passwords[f"{unit}-{post}"])
    return watch


def wait_for_state(town: Town, case: str, state: str, *units: str) -> None:
    for unit in units:
        is_so = functools.partial(shows, town.clerk(unit, "s1"), case, state)
        until(is_so, ARRIVE_S, f"{unit} shows {state}")


def shows(clerk: Browser, case: str, state: str) -> bool:
    return state_of(clerk, case) == state
