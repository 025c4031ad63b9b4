"""A revocation is everywhere within two rounds, and what came after it stays aside."""

import pytest

from casebook.intake import Intake, Paper
from casebook.published import check_set
from security.signing import ReadingKey, SigningKey
from security.statements import Device
from simulation.__main__ import shipped
from simulation.places import Place
from simulation.tree import SSH_LINE, UnitRow, device_of
from simulation.world import HEXI, World
from sync.documents import record_of
from tests.support.tree import secret

CITY = "120100000000"
DISTRICT = "120103000000"
STREET = "120103001000"
VILLAGE = "120103001001"
NEIGHBOUR = "120103001004"
STREETS, VILLAGES_EACH = 6, 12
"""The shape of Hexi, which has 14 streets and 149 villages, at a size for a test."""


def wide() -> tuple[UnitRow, ...]:
    rows = list(HEXI[:2])
    for street in range(1, STREETS + 1):
        code = f"120103{street:03d}000"
        rows.append(UnitRow(code, f"第{street}街道", "street", DISTRICT))
        rows += [
            UnitRow(f"{code[:9]}{village:03d}", "社区", "village", code)
            for village in range(1, VILLAGES_EACH + 1)
        ]
    return tuple(rows)


def a_round(world: World, *, without: tuple[str, ...] = ()) -> None:
    """Each node that is online holds one session, the lowest ones first."""
    for place in reversed(world.places.values()):
        if place.upstream is not None and place.unit not in without:
            assert place.upstream.run_once().outcome in {"done", "refused"}


def receive(place: Place, name: str = "王某") -> bytes:
    form = {"name": name, "mobile": "13812345678", "reason": "家庭困难"}
    intake = Intake(form, (Paper("id_card", "seen"),))
    return place.casebook.receive("GA-002", intake, place.clerk("w1")).case


@pytest.fixture
def world() -> World:
    made = World(4, shipped())
    made.settle()
    return made


def test_a_revocation_is_known_to_every_online_node_of_its_area_within_two_rounds() -> None:
    world = World(4, shipped(), wide())
    away, lost = "120103001006", f"{STREET}-02"
    below = {unit for unit in world.places if unit.startswith("120103001")}
    world.places[DISTRICT].registrar.enrol(second_machine(STREET))
    world.settle()
    world.places[DISTRICT].registrar.revoke(lost, 0)

    for _ in range(2):
        a_round(world, without=(away,))

    assert known_at(world, lost) == {CITY, DISTRICT, *below} - {away}
    a_round(world)
    assert known_at(world, lost) == {CITY, DISTRICT, *below}


def known_at(world: World, device: str) -> set[str]:
    """The nodes that know that a device is revoked."""
    return {
        unit
        for unit, place in world.places.items()
        if unit in {CITY, DISTRICT} or unit.startswith(device[:9])
        if not place.registry.is_active(device)
    }


def second_machine(unit: str) -> Device:
    """Another machine of a hub."""
    name = f"{unit}-02"
    return Device(
        id=name,
        unit=unit,
        station=2,
        signing=SigningKey.from_private(secret(f"{name} signing")).public,
        reading=ReadingKey.from_private(secret(f"{name} reading")).public,
        ssh=SSH_LINE,
        host=SSH_LINE,
    )


def test_what_a_revoked_device_wrote_afterwards_is_set_aside_and_stays_there(
    world: World,
) -> None:
    village, street = world.places[VILLAGE], world.places[STREET]
    before = receive(village)
    world.settle()
    world.places[STREET].registrar.revoke(device_of(VILLAGE))
    after = receive(village)

    report = village.upstream.run_once() if village.upstream else None
    assert report is not None
    drafts = village.store.changes(0, limit=99, databases=("cases", "keys"))
    gate = street.hub.gate
    raws = [record_of(change.document).raw for change in drafts.rows]
    inspection = gate.inspect(raws, VILLAGE, "up")
    street.store.put(inspection.documents, inspection.local, expect=inspection.expect)
    world.places[STREET].registrar.new_epoch(VILLAGE)

    assert report.error_code == "revoked"
    assert before.hex() in street.casebook.digests()
    assert after.hex() not in street.casebook.digests()
    assert {row.reason for row in street.casebook.quarantine()} == {"device_revoked"}


def test_a_revocation_holds_at_a_hub_that_was_offline_when_it_was_signed(world: World) -> None:
    village, street = world.places[VILLAGE], world.places[STREET]
    world.places[DISTRICT].registrar.revoke(device_of(VILLAGE))
    world.settle(without=[STREET, VILLAGE, NEIGHBOUR])
    assert street.registry.is_active(device_of(VILLAGE))

    world.settle(without=[VILLAGE])

    assert village.upstream is not None
    assert village.upstream.run_once().error_code == "revoked"


def test_the_unit_goes_on_under_a_new_key_that_the_revoked_device_does_not_get(
    world: World,
) -> None:
    village, street = world.places[VILLAGE], world.places[STREET]
    first = village.registry.unit(VILLAGE).reading

    street.registrar.new_epoch(NEIGHBOUR)
    street.registrar.revoke(device_of(VILLAGE))
    world.settle(without=[VILLAGE])
    case = receive(world.places[NEIGHBOUR], "李某")
    world.settle(without=[VILLAGE])

    stated = street.registry.epoch(VILLAGE, 2)
    assert stated is not None
    assert dict(stated.sealed) == {}
    assert stated.reading != first
    assert list(world.places[NEIGHBOUR].reading) == [1, 2]
    assert world.places[NEIGHBOUR].casebook.open(case).readable == "case"
    assert street.casebook.open(case).readable == "case"


def test_a_published_set_reaches_all_below_and_holds_from_its_hour_on(world: World) -> None:
    text = "[certificate]\ndays = 20\n"
    check_set("policy", text)
    hour = world.places[VILLAGE].clock.now_ms() + 3_600_000

    world.places[DISTRICT].registrar.publish("policy", text.encode(), "1", hour)
    world.settle()

    for unit in (VILLAGE, NEIGHBOUR, STREET, DISTRICT):
        place = world.places[unit]
        assert place.published.in_force("policy") is None
        assert place.published.next_change_ms() == hour
    world.clock.advance(2 * 3_600_000)
    for unit in (VILLAGE, NEIGHBOUR, STREET, DISTRICT):
        found = world.places[unit].published.in_force("policy")
        assert found is not None
        assert (found.unit, found.version, found.text) == (DISTRICT, "1", text)
    assert world.places[CITY].published.in_force("policy") is None
    assert not any(place.casebook.quarantine() for place in world.places.values())


def test_units_go_up_in_one_another_and_their_cases_go_on_there(world: World) -> None:
    village, into, street = (world.places[unit] for unit in (VILLAGE, NEIGHBOUR, STREET))
    case = receive(village)
    world.settle()

    street.registrar.merge(VILLAGE, NEIGHBOUR)
    world.settle(without=[VILLAGE])

    assert street.registry.path(VILLAGE) == (CITY, DISTRICT, STREET, NEIGHBOUR, VILLAGE)
    assert street.registry.unit(VILLAGE).closed
    assert not street.registry.is_active(device_of(VILLAGE))
    assert into.casebook.open(case).readable == "case"
    into.casebook.act(case, "take_over", into.clerk("a1"), facts={"reason_code": "merged"})
    into.casebook.act(case, "accept", into.clerk("w1"))
    world.settle(without=[VILLAGE])
    assert street.casebook.state(case).state == "accepted"
