"""A hub whose registry was set back, or that hides a part of it, is noticed from below."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from security.signing import ReadingKey, SigningKey
from security.statements import Device, sign_statement
from simulation.__main__ import shipped
from simulation.places import Place
from simulation.tree import SSH_LINE, device_of
from simulation.world import World
from sync.documents import record_of
from sync.log.alarms import Alarms
from sync.log.contact import ChildSide, ParentSide
from sync.log.folder import LogFolder
from sync.log.heads import WITHHELD_AFTER_MS
from sync.log.headwatch import LAGS_KEY, HeadWatch
from sync.log.hublog import HubLog
from sync.log.visits import LATEST_S, Visits
from sync.log.witness import Witness
from tests.support.tree import secret
from web.notes import alarm_notes

DISTRICT = "120103000000"
STREET = "120103001000"
VILLAGE = "120103001001"
SECOND = f"{STREET}-02"
LATEST_MS = int(LATEST_S * 1_000)


@dataclass
class Contact:
    """A village that speaks with its street about logs, as after a session."""

    village: Place
    street: Place
    folder: Path
    raised: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.note = alarm_notes(self.village.casebook.journal)
        assert self.village.upstream is not None
        alarms = Alarms(self.village.store, self._report)
        self.child = ChildSide(
            store=self.village.store,
            registry=self.village.registry,
            parent=STREET,
            on_alarm=alarms,
            watch=HeadWatch(
                store=self.village.store,
                registry=self.village.registry,
                unit=VILLAGE,
                parent=STREET,
                clock=self.village.clock,
                on_alarm=alarms,
                on_behind=self.village.upstream.doubt,
            ),
        )

    def speak(self) -> None:
        self.child.take(self.side().answer(self.child.request(), device_of(VILLAGE)))

    def side(self) -> ParentSide:
        street, signer = self.street, self.street.pens.device
        assert isinstance(signer, SigningKey)
        device, registry, store = device_of(STREET), self.street.registry, self.street.store
        log = HubLog(LogFolder(self.folder), store, device, signer)
        witness = Witness(
            store=store,
            registry=registry,
            device=device,
            signer=signer,
            clock=street.clock,
            may_witness=lambda _unit: True,
        )
        return ParentSide(log, witness, store, registry, lambda _alarm: None)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(origin, kind) for origin, kind, _ in self.raised]

    def _report(self, origin: str, kind: str, facts: Mapping[str, object]) -> None:
        self.note(origin, kind, facts)
        self.raised.append((origin, kind, facts))


@pytest.fixture
def world() -> World:
    made = World(9, shipped())
    made.places[DISTRICT].registrar.enrol(second_machine())
    made.settle()
    return made


@pytest.fixture
def contact(world: World, tmp_path: Path) -> Contact:
    return Contact(world.places[VILLAGE], world.places[STREET], tmp_path / "log")


def second_machine() -> Device:
    return Device(
        id=SECOND,
        unit=STREET,
        station=2,
        signing=SigningKey.from_private(secret("second signing")).public,
        reading=ReadingKey.from_private(secret("second reading")).public,
        ssh=SSH_LINE,
        host=None,
    )


def bring_by_bundle(world: World) -> None:
    """The district revokes a machine of the street; the village gets it past the street."""
    district, village = world.places[DISTRICT], world.places[VILLAGE]
    before = district.store.last_seq
    district.registrar.revoke(SECOND, 0)
    page = district.store.changes(before, limit=100, databases=("registry",))
    records = [record_of(row.document).raw for row in page.rows]
    gate = village.hub.gate
    found = gate.inspect(records, STREET, "down")
    village.store.put(found.documents, found.local, expect=found.expect)
    gate.settle()
    assert not village.registry.is_active(SECOND)


def test_two_that_know_the_same_remember_nothing(contact: Contact) -> None:
    contact.speak()

    assert contact.kinds == []
    assert contact.village.store.local(LAGS_KEY) is None


def test_a_revocation_that_the_street_hides_is_an_alarm_after_an_hour(
    world: World, contact: Contact
) -> None:
    bring_by_bundle(world)

    contact.speak()
    at_first = contact.kinds
    world.clock.advance(WITHHELD_AFTER_MS + 1)
    contact.speak()
    contact.speak()

    assert at_first == []
    assert contact.kinds == [(STREET, "registry_withheld")]


def test_the_alarm_shows_the_statement_and_travels_up_in_the_journal(
    world: World, contact: Contact
) -> None:
    bring_by_bundle(world)
    contact.speak()
    world.clock.advance(WITHHELD_AFTER_MS + 1)
    before = len(notes_of(world.places[DISTRICT]))
    contact.speak()

    world.settle()

    assert contact.raised[0][2]["kept"]
    assert len(notes_of(world.places[DISTRICT])) > before


def notes_of(place: Place) -> list[str]:
    """The notes by the village's device that a place holds."""
    page = place.store.changes(0, limit=1_000, databases=("audit",))
    headers = [record_of(row.document).header for row in page.rows]
    return [header.device for header in headers if header.device == device_of(VILLAGE)]


