"""Records set aside because they could not be verified: one case waits, the channel flows."""

from dataclasses import dataclass

from sync.ports import Store
from sync.quarantine import QUARANTINE, set_aside_of
from sync.scope import CARRIED

ROWS_MAX = 1_000
BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One record set aside: its id, why, and the neighbour that brought it."""

    record: str
    reason: str
    origin: str
    seq: int


def quarantine_rows(store: Store) -> tuple[QuarantineRow, ...]:
    """Return what is set aside and was not found good since, oldest first, at most ROWS_MAX.

    Raises:
        StoreError: A document of the quarantine was damaged.
    """
    changes = store.changes(0, limit=ROWS_MAX, databases=(QUARANTINE,), bytes_max=BYTES_MAX)
    kept = [(change.seq, set_aside_of(change.document)) for change in changes.rows]
    return tuple(
        QuarantineRow(each.id, each.reason, each.neighbour, seq)
        for seq, each in kept
        if not any(store.get(database, each.id) for database in CARRIED)
    )
