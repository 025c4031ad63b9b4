"""What people did stands in the feed of their device, sealed for the units above it alone."""

import threading

import pytest

from casebook.desk import World
from casebook.errors import NoteError
from casebook.feed import QUOTE_FIELD, Feed
from casebook.intake import Intake, Paper
from casebook.journal import NOTE_BYTES_MAX, Journal
from casebook.notes import Note, NoteReader
from security.records import Record
from sync.documents import AUDIT, record_of
from sync.feeds import PINNED_KEY, decode_feed, feed_key
from tests.support.network import (
    CITY,
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    Network,
    make_network,
    stored_records,
)

FORM = {"name": "张秀英", "id_no": "120103195001010003", "mobile": "13800000000"}
PAPERS = (Paper("id_card", "seen"), Paper("app_form", "original"))


@pytest.fixture
def network() -> Network:
    return make_network()


def note(network: Network, unit: str, action: str = "search", **body: object) -> None:
    place = network.places[unit]
    place.casebook.journal.note(action, clerk=f"{unit}-w1", object="mine", body=body)


def audits(network: Network, unit: str) -> list[Record]:
    rows = network.places[unit].store.changes(0, limit=1_000, databases=(AUDIT,)).rows
    return [record_of(row.document) for row in rows]


def read(network: Network, unit: str) -> list[Note]:
    place = network.places[unit]
    reader = NoteReader(place.store, network.registry, unit, {1: place.reading})
    return reader.notes()[0]


def test_a_note_takes_the_next_place_of_the_device_feed(network: Network) -> None:
    place = network.places[VILLAGE]
    place.casebook.receive("MZ-007", Intake(FORM, PAPERS), place.clerk())

    note(network, VILLAGE)

    records = list(stored_records(place.store))
    assert [record.header.type for record in records] == ["grant", "entry", "grant", "audit"]
    assert [record.header.seq for record in records] == [1, 2, 3, 4]
    assert records[3].header.prev == records[2].hash


def test_notes_of_one_quarter_share_a_journal_and_its_grant(network: Network) -> None:
    for _ in range(3):
        note(network, VILLAGE)

    records = list(stored_records(network.places[VILLAGE].store))

    assert [record.header.type for record in records] == ["grant", "audit", "audit", "audit"]
    assert len({record.header.case for record in records}) == 1


def test_a_new_quarter_begins_a_new_journal(network: Network) -> None:
    note(network, VILLAGE)
    network.places[VILLAGE].clock.ms += 92 * 24 * 3_600_000

    note(network, VILLAGE)

    first, second = audits(network, VILLAGE)
    assert first.header.case != second.header.case


def test_the_unit_and_the_one_above_read_both_parts_and_the_city_the_facts(
    network: Network,
) -> None:
    note(network, VILLAGE, text="0003")

    network.carry()

    [own], [above], [top] = (read(network, unit) for unit in (VILLAGE, STREET, CITY))
    assert own.body == above.body == {"text": "0003"}
    assert (top.action, top.clerk, top.body) == ("search", f"{VILLAGE}-w1", None)


def test_a_neighbour_gets_nothing_of_a_journal(network: Network) -> None:
    note(network, VILLAGE)

    network.carry()

    assert audits(network, OTHER_VILLAGE) == []


def test_a_journal_is_no_case(network: Network) -> None:
    note(network, VILLAGE)
    network.carry()

    assert network.places[STREET].casebook.rows("all").total == 0
    assert network.places[STREET].casebook.digests() == {}


def test_an_earlier_journal_goes_on_after_a_restart(network: Network) -> None:
    note(network, VILLAGE)
    place = network.places[VILLAGE]
    station, world = place.casebook.station, World(place.clock, bytes)
    feed = Feed(place.store, station.device, place.clock)
    again = Journal(station, network.registry, place.signing, feed, place.store, world)
    again.read_with({1: place.reading})

    again.note("start", clerk="", object="")

    first, second = audits(network, VILLAGE)
    assert first.header.case == second.header.case


def test_notes_of_many_threads_are_all_written_once(network: Network) -> None:
    threads = [
        threading.Thread(target=note, args=(network, VILLAGE), kwargs={"number": number})
        for number in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    numbers = [one.body["number"] for one in read(network, VILLAGE) if one.body]
    assert sorted(map(int, map(str, numbers))) == list(range(24))
    feed = decode_feed(network.places[VILLAGE].store.local(feed_key(f"{VILLAGE}-01")))
    assert (feed.head, feed.gaps) == (25, ())


def test_a_held_journal_keeps_notes_beside_the_feed_and_writes_them_later(
    network: Network,
) -> None:
    journal = network.places[VILLAGE].casebook.journal
    journal.hold()
    note(network, VILLAGE, text="1")
    assert audits(network, VILLAGE) == []

    journal.release()

    assert [one.body for one in read(network, VILLAGE)] == [{"text": "1"}]


def test_the_newest_checkpoint_is_quoted_once_and_again_when_it_changes(
    network: Network,
) -> None:
    store = network.places[VILLAGE].store
    store.put([], {PINNED_KEY: b"first"})
    note(network, VILLAGE)
    note(network, VILLAGE)
    store.put([], {PINNED_KEY: b"second"})
    note(network, VILLAGE)

    quotes = [record.header.extra.get(QUOTE_FIELD) for record in stored_records(store)]

    assert quotes == [b"first", None, None, b"second"]


@pytest.mark.parametrize(
    ("action", "thing", "body"),
    [
        ("Not a word", "", {}),
        ("search", "x" * 129, {}),
        ("search", "", {"text": "x" * NOTE_BYTES_MAX}),
        ("search", "", {"text": 0.5}),
    ],
)
def test_a_note_out_of_its_bounds_is_refused_and_nothing_is_written(
    network: Network, action: str, thing: str, body: dict[str, object]
) -> None:
    with pytest.raises(NoteError):
        network.places[VILLAGE].casebook.journal.note(action, clerk="", object=thing, body=body)

    assert audits(network, VILLAGE) == []
