"""Which records one side has and the other lacks, in bytes proportional to the difference.

Range-based set reconciliation: the child sends fingerprints of ranges of ids, the parent
answers with the fingerprints of the parts of those that differ, or, of a small range, with the
marks of all it has there. The child asks on about what still differs. The parent keeps nothing
between two requests. The result says what to offer and what to ask for and is trusted no
further: each record is judged where it arrives, like any other.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from sync.errors import PeerProtocolError
from sync.protocol.ranges import (
    DEPTH_MAX,
    FANOUT,
    MARKS_MAX,
    ROOT,
    Entry,
    Listing,
    Prefix,
    Split,
    encode_entries,
)

LIST_MAX = 32
"""A range with no more records than this is listed, not split: the marks cost as much."""

WIDE_FROM = 512
"""From so many records on, the first request asks about 256 ranges instead of 16."""

ASKED_MAX = 128
"""Ranges of one request; each may be answered with sixteen times its size."""

WANTED_MAX = 2_000
"""Records asked for in one request."""

OPEN_MAX = 262_144
"""Ranges that are still to be compared; an honest parent leaves a tenth of that."""

ENTRY_BYTES_MAX = 3 + DEPTH_MAX // 2 + 8 * FANOUT


class Member(NamedTuple):
    """A record in a range: its mark, and where it stands in the store."""

    mark: int
    database: str
    id: str
    seq: int


class View(Protocol):
    """The records that two sides have in common by rights, as one of them holds them now."""

    def parts(self, prefix: Prefix) -> tuple[Sequence[int], Sequence[int]]:
        """Fingerprints and counts of the sixteen parts of a range."""
        ...

    def members(self, prefix: Prefix) -> Sequence[Member]:
        """The records of a range."""
        ...


def respond(
    view: View, asked: Sequence[Entry], bytes_max: int
) -> tuple[tuple[Entry, ...], int]:
    """The answer to a request's entries, and how many of them it answers: at least one.

    Raises:
        PeerProtocolError: A request holds something other than fingerprints.
    """
    answer: list[Entry] = []
    size = 0
    for done, entry in enumerate(asked):
        if not isinstance(entry, Split) or entry.prefix.digits >= DEPTH_MAX:
            raise PeerProtocolError("a request compares something other than ranges")
        if done and size + FANOUT * ENTRY_BYTES_MAX > bytes_max:
            return tuple(answer), done
        found = _differing(view, entry)
        size += len(encode_entries(found))
        answer += found
    return tuple(answer), len(asked)


def _differing(view: View, asked: Split) -> list[Entry]:
    sums, counts = view.parts(asked.prefix)
    found: list[Entry] = []
    for part, theirs, ours, count in zip(
        asked.prefix.parts(), asked.sums, sums, counts, strict=True
    ):
        if theirs == ours:
            continue
        if count <= LIST_MAX or part.digits >= DEPTH_MAX:
            found.append(Listing(part, tuple(one.mark for one in view.members(part))))
        else:
            found.append(Split(part, tuple(view.parts(part)[0])))
    return found


class Phase(Enum):
    """How far a reconciliation is."""

    COMPARING = "comparing"
    OFFERING = "offering"
    SETTLING = "settling"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Ask:
    """What the next request says: ranges to compare, records to ask for, records to offer.

    Attributes:
        ranges: Fingerprints.
        wanted: Marks of records that the parent has and this store lacks.
        offered: Sequence numbers in this store of the next records to send, in order.
        settle: Everything that was found is done: move the cursors.
    """

    ranges: tuple[Split, ...] = ()
    wanted: tuple[Listing, ...] = ()
    offered: tuple[int, ...] = ()
    settle: bool = False


class Reconciliation:
    """One reconciliation of a child with its parent; outlives cuts of the link.

    `ask` gives the same question again until `answered` or `offered` says that it was heard.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._open: list[Prefix] = [ROOT]
        if sum(view.parts(ROOT)[1]) > WIDE_FROM:
            self._open = list(ROOT.parts())
        self._wanted: list[Listing] = []
        self._surplus = array("Q")
        self._given = 0
        self._is_settled = False
        self.found_here = 0
        self.found_there = 0

    @property
    def phase(self) -> Phase:
        """What the next question is about."""
        if self._open or self._wanted:
            return Phase.COMPARING
        if self._given < len(self._surplus):
            return Phase.OFFERING
        return Phase.SETTLED if self._is_settled else Phase.SETTLING

    def ask(self, *, offered_max: int) -> Ask:
        """The next question; at most `offered_max` records are offered in it."""
        match self.phase:
            case Phase.COMPARING:
                ranges = tuple(
                    Split(prefix, tuple(self._view.parts(prefix)[0]))
                    for prefix in self._open[-ASKED_MAX:]
                )
                return Ask(ranges=ranges, wanted=self._next_wanted())
            case Phase.OFFERING:
                stop = self._given + offered_max
                return Ask(offered=tuple(self._surplus[self._given : stop]))
        return Ask(settle=True)

    def answered(self, asked: Ask, entries: Sequence[Entry], done: int, given: int) -> None:
        """Take the answer in.

        Args:
            asked: The question.
            entries: What the parent says about the first `done` ranges of it.
            done: How many of the ranges were looked at.
            given: How many of the wanted listings were served, the records having arrived.

        Raises:
            PeerProtocolError: The answer does not belong to the question, or does not get on.
        """
        if done > len(asked.ranges) or given > len(asked.wanted):
            raise PeerProtocolError("the answer compares more than was asked")
        if asked.ranges and not done and asked.wanted and not given:
            raise PeerProtocolError("the comparison does not get on")
        allowed = {part for split in asked.ranges[:done] for part in split.prefix.parts()}
        if any(entry.prefix not in allowed for entry in entries):
            raise PeerProtocolError("the answer compares what was not asked")
        if len({entry.prefix for entry in entries}) < len(entries):
            raise PeerProtocolError("the answer compares a range twice")
        settled = {split.prefix for split in asked.ranges[:done]}
        self._open = [prefix for prefix in self._open if prefix not in settled]
        del self._wanted[:given]
        for entry in entries:
            self._take(entry)
        if len(self._open) > OPEN_MAX:
            raise PeerProtocolError("the comparison grows without end")
        if not self._open and not self._wanted and asked.ranges:
            self._surplus = array("Q", sorted(self._surplus))
        self._is_settled = asked.settle

    def offered(self, asked: Ask) -> None:
        """The parent stored, or set aside, what was offered."""
        self._given += len(asked.offered)

    def surplus(self) -> Sequence[int]:
        """Sequence numbers here of what the other side lacks; complete when compared."""
        return self._surplus

    def _take(self, entry: Entry) -> None:
        if isinstance(entry, Listing):
            self._compare(entry)
            return
        sums, _ = self._view.parts(entry.prefix)
        pairs = zip(entry.prefix.parts(), entry.sums, sums, strict=True)
        self._open += [part for part, theirs, ours in pairs if theirs != ours]

    def _compare(self, listing: Listing) -> None:
        theirs = set(listing.marks)
        ours = {member.mark: member.seq for member in self._view.members(listing.prefix)}
        for mark, seq in ours.items():
            if mark not in theirs:
                self._surplus.append(seq)
                self.found_here += 1
        lacking = tuple(mark for mark in listing.marks if mark not in ours)
        if lacking:
            self.found_there += len(lacking)
            self._wanted.append(Listing(listing.prefix, lacking))

    def _next_wanted(self) -> tuple[Listing, ...]:
        chosen: list[Listing] = []
        count = 0
        for listing in self._wanted:
            count += len(listing.marks)
            if chosen and count > WANTED_MAX:
                break
            chosen.append(listing)
        assert count <= MARKS_MAX, "a listing was taken without its limit"
        return tuple(chosen)
