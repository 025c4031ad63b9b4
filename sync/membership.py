"""The records of a scope as a side of a reconciliation sees them.

One pass over the ids of the scope gives the sums of 65,536 ranges, in under a megabyte however
many records there are; smaller ranges are looked up in the store when they are asked for.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Sequence

from security.marks import Marker
from sync.ports import Store
from sync.protocol.ranges import FANOUT, MARK_MAX, Prefix, sums_of
from sync.protocol.reconcile import Member

SKETCH_DIGITS = 4
_LEAVES = FANOUT**SKETCH_DIGITS
_ID_BYTES = 32
_SCANS_MAX = 256
"""Ranges whose records are kept at hand, because they are asked for again at once."""


class StoreView:
    """What a store holds of some scopes, up to one sequence number; fulfils `View`."""

    def __init__(
        self,
        store: Store,
        tags: Sequence[str],
        databases: tuple[str, ...],
        *,
        upto: int,
        key: bytes,
    ) -> None:
        """Read all ids of the scopes once.

        Args:
            store: Where the records are.
            tags: The scopes; a record of two of them counts twice, at both sides.
            databases: Those whose records travel.
            upto: Later changes are left out, so that the view stays as it is.
            key: 16 random bytes, of this reconciliation.
        """
        self._store = store
        self._tags = tuple(tags)
        self._databases = databases
        self._marker = Marker(key)
        self.upto = upto
        self._sums, self._counts = self._sketch()
        self._scans: dict[Prefix, tuple[Member, ...]] = {}

    @property
    def count(self) -> int:
        """How many records there are."""
        return sum(self._counts[1])

    def parts(self, prefix: Prefix) -> tuple[Sequence[int], Sequence[int]]:
        """As the port says."""
        if prefix.digits < SKETCH_DIGITS:
            begin = prefix.value * FANOUT
            level = prefix.digits + 1
            sums = self._sums[level][begin : begin + FANOUT]
            return sums, self._counts[level][begin : begin + FANOUT]
        members = self.members(prefix)
        return sums_of(((member.mark, member.id) for member in members), prefix)

    def members(self, prefix: Prefix) -> tuple[Member, ...]:
        """As the port says."""
        known = self._scans.get(prefix)
        if known is None:
            if len(self._scans) >= _SCANS_MAX:
                self._scans.clear()
            known = self._scans[prefix] = self._scan(prefix)
        return known

    def _scan(self, prefix: Prefix) -> tuple[Member, ...]:
        rows = [
            row
            for tag in self._tags
            for row in self._store.scope_range(
                tag, prefix.low, prefix.high, upto=self.upto, databases=self._databases
            )
        ]
        marks = self._marker.marks(bytes.fromhex("".join(row[1] for row in rows)))
        return tuple(Member(mark, *row) for mark, row in zip(marks, rows, strict=True))

    def _sketch(self) -> "tuple[list[array[int]], list[array[int]]]":
        sums = [0] * _LEAVES
        counts: Counter[int] = Counter()
        for tag in self._tags:
            pieces = self._store.scope_ids(tag, upto=self.upto, databases=self._databases)
            for piece in pieces:
                ids = bytes.fromhex(piece)
                leaves = array("H", ids)[:: _ID_BYTES // 2]
                if sys.byteorder == "little":
                    leaves.byteswap()
                counts.update(leaves)
                for leaf, mark in zip(leaves, self._marker.marks(ids), strict=True):
                    sums[leaf] += mark
        return (
            _levels([one & MARK_MAX for one in sums]),
            _levels([counts[leaf] for leaf in range(_LEAVES)]),
        )


def _levels(leaves: Sequence[int]) -> "list[array[int]]":
    """The values of the ranges of each depth, from the whole down to the leaves."""
    levels = [array("Q", leaves)]
    while len(levels[0]) > 1:
        below = levels[0]
        levels.insert(
            0,
            array(
                "Q",
                (
                    sum(below[begin : begin + FANOUT]) & MARK_MAX
                    for begin in range(0, len(below), FANOUT)
                ),
            ),
        )
    return levels
