"""What a hub's store on a cluster makes of the rate of the server below it.

The server is pouchdb-server, the one of CouchDB's family that npm brings; its raw rate is taken
in the same run with the same documents, batches and connection, without our log and index.
"""

import json
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import samples
from sync.documents import document_of
from sync.ports import Document
from sync.stores.couch import CouchStore
from sync.stores.couch_bodies import Bodies
from sync.stores.couch_client import Ask, ClusterSettings, CouchClient
from sync.wallclock import WallClock, random_bytes

PEERS = Path(__file__).resolve().parents[1] / "tests" / "interop" / "peers" / "node_modules"
PROGRAM = PEERS / "pouchdb-server" / "bin" / "pouchdb-server"
CASES = 220
BATCH = 500
ROUNDS = 3
START_S_MAX = 60.0
USER, PASSWORD = "hub", "bench"  # a server on loopback that lives for seconds


def run() -> dict[str, object]:
    """Write and read sealed records, raw and through the store, in turns."""
    node = shutil.which("node")
    if node is None or not PROGRAM.exists():
        return {"needs": "node and `make peers`"}
    keys, source = samples.tree(), random.Random(3)
    records = [
        record
        for number in range(CASES)
        for record in samples.case_records(keys, source, number * 9 + 1)
    ]
    documents = [document_of(record, origin="") for record in records]
    with tempfile.TemporaryDirectory() as folder, _server(node, Path(folder)) as url:
        taken = [_round(url, Path(folder), number, documents) for number in range(ROUNDS)]
    raw_write, write, raw_read, read = (
        statistics.median(seconds) for seconds in zip(*taken, strict=True)
    )
    count = len(documents)
    return {
        "documents": count,
        "raw_bulk_docs_per_s": round(count / raw_write),
        "store_put_documents_per_s": round(count / write),
        "put_time_to_raw_ratio": round(write / raw_write, 2),
        "raw_changes_documents_per_s": round(count / raw_read),
        "store_changes_documents_per_s": round(count / read),
        "changes_time_to_raw_ratio": round(read / raw_read, 2),
    }


def _round(
    url: str, folder: Path, number: int, documents: list[Document]
) -> tuple[float, float, float, float]:
    raw = ClusterSettings((url,), USER, PASSWORD, prefix=f"raw{number}_")
    client = CouchClient(raw, WallClock(), random.Random(1).random)
    bodies = Bodies(client, raw)
    for database in ("cases", "keys"):
        bodies.prepare(database)
    batches = [documents[start : start + BATCH] for start in range(0, len(documents), BATCH)]
    began = time.perf_counter()
    for batch in batches:
        bodies.write(batch)
    raw_write_s = time.perf_counter() - began
    began = time.perf_counter()
    for database in ("cases", "keys"):
        path = f"{bodies.name(database)}/_changes"
        client.ask(Ask("GET", path, {"include_docs": "true"}))
    raw_read_s = time.perf_counter() - began
    client.close()
    store = CouchStore.open(
        ClusterSettings((url,), USER, PASSWORD, prefix=f"hub{number}_"),
        folder / f"index{number}.sqlite",
        WallClock(),
        random_bytes,
    )
    store.prepare(("cases", "keys"))
    began = time.perf_counter()
    for batch in batches:
        store.put(batch)
    write_s = time.perf_counter() - began
    began = time.perf_counter()
    since, more = 0, True
    while more:
        page = store.changes(since, limit=BATCH)
        since, more = page.last_seq, page.more
    read_s = time.perf_counter() - began
    assert since == len(documents)
    store.close()
    return raw_write_s, write_s, raw_read_s, read_s


@contextmanager
def _server(node: str, folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = ["--in-memory", "-n", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [node, "--unhandled-rejections=warn", str(PROGRAM), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _make_account(url)
        yield url
    finally:
        process.kill()
        process.wait()


def _make_account(url: str) -> None:
    deadline, pause = time.monotonic() + START_S_MAX, threading.Event()
    while True:
        request = urllib.request.Request(  # noqa: S310 a server on loopback
            f"{url}/_config/admins/{USER}",
            json.dumps(PASSWORD).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 as above
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            pause.wait(0.1)
        else:
            return
