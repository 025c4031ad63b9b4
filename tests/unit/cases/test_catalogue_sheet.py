"""A catalogue through a sheet and back, and what a wrong line says."""

from pathlib import Path

import pytest

from cases.catalogue import load_catalogue
from cases.catalogue_sheet import join_sheet, sheet_of
from cases.errors import CatalogueError
from web.sheets import read_sheet, write_sheet

SHIPPED = (Path(__file__).parents[3] / "configs" / "catalogue.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def table() -> list[list[str]]:
    return sheet_of(SHIPPED)


def changed(table: list[list[str]], line: int, heading: str, cell: str) -> list[list[str]]:
    """The sheet with another value in one cell; lines count from 1."""
    copy = [list(row) for row in table]
    copy[line - 1][table[0].index(heading)] = cell
    return copy


def test_every_item_comes_back_from_a_workbook_as_it_was(table: list[list[str]]) -> None:
    text, faults = join_sheet(SHIPPED, read_sheet(write_sheet(table)))

    assert faults == []
    assert load_catalogue(text) == load_catalogue(SHIPPED)
    assert sheet_of(text) == table


def test_a_place_leaves_items_out_and_changes_a_promise(table: list[list[str]]) -> None:
    own = changed(table[:4], 3, "promised", "30 wd")

    catalogue = load_catalogue(join_sheet(SHIPPED, own)[0])

    assert list(catalogue.items) == ["MZ-001", "MZ-002", "MZ-003"]
    assert catalogue.items["MZ-002"].promised.n == 30


@pytest.mark.parametrize(
    ("line", "heading", "cell", "said"),
    [
        (2, "promised", "many wd", "MZ-001"),
        (2, "promised", "5 weeks", "MZ-001"),
        (3, "steps", "accept village 1 wd", "MZ-002"),
        (3, "steps", "accept street", "MZ-002"),
        (4, "materials", "no_such_paper main", "no_such_paper"),
        (4, "materials", "illness_docs conditional:hardship_cause==", "MZ-003"),
        (5, "fields", "@nobody", "nobody"),
        (5, "rights.street", "accept, fly", "fly"),
        (6, "code", "MZ-001", "line 2"),
        (6, "more", "[", ""),
        (6, "more", "{surprise: 1}", "surprise"),
        (7, "name.zh", "", "MZ-006"),
        (7, "category", "favour", "favour"),
    ],
)
def test_a_wrong_cell_is_named_by_its_line(
    table: list[list[str]], line: int, heading: str, cell: str, said: str
) -> None:
    text, faults = join_sheet(SHIPPED, changed(table, line, heading, cell))

    assert text == ""
    assert [fault.line for fault in faults] == [line]
    assert said in faults[0].fault


def test_all_wrong_lines_are_named_at_once(table: list[list[str]]) -> None:
    wrong = changed(changed(table, 9, "promised", "x"), 4, "category", "x")

    assert [fault.line for fault in join_sheet(SHIPPED, wrong)[1]] == [4, 9]


@pytest.mark.parametrize("headings", [["code", "price"], ["name.zh"], []])
def test_a_sheet_with_other_headings_is_refused_at_its_first_line(headings: list[str]) -> None:
    assert [fault.line for fault in join_sheet(SHIPPED, [headings])[1]] == [1]


def test_a_wrong_base_is_no_fault_of_the_sheet(table: list[list[str]]) -> None:
    with pytest.raises(CatalogueError):
        join_sheet("items: []", table)
