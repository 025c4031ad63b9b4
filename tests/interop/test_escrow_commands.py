"""`postroad escrow` from the command line: shares on disk, and a lost passphrase replaced."""

from pathlib import Path

import pytest

from postroad.cli import main
from tests.support.made import Made, make
from web.opening import open_installation
from web.settings import load_settings
from web.unlocking import Unlocking

UNIT = "120103001001"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("escrow") / "network"
    assert make(folder, "--unit", UNIT) == 0
    return Made(folder)


@pytest.fixture(scope="module")
def shares(network: Made) -> list[Path]:
    out, key = network.folder / "shares", network.folder / "root" / "escrow.pem"
    words = ["--threshold", "2", "--shares", "3", "--out", str(out)]
    assert main(["escrow", "split", "--key", str(key), *words]) == 0
    return sorted(out.glob("*.txt"))


def given(shares: list[Path]) -> list[str]:
    return [word for share in shares for word in ("--share", str(share))]


def test_shares_are_files_of_their_owner_with_a_page_to_print(shares: list[Path]) -> None:
    page = shares[0].with_suffix(".html").read_text(encoding="utf-8")

    assert [path.stat().st_mode & 0o777 for path in shares] == [0o600] * 3
    assert "<svg" in page
    assert all(word in page for word in shares[0].read_text(encoding="utf-8").split())


def test_shares_are_verified_without_being_shown(
    shares: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    enough = main(["escrow", "verify", *given(shares[1:])])
    too_few = main(["escrow", "verify", *given(shares[:1])])

    told = "".join(capsys.readouterr())
    assert (enough, too_few) == (0, 13)
    assert " ".join(shares[1].read_text(encoding="utf-8").split()[:5]) not in told


def test_a_drill_on_a_store_without_cases_says_that_nothing_opened(
    network: Made, shares: list[Path]
) -> None:
    config = network.folder / "nodes" / "120103001000" / "config.toml"

    assert main(["escrow", "drill", "--config", str(config), *given(shares[:2])]) == 13


def test_a_lost_passphrase_is_replaced_by_the_holders(
    network: Made, shares: list[Path], tmp_path: Path
) -> None:
    config = network.folder / "nodes" / UNIT / "config.toml"
    settings = load_settings(config)
    open_installation(settings).close()
    lost, fresh = tmp_path / "lost", tmp_path / "fresh"
    for path in (lost, fresh):
        path.write_text(f"{path.name} words of a clerk\n", encoding="utf-8")
        path.chmod(0o600)
    place = ["--config", str(config)]
    assert main(["node", "encrypt", *place, "--passphrase-file", str(lost)]) == 0

    code = main(
        ["escrow", "unlock", *place, *given(shares[:2]), "--new-passphrase-file", str(fresh)]
    )
    installation = open_installation(settings, Unlocking(fresh))
    installation.close()

    assert code == 0
    assert installation.is_sealed
