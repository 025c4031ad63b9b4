"""After a day of every kind of case and of clumsy clerks, nothing personal lies in clear."""

import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from postroad.demo.browser import Browser
from postroad.demo.citizens import Citizen
from postroad.demo.cleartext import Haystack, finds_everything
from postroad.demo.errors import DemoError
from postroad.demo.forms import Form
from tests.e2e.town import ARRIVE_S, CITY, DISTRICT, STREET, VILLAGE, Town, until
from tests.e2e.window import (
    CITY_ITEM,
    DISTRICT_ITEM,
    STREET_ITEM,
    VILLAGE_ITEM,
    answers_of,
    do,
    faults_on,
    intake_form,
    people,
    take_in,
)

ITEMS = (VILLAGE_ITEM, STREET_ITEM, DISTRICT_ITEM, CITY_ITEM)
HUBS_UPWARD = (STREET, DISTRICT, CITY)

Pair = tuple[Citizen, Citizen]


def test_no_file_of_a_hub_and_no_log_of_anybody_holds_personal_data_in_clear(
    lay_out: Callable[..., Town], tmp_path: Path
) -> None:
    town = lay_out(CITY, DISTRICT, STREET, VILLAGE)
    town.start()
    pairs = dict(zip(ITEMS, people(8), strict=False))
    cases = {item: play_course(town, item, pair) for item, pair in pairs.items()}
    make_mistakes(town, cases, pairs)
    town.settle()
    secrets = [secret for pair in pairs.values() for each in pair for secret in each.secrets]
    hay = Haystack(secrets)

    # While the programs run: what lies in a write-ahead log is searched as well.
    searches = {place.unit: hay.search(place.folder) for place in town.area.hubs}

    assert finds_everything(secrets, tmp_path)
    assert {unit: each.found for unit, each in searches.items() if each.found} == {}
    for unit in HUBS_UPWARD:
        names = {path.name for path in town.place(unit).data.iterdir()}
        assert names >= {"store.sqlite", "store.sqlite-wal", "readmodel.sqlite", "hub.log"}
    own_logs = [place.data / f"{place.program}.log" for place in town.area.places]
    logs = [*own_logs, *town.area.logs.iterdir()]
    assert all(log.stat().st_size for log in own_logs)
    assert [log.name for log in logs if hay.is_in(log.read_bytes())] == []


def play_course(town: Town, item: str, pair: Pair) -> str:
    """One application from the intake to the decision, with words that name people."""
    window = town.clerk(VILLAGE, "w1")
    button = "receive" if item == CITY_ITEM else "accept"
    case = take_in(window, VILLAGE, item, pair, button).case
    words = words_on(pair)
    do(window, case, "note", {"text": words})
    if item == VILLAGE_ITEM:
        do(window, case, "decide", {"outcome": "granted", "opinion": words})
        return case
    if item == CITY_ITEM:
        do(window, case, "precheck", {"result": "fit", "opinion": words})
    do(window, case, "send_up", {"opinion": words})
    for unit in HUBS_UPWARD:
        if handled(town, unit, case, words):
            return case
    raise AssertionError(f"nobody decided {item}")


def handled(town: Town, unit: str, case: str, words: str) -> bool:
    """Do all that a hub has to do on a case; tell whether it was decided there."""
    reviewer, approver = town.clerk(unit, "r1"), town.clerk(unit, "a1")
    until(lambda: offers(reviewer, case, "take"), ARRIVE_S, f"the case is offered to {unit}")
    do(reviewer, case, "take")
    do(reviewer, case, "note", {"text": words})
    for act in ("accept", "step_done"):
        if offers(reviewer, case, act):
            do(reviewer, case, act, {"opinion": words} if act == "step_done" else {})
    if offers(approver, case, "decide"):
        do(approver, case, "decide", {"outcome": "refused", "opinion": words})
        return True
    do(reviewer, case, "send_up", {"opinion": words})
    return False


def make_mistakes(town: Town, cases: dict[str, str], pairs: dict[str, Pair]) -> None:
    """Personal data where they do not belong: in searches, addresses, logins, wrong forms."""
    pair = pairs[STREET_ITEM]
    person = pair[0]
    window = town.clerk(VILLAGE, "w1")
    form = intake_form(window, STREET_ITEM)
    wrong = answers_of(form, pair, VILLAGE) | {"f.id_no": person.id_no[:-1] + "?"}
    assert faults_on(window.submit(form, wrong, "accept"))
    reviewer = town.clerk(STREET, "r1")
    assert person.name in reviewer.submit(reveal_form(reviewer, cases[STREET_ITEM]), {}).text
    for clerk in (window, reviewer):
        for secret in person.secrets:
            quoted = urllib.parse.quote(secret)
            for path in ("/cases?text=", "/items?q=", "/shelf/all?q=", "/nowhere/", "/cases/"):
                clerk.get(path + quoted)
    for place in town.area.places:
        with pytest.raises(DemoError):
            Browser(place.pages).sign_in(person.name, person.id_no)


def reveal_form(clerk: Browser, case: str) -> Form:
    form = clerk.get(f"/cases/{case}").form("/reveal")
    assert form is not None
    return form


def offers(clerk: Browser, case: str, act: str) -> bool:
    """Tell whether the page of a case, if there is one yet, offers an act."""
    return clerk.get(f"/cases/{case}").form(f"/acts/{act}") is not None


def words_on(pair: Pair) -> str:
    person, relative = pair
    return f"{person.name}，{person.mobile}，由{relative.name}、{relative.id_no}代办。"
