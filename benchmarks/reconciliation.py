"""A million records in common, a hundred different, and every cursor lost."""

import hashlib
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sync.documents import first_revision
from sync.membership import StoreView
from sync.ports import Document
from sync.protocol.ranges import encode_entries
from sync.protocol.reconcile import Phase, Reconciliation, respond
from sync.scope import CARRIED
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes

COMMON = 1_000_000
DIFFERENT = 100
BATCH = 10_000
UNIT = "120103001000"
TAG = f"unit:{UNIT}"
HEAD_BYTES = 320
"""What frames, head and end of one message add, by `tests/golden/wire/compare.frames`."""


def run() -> dict[str, object]:
    """Bytes, round trips and work of finding the difference; the records are not counted."""
    with TemporaryDirectory() as folder:
        child = _filled(Path(folder) / "child.sqlite", 0, COMMON + DIFFERENT // 2)
        parent = _filled(Path(folder) / "parent.sqlite", DIFFERENT // 2, COMMON + DIFFERENT)
        try:
            return _measured(child, parent)
        finally:
            child.close()
            parent.close()


def _measured(child: SqliteStore, parent: SqliteStore) -> dict[str, object]:
    key = random_bytes(16)
    started = time.process_time()
    theirs = StoreView(parent, (TAG,), CARRIED, upto=parent.last_seq, key=key)
    at_parent = time.process_time() - started
    state = Reconciliation(StoreView(child, (TAG,), CARRIED, upto=child.last_seq, key=key))
    moved = trips = wanted = 0
    while state.phase is Phase.COMPARING:
        ask = state.ask(offered_max=1)
        entries, done = respond(theirs, ask.ranges, 1 << 18)
        state.answered(ask, entries, done, len(ask.wanted))
        wanted += sum(len(listing.marks) for listing in ask.wanted)
        said = (encode_entries(ask.ranges), encode_entries(ask.wanted), encode_entries(entries))
        moved += sum(len(one) for one in said) + 2 * HEAD_BYTES
        trips += 1
    return {
        "records in common": COMMON,
        "only at the child": len(state.surplus()),
        "only at the parent": wanted,
        "bytes on the wire": moved,
        "of 64 KiB": round(moved / (64 << 10), 2),
        "round trips": trips,
        "seconds of work, both sides": round(time.process_time() - started, 2),
        "seconds of work, parent's pass": round(at_parent, 2),
    }


def _filled(path: Path, first: int, last: int) -> SqliteStore:
    store = SqliteStore.open(path, random_bytes)
    for begin in range(first, last, BATCH):
        store.put([_document(number) for number in range(begin, min(begin + BATCH, last))])
    return store


def _document(number: int) -> Document:
    record = hashlib.sha256(f"record {number}".encode()).hexdigest()
    body = b'{"record":"' + record.encode() + b'"}'
    tags = ("unit:120100000000", TAG, f"case:{number // 8:032x}")
    return Document("cases", record, first_revision(body), body, tags, "")
