"""A street hub whose tunnels Debian's sshd carries, set up by its own commands."""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w

from tests.e2e.town import ARRIVE_S, STREET, VILLAGES, Town, until
from tests.e2e.window import VILLAGE_ITEM, light, people, send_now, state_of, take_in
from tests.support.sshd import RUN_SSHD, in_namespace, need_sshd

VILLAGE = VILLAGES[0]
HUB = f"{sys.executable} -m postroad hub"


@dataclass(frozen=True)
class Street:
    town: Town
    config: Path


@pytest.fixture(scope="module")
def street(lay_out: Callable[..., Town]) -> Iterator[Street]:
    """The hub and sshd in a namespace with the account of tunnels, and one village outside."""
    need_sshd()
    town = lay_out(STREET, VILLAGE)
    config = town.place(STREET).folder / "config.toml"
    with tempfile.TemporaryDirectory(prefix="postroad-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        address = use_openssh(config, folder)
        commands = (
            f"{HUB} sshd-config --config {config} --out /run/postroad;"
            f"{HUB} run --config {config} & "
            f"while [ ! -S {folder}/log.sock ]; do kill -0 $!; done; {RUN_SSHD}"
        )
        with in_namespace(folder, commands, address):
            town.start(VILLAGE)
            yield Street(town, config)


def test_a_case_travels_to_the_hub_through_sshd(street: Street) -> None:
    clerk = street.town.clerk(VILLAGE, "w1")
    case = take_in(clerk, VILLAGE, VILLAGE_ITEM, next(people(1))).case
    send_now(clerk)

    until(lambda: light(clerk).state == "synchronised", ARRIVE_S, "the village is served")
    assert state_of(street.town.clerk(STREET, "s1"), case) != ""


def test_the_hub_proves_the_restrictions_of_its_sshd(street: Street) -> None:
    checked = subprocess.run(
        [*HUB.split(), "sshd-check", "--config", str(street.config), "--lang", "en"],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "held: revoked-serial" in checked.stdout
    assert checked.stdout.endswith("the gateway stands every trial\n")


def test_a_technician_is_told_step_by_step_that_the_link_works(street: Street) -> None:
    config = street.town.place(VILLAGE).folder / "config.toml"
    while_running = link_test(config)
    street.town.programs[VILLAGE].kill()
    alone = link_test(config)

    assert while_running[-2:] == ["link.step.login.running", "link.test.running"]
    assert alone == [
        "link.step.name.ok",
        "link.step.tcp.ok",
        "link.step.certificate.ok",
        "link.step.host_key.ok",
        "link.step.login.ok",
        "link.step.target.ok",
        "link.step.clock.ok",
        "link.step.rate.ok",
        "link.test.works",
    ]


def link_test(config: Path) -> list[str]:
    tried = subprocess.run(
        [sys.executable, "-m", "postroad", "link", "test", "--config", str(config), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert tried.returncode == 0, tried.stdout + tried.stderr
    return [json.loads(line)["message"] for line in tried.stdout.splitlines()]


def use_openssh(config: Path, folder: Path) -> tuple[str, int]:
    """Let sshd carry the tunnels of a hub; gives the address where they arrive."""
    tables = tomllib.loads(config.read_text(encoding="utf-8"))
    tables["gateway"] |= {"kind": "openssh", "sshd_folder": str(folder)}
    config.write_text(tomli_w.dumps(tables), encoding="utf-8")
    return tables["gateway"]["host"], tables["gateway"]["port"]
