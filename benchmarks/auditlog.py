"""What the log of a hub costs: leaves, proofs in a tree of ten million, checks, and sync.

The tree of ten million leaves is real in its tiles, which lie on disk and are read for each
proof, and made of one leaf repeated: a proof asks for as many tiles and hashes as any other.
Rates and times are of one core; the share of sync compares wall times of one run.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import replication, samples
from security.errors import SignatureError
from security.records import Record, verify
from security.tlog import (
    Frontier,
    consistency_proof,
    frontier,
    inclusion_proof,
    leaf_hash,
    verify_inclusion,
)
from security.tlog_tiles import WIDTH, full_root, tile_path, tiles_of
from simulation.tree import KeyedTree, device_of
from sync.documents import document_of
from sync.log.auditing import Auditor, Source
from sync.log.folder import LogFolder
from sync.log.hublog import HubLog
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes

LEAVES = 10_000_000
PROOFS = 300
APPENDS = 200_000
CASES = 400
ENTRY = bytes(48)


def run() -> dict[str, object]:
    """Measure at ten million leaves, then with 3,600 records of 400 cases."""
    with tempfile.TemporaryDirectory() as name:
        large = _large(Path(name))
    keys, source = samples.tree(), random.Random(5)
    records: list[Record] = []
    for _ in range(CASES):
        records += samples.case_records(keys, source, len(records) + 1)
    with tempfile.TemporaryDirectory() as name:
        small = _small(Path(name), keys, records)
    return {"leaves": LEAVES, **large, **small}


def _large(folder: Path) -> dict[str, object]:
    log = LogFolder(folder)
    _lay_tiles(folder)
    read = log.reader()
    grown = frontier(read, LEAVES)
    root, leaf = grown.root(), leaf_hash(ENTRY)
    source = random.Random(7)
    seconds, verified = [], []
    for _ in range(PROOFS):
        index = source.randrange(LEAVES)
        started = time.process_time()
        proof = inclusion_proof(read, index, LEAVES)
        middle = time.process_time()
        verify_inclusion(leaf, index, LEAVES, proof, root)
        seconds.append(middle - started)
        verified.append(time.process_time() - middle)
    old = source.randrange(LEAVES)
    consistent = _cpu_s(lambda: consistency_proof(read, old, LEAVES))
    started = time.process_time()
    for _ in range(APPENDS):
        grown.append(leaf)
    appended = (time.process_time() - started) / APPENDS
    return {
        "append_us": round(appended * 1e6, 2),
        "inclusion_proof_ms": round(statistics.median(seconds) * 1e3, 3),
        "verify_inclusion_us": round(statistics.median(verified) * 1e6, 1),
        "consistency_proof_ms": round(consistent * 1e3, 3),
    }


def _lay_tiles(folder: Path) -> None:
    """One full tile for each level, and a name for it wherever the tree has one."""
    value = leaf_hash(ENTRY)
    for level, last, width in tiles_of(LEAVES):
        pattern = folder / f"full-{level}"
        pattern.write_bytes(value * WIDTH)
        for index in range(last + (width == WIDTH)):
            path = folder / tile_path(level, index)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(pattern)
        if width < WIDTH:
            path = folder / tile_path(level, last, width)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(value * width)
        value = full_root(value * WIDTH)


def _small(folder: Path, keys: KeyedTree, records: list[Record]) -> dict[str, object]:
    hub = keys.registry.path(samples.VILLAGE)[-2]
    store = SqliteStore.open(folder / "store.sqlite", random_bytes)
    documents = [document_of(record, "") for record in records]
    for start in range(0, len(documents), replication.BATCH):
        store.put(documents[start : start + replication.BATCH])
    device = device_of(hub)
    signer = keys.units[hub].device
    logged = []
    for number in range(replication.ROUNDS):
        log = HubLog(LogFolder(folder / f"log-{number}"), store, device, signer)
        started = time.perf_counter()
        log.update()
        logged.append(time.perf_counter() - started)
    (folder / "sync").mkdir()
    synced, _ = replication.replicate(keys, records, folder / "sync")
    source = Source("hub", hub, store, LogFolder(folder / "log-0"))
    auditor = Auditor(keys.registry, 0)
    checked = _cpu_s(lambda: list(auditor.records(source)))
    tree = _cpu_s(lambda: list(auditor.log(source)))
    public = keys.units[samples.VILLAGE].device.public
    signatures = _cpu_s(lambda: sum(_is_signed(record, public) for record in records))
    count = len(records)
    size = sum(
        path.stat().st_size
        for path in (folder / "log-0").rglob("*")
        if path.is_file() and path.name not in {"head", "checkpoint"}
    )
    store.close()
    return {
        "records": count,
        "log_update_us_per_record": round(statistics.median(logged) / count * 1e6, 1),
        "log_time_to_sync_time_percent": round(100 * statistics.median(logged) / synced, 1),
        "bytes_per_leaf": round(size / count, 1),
        "verify_records_per_s": round(count / checked),
        "signatures_alone_per_s": round(count / signatures),
        "verify_leaves_against_tiles_and_store_per_s": round(count / tree),
        "hash_only_leaves_per_s": round(_hashed()),
    }


def _is_signed(record: Record, public: bytes) -> bool:
    """What no check of a record can do without: its signature, whoever made it."""
    try:
        verify(record, public)
    except SignatureError:
        return False
    return True


def _cpu_s(work: Callable[[], object]) -> float:
    """The median of the processor seconds that `work` takes, waits of other work left out."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def _hashed() -> float:
    grown = Frontier()
    started = time.process_time()
    for _ in range(APPENDS):
        grown.append(leaf_hash(ENTRY))
    return APPENDS / (time.process_time() - started)
