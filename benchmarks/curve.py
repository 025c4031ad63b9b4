"""What single writes and reads cost in a store of ten thousand to a million documents.

Every write is synced to disk before it counts. Each size is a file of its own, and the files
are measured in turn, write by write, so that what else the machine does falls on all of them.
"""

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
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
BATCHES = 12
PAGE = 500


def run() -> dict[str, object]:
    """Measure up to 100 thousand documents."""
    return _curve(SIZES)


def run_million() -> dict[str, object]:
    """Measure up to a million, which takes some minutes and two gigabytes."""
    return _curve(MILLION)


@dataclass(slots=True)
class _Store:
    """A store filled to one size, and what was taken of it so far, in seconds."""

    store: SqliteStore
    size: int
    held: int = 0
    singles: list[float] = field(default_factory=list)
    bulks: list[float] = field(default_factory=list)
    gets: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)

    def write(self, source: random.Random, count: int) -> float:
        """Write new documents; gives the seconds."""
        revisions = _revisions(source, self.held, count)
        self.held += count
        return _timed(partial(self.store.write, DATABASE, revisions, new_edits=True))

    def row(self) -> dict[str, object]:
        """The medians as a row of the table."""
        return {
            "documents": self.size,
            "single_write_ms": round(statistics.median(self.singles) * 1e3, 2),
            "bulk_write_documents_per_s": round(BATCH / statistics.median(self.bulks)),
            "get_us": round(statistics.median(self.gets) * 1e6),
            "changes_page_of_500_ms": round(statistics.median(self.pages) * 1e3, 2),
            "file_mb": round(self.store.describe(DATABASE).file_bytes / 1e6),
        }


def _curve(sizes: Sequence[int]) -> dict[str, object]:
    source = random.Random(5)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stores = []
        for size in sizes:
            store = SqliteStore.open(Path(folder) / f"{size}.sqlite", random_bytes)
            stack.callback(store.close)
            store.create_database(DATABASE)
            stores.append(_Store(store, size))
            while stores[-1].held < size:
                stores[-1].write(source, min(FILLED_AT_ONCE, size - stores[-1].held))
        _measure(stores, source)
        rows = [one.row() for one in stores]
    medians = [statistics.median(one.singles) for one in stores]
    return {
        "single_write_last_to_first_ratio": round(medians[-1] / medians[0], 2),
        "rows": rows,
    }


def _measure(stores: Sequence[_Store], source: random.Random) -> None:
    """Take each figure of all stores in turn, so that a busy moment falls on all of them."""
    for number in range(SINGLES):
        for one in stores:
            at = source.randrange(one.size)
            one.singles.append(one.write(source, 1))
            one.gets.append(_timed(partial(one.store.read, DATABASE, f"hx-{at:08}")))
            one.pages.append(_timed(partial(one.store.feed, DATABASE, at, limit=PAGE)))
            if number % (SINGLES // BATCHES) == 0:
                one.bulks.append(one.write(source, BATCH))


def _revisions(source: random.Random, start: int, count: int) -> list[Revision]:
    revisions = []
    for document in documents(source, count, start):
        name = str(document.pop("_id"))
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        revisions.append(Revision(name, (), deleted=False, body=body))
    return revisions


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
