"""Conflicts of a case: what was written apart and does not fit together.

Nothing is dropped: every entry named here stays in the timeline, and a person may restore what
lost by writing a new entry.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cases.entries import Entry

FORK = "fork"
AMENDMENT = "amendment"
WITHDRAWAL_DECIDED = "withdrawal_decided"

# Reasons that are nobody's conflict: an act of a newer program, and a second desk of one unit
# that took what its neighbour had taken.
HARMLESS = ("unknown_act", "already_held")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Entries that do not fit together.

    `kind` is `fork` (one feed position written twice: a cloned or restored device),
    `amendment` (a field amended apart), `withdrawal_decided` (withdrawn here, decided there),
    or the reason for which an entry has no effect. `entries` begins with the entry that lost,
    except for a fork, where none does. A `soft` conflict was settled by rule and may be
    reviewed; the others want a person. `field` is the amended field, or the device of a fork.
    """

    kind: str
    entries: tuple[str, ...]
    soft: bool = False
    field: str = ""


def find_forks(entries: Iterable[Entry]) -> tuple[Conflict, ...]:
    """The feed positions that hold two entries or more, by device and position."""
    positions: dict[tuple[str, int, int], list[str]] = {}
    for entry in entries:
        place = (entry.device, entry.incarnation, entry.seq)
        positions.setdefault(place, []).append(entry.id)
    return tuple(
        Conflict(FORK, tuple(sorted(positions[place])), field=place[0])
        for place in sorted(positions)
        if len(positions[place]) > 1
    )
