"""What two stores do not have in common, record by record, for a person to look at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from security.errors import FormatError
from security.records import parse
from sync.documents import document_of
from sync.membership import StoreView
from sync.ports import Store
from sync.protocol.reconcile import Phase, Reconciliation, respond
from sync.scope import CARRIED, record_bytes

Side = Literal["here", "there"]

_ANSWER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One record that only one of two stores has.

    Attributes:
        side: Which one: "here" or "there".
        database: Where it rests; empty if the bytes are no record that this version reads.
        record: Its id.
        kind: Its type.
        device: Its author.
        seq: Its place in the feed of its author.
        case: The case, 32 hex digits.
    """

    side: Side
    database: str
    record: str
    kind: str
    device: str
    seq: int
    case: str


def differences(here: Iterable[bytes], there: Iterable[bytes]) -> tuple[Difference, ...]:
    """The records of both sides, by author and place in its feed."""
    found = [*_described(here, "here"), *_described(there, "there")]
    return tuple(sorted(found, key=lambda one: (one.device, one.seq, one.side, one.record)))


def compare_stores(
    here: Store, there: Store, tags: tuple[str, ...], key: bytes
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Records of a scope that only one of two stores has: first those here, then those there.

    Raises:
        StoreError: One of them cannot be read.
    """
    ours = StoreView(here, tags, CARRIED, upto=here.last_seq, key=key)
    theirs = StoreView(there, tags, CARRIED, upto=there.last_seq, key=key)
    return tuple(_only(ours, theirs, here)), tuple(_only(theirs, ours, there))


def _only(ours: StoreView, theirs: StoreView, store: Store) -> Iterator[bytes]:
    state = Reconciliation(ours)
    while state.phase is Phase.COMPARING:
        ask = state.ask(offered_max=1)
        entries, done = respond(theirs, ask.ranges, _ANSWER_BYTES)
        state.answered(ask, entries, done, len(ask.wanted))
    for seq in state.surplus():
        for row in store.changes(seq - 1, limit=1).rows:
            raw = record_bytes(row.document) if row.seq == seq else None
            if raw is not None:
                yield raw


def _described(records: Iterable[bytes], side: Side) -> Iterator[Difference]:
    for raw in records:
        try:
            record = parse(raw)
        except FormatError:
            continue
        header = record.header
        yield Difference(
            side=side,
            database=document_of(record, "").database,
            record=record.id,
            kind=header.type,
            device=header.device,
            seq=header.seq,
            case=header.case.hex(),
        )
