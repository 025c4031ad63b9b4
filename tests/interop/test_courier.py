"""Cases carried by a stick: the same records, cursors and refusals as over a tunnel."""

import random
from dataclasses import dataclass

import pytest

from casebook.intake import Intake, Paper
from security.errors import FormatError, SecurityError, TrustError
from sync.answering import DownstreamDriver
from sync.courier import Courier, Identity, Imported
from sync.driver import UpstreamDriver
from sync.errors import RefusedError
from sync.ingest import Gate
from sync.protocol.cursors import child_key, decode_child, down_key
from sync.protocol.upstream import Link
from sync.transports.memory import MemoryTransport
from tests.support.network import OTHER_VILLAGE, STREET, VILLAGE, Network, Place, make_network

FORM = {"name": "张秀英", "id_no": "120103195001010003", "reason": "家庭困难" * 40}


@dataclass
class Office:
    """A place with a courier."""

    place: Place
    gate: Gate
    courier: Courier

    def receive(self, count: int = 1) -> None:
        for _ in range(count):
            intake = Intake(FORM, (Paper("id_card", "seen"),))
            self.place.casebook.receive("MZ-009", intake, self.place.clerk())

    def export(self) -> list[bytes]:
        return list(self.courier.export(STREET))

    def take(self, raw: bytes) -> Imported:
        return self.courier.take(self.courier.open(raw), self.gate, STREET)


@dataclass
class Hub(Office):
    """A place that answers its children."""

    driver: DownstreamDriver

    def answer(self, raw: bytes) -> tuple[Imported, list[bytes]]:
        return self.courier.answer(self.courier.open(raw), self.driver)


@pytest.fixture
def network() -> Network:
    return make_network()


def _courier(network: Network, unit: str) -> tuple[Place, Gate, Courier]:
    place = network.places[unit]
    identity = Identity(unit, f"{unit}-01", network.registry, place.signing, {1: place.reading})
    source = random.Random(unit)
    courier = Courier(identity, place.store, place.clock, source.randbytes)
    return place, Gate(network.registry, place.store, unit), courier


@pytest.fixture
def village(network: Network) -> Office:
    return Office(*_courier(network, VILLAGE))


@pytest.fixture
def street(network: Network) -> Hub:
    place, gate, courier = _courier(network, STREET)
    driver = DownstreamDriver(
        unit=STREET,
        store=place.store,
        gate=gate,
        registry=network.registry,
        clock=place.clock,
    )
    return Hub(place, gate, courier, driver)


def cases(office: Office) -> int:
    return office.place.casebook.rows("all").total


def test_a_stick_carries_a_case_up_and_the_decision_down(village: Office, street: Hub) -> None:
    village.receive()
    [up] = village.export()
    _, [first_answer] = street.answer(up)
    village.take(first_answer)
    case = bytes.fromhex(next(iter(village.place.casebook.digests())))
    casebook, clerk = village.place.casebook, village.place.clerk()
    casebook.act(case, "accept", clerk)
    casebook.act(case, "send_up", clerk, facts={"to": STREET})

    [second] = village.export()
    street.answer(second)
    approver = street.place.clerk("a1")
    street.place.casebook.act(case, "take", approver)
    street.place.casebook.act(case, "decide", approver, facts={"outcome": "granted"})
    [question] = village.export()
    _, [answer] = street.answer(question)
    village.take(answer)

    assert casebook.state(case).outcome == "granted"
    assert casebook.digests() == street.place.casebook.digests()


def held(street: Hub) -> int:
    """Up to where the street remembers to hold the village's records."""
    child = decode_child(street.place.store.local(child_key(f"{VILLAGE}-01")))
    assert child is not None
    return child.seq


def test_a_bundle_imported_twice_changes_nothing(village: Office, street: Hub) -> None:
    village.receive(3)
    [up] = village.export()
    street.answer(up)
    before = street.place.store.last_seq

    imported, _ = street.answer(up)

    assert imported.repeated
    assert street.place.store.last_seq == before


