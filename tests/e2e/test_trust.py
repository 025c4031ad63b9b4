"""Devices and hubs that are not what they claim: each link says so, and the others go on."""

import dataclasses
import functools
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tomli_w

from postroad.demo.pacing import Pace
from postroad.demo.processes import Program
from postroad.demo.area import Place
from security.keystore import (
    NodeKeys,
    make_signing_key,
    write_certificate,
    write_signing_key,
)
from security.registry import Registry, decode_log, encode_log, sign_statement
from security.sshcert import issue_user_certificate, public_line
from tests.e2e.conftest import made_network
from tests.e2e.town import ARRIVE_S, HOST, READY_S, STREET, VILLAGES, Town, port_block, until
from tests.e2e.window import Light, light, people, send_now, state_of, take_in, VILLAGE_ITEM

pytestmark = pytest.mark.xdist_group("trust")

GOOD, MISLED, EXPIRED, REVOKED, FOREIGN = VILLAGES
SERIAL = 1_000


@pytest.fixture(scope="module")
def town(
    lay_out: Callable[..., Town], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A street with one sound outpost and four that it, or that themselves, must not trust."""
    town = lay_out(STREET, *VILLAGES)
    other = made_network(tmp_path_factory.mktemp("other") / "made")
    expire(town, EXPIRED)
    revoke(town, REVOKED)
    take_over(town.place(FOREIGN), other / "nodes" / FOREIGN)
    with impostor(town.place(STREET), tmp_path_factory.mktemp("impostor")) as address:
        lead_to(town.place(MISLED), address)
        town.start()
        yield town


@pytest.mark.parametrize(
    ("unit", "line"),
    [
        (MISLED, "the machine that answered holds another key than the hub"),
        (EXPIRED, f"the hub does not accept the device {EXPIRED}-01"),
        (REVOKED, f"the hub does not accept the device {REVOKED}-01"),
        (FOREIGN, f"the hub does not accept the device {FOREIGN}-01"),
    ],
    ids=["another host key", "expired certificate", "revoked", "device of another network"],
)
def test_a_link_that_is_not_trusted_is_shown_broken_with_a_clear_line(
    town: Town, unit: str, line: str
) -> None:
    clerk = town.clerk(unit, "w1")

    until(lambda: light(clerk).state == "broken", ARRIVE_S, f"the light of {unit} is broken")
    send_now(clerk)

    assert light(clerk) == Light("broken", 0, line)


def test_the_hub_serves_the_sound_outpost_while_others_knock(town: Town) -> None:
    good, street = town.clerk(GOOD, "w1"), town.clerk(STREET, "s1")
    outside = [town.clerk(unit, "w1") for unit in VILLAGES if unit != GOOD]

    cases = [
        take_in(each, unit, VILLAGE_ITEM, pair).case
        for each, unit, pair in zip([good, *outside], VILLAGES, people(3), strict=False)
    ]
    for each in outside:
        send_now(each)

    until(
        lambda: state_of(street, cases[0]) == "accepted",
        ARRIVE_S,
        "the case of the sound outpost",
    )
    assert light(good).state == "synchronised"
    for each in outside:
        until(lambda: light(each).state == "broken", ARRIVE_S, "")
    assert [state_of(street, case) for case in cases[1:]] == [""] * 4


def expire(town: Town, unit: str) -> None:
    """Give a device a certificate of the right authority that ended a minute ago."""
    keys, hub = NodeKeys.load(town.place(unit).folder / "keys"), hub_keys(town)
    assert hub.ssh_ca is not None
    now_s = int(time.time())
    public = public_line(keys.ssh.public_key())
    span = (now_s - 3600, now_s - 60)
    line = issue_user_certificate(hub.ssh_ca, public, f"{unit}-01", SERIAL, *span)
    write_certificate(town.place(unit).folder / "keys", line)


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


def take_over(place: Place, foreign: Path) -> None:
    """Put the keys of the same unit of another network into an installation."""
    shutil.rmtree(place.folder / "keys")
    shutil.copytree(foreign / "keys", place.folder / "keys")


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
