"""Entries per second from an outpost's store into a hub's: sealed, verified, durable.

The physical limit beside it is the same number of documents put into the same kind of store
in batches of the same size, without protocol, signatures or checks.
"""

import random
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import samples
from security.records import Record
from simulation.tree import KeyedTree, device_of
from sync.answering import DownstreamDriver
from sync.documents import document_of
from sync.driver import UpstreamDriver
from sync.ingest import Gate
from sync.protocol.upstream import Link
from sync.stores.sqlite import SqliteStore
from sync.transports.memory import MemoryTransport
from sync.wallclock import WallClock, random_bytes

CASES = 200
ROUNDS = 3
BATCH = 250


def run() -> dict[str, object]:
    """Replicate 200 cases of nine records three times, and store them plainly as often."""
    keys, source = samples.tree(), random.Random(3)
    records: list[Record] = []
    for _ in range(CASES):
        records += samples.case_records(keys, source, len(records) + 1)
    synced, stored = [], []
    trips = 0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            seconds, trips = replicate(keys, records, Path(folder))
            synced.append(seconds)
            stored.append(_store_plainly(records, Path(folder)))
    return {
        "records": len(records),
        "round_trips": trips,
        "records_per_s": round(len(records) / statistics.median(synced)),
        "store_alone_records_per_s": round(len(records) / statistics.median(stored)),
        "time_to_store_alone_ratio": round(
            statistics.median(synced) / statistics.median(stored), 2
        ),
    }


def replicate(keys: KeyedTree, records: list[Record], folder: Path) -> tuple[float, int]:
    """Carry the records from a child to its parent; give the seconds and the round trips."""
    child = SqliteStore.open(folder / "child.sqlite", random_bytes)
    parent = SqliteStore.open(folder / "parent.sqlite", random_bytes)
    child.put([document_of(record, origin="") for record in records])
    street = keys.registry.path(samples.VILLAGE)[-2]
    clock = WallClock()
    hub = DownstreamDriver(
        unit=street,
        store=parent,
        gate=Gate(keys.registry, parent, street),
        registry=keys.registry,
        clock=clock,
    )
    device = device_of(samples.VILLAGE)
    driver = UpstreamDriver(
        link=Link(samples.VILLAGE, device, street),
        store=child,
        gate=Gate(keys.registry, child, samples.VILLAGE),
        transport=MemoryTransport(lambda body: hub.answer_bytes(body, device)),
        clock=clock,
        jitter=random.Random(1).random,
    )
    started = time.perf_counter()
    report = driver.run_once()
    seconds = time.perf_counter() - started
    assert report.outcome == "done"
    assert report.pushed == len(records)
    child.close()
    parent.close()
    return seconds, report.round_trips


def _store_plainly(records: list[Record], folder: Path) -> float:
    store = SqliteStore.open(folder / "plain.sqlite", random_bytes)
    documents = [document_of(record, origin="x") for record in records]
    started = time.perf_counter()
    for start in range(0, len(documents), BATCH):
        store.put(documents[start : start + BATCH])
    seconds = time.perf_counter() - started
    store.close()
    return seconds
