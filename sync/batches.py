"""The two ends of a batch at a child: read what the parent lacks, store what it sent.

The tunnel's driver and the courier's files share them, so both keep the same cursors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sync.errors import StoreConflictError
from sync.holdings import Holdings
from sync.ingest import Gate
from sync.ports import Store
from sync.protocol.cursors import (
    encode_down,
    encode_local,
    encode_up,
    refused_key,
    up_key,
)
from sync.protocol.upstream import OutgoingRead, ReadOutgoing, StoreIncoming
from sync.rules import Direction
from sync.scope import CARRIED, ROWS_MAX, body_bytes, outgoing
from sync.verdicts import Inspection

_CONFLICTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Arriving:
    """Records that a neighbour sent; the words are those of `Gate.inspect`."""

    records: Sequence[bytes] = field(repr=False)
    neighbour: str
    direction: Direction
    origin: str | None = None


def read_outgoing(
    store: Store, parent: str, command: ReadOutgoing, now_ms: int
) -> OutgoingRead:
    """The records after a cursor that did not come from the parent, as far as a batch reaches.

    Raises:
        StoreError: The store cannot be read.
    """
    page = store.changes(
        command.since,
        limit=ROWS_MAX,
        databases=CARRIED,
        skip_origin=parent,
        bytes_max=body_bytes(command.bytes_max),
    )
    rows = tuple(outgoing(page))
    return OutgoingRead(
        records=tuple(record for _, _, record in rows),
        seqs=tuple(seq for seq, _, _ in rows),
        last_seq=page.last_seq,
        more=page.more,
        update_seq=max(page.last_seq, store.last_seq),
        now_ms=now_ms,
    )


def put_incoming(
    store: Store,
    gate: Gate,
    parent: str,
    command: StoreIncoming,
    place: str,
    holdings: Holdings | None = None,
) -> Inspection:
    """Judge the parent's records and store them with both cursors in one transaction.

    `place` names the local document of the downward cursor, as it was when the records were
    asked for: what they say may change the scope.

    Raises:
        StoreError: Nothing was written.
        RefusedError: Too much of this parent is set aside already.
    """
    local: dict[str, bytes | None] = {up_key(parent): encode_up(command.up)}
    if holdings is not None:
        local.update(holdings.accept(command.held))
    if command.down:
        local[place] = encode_down(command.down)
    for record, reason in command.refused:
        local[refused_key(record)] = encode_local(
            {"reason": reason, "parent": parent, "at_ms": command.up.at_ms}
        )
    return put_judged(store, gate, Arriving(command.records, parent, "down"), local)


def put_judged(
    store: Store, gate: Gate, arriving: Arriving, local: Mapping[str, bytes | None]
) -> Inspection:
    """Judge records and store what came of it, with local documents, in one transaction.

    Raises:
        StoreError: Nothing was written.
        StoreConflictError: Others wrote to the same feeds again and again.
    """
    for attempt in range(_CONFLICTS_MAX):
        inspection = gate.inspect(
            arriving.records, arriving.neighbour, arriving.direction, origin=arriving.origin
        )
        try:
            store.put(
                inspection.documents,
                {**inspection.local, **local},
                expect=inspection.expect,
            )
        except StoreConflictError:
            if attempt == _CONFLICTS_MAX - 1:
                raise
        else:
            gate.settle()
            return inspection
    raise AssertionError("a put neither succeeded nor failed")
