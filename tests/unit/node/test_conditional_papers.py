"""Papers are asked for as the form comes to need them; minors and the sick stay unnamed."""

from dataclasses import replace

import pytest

from tests.support.applications import application
from tests.support.network import STREET, VILLAGE, Network, catalogue
from tests.support.pages import Browser, Site, divisions


def papers(browser: Browser, **typed: str) -> str:
    return browser.send("/intake/RS-006", {"do": "papers", **typed}).text


@pytest.mark.parametrize(
    ("kind", "paper", "other"),
    [("unit", "labour_contract", "licence_copy"), ("self", "licence_copy", "labour_contract")],
)
def test_the_papers_follow_what_was_chosen_and_nothing_typed_is_lost(
    browser: Browser, kind: str, paper: str, other: str
) -> None:
    typed = {"f.employ_kind": kind, "f.name": "张例甲", "f.start_date": "no date"}

    page = papers(browser, **typed, **{"p.id_card": "seen"})

    assert f'name="p.{paper}"' in page
    assert f'name="p.{other}"' not in page
    assert 'value="张例甲"' in page
    assert 'value="no date"' in page
    assert 'value="seen" selected' in page


def test_the_form_names_the_fields_that_papers_depend_on(browser: Browser) -> None:
    assert 'data-conditions="employ_kind"' in browser.page("/intake/RS-006")
    assert 'data-conditions="birth id_no"' in browser.page("/intake/RS-005")


@pytest.mark.parametrize(
    ("item", "shown"), [("MZ-008", False), ("CL-001", False), ("MZ-007", True)]
)
def test_a_list_names_no_minor_and_nobody_who_is_sick(
    network: Network, site: Site, item: str, shown: bool
) -> None:
    place = network.places[VILLAGE]
    made = application(catalogue().items[item], catalogue(), divisions())
    place.casebook.receive(item, made, place.clerk())

    page = site.browser().page("/cases?shelf=mine")

    assert catalogue().items[item].name.zh in page
    assert ("张**" in page) is shown


def test_a_case_goes_on_under_the_version_of_its_receipt(network: Network) -> None:
    place = network.places[STREET]
    book, old = place.casebook, catalogue()
    items = {**old.items, "MZ-002": replace(old.items["MZ-002"], version="own-2", steps=())}
    made = application(old.items["MZ-002"], old, divisions())
    before = book.receive("MZ-002", made, place.clerk())

    book.use(replace(old, version="own-2", items=items), book.calendar)
    after = book.receive("MZ-002", made, place.clerk())

    steps = [len(book.view(each.case, place.clerk()).item.steps) for each in (before, after)]
    versions = [book.state(each.case).item_version for each in (before, after)]
    assert steps == [4, 0]
    assert versions == [old.version, "own-2"]
