"""The tree of divisions: real tables load, wrong ones are refused with their line."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cases.divisions import Tree, load_divisions
from cases.errors import DivisionError

FOLDER = Path(__file__).parents[3] / "configs" / "divisions"
TIERS = ("city", "district", "street", "village")
HEADER = "code,name,tier,parent\n"
CITY = "441900000000,东莞市,city,\n"
STREET = "441900003000,东城街道,street,441900000000\n"
VILLAGE = "441900003001,岗贝社区,village,441900003000\n"
SMALL = HEADER + CITY + STREET + VILLAGE
RING = "441900009000,甲,zone,441900009001\n441900009001,乙,ward,441900009000\n"
CONTRADICTION = """\
441900003002,乙,district,441900003000
441900004000,丙,district,441900000000
441900004001,丁,street,441900004000
"""
DEEP = "".join(f"44190000300{n},组,t{'x' * n},44190000300{n - 1}\n" for n in range(2, 7))


@pytest.fixture(scope="module")
def hexi() -> Tree:
    return read("tianjin-hexi")


def read(name: str) -> Tree:
    return load_divisions((FOLDER / f"{name}.csv").read_text(encoding="utf-8"), f"{name}.csv")


@pytest.mark.parametrize(
    ("name", "rows", "tiers"),
    [
        ("tianjin-hexi", 165, TIERS),
        ("zhuji", 540, TIERS),
        ("dali", 1284, TIERS),
        ("shanxi", 23380, ("province", *TIERS)),
    ],
)
def test_the_shipped_tables_load_with_their_tiers(
    name: str, rows: int, tiers: tuple[str, ...]
) -> None:
    tree = read(name)

    assert (len(tree), tree.tiers) == (rows, tiers)
    assert len(tree.subtree(tree.root)) == rows


def test_a_province_loads_within_half_a_second() -> None:
    text = (FOLDER / "shanxi.csv").read_text(encoding="utf-8")

    begun = time.process_time()
    load_divisions(text, "shanxi.csv")

    assert time.process_time() - begun < 0.5


def test_a_unit_knows_its_path_and_its_children(hexi: Tree) -> None:
    village = "120103001001"

    assert hexi.path(village) == ("120100000000", "120103000000", "120103001000", village)
    assert hexi.children("120100000000") == ("120103000000",)
    assert hexi.children(village) == ()
    assert hexi.unit("120103001000").name == "大营门街道"
    assert len(hexi.children("120103000000")) == 14
    assert village in hexi
    assert "330681000000" not in hexi


def test_rows_may_come_in_any_order() -> None:
    shuffled = load_divisions(HEADER + VILLAGE + CITY + STREET, "x.csv")

    assert shuffled.path("441900003001") == ("441900000000", "441900003000", "441900003001")
    assert shuffled.tiers == ("city", "street", "village")


def test_the_marks_and_line_ends_of_office_programs_are_accepted() -> None:
    saved = "\ufeff" + SMALL.replace("\n", "\r\n") + "\r\n"

    assert len(load_divisions(saved, "x.csv")) == 3


def test_a_city_without_districts_does_their_work_too() -> None:
    tree = load_divisions(SMALL, "x.csv")

    assert tree.stands_for("441900000000", TIERS) == ("city", "district")
    assert tree.stands_for("441900003000", TIERS) == ("street",)
    assert tree.stands_for("441900003001", TIERS) == ("village",)
    assert tree.stands_for("441900000000") == ("city",)


def test_one_child_that_skips_a_tier_is_enough() -> None:
    text = SMALL + "441901000000,某区,district,441900000000\n"

    tree = load_divisions(text, "x.csv")

    assert tree.tiers == TIERS
    assert tree.stands_for("441900000000") == ("city", "district")


def test_the_root_stands_for_every_tier_above_it() -> None:
    text = HEADER + CITY.replace("city", "district") + STREET + VILLAGE

    assert load_divisions(text, "x.csv").stands_for("441900000000", TIERS) == (
        "city",
        "district",
    )


def test_a_tier_the_catalogue_does_not_know_keeps_its_place() -> None:
    tree = read("shanxi")

    assert tree.order(TIERS) == ("province", *TIERS)
    assert tree.stands_for(tree.root, TIERS) == ("province",)
    assert tree.stands_for("140100000000", TIERS) == ("city",)


def test_tiers_may_have_any_names() -> None:
    text = SMALL.replace("street", "banner").replace("village", "gacha")
    tree = load_divisions(text, "x.csv")

    assert tree.tiers == ("city", "banner", "gacha")
    assert tree.order(("city", "gacha")) == ("city", "banner", "gacha")


def test_a_catalogue_with_the_tiers_the_other_way_round_is_refused(hexi: Tree) -> None:
    with pytest.raises(DivisionError, match="the divisions order their tiers"):
        hexi.stands_for(hexi.root, ("village", "city"))


def test_a_selection_holds_what_was_asked_for_and_all_above_it(hexi: Tree) -> None:
    chosen = hexi.select(["120103002001"], ["120103001000"])

    streets = chosen.children("120103000000")
    assert streets == ("120103001000", "120103002000")
    assert chosen.children("120103002000") == ("120103002001",)
    assert chosen.children("120103001000") == hexi.children("120103001000")
    assert chosen.root == hexi.root
    assert chosen.tiers == TIERS


def test_nothing_selected_leaves_the_root(hexi: Tree) -> None:
    assert [unit.code for unit in hexi.select([])] == ["120100000000"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.unit("999999999999"),
        lambda tree: tree.path("999999999999"),
        lambda tree: tree.children("999999999999"),
        lambda tree: tree.subtree("999999999999"),
        lambda tree: tree.stands_for("999999999999"),
        lambda tree: tree.select(["999999999999"]),
        lambda tree: tree.select([], ["999999999999"]),
    ],
)
def test_an_unknown_code_is_refused(hexi: Tree, ask: Callable[[Tree], object]) -> None:
    with pytest.raises(DivisionError, match="no division has the code '999999999999'"):
        ask(hexi)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "the header must read code,name,tier,parent"),
        ("code,name,parent,tier\n", 1, "the header must read"),
        (HEADER, 1, "no root"),
        (SMALL.replace("441900003001", "44190000300"), 4, "code '44190000300' has not 12"),
        (SMALL.replace("441900003001", "44190000300X"), 4, "has not 12 digits"),
        (SMALL.replace("441900003001", "４４１９００００３００１"), 4, "has not 12 digits"),
        (SMALL.replace("岗贝社区", ""), 4, "the name is empty"),
        (SMALL.replace("岗贝社区", "岗" * 101), 4, "the name is empty, too long"),
        (SMALL.replace("岗贝社区", "岗\x07"), 4, "not printable"),
        (SMALL.replace("village", ""), 4, "unknown tier ''"),
        (SMALL.replace("village", "Village!"), 4, "unknown tier 'Village!'"),
        (SMALL.replace("street,4419", "street,5419"), 3, "unknown parent 541900000000"),
        (SMALL.replace("street,441900000000", "street,4419"), 3, "parent '4419' has not"),
        (SMALL + VILLAGE, 5, "code 441900003001 stands twice"),
        (SMALL + "441900004001,某村,village,441900004000\n", 5, "unknown parent 441900004000"),
        (SMALL + "451900000000,某市,city,\n", 5, "second root 451900000000"),
        (SMALL.replace("city,\n", "city,441900003001\n"), 4, "no root"),
        (SMALL + "441900003002,某组,village,441900003001\n", 5, "the same tier as its parent"),
        (SMALL + RING, 5, "441900009000 stands below itself"),
        (SMALL + CONTRADICTION, 7, "stand above each other"),
        (HEADER + CITY, 2, "2 to 6 tiers are wanted, not city"),
        (SMALL + DEEP, 9, "2 to 6 tiers are wanted"),
        (SMALL + "441900003002,某村,village\n", 5, "4 columns are wanted, 3 found"),
        (SMALL + "441900003002,某村,village,441900003000,x\n", 5, "4 columns are wanted, 5"),
        (SMALL + '441900003002,"某村,village,441900003000\n', 5, "not readable as CSV"),
        (SMALL + "4" * 200_000 + "\n", 5, "not readable as CSV"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(DivisionError) as refusal:
        load_divisions(text, "x.csv")

    assert str(refusal.value).startswith(f"x.csv:{line}: ")
    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_only_the_tiers_of_the_catalogue_may_be_asked_for() -> None:
    with pytest.raises(DivisionError, match=r"^x.csv:3: unknown tier 'stret'$"):
        load_divisions(SMALL.replace("street", "stret"), "x.csv", tiers=TIERS)


def test_a_table_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(DivisionError, match=r"^x.csv:1: longer than"):
        load_divisions("x" * (48 * 1024 * 1024 + 1), "x.csv")
