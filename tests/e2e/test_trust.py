"""Devices and hubs that are not what they claim: each link says so, and the others go on."""

import dataclasses
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tomli_w

from postroad.demo.area import Place
from postroad.demo.pacing import Pace
from postroad.demo.processes import Program
from security.keystore import (
    NodeKeys,
    make_signing_key,
    write_signing_key,
)
from security.registry import Registry, decode_log, encode_log, sign_statement
from tests.e2e.town import (
    ARRIVE_S,
    HOST,
    READY_S,
    STREET,
    VILLAGES,
    Town,
    made_network,
    port_block,
    until,
)
from tests.e2e.window import VILLAGE_ITEM, light, people, send_now, state_of, take_in

SOUND, MISLED, _, REVOKED, FOREIGN = VILLAGES
OUTSIDE = (MISLED, REVOKED, FOREIGN)


@pytest.fixture(scope="module")
def town(
    lay_out: Callable[..., Town], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A street with one sound outpost and three that it, or that themselves, must not trust."""
    town = lay_out(STREET, *VILLAGES)
    other = made_network(tmp_path_factory.mktemp("other") / "made")
    revoke(town, REVOKED)
    log_in_as(town.place(FOREIGN), other / "nodes" / FOREIGN)
    with impostor(town.place(STREET), tmp_path_factory.mktemp("impostor")) as address:
        lead_to(town.place(MISLED), address)
        # The hub first, so that the first thing an outpost meets is its answer.
        town.start(STREET)
        town.start(SOUND, *OUTSIDE)
        yield town


@pytest.mark.parametrize(
    ("unit", "line"),
    [
        (MISLED, "the machine that answered holds another key than the hub"),
        (REVOKED, f"the hub does not accept the device {REVOKED}-01"),
        (FOREIGN, f"the hub does not accept the device {FOREIGN}-01"),
    ],
    ids=["another host key", "revoked", "device of another network"],
)
def test_a_link_that_is_not_trusted_is_shown_broken_with_a_clear_line(
    town: Town, unit: str, line: str
) -> None:
    clerk = town.clerk(unit, "w1")

    until(lambda: light(clerk).error == line, ARRIVE_S, f"{unit} says: {line}")

    assert light(clerk).state == "broken"


def test_the_hub_serves_the_sound_outpost_while_the_others_knock(town: Town) -> None:
    street = town.clerk(STREET, "s1")
    clerks = {unit: town.clerk(unit, "w1") for unit in (*OUTSIDE, SOUND)}

    pairs = zip(clerks.items(), people(3), strict=False)
    cases = {
        unit: take_in(clerk, unit, VILLAGE_ITEM, pair).case for (unit, clerk), pair in pairs
    }
    for clerk in clerks.values():
        send_now(clerk)

    until(lambda: bool(state_of(street, cases[SOUND])), ARRIVE_S, "the sound one is served")
    until(lambda: light(clerks[SOUND]).state == "synchronised", ARRIVE_S, "and is told so")
    for unit in OUTSIDE:
        assert state_of(street, cases[unit]) == ""
        assert light(clerks[unit]).state == "broken"
        assert light(clerks[unit]).waiting > 0


def revoke(town: Town, unit: str) -> None:
    """Add to the registry of the hub a signed statement that revokes a device."""
    hub, settings = hub_keys(town), town.place(STREET).settings()
    assert hub.unit_signing is not None
    statements = decode_log(settings.registry.read_bytes())
    registry = Registry(settings.root_key)
    for statement in statements:
        registry.apply(statement)
    place, before = registry.next_place(unit)
    revocation = sign_statement(
        {
            "unit": unit,
            "n": place,
            "prev": before,
            "kind": "revoke",
            "device": f"{unit}-01",
            "after_seq": 0,
        },
        hub.unit_signing,
    )
    settings.registry.write_bytes(encode_log([*statements, revocation]))


def log_in_as(place: Place, foreign: Path) -> None:
    """Let an outpost log in with what the same unit of another network logs in with."""
    for name in ("ssh.pem", "ssh-cert.pub"):
        shutil.copy2(foreign / "keys" / name, place.folder / "keys" / name)


@contextmanager
def impostor(street: Place, folder: Path) -> Iterator[str]:
    """A hub like the true one but for the key that it shows; gives its gateway's address."""
    shutil.copytree(street.folder, folder / "hub")
    (folder / "hub" / "keys" / "host.pem").unlink()
    write_signing_key(folder / "hub" / "keys" / "host.pem", make_signing_key())
    with port_block() as base:
        settings = folder / "hub" / "config.toml"
        tables = tomllib.loads(settings.read_text(encoding="utf-8"))
        tables["pages"]["port"], tables["gateway"]["port"] = base + 1, base + 2
        del tables["upstream"]
        settings.write_text(tomli_w.dumps(tables), encoding="utf-8")
        program = Program(
            dataclasses.replace(street, folder=folder / "hub", pages=(HOST, base + 1)).command(
                folder
            )
        )
        program.start()
        try:
            Pace().until(program.is_ready, READY_S, "the impostor")
            yield f"{HOST}:{base + 2}"
        finally:
            program.kill()


def lead_to(place: Place, address: str) -> None:
    """Let an outpost dial another address than its link."""
    path = place.folder / "config.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    tables["upstream"]["addresses"] = [address]
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")


def hub_keys(town: Town) -> NodeKeys:
    return NodeKeys.load(town.place(STREET).folder / "keys")
