"""What single writes and reads cost in a store of ten thousand to a million documents.

Every write is synced to disk before it counts. The sizes are measured in one run on one file.
"""

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.plain import documents
from sync.couch_values import Revision
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes

SIZES = (10_000, 100_000)
MILLION = (10_000, 100_000, 1_000_000)
DATABASE = "cases"
FILLED_AT_ONCE = 5_000
SINGLES = 300
BATCH = 500
BATCHES = 6
PAGE = 500


def run() -> dict[str, object]:
    """Measure up to 100 thousand documents."""
    return _curve(SIZES)


def run_million() -> dict[str, object]:
    """Measure up to a million, which takes some minutes and two gigabytes."""
    return _curve(MILLION)


def _curve(sizes: Sequence[int]) -> dict[str, object]:
    source = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.open(Path(folder) / "curve.sqlite", random_bytes)
        store.create_database(DATABASE)
        rows: list[dict[str, object]] = []
        held = 0
        for size in sizes:
            while held < size:
                count = min(FILLED_AT_ONCE, size - held)
                _write(store, source, held, count)
                held += count
            row, held = _measured(store, source, held)
            rows.append({"documents": size, **row})
        store.close()
    first, last = rows[0]["single_write_ms"], rows[-1]["single_write_ms"]
    assert isinstance(first, float), "a median"
    assert isinstance(last, float), "a median"
    return {"single_write_last_to_first_ratio": round(last / first, 2), "rows": rows}


def _measured(
    store: SqliteStore, source: random.Random, held: int
) -> tuple[dict[str, object], int]:
    start = held
    singles = [
        _timed(partial(_write, store, source, held + number, 1)) for number in range(SINGLES)
    ]
    held += SINGLES
    bulks = [
        _timed(partial(_write, store, source, held + BATCH * number, BATCH))
        for number in range(BATCHES)
    ]
    held += BATCH * BATCHES
    places = [source.randrange(start) for _ in range(SINGLES)]
    gets = [_timed(partial(store.read, DATABASE, f"hx-{at:08}")) for at in places]
    pages = [_timed(partial(store.feed, DATABASE, at, limit=PAGE)) for at in places]
    return {
        "single_write_ms": round(statistics.median(singles) * 1e3, 2),
        "bulk_write_documents_per_s": round(BATCH / statistics.median(bulks)),
        "get_us": round(statistics.median(gets) * 1e6),
        "changes_page_of_500_ms": round(statistics.median(pages) * 1e3, 2),
        "file_mb": round(store.describe(DATABASE).file_bytes / 1e6),
    }, held


def _write(store: SqliteStore, source: random.Random, start: int, count: int) -> None:
    revisions = []
    for document in documents(source, count, start):
        name = str(document.pop("_id"))
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        revisions.append(Revision(name, (), deleted=False, body=body))
    results = store.write(DATABASE, revisions, new_edits=True)
    assert not [result for result in results if result.error]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
