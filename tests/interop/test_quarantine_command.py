"""`postroad quarantine` on an installation as it lies on disk."""

import json
from pathlib import Path

import pytest

from postroad.cli import main
from postroad.exit_codes import ExitCode
from sync.quarantine import quarantine_document
from tests.support.made import Made
from tests.support.station import STREET, VILLAGE, config, make_hexi, opened


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = make_hexi(tmp_path / "network")
    with opened(made, STREET) as installation:
        installation.store.put([quarantine_document(b"forged", "signature", VILLAGE, "up")])
    return made


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def quarantine(made: Made, *words: str) -> int:
    return main(["quarantine", *words, "--config", config(made, STREET), "--json"])


def test_a_record_is_listed_rejected_and_no_longer_waits(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quarantine(made, "list") == 0
    [row, _] = said(capsys)

    code = quarantine(made, "reject", str(row["record"]), "--reason", "伪造的记录")

    assert code == 0
    assert (row["why"], row["releasable"], row["state"]) == ("signature", False, "open")
    capsys.readouterr()
    assert quarantine(made, "list") == 0
    assert [line["message"] for line in said(capsys)] == ["quarantine.total"]


def test_nobody_releases_what_is_forged(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    quarantine(made, "list")
    [row, _] = said(capsys)

    code = quarantine(made, "release", str(row["record"]), "--reason", "着急")

    assert code == ExitCode.SYNC
    assert "cannot be let through" in capsys.readouterr().err


def test_a_decision_needs_a_reason(made: Made) -> None:
    assert quarantine(made, "reject", "ab" * 32, "--reason", "  ") == ExitCode.REFUSED
