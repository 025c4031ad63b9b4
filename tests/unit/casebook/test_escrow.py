"""What the escrow holders prove and grant on real stores of a small network."""

import random
from collections.abc import Iterator

import pytest

from casebook.casefile import CaseFiles
from casebook.escrow import EscrowDesk
from security.errors import OpenError, TrustError
from security.signing import ReadingKey
from security.statements import sign_statement
from simulation.tree import keyed_tree
from tests.support.hall import received
from tests.support.network import STREET, UNITS, VILLAGE, Network, small_network

ITEM = "MZ-009"
FRESH = ReadingKey.from_private(b"f" * 32)


@pytest.fixture
def network() -> Iterator[Network]:
    with small_network() as made:
        yield made


def desk(network: Network) -> EscrowDesk:
    return EscrowDesk(network.places[STREET].store, network.registry, network.escrow)


def lose_keys(network: Network) -> None:
    """State a new reading key of the village, as after its machine burnt."""
    signer = keyed_tree(UNITS, random.Random(1).randbytes).units[STREET].unit
    unit = network.registry.unit(VILLAGE)
    n, prev = network.registry.next_place(VILLAGE)
    fields = {
        "unit": VILLAGE,
        "n": n,
        "prev": prev,
        "kind": "unit",
        "name": unit.name,
        "tier": unit.tier,
        "parent": STREET,
        "signing": unit.signing,
        "reading": FRESH.public,
        "epoch": 2,
    }
    network.registry.apply(sign_statement(fields, signer))


def test_the_drill_opens_a_real_case(network: Network) -> None:
    case = received(network, VILLAGE, ITEM)

    assert desk(network).prove() == case.hex()


def test_the_drill_fails_where_nothing_can_be_opened(network: Network) -> None:
    with pytest.raises(OpenError):
        desk(network).prove()


def test_another_key_than_that_of_the_registry_is_refused(network: Network) -> None:
    with pytest.raises(TrustError, match="another key"):
        EscrowDesk(network.places[STREET].store, network.registry, FRESH)


def test_a_unit_that_lost_its_keys_reads_its_cases_again(network: Network) -> None:
    case = received(network, VILLAGE, ITEM)
    lose_keys(network)
    street = network.places[STREET]
    files = CaseFiles(street.store, network.registry, VILLAGE, {2: FRESH})
    before = files.open(case).readable

    granted = desk(network).regrant(
        VILLAGE, f"{STREET}-01", street.signing, street.casebook.feed
    )
    again = desk(network).regrant(VILLAGE, f"{STREET}-01", street.signing, street.casebook.feed)

    assert (before, granted, again) == ("", 1, 0)
    assert files.open(case).readable == "case"
