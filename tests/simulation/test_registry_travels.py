"""What a hub states about the units below reaches whoever it concerns; nobody else waits."""

import pytest

from security.carriers import carry_statement
from security.caseids import new_case_id
from security.header import NO_CASE, STATEMENT, Header
from security.records import seal_entry
from security.registry import Registry
from security.signing import ReadingKey, SigningKey
from security.statements import Device, sign_statement
from simulation.__main__ import shipped
from simulation.places import Place
from simulation.tree import SSH_LINE, device_of
from simulation.world import World
from sync.documents import record_of
from sync.quarantine import QUARANTINE, set_aside_of
from sync.rules import Direction
from tests.support.tree import secret

CITY = "120100000000"
DISTRICT = "120103000000"
STREET = "120103001000"
OTHER_STREET = "120103002000"
VILLAGE = "120103001001"
NEIGHBOUR = "120103001004"
SECOND = f"{VILLAGE}-02"


@pytest.fixture
def world() -> World:
    return World(9, shipped())


def device(unit: str, station: int) -> Device:
    name = f"{unit}-{station:02d}"
    return Device(
        id=name,
        unit=unit,
        station=station,
        signing=SigningKey.from_private(secret(f"{name} signing")).public,
        reading=ReadingKey.from_private(secret(f"{name} reading")).public,
        ssh=SSH_LINE,
        host=None,
    )


def knows(registry: Registry, name: str) -> bool:
    devices = [each for unit in registry.units() for each in registry.devices(unit.code)]
    return name in {each.id for each in devices}


def reasons(place: Place) -> list[str]:
    page = place.store.changes(0, limit=1_000, databases=(QUARANTINE,))
    return [set_aside_of(row.document).reason for row in page.rows]


def test_a_new_device_becomes_known_on_its_whole_path_and_nowhere_else(world: World) -> None:
    world.places[STREET].registrar.enrol(device(VILLAGE, 2))

    world.settle()

    known = {unit for unit, place in world.places.items() if knows(place.registry, SECOND)}
    assert known == {CITY, DISTRICT, STREET, VILLAGE}


def test_a_new_machine_of_a_hub_becomes_known_to_all_below_it(world: World) -> None:
    world.places[DISTRICT].registrar.enrol(device(STREET, 2))

    world.settle()

    known = {
        unit for unit, place in world.places.items() if knows(place.registry, f"{STREET}-02")
    }
    assert known == {CITY, DISTRICT, STREET, VILLAGE, NEIGHBOUR}


def test_what_was_learnt_is_known_again_after_a_power_cut(world: World) -> None:
    world.places[STREET].registrar.enrol(device(VILLAGE, 2))
    world.settle()

    for unit in (CITY, STREET, VILLAGE):
        world._start(world.places[unit])

    assert all(knows(world.places[unit].registry, SECOND) for unit in (CITY, STREET, VILLAGE))


def test_records_of_a_device_flow_on_once_the_statement_about_it_has_come(
    world: World,
) -> None:
    street, district = world.places[STREET], world.places[DISTRICT]
    street.registrar.enrol(device(VILLAGE, 2))
    page = street.store.changes(0, limit=10, databases=("registry",))
    entry = entry_of(SECOND, street.registry.path(VILLAGE))

    before = deliver(district, entry, STREET, "up")
    deliver(district, record_of(page.rows[0].document).raw, STREET, "up")

    assert before == ("device_unknown",)
    assert [
        row.document.id for row in district.store.changes(0, limit=9, databases=("cases",)).rows
    ]


def entry_of(author: str, path: tuple[str, ...]) -> bytes:
    """The first record of a device: a note on a case of its own unit."""
    case = new_case_id(0, path[-1], bytes(6))
    header = Header(type="entry", case=case, path=path, device=author, seq=1, generation=1)
    signer = SigningKey.from_private(secret(f"{author} signing"))
    return seal_entry(
        header, {"act": "note"}, {}, secret("case"), signer, secret("salt")[:16]
    ).raw


def test_a_statement_that_comes_too_early_waits_and_is_tried_again(world: World) -> None:
    street, village = world.places[STREET], world.places[VILLAGE]
    street.registrar.enrol(device(VILLAGE, 2))
    street.registrar.enrol(device(VILLAGE, 3))
    page = street.store.changes(0, limit=10, databases=("registry",))
    first, second = (row.document for row in page.rows)

    late = deliver(village, record_of(second).raw, STREET, "down")
    early = reasons(village)
    deliver(village, record_of(first).raw, STREET, "down")

    assert late == ("statement_early",)
    assert early == ["statement_early"]
    assert knows(village.registry, f"{VILLAGE}-03")


def deliver(place: Place, raw: bytes, neighbour: str, direction: Direction) -> tuple[str, ...]:
    """Bring one record to a place, as a session does, and give why it was set aside, if so."""
    gate = place.hub.gate
    inspection = gate.inspect([raw], neighbour, direction)
    place.store.put(inspection.documents, inspection.local, expect=inspection.expect)
    gate.settle()
    return tuple(reason for _, reason in inspection.quarantined)


def _forged(world: World, unit: str, fields: dict[str, object], count: int) -> list[bytes]:
    """Carriers of a statement that a street's hub signs, in the feed of its device."""
    place = world.places[unit]
    raw = sign_statement(fields, place.pens.unit)  # type: ignore[arg-type]
    carriers: list[bytes] = []
    prev = bytes(32)
    for seq in range(1, count + 1):
        header = Header(
            type=STATEMENT,
            case=NO_CASE,
            path=place.registry.path(unit),
            device=device_of(unit),
            seq=seq,
            prev=prev,
        )
        record = carry_statement(header, raw, place.pens.device)
        prev = record.hash
        carriers.append(record.raw)
    return carriers


def test_a_hub_that_states_something_about_itself_is_not_believed(world: World) -> None:
    registry = world.places[STREET].registry
    n, prev = registry.next_place(STREET)
    fields = {
        "unit": STREET,
        "n": n,
        "prev": prev,
        "kind": "revoke",
        "device": device_of(STREET),
        "after_seq": 0,
    }

    [carrier] = _forged(world, STREET, fields, 1)
    inspection = world.places[DISTRICT].hub.gate.inspect([carrier], STREET, "up")

    assert [reason for _, reason in inspection.quarantined] == ["statement"]
    assert world.places[DISTRICT].registry.is_active(device_of(STREET))


def test_a_child_cannot_flood_the_registry_with_what_is_known_already(world: World) -> None:
    n, prev = world.places[STREET].registry.next_place(VILLAGE)
    fields: dict[str, object] = {
        "unit": VILLAGE,
        "n": n,
        "prev": prev,
        "kind": "device",
        "device": SECOND,
        "station": 2,
        "signing": device(VILLAGE, 2).signing,
        "reading": device(VILLAGE, 2).reading,
        "ssh": SSH_LINE,
        "host": None,
    }
    district = world.places[DISTRICT]
    key = f"taken/statement/{device_of(STREET)}"
    district.store.put([], {key: b'{"count": 19998}'})

    inspection = district.hub.gate.inspect(_forged(world, STREET, fields, 4), STREET, "up")

    assert inspection.accepted == 2
    assert [reason for _, reason in inspection.quarantined] == ["too_many", "too_many"]