def test_an_old_bundle_after_newer_ones_does_not_set_the_child_back(
    village: Office, street: Hub
) -> None:
    village.receive(2)
    [old] = village.export()
    street.answer(old)
    village.receive(2)
    [new] = village.export()
    street.answer(new)
    before = held(street)

    street.answer(old)

    assert before > 0
    assert held(street) == before


def test_what_travelled_by_tunnel_meanwhile_is_a_repeat_on_the_stick(
    village: Office, street: Hub
) -> None:
    village.receive(2)
    [up] = village.export()
    device = f"{VILLAGE}-01"
    driver = UpstreamDriver(
        link=Link(VILLAGE, device, STREET),
        store=village.place.store,
        gate=village.gate,
        transport=MemoryTransport(lambda body: street.driver.answer_bytes(body, device)),
        clock=village.place.clock,
        jitter=random.Random(1).random,
    )
    assert driver.run_once().outcome == "done"

    imported, _ = street.answer(up)

    assert imported.repeated
    assert cases(street) == 2


def test_a_long_silence_needs_several_bundles_and_they_keep_their_order(
    village: Office, street: Hub
) -> None:
    village.receive(1_600)

    bundles = village.export()
    for bundle in bundles:
        street.answer(bundle)

    assert len(bundles) > 1
    assert cases(street) == 1_600


def test_a_missing_bundle_is_named_and_nothing_of_the_later_one_is_stored(
    village: Office, street: Hub
) -> None:
    village.receive(1_600)
    bundles = village.export()

    with pytest.raises(RefusedError, match="missing") as refused:
        street.answer(bundles[1])

    assert refused.value.code == "gap"
    assert street.place.store.last_seq == 0


def test_a_missing_answer_is_named_below_too(village: Office, street: Hub) -> None:
    village.receive()
    [up] = village.export()
    _, [lost] = street.answer(up)
    case = bytes.fromhex(next(iter(village.place.casebook.digests())))
    village.place.casebook.act(case, "send_up", village.place.clerk(), facts={"to": STREET})
    [second] = village.export()
    street.answer(second)
    street.place.casebook.act(case, "take", street.place.clerk())
    village.take(lost)
    [third] = village.export()
    _, [newest] = street.answer(third)
    village.place.store.put([], {down_key(STREET): None})

    with pytest.raises(RefusedError, match="missing") as refused:
        village.take(newest)

    assert refused.value.code == "gap"


def test_a_bundle_for_another_unit_is_refused(
    village: Office, street: Hub, network: Network
) -> None:
    village.receive()
    [up] = village.export()
    _, [answer] = street.answer(up)
    other = Office(*_courier(network, OTHER_VILLAGE))

    with pytest.raises(TrustError, match=f"for unit {VILLAGE}"):
        other.take(answer)


def test_a_cut_bundle_is_refused_at_every_length(village: Office, street: Hub) -> None:
    village.receive()
    [up] = village.export()

    for length in range(0, len(up), 97):
        with pytest.raises(FormatError):
            street.answer(up[:length])


def test_a_changed_bundle_is_refused_at_every_byte(village: Office, street: Hub) -> None:
    village.receive()
    [up] = village.export()

    for place in range(0, len(up), 53):
        changed = up[:place] + bytes([up[place] ^ 1]) + up[place + 1 :]
        with pytest.raises(SecurityError):
            street.answer(changed)
    assert street.place.store.last_seq == 0


def test_whoever_carries_the_stick_reads_no_name(village: Office) -> None:
    village.receive()

    [up] = village.export()

    assert "张秀英".encode() not in up
    assert b"120103195001010003" not in up


def test_a_restored_child_loses_nothing_that_it_writes_under_old_numbers(
    village: Office, street: Hub
) -> None:
    village.receive(3)
    [up] = village.export()
    street.answer(up)
    lost = set(village.place.casebook.digests())
    older = Office(*_courier(make_network(), VILLAGE))
    older.receive(2)
    assert older.place.store.incarnation == village.place.store.incarnation
    [again] = older.export()

    imported, _ = street.answer(again)

    assert not imported.repeated
    assert imported.quarantined == imported.records
    assert set(street.place.casebook.digests()) == lost
