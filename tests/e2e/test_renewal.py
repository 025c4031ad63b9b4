"""Certificates are renewed without anybody at the keyboard, and nobody is left outside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from security.keystore import NodeKeys, write_certificate
from security.sshcert import issue_user_certificate, public_line, validity_of
from sync.wallclock import WallClock
from tests.e2e.town import ARRIVE_S, STREET, VILLAGES, Town, until
from tests.e2e.window import VILLAGE_ITEM, light, people, send_now, state_of, take_in

AGED, ENDED, FOREIGN, OTHERS_KEY = VILLAGES[:4]
DAY_S = 24 * 3600
SERIAL = 900


@pytest.fixture(scope="module")
def town(lay_out: Callable[..., Town]) -> Town:
    """A street and outposts with certificates that are old, over, or of another hub or key."""
    town = lay_out(STREET, AGED, ENDED, FOREIGN, OTHERS_KEY)
    certify(town, AGED, STREET, AGED, (-20 * DAY_S, 10 * DAY_S))
    certify(town, ENDED, STREET, ENDED, (-60 * DAY_S, -30 * DAY_S))
    hub = NodeKeys.load(folder(town, STREET))
    other = NodeKeys.create(town.place(STREET).folder / "other", {}, unit_signing=hub.signing)
    assert other.ssh_ca is not None
    line = issue_user_certificate(other.ssh_ca, ssh_of(town, FOREIGN), f"{FOREIGN}-01", 5, 1, 9)
    write_certificate(folder(town, FOREIGN), line)
    # The key of one outpost under the name of another.
    certify(town, OTHERS_KEY, STREET, AGED, (-60 * DAY_S, -30 * DAY_S))
    town.start()
    return town


def folder(town: Town, unit: str) -> Path:
    return town.place(unit).folder / "keys"


def ssh_of(town: Town, unit: str) -> str:
    return public_line(NodeKeys.load(folder(town, unit)).ssh.public_key())


def certify(town: Town, unit: str, hub: str, name: str, span: tuple[int, int]) -> None:
    """Give an outpost a certificate of a hub in some name, with a span around now."""
    now_s = WallClock().now_ms() // 1_000
    ca = NodeKeys.load(folder(town, hub)).ssh_ca
    assert ca is not None
    begin, end = (now_s + each for each in span)
    line = issue_user_certificate(ca, ssh_of(town, unit), f"{name}-01", SERIAL, begin, end)
    write_certificate(folder(town, unit), line)


def life_left_s(town: Town, unit: str) -> int:
    certificate = NodeKeys.load(folder(town, unit)).ssh_certificate
    assert certificate is not None
    return validity_of(certificate)[1] - WallClock().now_ms() // 1_000


@pytest.mark.parametrize(
    "unit", [AGED, ENDED, FOREIGN], ids=["aged", "ended", "of another hub"]
)
def test_a_certificate_is_renewed_unattended_and_the_outpost_goes_on(
    town: Town, unit: str
) -> None:
    clerk, street = town.clerk(unit, "w1"), town.clerk(STREET, "s1")
    case = take_in(clerk, unit, VILLAGE_ITEM, next(people(3))).case
    send_now(clerk)

    until(lambda: bool(state_of(street, case)), ARRIVE_S, "the case is at the street")

    assert life_left_s(town, unit) > 29 * DAY_S


def test_a_key_that_the_registry_does_not_name_gets_nothing(town: Town) -> None:
    clerk = town.clerk(OTHERS_KEY, "w1")

    until(lambda: light(clerk).state == "broken", ARRIVE_S, "it stays outside")

    assert life_left_s(town, OTHERS_KEY) < 0
