"""Records set aside because they could not be verified: one case waits, the channel flows."""

import json
from dataclasses import dataclass

from sync.ports import Store

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
    """Return what is set aside, oldest first, at most ROWS_MAX."""
    changes = store.changes(0, limit=ROWS_MAX, databases=("quarantine",), bytes_max=BYTES_MAX)
    rows = []
    for change in changes.rows:
        body = json.loads(change.document.body)
        reason = str(body.get("reason", ""))
        rows.append(
            QuarantineRow(change.document.id, reason, change.document.origin, change.seq)
        )
    return tuple(rows)
