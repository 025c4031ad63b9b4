"""An auditor comes: real programs worked for a while, and all is checked from outside."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from postroad.cli import main
from security.tlog_trust import policy_of
from sync.log.folder import LogFolder
from tests.e2e.town import (
    ARRIVE_S,
    CITY,
    DISTRICT,
    STREET,
    VILLAGE,
    Town,
    until,
)
from tests.e2e.window import STREET_ITEM, Receipt, people, send_now, take_in
from web.opening import load_registry
from web.settings import load_settings

GO = shutil.which("go")


@dataclass
class Worked:
    """A town that took in a case, stopped, with its receipt."""

    town: Town
    receipt: Receipt

    def config(self, unit: str) -> str:
        return str(self.town.place(unit).folder / "config.toml")

    def root_key(self) -> str:
        table = tomllib.loads(Path(self.config(CITY)).read_text(encoding="utf-8"))
        return str(table["node"]["root_key"])


@pytest.fixture(scope="module")
def worked(lay_out: Callable[..., Town]) -> Worked:
    town = lay_out(CITY, DISTRICT, STREET, VILLAGE)
    town.start()
    clerk = town.clerk(VILLAGE, "w1")
    receipt = take_in(clerk, VILLAGE, STREET_ITEM, next(people(7)))
    form = clerk.get(f"/cases/{receipt.case}").form(f"/cases/{receipt.case}/full")
    assert form is not None
    clerk.submit(form, {})
    send_now(clerk)
    until(lambda: is_logged(town, CITY, receipt), ARRIVE_S, "the case is in the city's log")
    until(lambda: is_final(town, STREET), ARRIVE_S, "the street's checkpoint is cosigned")
    town.settle()
    town.programs.stop()
    return Worked(town, receipt)


def is_logged(town: Town, unit: str, receipt: Receipt) -> bool:
    log = LogFolder(town.place(unit).data / "log")
    case = bytes.fromhex(receipt.case)
    return log.find(case, log.head().size, 32) is not None


def is_final(town: Town, unit: str) -> bool:
    settings = load_settings(town.place(unit).folder / "config.toml")
    signed = LogFolder(town.place(unit).data / "log").head().signed
    policy = policy_of(load_registry(settings), unit)
    return signed is not None and policy.is_final(signed)


def test_all_tiers_are_verified_against_each_other(
    worked: Worked, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [worked.config(unit) for unit in (CITY, DISTRICT, STREET, VILLAGE)]

    code = main(["audit", "verify", *places, "--lang", "en"])

    told = capsys.readouterr()
    assert (code, told.err) == (0, ""), told
    assert told.out.count("leaves were looked at") == 4


def test_a_changed_store_is_named_and_ends_the_command_with_a_code(
    worked: Worked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "street"
    shutil.copytree(worked.town.place(STREET).folder, copy)
    entries = copy / "data" / "log" / "entries"
    raw = bytearray(entries.read_bytes())
    raw[3] ^= 1
    entries.write_bytes(raw)

    code = main(["audit", "verify", str(copy), "--lang", "en"])

    told = capsys.readouterr()
    assert code == 3
    assert "a log was changed" in told.out
    assert "leaf 0 is not the entry that was signed" in told.out


def test_the_story_of_a_case_names_who_did_and_saw_what(
    worked: Worked, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit", "case", worked.receipt.case_no, "--config", worked.config(STREET)]

    code = main([*words, "--lang", "en"])

    told = capsys.readouterr().out
    assert code == 0
    assert f"{VILLAGE} did receive by {VILLAGE}-w1" in told
    assert f"{VILLAGE} saw it: unmask by {VILLAGE}-w1" in told
    assert f"granted keys to {CITY} (facts)" in told
    assert "is final" in told


def exported(worked: Worked, unit: str, folder: Path) -> Path:
    out = folder / "export"
    words = ["audit", "export", "--config", worked.config(unit), "--out", str(out)]
    assert main([*words, "--case", worked.receipt.case_no]) == 0
    return out


def test_an_export_is_checked_by_the_single_file_it_carries(
    worked: Worked, tmp_path: Path
) -> None:
    out = exported(worked, STREET, tmp_path)

    checked = court(out, worked.root_key())

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "final" in checked.stdout
    assert "all of it holds" in checked.stdout


@pytest.mark.parametrize("part", ["records", "proofs", "logs", "registry.prl", "policy"])
def test_an_export_that_was_changed_is_refused_by_the_file_it_carries(
    worked: Worked, tmp_path: Path, part: str
) -> None:
    out = exported(worked, STREET, tmp_path)
    chosen = out / part
    if chosen.is_dir():
        chosen = next(path for path in sorted(chosen.rglob("*")) if path.is_file())
    raw = bytearray(chosen.read_bytes())
    raw[len(raw) // 2] ^= 1
    chosen.write_bytes(raw)

    checked = court(out, worked.root_key())

    assert checked.returncode == 1
    assert "WRONG" in checked.stdout


def test_an_export_made_under_another_root_key_is_refused(
    worked: Worked, tmp_path: Path
) -> None:
    out = exported(worked, STREET, tmp_path)

    checked = court(out, "11" * 32)

    assert checked.returncode == 1


@pytest.mark.skipif(GO is None, reason="go is not installed")
def test_go_accepts_the_log_and_its_proofs_and_refuses_changed_ones(
    worked: Worked, tmp_path: Path
) -> None:
    out = exported(worked, STREET, tmp_path)
    judge = tmp_path / "judge"
    built = go(["build", "-o", str(judge), str(out / "verify.go")], tmp_path)
    assert built.returncode == 0, built.stderr

    accepted = subprocess.run([judge, out], capture_output=True, text=True, check=False)
    proof = next((out / "proofs").iterdir())
    proof.write_bytes(proof.read_bytes().replace(b"index ", b"index 1", 1))
    refused = subprocess.run([judge, out], capture_output=True, text=True, check=False)
    tile = next(path for path in sorted((out / "logs").rglob("000*/*")) if path.is_file())
    tile.write_bytes(bytes(len(tile.read_bytes())))
    proof.unlink()
    broken = subprocess.run([judge, out], capture_output=True, text=True, check=False)

    assert (accepted.returncode, refused.returncode, broken.returncode) == (0, 1, 1)
    assert "all of it holds" in accepted.stdout
    assert "leaves, 2 signatures" in accepted.stdout


def test_a_receipt_is_proven_logged_without_a_network(
    worked: Worked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = tmp_path / "case.tlog-proof"
    text = worked.receipt.text
    words = ["receipt", "proof", text, "--config", worked.config(STREET)]
    assert main([*words, "--out", str(proof), "--lang", "en"]) == 0
    registry = str(worked.town.place(VILLAGE).folder / "registry.prl")
    check = ["receipt", "verify", text, "--registry", registry, "--root-key", worked.root_key()]

    code = main([*check, "--proof", str(proof), "--lang", "en"])

    assert code == 0
    assert "logged, and final" in capsys.readouterr().out
    assert len(proof.read_bytes()) < 2_000


def test_the_checkpoint_of_the_day_is_printed_with_room_to_countersign(
    worked: Worked, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.html"

    words = ["audit", "sheet", "--config", worked.config(CITY), "--out", str(sheet)]

    code = main([*words, "--lang", "zh"])

    html = sheet.read_text(encoding="utf-8")
    assert code == 0
    assert "日志检查点单" in html
    assert "<svg" in html
    assert worked.root_key() in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")


def court(out: Path, root_key: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier of an export as an expert does, away from the product."""
    words = [sys.executable, "-I", str(out / "verify.py"), str(out), root_key]
    return subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=out, timeout=60
    )


def go(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(folder / "go-cache"),
        "GOFLAGS": "",
    }
    return subprocess.run(
        [str(GO), *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )
