"""What a dishonest device on the path, a bad disk or a restore can do to a case: not much."""

import json
import random
from dataclasses import replace

import pytest

from casebook.book import Casebook, Office
from casebook.desk import World
from casebook.index import CaseIndex, Place
from casebook.intake import Intake, Paper
from casebook.people import station_of
from security.caseids import RANDOM_BYTES, new_case_id
from security.grants import Reader, make_grant
from security.header import PARENTS_MAX, Header
from security.hlc import Hlc
from security.records import Record, seal_entry
from sync.documents import document_of
from sync.feeds import decode_feed, feed_key
from sync.ports import Document
from tests.support.network import (
    CITY,
    DISTRICT,
    STREET,
    VILLAGE,
    Network,
    calendar,
    catalogue,
    make_network,
    stored_records,
)

FORM = {"name": "张秀英", "id_no": "120103195001010003"}
NOTE = {"act": "note", "at": "2026-11-23T09:05:00+08:00", "clerk": "x"}


@pytest.fixture
def network() -> Network:
    return make_network()


def receive(network: Network) -> bytes:
    village = network.places[VILLAGE]
    received = village.casebook.receive(
        "MZ-009", Intake(FORM, (Paper("id_card", "seen"),)), village.clerk()
    )
    network.carry()
    return received.case


def header_of(network: Network, unit: str, case: bytes, kind: str = "entry") -> Header:
    feed = decode_feed(network.places[unit].store.local(feed_key(f"{unit}-01")))
    return Header(
        type=kind,
        case=case,
        generation=1,
        path=network.registry.path(VILLAGE),
        device=f"{unit}-01",
        seq=feed.head + 1,
        prev=feed.hash,
        hlc=Hlc(1_795_395_900_000, 0),
    )


def plant(network: Network, *records: Record) -> None:
    """Put records where every tier on the path finds them."""
    for unit in (CITY, DISTRICT, STREET, VILLAGE):
        network.places[unit].store.put([document_of(each, origin="evil") for each in records])


def digests(network: Network) -> set[tuple[tuple[str, str], ...]]:
    return {
        tuple(network.places[unit].casebook.digests().items())
        for unit in (CITY, DISTRICT, STREET, VILLAGE)
    }


def test_a_false_key_granted_on_the_path_hides_nothing(network: Network) -> None:
    case = receive(network)
    street, city = network.places[STREET], network.registry.unit(CITY)
    false_key = bytes(range(32))
    header = header_of(network, STREET, case, "grant")
    grant = make_grant(
        header, false_key, [Reader(CITY, 1, city.reading, "case")], street.signing
    )
    junk_header = replace(header_of(network, STREET, case), seq=header.seq + 1, prev=grant.hash)
    junk = seal_entry(junk_header, NOTE, {}, false_key, street.signing, bytes(16))

    plant(network, grant, junk)

    assert network.places[CITY].casebook.state(case).state == "received"
    assert len(digests(network)) == 1


def test_a_key_generation_opened_by_a_stranger_decides_nothing(network: Network) -> None:
    case = receive(network)
    street = network.places[STREET]
    new_key = bytes(range(1, 33))
    readers = [
        Reader(unit, 1, network.registry.unit(unit).reading, "case")
        for unit in network.registry.path(VILLAGE)
    ]
    header = replace(header_of(network, STREET, case, "grant"), generation=2)
    plant(network, make_grant(header, new_key, readers, street.signing))

    village = network.places[VILLAGE]
    village.casebook.act(case, "note", village.clerk(), body={"text": "x"})
    network.carry()

    assert len(network.places[CITY].casebook.state(case).timeline) == 2
    assert len(digests(network)) == 1


def test_a_second_receipt_forged_above_does_not_take_the_case_over(network: Network) -> None:
    case = receive(network)
    street = network.places[STREET]
    facts = {
        **NOTE,
        "act": "receive",
        "case_no": street.casebook.receive("MZ-009", Intake(FORM, ()), street.clerk()).case_no,
        "item": "MZ-009",
        "item_version": "x",
        "papers": [],
    }
    key = bytes(range(32))
    path = network.registry.path(STREET)
    header = replace(header_of(network, STREET, case, "grant"), path=path)
    readers = [Reader(unit, 1, network.registry.unit(unit).reading, "case") for unit in path]
    grant = make_grant(header, key, readers, street.signing)
    entry_header = replace(header, type="entry", seq=header.seq + 1, prev=grant.hash)
    forged = seal_entry(entry_header, facts, {}, key, street.signing, bytes(16))

    plant(network, grant, forged)

    for unit in (CITY, DISTRICT, STREET):
        assert network.places[unit].casebook.state(case).home == VILLAGE


def test_a_case_with_more_heads_than_a_header_holds_can_still_be_moved(
    network: Network,
) -> None:
    case = receive(network)
    village = network.places[VILLAGE]
    file = village.casebook.open(case)
    assert file.keys is not None
    assert file.keys.case is not None
    parent = file.records[0].hash
    base = header_of(network, VILLAGE, case)
    forks = [
        seal_entry(
            replace(base, seq=base.seq + number, prev=bytes([1]) * 32, parents=(parent,)),
            {**NOTE, "clerk": f"c{number}"},
            {},
            file.keys.case,
            village.signing,
            bytes([number]) * 16,
        )
        for number in range(1, PARENTS_MAX + 10)
    ]
    plant(network, *forks)

    state = village.casebook.act(case, "accept", village.clerk())

    assert state.state == "accepted"


