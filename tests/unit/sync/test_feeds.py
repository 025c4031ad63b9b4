"""A feed shows what is missing, what was forged and what was written twice."""

import random

import pytest

from security.records import Record
from sync.errors import StoreError
from sync.feeds import GAPS_MAX, Feed, Gap, Place, decode_feed, encode_feed, feed_key
from tests.support.tree import VILLAGE, chain, seal, secret

RECORDS = chain(VILLAGE, 12)


def placed(feed: Feed, *records: Record) -> tuple[list[Place], Feed]:
    places = []
    for record in records:
        place, feed = feed.placed(record.header, record.hash)
        places.append(place)
    return places, feed


def test_records_in_order_follow_on() -> None:
    places, feed = placed(Feed(), *RECORDS)

    assert set(places) == {Place.NEXT}
    assert feed == Feed(12, RECORDS[-1].hash)


@pytest.mark.parametrize("seed", range(20))
def test_records_in_any_order_leave_no_gap(seed: int) -> None:
    shuffled = random.Random(seed).sample(RECORDS, len(RECORDS))

    places, feed = placed(Feed(), *shuffled)

    assert set(places) <= {Place.NEXT, Place.IN_GAP}
    assert feed == Feed(12, RECORDS[-1].hash)


def test_a_missing_record_shows_as_a_gap_with_its_neighbours() -> None:
    _, feed = placed(Feed(), RECORDS[0], RECORDS[3])

    assert feed.gaps == (Gap(2, 3, RECORDS[0].hash, RECORDS[3].header.prev),)


def test_a_record_that_names_another_predecessor_breaks_the_chain() -> None:
    _, feed = placed(Feed(), RECORDS[0])
    other = seal(VILLAGE, 2, secret("another record"))

    places, after = placed(feed, other)

    assert places == [Place.CHAIN]
    assert after == feed


@pytest.mark.parametrize("seq", [2, 3])
def test_what_fills_a_gap_must_fit_both_its_neighbours(seq: int) -> None:
    _, feed = placed(Feed(), RECORDS[0], RECORDS[3])
    other = seal(VILLAGE, seq, secret("another record"))

    places, after = placed(feed, other)

    assert places == [Place.CHAIN]
    assert after == feed


def test_a_second_record_at_one_place_is_a_fork() -> None:
    _, feed = placed(Feed(), *RECORDS)
    twin = seal(VILLAGE, 5, RECORDS[3].hash, text="written after a restore")

    places, after = placed(feed, twin)

    assert places == [Place.FORK]
    assert after == feed


def test_the_memory_of_gaps_is_limited() -> None:
    feed = Feed()
    for number in range(GAPS_MAX):
        _, feed = placed(feed, seal(VILLAGE, 2 * number + 2, secret("before")))
    far = seal(VILLAGE, 5_000, secret("before"))

    places, after = placed(feed, far)

    assert len(feed.gaps) == GAPS_MAX
    assert places == [Place.GAPS]
    assert after == feed


def test_a_restored_node_goes_on_where_the_unit_above_saw_it_end() -> None:
    twin = seal(VILLAGE, 3, RECORDS[1].hash, text="written after a restore")
    _, feed = placed(Feed(), *RECORDS[:2], twin)

    for lost in RECORDS[2:]:
        feed = feed.adopted(lost.header, lost.hash)

    assert (feed.head, feed.hash) == (12, RECORDS[-1].hash)


def test_a_feed_comes_back_as_it_was_saved() -> None:
    _, feed = placed(Feed(), RECORDS[0], RECORDS[3], RECORDS[8])

    assert decode_feed(encode_feed(feed)) == feed
    assert decode_feed(None) == Feed()


@pytest.mark.parametrize(
    "value",
    [b"", b"[]", b"{}", b'{"head": 1, "hash": "zz"}', b'{"head":1,"hash":"","gaps":[1]}'],
)
def test_a_damaged_feed_is_an_error_and_not_an_empty_feed(value: bytes) -> None:
    with pytest.raises(StoreError):
        decode_feed(value)


def test_each_incarnation_of_a_device_has_a_feed_of_its_own() -> None:
    assert feed_key("120103001001-01") == "feed/120103001001-01"
    assert feed_key("120103001001-01", 2) == "feed/120103001001-01/2"
