"""Case state as a function of the entries: any order, any repetition, one result.

An act that comes too late, from the wrong place, or in words this program does not know stays
in the timeline without effect and with the reason. Whatever the facts say, folding ends with a
state and never with an error: one bad entry must not hide a case.
"""

from collections.abc import Iterable

from cases.casestate import Amendment, CaseState, Offer, TimelineRow, digest
from cases.conflicts import Conflict
from cases.entries import Entry
from cases.folding import Folding
from cases.order import in_order
from cases.retractions import retracted

__all__ = [
    "Amendment",
    "CaseState",
    "Conflict",
    "Fold",
    "Offer",
    "TimelineRow",
    "digest",
    "fold",
]


def fold(entries: Iterable[Entry]) -> CaseState:
    """The state of one case from its entries.

    The cost is about linear. Amendments, steps and withdrawals cost one bit in each entry that
    had seen them, so the caller bounds how many entries a case may have.
    """
    return Fold(entries).state


class Fold:
    """A case that is kept folded while entries go on arriving."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Fold what is there."""
        self._entries = {entry.id: entry for entry in entries}
        self._begin()

    @property
    def state(self) -> CaseState:
        """The state of the case; equal to that of a full fold of the same entries."""
        return self._state

    def add(self, entries: Iterable[Entry]) -> bool:
        """Take in further entries; tell whether they could simply be put behind the others.

        They can when each had seen the last entry of the order. Everything else, such as an
        entry written apart or one that takes another back, folds the case anew.
        """
        new = {entry.id: entry for entry in entries if entry.id not in self._entries}
        self._entries |= new
        ordered = in_order(new.values(), known=self._entries.keys() - new.keys())
        simple = not (self._held or self._retracts or ordered.held)
        if simple and self._append(ordered.entries):
            return True
        self._begin()
        return False

    def _append(self, entries: tuple[Entry, ...]) -> bool:
        for entry in entries:
            follows = not self._folding.last or self._folding.last in entry.parents
            if not follows or _takes_back(entry):
                return False
            self._folding.add(entry)
        if entries:
            self._state = self._folding.result(())
        return True

    def _begin(self) -> None:
        ordered = in_order(self._entries.values())
        self._folding = Folding(retracted(ordered.entries))
        for entry in ordered.entries:
            self._folding.add(entry)
        self._held = bool(ordered.held)
        self._retracts = any(_takes_back(entry) for entry in self._entries.values())
        self._state = self._folding.result(ordered.held)


def _takes_back(entry: Entry) -> bool:
    return entry.facts.get("act") == "retract"
