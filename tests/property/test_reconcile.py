"""Two sets of ids are told apart exactly, however little is asked at once."""

import hashlib
from collections.abc import Sequence
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from security.marks import Marker
from sync.errors import PeerProtocolError
from sync.protocol.ranges import (
    Listing,
    Prefix,
    Split,
    decode_entries,
    encode_entries,
    sums_of,
)
from sync.protocol.reconcile import Member, Phase, Reconciliation, respond

KEY = bytes(range(16))


class SetView:
    """A set of ids, numbered in their order."""

    def __init__(self, ids: Sequence[str]) -> None:
        marks = Marker(KEY).marks(bytes.fromhex("".join(sorted(ids))))
        self.all = [
            Member(mark, "cases", one, seq)
            for mark, one, seq in zip(marks, sorted(ids), count(1), strict=False)
        ]

    def parts(self, prefix: Prefix) -> tuple[Sequence[int], Sequence[int]]:
        return sums_of(((one.mark, one.id) for one in self.members(prefix)), prefix)

    def members(self, prefix: Prefix) -> Sequence[Member]:
        return [one for one in self.all if one.id.startswith(prefix.text)]


def compare(ours: SetView, theirs: SetView, *, bytes_max: int) -> tuple[set[str], set[str]]:
    """What the child found that only it has, and what it asked for and got."""
    state = Reconciliation(ours)
    got: set[str] = set()
    while state.phase is Phase.COMPARING:
        ask = state.ask(offered_max=100)
        asked = decode_entries(encode_entries(ask.ranges))
        entries, done = respond(theirs, asked, bytes_max)
        for listing in ask.wanted:
            members = theirs.members(listing.prefix)
            got |= {one.id for one in members if one.mark in listing.marks}
        heard = decode_entries(encode_entries(entries))
        state.answered(ask, heard, done, len(ask.wanted))
    surplus = set(state.surplus())
    return {one.id for one in ours.all if one.seq in surplus}, got


def near(digits: int, number: int) -> str:
    """An id that shares its first digits with others, as somebody could pick it."""
    return "7" * digits + hashlib.sha256(str(number).encode()).hexdigest()[digits:]


spread = st.integers(0, 5_000).map(lambda number: near(0, number))
crowded = st.tuples(st.integers(0, 20), st.integers(0, 500)).map(lambda pair: near(*pair))
sets = st.sets(spread | crowded, max_size=300)


@settings(max_examples=80, deadline=None)
@given(sets, sets, st.sampled_from([0, 5_000, 1 << 20]))
def test_each_side_learns_exactly_what_the_other_lacks(
    ours: set[str], theirs: set[str], bytes_max: int
) -> None:
    found, got = compare(SetView(sorted(ours)), SetView(sorted(theirs)), bytes_max=bytes_max)

    assert found == ours - theirs
    assert got == theirs - ours


entries = st.lists(
    st.integers(0, 32).flatmap(
        lambda digits: st.builds(
            Prefix, st.just(digits), st.integers(0, 16**digits - 1)
        ).flatmap(
            lambda prefix: (
                st.builds(Split, st.just(prefix), st.tuples(*[st.integers(0, 2**64 - 1)] * 16))
                | st.builds(
                    Listing,
                    st.just(prefix),
                    st.lists(st.integers(0, 2**64 - 1), max_size=9).map(tuple),
                )
            )
        )
    ),
    max_size=9,
)


@settings(max_examples=30, deadline=None)
@given(entries)
def test_entries_are_read_as_they_were_written(written: list[Split | Listing]) -> None:
    assert decode_entries(encode_entries(written)) == tuple(written)


@given(st.binary(max_size=200))
def test_no_bytes_of_a_peer_do_more_harm_than_be_refused(raw: bytes) -> None:
    try:
        read = decode_entries(raw)
    except PeerProtocolError:
        return

    assert encode_entries(read) == raw or any(one.prefix.digits % 2 for one in read)
