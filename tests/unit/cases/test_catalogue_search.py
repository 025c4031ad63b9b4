"""Clerks find an item by whatever they type first."""

import dataclasses
import time
from pathlib import Path

import pytest

from cases.catalogue import Catalogue, load_catalogue
from cases.pinyin import readings
from cases.search import ItemSearch

SHIPPED = Path(__file__).parents[3] / "configs" / "catalogue.yaml"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(SHIPPED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def search(catalogue: Catalogue) -> ItemSearch:
    return ItemSearch(catalogue.items.values(), catalogue.aliases)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("最低", "MZ-001"),
        ("低保", "MZ-001"),
        ("zdshbz", "MZ-001"),
        ("zuidishenghuo", "MZ-001"),
        ("zuidish", "MZ-001"),
        ("最低shbz", "MZ-001"),
        ("ZDSHBZ", "MZ-001"),
        ("ＺＤＳＨ", "MZ-001"),
        ("mz-001", "MZ-001"),
        ("mz001", "MZ-001"),
        ("low income support", "MZ-001"),
        ("医保 报销", "YB-002"),
        ("补贴 残疾", "MZ-004"),
        ("nongcunzhaijidi", "NY-001"),
        ("暂住证", "GA-001"),
        ("砍树", "LY-001"),
        ("聚", ""),
    ],
)
def test_an_item_is_found_by_what_clerks_type(
    search: ItemSearch, query: str, code: str
) -> None:
    found = [hit.code for hit in search.find(query)]

    assert code in found if code else found == []


def test_every_reading_of_a_character_finds_it(
    catalogue: Catalogue,
) -> None:
    named = dataclasses.replace(catalogue.items["MZ-001"].name, zh="单亲家庭重建")
    item = dataclasses.replace(catalogue.items["MZ-001"], name=named)
    search = ItemSearch([item])

    for query in ("danqin", "shanqin", "chanqin", "sq", "dq", "zhongjian", "chongjian", "cj"):
        assert search.find(query), query


def test_a_surname_is_read_as_a_surname_too() -> None:
    rare = {"曾": "zeng", "单": "shan", "仇": "qiu", "解": "xie", "查": "zha", "区": "ou"}

    for character, reading in rare.items():
        assert reading in readings(character)


def test_a_name_that_begins_with_the_query_comes_before_one_that_contains_it(
    search: ItemSearch,
) -> None:
    found = [hit.code for hit in search.find("残疾人")]

    assert found[0] == "CL-001"
    assert set(found[1:]) >= {"MZ-004", "MZ-005"}


def test_a_code_comes_before_every_name(search: ItemSearch) -> None:
    found = search.find("mz")

    assert found[0].code == "MZ-001"
    assert [hit.rank for hit in found[:11]] == [0] * 11


@pytest.mark.parametrize("query", ["", "   ", "'\"%_*", "\x00", "𠀀" * 100, "zzzzzzz"])
def test_a_query_that_fits_nothing_finds_nothing(search: ItemSearch, query: str) -> None:
    assert search.find(query) == ()


def test_no_more_is_returned_than_asked_for(search: ItemSearch) -> None:
    assert len(search.find("z", limit=3)) == 3


@pytest.mark.timeout(30)
def test_three_thousand_items_answer_within_a_tenth_of_a_second(catalogue: Catalogue) -> None:
    base = list(catalogue.items.values())
    items = [
        dataclasses.replace(
            base[n % 50],
            code=f"X-{n}",
            name=dataclasses.replace(
                base[n % 50].name,
                zh=base[n % 50].name.zh + base[n * 7 % 50].name.zh[: n % 9],
            ),
        )
        for n in range(3000)
    ]
    search = ItemSearch(items, catalogue.aliases)

    for query in (
        "证",
        "z",
        "zheng",
        "cjrshbt",
        "zuidishenghuobaozhang",
        "保障 sh",
        "card",
        "x-",
    ):
        begun = time.process_time()
        found = search.find(query)
        spent = time.process_time() - begun
        assert found, query
        assert spent < 0.1, query
