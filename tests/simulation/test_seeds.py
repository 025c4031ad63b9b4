"""Fixed seeds of the simulator, its determinism, and proof that its checkers can fail."""

import subprocess
import sys

import pytest

from security.header import Header
from security.hlc import Hlc
from security.records import seal_entry
from simulation import checkers
from simulation.__main__ import shipped
from simulation.checkers import LivenessError, SafetyError
from simulation.disk import FragileStore
from simulation.places import Place
from simulation.tree import device_of
from simulation.world import World
from sync.documents import document_of
from sync.stores.memory import MemoryStore

STEPS = 300
VILLAGE = "120103001001"
STREET = "120103001000"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [1, 2, 3, 5, 8, 13, 21, 34])
def test_nothing_acknowledged_is_lost_and_all_tiers_converge(seed: int) -> None:
    world = World(seed, shipped())

    world.run(STEPS)
    world.heal()

    assert sum(len(receipts) for receipts in world.receipts.values()) > 0


def _trace(seed: int, hash_seed: str) -> bytes:
    command = [sys.executable, "-m", "simulation", "--seed", str(seed), "--steps", "150"]
    done = subprocess.run(
        command, env={"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True, timeout=60
    )
    return done.stdout


def test_a_seed_replays_byte_for_byte_under_any_hash_seed() -> None:
    assert _trace(77, "1") == _trace(77, "2")


def test_two_seeds_give_two_runs() -> None:
    assert _trace(77, "1") != _trace(78, "1")


@pytest.fixture
def world() -> World:
    settled = World(4, shipped())
    settled.run(120)
    settled.heal()
    return settled


def _emptied(place: Place) -> None:
    """Replace the disk of a place by an empty one, as one that lied about fsync would be."""
    incarnation = bytes.fromhex(place.store.incarnation)
    place.store = FragileStore(MemoryStore(lambda _count: incarnation), place.unit)


def test_a_hub_that_loses_what_it_acknowledged_is_found_out(world: World) -> None:
    child, parent = world.places[VILLAGE], world.places[STREET]
    _emptied(parent)

    with pytest.raises(SafetyError, match="acknowledged"):
        checkers.check_acknowledged(child, parent)


def test_an_outpost_that_loses_a_case_with_a_receipt_is_found_out(world: World) -> None:
    place = world.places[VILLAGE]
    receipts = dict.fromkeys(world.receipts[VILLAGE], "0" * 25)

    with pytest.raises(SafetyError, match="lost case"):
        checkers.check_receipts(place, receipts)


def test_a_tier_that_lacks_a_record_is_found_out(world: World) -> None:
    place = world.places[VILLAGE]
    case = next(iter(world.receipts[VILLAGE]))
    header = Header(
        type="entry",
        case=case,
        generation=1,
        path=place.registry.path(VILLAGE),
        device=device_of(VILLAGE),
        seq=9_999,
        prev=bytes([1]) * 32,
        hlc=Hlc(1, 0),
    )
    record = seal_entry(header, {}, {}, bytes(32), place.office.signer, bytes(16))
    place.store.put([document_of(record, origin="")])

    with pytest.raises(LivenessError, match="lacks"):
        checkers.check_converged(world.places)


def test_one_number_on_two_receipts_is_found_out() -> None:
    with pytest.raises(SafetyError, match="twice"):
        checkers.check_numbers({b"a": "1", b"b": "1"})