def test_what_the_street_lacked_comes_to_it_with_the_next_session_of_the_village(
    world: World, contact: Contact
) -> None:
    bring_by_bundle(world)
    contact.speak()
    assert contact.village.upstream is not None

    contact.village.upstream.run_once()

    assert not contact.street.registry.is_active(SECOND)
    contact.speak()
    assert contact.village.store.local(LAGS_KEY) is None


def test_a_registry_that_was_set_back_at_a_hub_is_noticed_at_once_and_repaired(
    world: World, contact: Contact
) -> None:
    street, backup = contact.street, contact.street.store.backup()
    street.registrar.enrol(replaced_village_machine())
    world.settle()
    street.store.restore(backup, street.source.randbytes)
    street.is_held = True
    world._start(street)
    forgot = f"{VILLAGE}-02" not in known(street)

    contact.speak()
    assert contact.village.upstream is not None
    contact.village.upstream.run_once()

    assert forgot
    assert contact.kinds == [(VILLAGE, "registry_withheld")]
    assert f"{VILLAGE}-02" in known(street)


def replaced_village_machine() -> Device:
    second = second_machine()
    return Device(
        id=f"{VILLAGE}-02",
        unit=VILLAGE,
        station=2,
        signing=SigningKey.from_private(secret("village signing")).public,
        reading=second.reading,
        ssh=SSH_LINE,
        host=None,
    )


def known(place: Place) -> set[str]:
    return {device.id for device in place.registry.devices(VILLAGE)}


def test_a_street_that_says_nothing_of_the_registry_is_an_alarm_after_an_hour(
    world: World, contact: Contact
) -> None:
    assert contact.child.watch is not None
    watch = contact.child.watch

    for _ in range(2):
        watch.heads()
        watch.take((), ())
        world.clock.advance(WITHHELD_AFTER_MS + 1)

    assert contact.kinds == [(VILLAGE, "registry_withheld")]


class Line:
    """A way to the street that counts how often it is used."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self.asked = 0

    def ask(self, body: bytes) -> bytes:
        self.asked += 1
        return self._contact.side().answer(body, device_of(VILLAGE))


def test_an_outpost_speaks_again_as_long_as_something_is_missing(
    world: World, contact: Contact
) -> None:
    line = Line(contact)
    visits = Visits(contact.child, line, contact.village.clock)
    assert contact.village.upstream is not None
    quiet = replace(contact.village.upstream.run_once(), pushed=0, pulled=0)
    visits.after(quiet)
    world.clock.advance(LATEST_MS)
    visits.after(quiet)
    settled = line.asked
    bring_by_bundle(world)

    for _ in range(3):
        visits.after(quiet)
        world.clock.advance(LATEST_MS)

    assert (settled, line.asked) == (1, 4)


def test_two_histories_are_an_alarm_that_shows_both_statements(
    world: World, contact: Contact
) -> None:
    street = contact.street
    state = world.places[STREET].pens.unit
    assert state is not None
    n, prev = street.registry.next_place(VILLAGE)
    raws = [
        sign_statement(
            {
                "unit": VILLAGE,
                "n": n,
                "prev": prev,
                "key": street.registry.key_number(STREET),
                "kind": "revoke",
                "device": device_of(VILLAGE),
                "after_seq": after_seq,
            },
            state,
        )
        for after_seq in (3, 9)
    ]
    contact.village.authority.learn(raws[0])
    contact.street.authority.learn(raws[1])

    contact.speak()
    contact.speak()

    [(origin, kind, facts)] = contact.raised
    assert (origin, kind) == (VILLAGE, "registry_fork")
    shown = [base64.b64decode(str(facts[side])) for side in ("kept", "shown")]
    assert shown == raws
