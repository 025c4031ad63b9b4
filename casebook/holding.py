"""Which units above hold a case, by their own signed word."""

from dataclasses import dataclass

from casebook.casefile import CaseFile
from cases.entries import Entry
from security.registry import Registry
from sync.holdings import Holder, holders
from sync.ports import Store


@dataclass(frozen=True, slots=True)
class HeldBy:
    """A unit above that has every act of a case from below it on its disk.

    `at_ms` is when it said so of the last of them, by its own clock.
    """

    unit: str
    at_ms: int


def held_by(file: CaseFile, store: Store, registry: Registry) -> tuple[HeldBy, ...]:
    """Return the units above that hold the case as it stands here, from the root down.

    Acts of a unit itself, and of those above it, say nothing about what it was sent.
    """
    found = [_holder(unit, file.entries, store, registry) for unit in file.path]
    return tuple(each for each in found if each is not None)


def _holder(
    unit: str, entries: tuple[Entry, ...], store: Store, registry: Registry
) -> HeldBy | None:
    ends: dict[tuple[str, int], int] = {}
    for entry in entries:
        if unit in registry.path(entry.unit)[:-1]:
            feed = (entry.device, entry.incarnation)
            ends[feed] = max(entry.seq, ends.get(feed, 0))
    words: list[Holder | None] = [
        next((each for each in holders(store, registry, *feed, seq) if each.unit == unit), None)
        for feed, seq in ends.items()
    ]
    given = [word for word in words if word is not None]
    if not given or len(given) < len(words):
        return None
    return HeldBy(unit, max(word.at_ms for word in given))
