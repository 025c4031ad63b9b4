"""`postroad compare` on installations as they lie on disk."""

import json
from pathlib import Path

import pytest

from postroad.cli import main
from postroad.exit_codes import ExitCode
from tests.support.made import Made
from tests.support.station import (
    CITY,
    STREET,
    VILLAGE,
    config,
    make_hexi,
    opened,
    receive,
    records,
)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = make_hexi(tmp_path / "network")
    receive(made, VILLAGE, 2)
    with opened(made, STREET):
        return made


def store_of(made: Made, unit: str) -> str:
    return str(made.settings(unit).store)


def compare(made: Made, *words: str) -> int:
    options = ["--store", store_of(made, VILLAGE), "--neighbour", VILLAGE, "--json", *words]
    return main(["compare", "--config", config(made, STREET), *options])


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_only_the_neighbour_has_is_listed_and_nothing_is_changed(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    code = compare(made)

    listed = [row for row in said(capsys) if row["message"] == "compare.difference"]
    assert code == ExitCode.VERDICT
    assert {row["side"] for row in listed} == {"there"}
    assert records(made, VILLAGE) <= {row["record"] for row in listed}
    assert {row["device"] for row in listed} == {f"{VILLAGE}-01"}
    assert records(made, STREET) == set()


def test_a_repair_without_confirmation_changes_nothing(made: Made) -> None:
    code = compare(made, "--repair")

    assert code == ExitCode.VERDICT
    assert records(made, STREET) == set()


def test_a_confirmed_repair_takes_what_was_lacking_through_the_gate(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    code = compare(made, "--repair", "--yes")
    mended = said(capsys)[-1]

    again = compare(made)

    assert (code, mended["message"], mended["quarantined"]) == (0, "compare.repaired", 0)
    assert again == 0
    assert records(made, STREET) == records(made, VILLAGE)


def test_units_that_are_no_neighbours_are_not_compared(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--store", store_of(made, VILLAGE), "--neighbour", VILLAGE]

    code = main(["--lang", "en", "compare", "--config", config(made, CITY), *options])

    assert code == ExitCode.REFUSED
    assert "not directly above or below" in capsys.readouterr().err


def test_the_root_has_nobody_above_to_compare_with(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--lang", "en", "compare", "--config", config(made, CITY)])

    assert code == ExitCode.REFUSED
    assert "no unit above" in capsys.readouterr().err
