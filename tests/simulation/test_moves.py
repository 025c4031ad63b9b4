"""A village that moves takes its cases, their readers and its scope along, whoever is away."""

import pytest

from casebook.intake import Intake, Paper
from cases.errors import UnlawfulActError
from security.errors import TrustError
from simulation.__main__ import shipped
from simulation.places import Place
from simulation.tree import device_of
from simulation.world import World

CITY = "120100000000"
DISTRICT = "120103000000"
OLD = "120103001000"
NEW = "120103002000"
VILLAGE = "120103001001"
NEIGHBOUR = "120103001004"
ITEM = "GA-002"
ABOVE = (NEW, DISTRICT, CITY)


@pytest.fixture
def world() -> World:
    return World(4, shipped())


def receive(place: Place, name: str) -> bytes:
    form = {"name": name, "mobile": "13812345678", "reason": "家庭困难"}
    intake = Intake(form, (Paper("id_card", "seen"),))
    return place.casebook.receive(ITEM, intake, place.clerk("w1")).case


def set_aside(world: World) -> dict[str, list[str]]:
    rows = {unit: place.casebook.quarantine() for unit, place in world.places.items()}
    return {unit: [row.reason for row in found] for unit, found in rows.items() if found}


def readable(world: World, unit: str, case: bytes) -> str:
    return world.places[unit].casebook.open(case).readable


def test_a_village_moved_while_offline_for_two_days_comes_back_with_all_its_cases(
    world: World,
) -> None:
    village, district = world.places[VILLAGE], world.places[DISTRICT]
    old = receive(village, "王某")
    world.settle()
    district.registrar.move(VILLAGE, NEW)
    world.settle(without=[VILLAGE])
    world.clock.advance(2 * 86_400_000)
    meanwhile = receive(village, "李某")
    village.casebook.act(old, "accept", village.clerk("w1"))

    world.settle()
    later = receive(village, "陈某")
    world.settle()

    assert village.parent == NEW
    for case in (old, meanwhile, later):
        assert readable(world, NEW, case) == "case"
        states = {
            world.places[unit].casebook.digests()[case.hex()] for unit in (VILLAGE, *ABOVE)
        }
        assert len(states) == 1
    assert readable(world, OLD, old) == readable(world, OLD, meanwhile) == "case"
    assert later.hex() not in world.places[OLD].casebook.digests()
    assert old.hex() not in world.places[NEIGHBOUR].casebook.digests()
    assert set_aside(world) == {}


def test_the_new_street_can_go_on_with_an_old_case(world: World) -> None:
    village, street = world.places[VILLAGE], world.places[NEW]
    case = receive(village, "王某")
    world.settle()
    world.places[DISTRICT].registrar.move(VILLAGE, NEW)
    world.settle()
    clerk = village.clerk("w1")
    for act, facts in (("accept", {}), ("send_up", {"to": NEW})):
        village.casebook.act(case, act, clerk, facts=facts)
    world.settle()

    street.casebook.act(case, "take", street.clerk("a1"))
    world.settle()

    for unit in (VILLAGE, NEW, DISTRICT, CITY):
        assert world.places[unit].casebook.state(case).custody == NEW, unit
    old = world.places[OLD]
    with pytest.raises(UnlawfulActError):
        old.casebook.act(case, "take", old.clerk("a1"))


def test_a_case_in_the_hands_of_the_old_street_goes_back_by_the_old_way(world: World) -> None:
    village, street = world.places[VILLAGE], world.places[OLD]
    case = receive(village, "王某")
    village.casebook.act(case, "accept", village.clerk("w1"))
    village.casebook.act(case, "send_up", village.clerk("w1"), facts={"to": OLD})
    world.settle()
    street.casebook.act(case, "take", street.clerk("a1"))
    world.settle()
    world.places[DISTRICT].registrar.move(VILLAGE, NEW)
    world.settle()

    facts = {"to": VILLAGE, "reason_code": "moved"}
    street.casebook.act(case, "return", street.clerk("a1"), facts=facts)
    world.settle()
    village.casebook.act(case, "take", village.clerk("w1"))
    world.settle()

    for unit in (VILLAGE, OLD, NEW, DISTRICT):
        assert world.places[unit].casebook.state(case).custody == VILLAGE, unit
    assert set_aside(world) == {}


def test_a_street_gives_its_village_to_nobody_without_the_district(world: World) -> None:
    with pytest.raises(TrustError, match="not in the registry"):
        world.places[OLD].registrar.move(VILLAGE, NEW)


def test_after_a_move_the_new_street_enrols_and_revokes_for_the_village(world: World) -> None:
    world.places[DISTRICT].registrar.move(VILLAGE, NEW)
    world.settle()

    world.places[NEW].registrar.revoke(device_of(VILLAGE), 0)
    world.settle(without=[VILLAGE])

    revoked = [
        unit
        for unit in (NEW, DISTRICT, CITY)
        if not world.places[unit].registry.is_active(device_of(VILLAGE))
    ]
    assert revoked == [NEW, DISTRICT, CITY]
