"""What is wrong with an installation is said in one line, and nothing stored is touched."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from postroad.exit_codes import ExitCode
from security.keystore import make_signing_key, write_signing_key
from tests.e2e.town import HOST, STREET, VILLAGE, Town, files_of
from tests.e2e.window import VILLAGE_ITEM, people, take_in

RUN_S = 30
PEOPLE = people(6)


@pytest.fixture(scope="module")
def stopped(lay_out: Callable[..., Town]) -> Town:
    """A hub and an outpost that have run for a while, with a case, and were stopped."""
    town = lay_out(STREET, VILLAGE)
    town.start()
    take_in(town.clerk(VILLAGE, "w1"), VILLAGE, VILLAGE_ITEM, next(PEOPLE))
    town.settle()
    town.programs.stop()
    return town


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as its operator does; it is expected to end by itself, soon."""
    words = [sys.executable, "-m", "postroad", program, "run", "--lang", "en"]
    return subprocess.run(
        [*words, "--config", str(folder / "config.toml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_S,
    )


def write(name: str, content: bytes) -> Callable[[Path], None]:
    def fault(folder: Path) -> None:
        path = folder / name
        path.unlink(missing_ok=True)
        path.write_bytes(content)

    return fault


def damage(name: str, at: int, count: int) -> Callable[[Path], None]:
    """Turn all bits of some bytes of a file."""

    def fault(folder: Path) -> None:
        path = folder / name
        raw = bytearray(path.read_bytes())
        assert len(raw) > at + count
        raw[at : at + count] = bytes(byte ^ 0xFF for byte in raw[at : at + count])
        path.chmod(0o600)
        path.write_bytes(raw)

    return fault


def cut(name: str, keep: float) -> Callable[[Path], None]:
    def fault(folder: Path) -> None:
        path = folder / name
        raw = path.read_bytes()
        path.write_bytes(raw[: int(len(raw) * keep)])

    return fault


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def swap_signing_key(folder: Path) -> None:
    """Put in the signing key of a device of some other network."""
    path = folder / "keys" / "device-signing.pem"
    path.unlink()
    write_signing_key(path, make_signing_key())


def edit(old: str, new: str) -> Callable[[Path], None]:
    def fault(folder: Path) -> None:
        path = folder / "config.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return fault


FAULTS = {
    "no configuration": (remove("config.toml"), ExitCode.WEB),
    "configuration is no TOML": (write("config.toml", b"[node\n"), ExitCode.WEB),
    "unknown key": (edit("[pages]", "[pages]\nport_number = 3"), ExitCode.WEB),
    "port out of range": (edit("port = ", "port = 99999 #"), ExitCode.WEB),
    "no way up": (edit("[upstream]", "[upstreams]"), ExitCode.WEB),
    "another root key": (
        edit('root_key = "', f'root_key = "{"ab" * 32}" #'),
        ExitCode.SECURITY,
    ),
    "store without its head": (damage("data/store.sqlite", 0, 100), ExitCode.SYNC),
    "store damaged inside": (damage("data/store.sqlite", 4096, 4096), ExitCode.SYNC),
    "store cut short": (cut("data/store.sqlite", 0.5), ExitCode.SYNC),
    "store emptied": (write("data/store.sqlite", b""), ExitCode.SYNC),
    "store is something else": (write("data/store.sqlite", b"a letter" * 900), ExitCode.SYNC),
    "no signing key": (remove("keys/device-signing.pem"), ExitCode.SECURITY),
    "no reading key of the unit": (remove("keys/unit-reading-1.pem"), ExitCode.SECURITY),
    "keys of another device": (swap_signing_key, ExitCode.SECURITY),
    "no certificate": (remove("keys/ssh-cert.pub"), ExitCode.SECURITY),
    "key damaged": (damage("keys/device-reading.pem", 40, 4), ExitCode.SECURITY),
    "registry changed": (damage("registry.prl", 200, 1), ExitCode.SECURITY),
    "no registry": (remove("registry.prl"), ExitCode.WEB),
    "catalogue is no YAML": (write("catalogue.yaml", b"items: ["), ExitCode.CASES),
    "no accounts": (remove("accounts.json"), ExitCode.WEB),
    "accounts damaged": (cut("accounts.json", 0.7), ExitCode.WEB),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_installation_is_refused_in_one_line_and_left_as_it_is(
    stopped: Town, name: str, tmp_path: Path
) -> None:
    fault, code = FAULTS[name]
    folder = tmp_path / "node"
    shutil.copytree(stopped.place(VILLAGE).folder, folder)
    fault(folder)
    before = stored(folder)

    ended = run("node", folder)

    assert_refused(ended, code)
    assert stored(folder) == before


@pytest.mark.parametrize(
    ("program", "unit", "offset", "code"),
    [
        ("node", VILLAGE, 0, ExitCode.WEB),
        ("hub", STREET, 0, ExitCode.WEB),
        ("hub", STREET, 1, ExitCode.SECURITY),
    ],
    ids=["pages of an outpost", "pages of a hub", "gateway of a hub"],
)
def test_a_port_in_use_is_said_in_one_line_and_nothing_stored_is_changed(
    stopped: Town, program: str, unit: str, offset: int, code: ExitCode
) -> None:
    place = stopped.place(unit)
    before = stored(place.folder)
    with socket.create_server((HOST, place.pages[1] + offset)):
        ended = run(program, place.folder)

    assert_refused(ended, code)
    assert f"{HOST}:{place.pages[1] + offset}" in ended.stderr
    assert stored(place.folder) == before


def test_a_second_program_on_one_store_is_refused_and_the_first_goes_on(
    stopped: Town,
) -> None:
    place = stopped.place(VILLAGE)
    stopped.start(VILLAGE)
    try:
        clerk = stopped.clerk(VILLAGE, "w1")

        ended = run("node", place.folder)

        assert_refused(ended, ExitCode.SYNC)
        assert f"in use by process {stopped.programs[VILLAGE].pid}" in ended.stderr
        take_in(clerk, VILLAGE, VILLAGE_ITEM, next(PEOPLE))
    finally:
        stopped.programs.stop()


def stored(folder: Path) -> dict[str, bytes]:
    """All files but those that are no store of anything: the read model, which is made anew
    from the store at will, the lock, which names the process, and the log.
    """
    passing = ("readmodel.sqlite", "store.sqlite.lock", "node.log", "hub.log")
    return {
        name: raw for name, raw in files_of(folder).items() if Path(name).name not in passing
    }


def assert_refused(ended: subprocess.CompletedProcess[str], code: ExitCode) -> None:
    assert ended.returncode == code, ended.stderr
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("postroad: ")
    assert "Traceback" not in ended.stderr
