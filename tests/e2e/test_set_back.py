"""Stores that were lost or restored from an older copy: nothing twice, all converge."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cases.fold import digest
from postroad.demo.evidence import read_holdings
from tests.e2e.town import ARRIVE_S, CITY, DISTRICT, STREET, VILLAGE, Town, until
from tests.e2e.window import STREET_ITEM, do, light, people, state_of, take_in

PEOPLE = people(23)


@pytest.fixture
def town(lay_out: Callable[..., Town]) -> Iterator[Town]:
    town = lay_out(CITY, DISTRICT, STREET, VILLAGE)
    town.start()
    yield town
    town.links[VILLAGE].bring_up()


def kill(town: Town, unit: str) -> Path:
    """End a program as a power cut does; give its data folder."""
    town.programs[unit].kill()
    return town.place(unit).data


def folded_alike(town: Town) -> bool:
    holdings = list(read_holdings(town.area).values())
    known = {case for each in holdings for case in each.sightings}
    for case in known:
        states = [each.sightings[case].state for each in holdings if case in each.sightings]
        if len(states) < len(holdings) or len({digest(state) for state in states}) > 1:
            return False
    return bool(known)


def test_a_hub_restored_from_an_older_copy_gets_everything_back(
    town: Town, tmp_path: Path
) -> None:
    window = town.clerk(VILLAGE, "w1")
    first = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE)).case
    do(window, first, "send_up")
    town.settle()
    data = kill(town, STREET)
    shutil.copytree(data, tmp_path / "copy")
    town.start(STREET)
    reviewer = town.clerk(STREET, "r1")
    until(lambda: state_of(reviewer, first) == "accepted", ARRIVE_S, "the street has the case")
    do(reviewer, first, "take")
    second = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE)).case
    do(window, second, "send_up")
    town.settle()

    kill(town, STREET)
    before = (town.place(STREET).folder / "store-mark.json").read_text(encoding="utf-8")
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "copy", data)
    town.start(STREET)
    third = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE)).case

    def has_all() -> bool:
        clerk = town.clerk(STREET, "s1")
        return all(state_of(clerk, case) for case in (first, second, third))

    until(has_all, ARRIVE_S, "the street has what it had and what is new")
    town.settle()
    until(lambda: folded_alike(town), ARRIVE_S, "all tiers show the same")
    mark = (town.place(STREET).folder / "store-mark.json").read_text(encoding="utf-8")
    assert mark != before


def test_an_outpost_that_lost_its_store_gives_no_number_before_it_has_heard_the_hub(
    town: Town,
) -> None:
    window = town.clerk(VILLAGE, "w1")
    receipt = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE))
    town.settle()
    until(lambda: light(window).state == "synchronised", ARRIVE_S, "the light is green")
    town.links[VILLAGE].take_down()
    data = kill(town, VILLAGE)
    for path in data.iterdir():
        path.unlink()
    town.start(VILLAGE)
    window = town.clerk(VILLAGE, "w1")

    with pytest.raises(AssertionError):
        take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE))

    town.links[VILLAGE].bring_up()
    until(lambda: state_of(window, receipt.case) == "accepted", ARRIVE_S, "the case is back")
    until(lambda: light(window).state == "synchronised", ARRIVE_S, "the light is green")
    again = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE))
    assert again.case_no != receipt.case_no
    assert again.case_no[:20] == receipt.case_no[:20]
    town.settle()
    assert folded_alike(town)