def test_one_damaged_record_does_not_hide_the_other_cases(network: Network) -> None:
    case = receive(network)
    village = network.places[VILLAGE]
    body = json.dumps({"record": "AAAA"}).encode()
    damaged = Document(
        "cases", "0" * 64, "1-" + "0" * 32, body, (f"case:{case.hex()}", f"unit:{VILLAGE}")
    )
    village.store.put([damaged])

    page = village.casebook.rows("mine")

    assert page.total == 1
    assert page.rows[0].held == 1


def restored(network: Network, index: CaseIndex, records: list[Record]) -> Casebook:
    """The village's program over a store that holds only these records."""
    village = network.places[VILLAGE]
    source = random.Random(5)
    village.store = type(village.store)(source.randbytes)  # type: ignore[call-arg]
    village.store.put([document_of(record, origin="") for record in records])
    office = Office(
        station_of(network.registry, VILLAGE, f"{VILLAGE}-01"),
        network.registry,
        catalogue(),
        calendar(),
        village.signing,
        {1: village.reading},
    )
    return Casebook(office, village.store, World(village.clock, source.randbytes), index)


def test_a_read_model_of_another_copy_of_the_store_is_built_again(network: Network) -> None:
    receive(network)
    village = network.places[VILLAGE]
    first = list(stored_records(village.store))
    index = CaseIndex(None)
    restored(network, index, first).refresh()
    incarnation = village.store.incarnation
    index.update([], Place(incarnation, 99, "f" * 64))

    casebook = restored(network, index, [])

    assert casebook.rows("all").total == 0


def test_numbers_that_come_back_from_above_are_not_given_again(network: Network) -> None:
    receive(network)
    village = network.places[VILLAGE]
    given = {village.casebook.rows("mine").rows[0].case_no}
    records = list(stored_records(village.store))
    casebook = restored(network, CaseIndex(None), records)
    casebook.refresh()

    received = casebook.receive("MZ-009", Intake(FORM, ()), village.clerk())

    assert received.case_no not in given


def test_a_decision_without_the_right_is_shown_as_a_conflict_at_every_tier(
    network: Network,
) -> None:
    case = receive(network)
    village = network.places[VILLAGE]
    village.casebook.act(case, "accept", village.clerk())
    file = village.casebook.open(case)
    assert file.keys is not None
    assert file.keys.case is not None
    header = replace(header_of(network, VILLAGE, case), parents=(file.records[-1].hash,))
    facts = {**NOTE, "act": "decide", "outcome": "granted"}
    forged = seal_entry(header, facts, {}, file.keys.case, village.signing, bytes(16))
    network.carry()

    plant(network, forged)

    for unit in (CITY, DISTRICT, STREET, VILLAGE):
        assert network.places[unit].casebook.rows("conflicts").total == 1


def test_eight_false_grants_before_the_true_one_hide_nothing(network: Network) -> None:
    street = network.places[STREET]
    village = network.places[VILLAGE]
    received = village.casebook.receive("MZ-009", Intake(FORM, ()), village.clerk())
    city = network.registry.unit(CITY)
    base = header_of(network, STREET, received.case, "grant")
    false = [
        make_grant(
            replace(base, seq=base.seq + number, prev=bytes([1]) * 32),
            bytes([number]) * 32,
            [Reader(CITY, 1, city.reading, "case")],
            street.signing,
        )
        for number in range(1, 20)
    ]
    plant(network, *false)

    network.carry()

    assert network.places[CITY].casebook.state(received.case).state == "received"


def test_a_number_of_another_station_has_no_effect(network: Network) -> None:
    street = network.places[STREET]
    village = network.places[VILLAGE]
    theirs = street.casebook.receive("MZ-009", Intake(FORM, ()), street.clerk()).case_no
    case = receive(network)
    file = village.casebook.open(case)
    assert file.keys is not None
    assert file.keys.case is not None
    facts = {**file.entries[0].facts, "case_no": theirs}
    stolen = new_case_id(1, VILLAGE, bytes(RANDOM_BYTES))
    header = replace(header_of(network, VILLAGE, stolen, "grant"), path=file.path)
    readers = [
        Reader(unit, 1, network.registry.unit(unit).reading, "case") for unit in file.path
    ]
    grant = make_grant(header, bytes(range(32)), readers, village.signing)
    entry = seal_entry(
        replace(header, type="entry", seq=header.seq + 1, prev=grant.hash),
        facts,
        {},
        bytes(range(32)),
        village.signing,
        bytes(16),
    )
    plant(network, grant, entry)

    state = street.casebook.state(stolen)

    assert state.state == "draft"
    assert street.casebook.receive("MZ-009", Intake(FORM, ()), street.clerk()).case_no
