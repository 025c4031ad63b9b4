"""A network that cannot be made is refused in one line, and leaves nothing behind."""

from pathlib import Path

import pytest

from tests.support.made import HEXI, make

CITY = "120100000000"
COMMUNITY = "120103001001"


@pytest.mark.parametrize(
    ("rows", "line", "fault"),
    [
        (["12010300000,河西区,district,120100000000"], 3, "12 digits"),
        (["120103000000,河西区,district,110000000000"], 3, "parent"),
        (["120103000000,河西区,district,120100000000"] * 2, 4, "twice"),
        (
            [
                "120103000000,河西区,district,120103001000",
                "120103001000,大营门街道,street,120103000000",
            ],
            3,
            "below itself",
        ),
    ],
    ids=["code", "orphan", "duplicate", "cycle"],
)
def test_a_wrong_row_is_named_by_its_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[str], line: int, fault: str
) -> None:
    table = tmp_path / "table.csv"
    head = ["code,name,tier,parent", "120100000000,天津市,city,"]
    table.write_text("\n".join([*head, *rows, ""]), encoding="utf-8")

    assert make(tmp_path / "network", divisions=table) == 11

    error = capsys.readouterr().err
    assert error.startswith(f"postroad: {table}:{line}: ")
    assert fault in error
    assert error.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--unit", "120103099099"], 11),
        (["--unit", CITY], 5),
        (["--base-port", "65000"], 5),
        (["--catalogue", str(HEXI)], 11),
        (["--calendar", str(HEXI)], 11),
        (["--catalogue", "/nowhere.yaml"], 6),
    ],
)
def test_a_network_that_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    assert make(tmp_path / "network", *words) == code

    error = capsys.readouterr().err
    assert error.startswith("postroad: ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failure_in_the_middle_leaves_nothing_half_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A name that fits the table and not a statement fails after keys have been written.
    table = tmp_path / "table.csv"
    table.write_text(
        "code,name,tier,parent\n120103001000,大营门街道,street,\n"
        f"120103001001,{'长' * 80},village,120103001000\n",
        encoding="utf-8",
    )

    assert make(tmp_path / "network", divisions=table) == 13

    assert capsys.readouterr().err.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_a_folder_that_holds_something_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")

    assert make(tmp_path) == 5

    assert "is not empty" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    out = tmp_path / "network"
    out.mkdir()

    assert make(out, "--unit", COMMUNITY) == 0

    assert (out / "network.json").exists()
