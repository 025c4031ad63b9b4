"""A form finds a place by its code, its name, or its name without the usual ending."""

import pytest

from tests.support.network import STREET, VILLAGE
from tests.support.pages import divisions
from web.lookups import code_of, find_places, near_places, place_name


def test_places_are_found_by_the_beginning_of_their_code() -> None:
    found = find_places(divisions(), "120103001")

    assert found
    assert all(place.code.startswith("120103001") for place in found)


def test_the_place_of_exactly_that_name_stands_first() -> None:
    name = divisions().unit(STREET).name.removesuffix("街道")

    assert find_places(divisions(), name)[0].code == STREET


def test_a_place_is_found_within_another_by_two_words() -> None:
    street = divisions().unit(STREET).name[:2]
    village = divisions().unit(VILLAGE).name[:2]

    found = find_places(divisions(), f"{street} {village}")

    assert VILLAGE in [place.code for place in found]
    assert all(place.code.startswith(STREET[:9]) for place in found)


def test_nothing_is_found_for_nothing() -> None:
    assert find_places(divisions(), "  ") == []


def test_no_more_places_are_found_than_wanted() -> None:
    assert len(find_places(divisions(), "社区", limit=7)) == 7


def test_the_unit_itself_and_its_neighbours_are_near() -> None:
    codes = [place.code for place in near_places(divisions(), VILLAGE)]

    assert codes[0] == VILLAGE
    assert {STREET, *divisions().children(STREET)} <= set(codes)


def test_a_unit_outside_the_table_has_nothing_near() -> None:
    assert near_places(divisions(), "330681001218") == []


@pytest.mark.parametrize("typed", ["120103001001", " 120103001001 ", "120103001001 九江路社区"])
def test_a_typed_code_stands_for_itself(typed: str) -> None:
    assert code_of(divisions(), typed) == "120103001001"


def test_a_name_that_only_one_place_has_stands_for_its_code() -> None:
    name = divisions().unit(STREET).name

    assert code_of(divisions(), name.removesuffix("街道")) == STREET


def test_a_name_of_no_place_is_left_for_the_check_of_the_form() -> None:
    assert code_of(divisions(), "不存在的地方") == "不存在的地方"


def test_a_place_is_named_with_the_places_above_it() -> None:
    shown = place_name(divisions(), VILLAGE)

    assert shown.split()[-1] == divisions().unit(VILLAGE).name
    assert divisions().unit(STREET).name in shown
    assert place_name(divisions(), "330681001218") == ""
