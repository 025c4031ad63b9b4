"""An auditor comes: real programs worked for a while, and all is checked from outside."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from postroad.cli import main
from postroad.demo.browser import Browser
from security.tlog_trust import policy_of
from sync.log.folder import LogFolder
from sync.stores.sqlite import SqliteStore
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
    finished: Receipt

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
    finished = take_in(clerk, VILLAGE, STREET_ITEM, next(people(8)))
    withdraw(clerk, finished)
    form = clerk.get(f"/cases/{receipt.case}").form(f"/cases/{receipt.case}/full")
    assert form is not None
    clerk.submit(form, {})
    send_now(clerk)
    until(lambda: is_logged(town, CITY, receipt), ARRIVE_S, "the case is in the city's log")
    town.settle()
    until(lambda: is_final(town, STREET), 2 * ARRIVE_S, "all of the street's log is cosigned")
    town.programs.stop()
    return Worked(town, receipt, finished)


def withdraw(clerk: Browser, receipt: Receipt) -> None:
    """The applicant thinks better of it: the shortest way in which a case ends."""
    path = f"/cases/{receipt.case}/acts/withdraw"
    form = clerk.get(f"/cases/{receipt.case}").form(path)
    assert form is not None
    clerk.submit(form, {"reason": "申请人改变主意"})


def is_logged(town: Town, unit: str, receipt: Receipt) -> bool:
    log = LogFolder(town.place(unit).data / "log")
    case = bytes.fromhex(receipt.case)
    return log.find(case, log.head().size, 32) is not None


def is_final(town: Town, unit: str) -> bool:
    settings = load_settings(town.place(unit).folder / "config.toml")
    head = LogFolder(town.place(unit).data / "log").head()
    policy = policy_of(load_registry(settings), unit)
    store = SqliteStore.open_for_reading(settings.store)
    last_seq = store.last_seq
    store.close()
    return head.seq == last_seq and head.signed is not None and policy.is_final(head.signed)


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


def test_a_case_that_has_not_ended_is_not_archived(
    worked: Worked, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["archive", "make", worked.receipt.case_no, "--config", worked.config(STREET)]

    assert main([*words, "--lang", "en"]) == 5
    assert "is not finished" in capsys.readouterr().err


def test_a_finished_case_is_archived_checked_and_counted(
    worked: Worked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, root_key = worked.config(STREET), worked.root_key()
    words = ["archive", "make", worked.finished.case_no, "--config", config, "--lang", "en"]
    assert main(words) == 0
    path = worked.town.place(STREET).data / "archive" / f"{worked.finished.case_no}.zip"
    spoilt = tmp_path / "spoilt.zip"
    spoil(path, spoilt)

    check = ["archive", "check", "--root-key", root_key]
    codes = [main([*check, str(each)]) for each in (path, spoilt)]
    capsys.readouterr()
    main(["archive", "rates", "--config", config, "--lang", "en"])

    assert codes == [0, 3]
    assert "finished 1, filed 1, complete 1, qualified 1" in capsys.readouterr().out


def spoil(path: Path, out: Path) -> None:
    """The same package with another form."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            raw = old.read(part)
            new.writestr(part, raw + b" " if part.filename == "form.json" else raw)
