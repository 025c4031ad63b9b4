"""The commands for a place's own list of items."""

from pathlib import Path

import pytest

from cases.catalogue import load_catalogue
from postroad.cli import main
from tests.support.network import ROOT
from web.sheets import read_sheet, write_sheet

SHIPPED = ROOT / "configs" / "catalogue.yaml"


def made(folder: Path) -> Path:
    sheet = folder / "items.xlsx"
    assert main(["catalogue", "sheet", str(SHIPPED), "--out", str(sheet)]) == 0
    return sheet


def bring(sheet: Path, out: Path, *words: str) -> int:
    asked = ["catalogue", "import", str(sheet), "--base", str(SHIPPED), "--out", str(out)]
    return main([*asked, *words])


def test_a_sheet_and_back_is_the_same_catalogue(tmp_path: Path) -> None:
    out = tmp_path / "own.yaml"

    assert bring(made(tmp_path), out) == 0
    assert load_catalogue(out.read_text("utf-8")) == load_catalogue(SHIPPED.read_text("utf-8"))
    assert main(["catalogue", "check", str(out)]) == 0
    assert bring(tmp_path / "items.xlsx", out) == 6


@pytest.mark.parametrize(("language", "word"), [("zh", "第 3 行"), ("en", "line 3")])
def test_a_wrong_line_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, word: str
) -> None:
    sheet, out = made(tmp_path), tmp_path / "own.yaml"
    table = read_sheet(sheet.read_bytes())
    table[2][0] = "no code"
    sheet.write_bytes(write_sheet(table))

    code = bring(sheet, out, "--lang", language)

    assert (code, out.exists()) == (3, False)
    assert word in capsys.readouterr().out


def test_what_is_no_sheet_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "items.csv"
    sheet.write_text("code\n=1+1\n", encoding="utf-8")

    assert bring(sheet, tmp_path / "own.yaml", "--lang", "en") == 3
    assert "Line 2, column 1: a formula" in capsys.readouterr().out
