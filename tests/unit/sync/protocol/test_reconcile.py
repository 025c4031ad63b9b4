"""The limits of a comparison: what a peer may say, and what it costs."""

import hashlib

import pytest

from sync.errors import PeerProtocolError
from sync.protocol.ranges import (
    ROOT,
    Entry,
    Listing,
    Prefix,
    Split,
    decode_entries,
    encode_entries,
)
from sync.protocol.reconcile import Ask, Phase, Reconciliation, respond
from tests.property.test_reconcile import SetView, compare

EMPTY = SetView([])
FEW = SetView([hashlib.sha256(bytes([number])).hexdigest() for number in range(40)])


def asked(state: Reconciliation) -> Ask:
    return state.ask(offered_max=10)


def test_sets_that_are_equal_cost_one_question() -> None:
    state = Reconciliation(FEW)
    ask = asked(state)
    entries, done = respond(FEW, ask.ranges, 1 << 20)

    state.answered(ask, entries, done, 0)

    assert (entries, state.phase) == ((), Phase.SETTLING)


def test_what_was_asked_is_asked_again_until_it_is_answered() -> None:
    state = Reconciliation(FEW)

    assert asked(state) == asked(state)


def test_offers_come_in_the_order_of_the_store_and_settle_last() -> None:
    state = Reconciliation(FEW)
    ask = asked(state)
    entries, done = respond(EMPTY, ask.ranges, 1 << 20)
    state.answered(ask, entries, done, 0)
    offered: list[int] = []
    while state.phase is Phase.OFFERING:
        ask = asked(state)
        offered += ask.offered
        state.answered(ask, (), 0, 0)
        state.offered(ask)
    last = asked(state)
    state.answered(last, (), 0, 0)

    assert offered == list(range(1, 41))
    assert last.settle
    assert state.phase is Phase.SETTLED


@pytest.mark.parametrize(
    "entry",
    [
        Listing(Prefix(3, 7), ()),
        Split(ROOT, (0,) * 16),
        Split(Prefix(31, 0), (1,) * 16),
    ],
)
def test_an_answer_about_ranges_that_were_not_asked_is_refused(entry: Split | Listing) -> None:
    state = Reconciliation(FEW)

    with pytest.raises(PeerProtocolError, match="not asked"):
        state.answered(asked(state), [entry], 1, 0)


def test_an_answer_that_says_one_range_twice_is_refused() -> None:
    state = Reconciliation(FEW)
    twice = [Listing(Prefix(1, 7), ())] * 2

    with pytest.raises(PeerProtocolError, match="twice"):
        state.answered(asked(state), twice, 1, 0)


def test_an_answer_that_claims_more_than_was_asked_is_refused() -> None:
    state = Reconciliation(FEW)

    with pytest.raises(PeerProtocolError, match="more than was asked"):
        state.answered(asked(state), [], 2, 0)


@pytest.mark.parametrize("entry", [Listing(ROOT, (1,)), Split(Prefix(32, 0), (0,) * 16)])
def test_a_request_compares_fingerprints_of_ranges_that_can_be_split(
    entry: Split | Listing,
) -> None:
    with pytest.raises(PeerProtocolError, match="other than ranges"):
        respond(FEW, [entry], 1 << 20)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\0", "cut"),
        (b"\0\1\x0f" + bytes(127), "cut"),
        (b"\1\0" + (65_537).to_bytes(4), "too many"),
        (b"\0\1\x10" + bytes(128), "none of"),
        (b"\0\x21" + bytes(17 + 128), "unknown"),
        (b"\2\0" + bytes(128), "unknown"),
        (encode_entries([Listing(ROOT, ())]) * 4_097, "too many"),
    ],
)
def test_damaged_or_oversized_entries_are_refused_in_one_line(raw: bytes, words: str) -> None:
    with pytest.raises(PeerProtocolError, match=words):
        decode_entries(raw)


def test_a_parent_that_always_differs_is_given_up() -> None:
    state = Reconciliation(FEW)

    def endless() -> None:
        number = 1
        while True:
            ask = asked(state)
            parts = [part for split in ask.ranges for part in split.prefix.parts()]
            entries: list[Entry] = [
                Split(part, tuple(range(number, number + 16)))
                for part in parts
                if part.digits < 32
            ]
            entries += [Listing(part, (number,)) for part in parts if part.digits == 32]
            state.answered(ask, entries, len(ask.ranges), len(ask.wanted))
            number += 1

    with pytest.raises(PeerProtocolError, match="without end"):
        endless()


def test_a_hundred_differences_in_many_records_cost_what_they_cost_in_few() -> None:
    ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(4_000)]

    found, got = compare(SetView(ids[50:]), SetView(ids[:-50]), bytes_max=1 << 20)

    assert found == set(ids[-50:])
    assert got == set(ids[:50])
