"""The CouchDB protocol over HTTP: our server as a process, and PouchDB against it.

Batches of 500 documents of 947 bytes, each synced to disk before it is answered. PouchDB 9
pushes and pulls 20,000 documents with its default settings, against our server and against
pouchdb-server (in memory) in turn, in one run. Apache CouchDB 3.5 took 9,030 documents a second
over one connection and 9,640 over four, on another machine of two cores.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.plain import documents

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "tests" / "interop" / "peers" / "node_modules"
POUCH = Path(__file__).with_name("pouch.js")

BATCH = 500
BATCHES = 40
REPLICATED = 20_000
ROUNDS = 3
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server as a process."""

    url: str
    process: "subprocess.Popen[str]"

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of one answer."""
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, method, path, body)

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection to it."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None, "an address of this machine"
        return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=60)

    def cpu_s(self) -> float:
        """Return the processor time that it took so far: free of what else the machine does."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> int:
        """Return the memory that it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) // 1024


def run() -> dict[str, object]:
    """Measure our server alone, then both servers with PouchDB in turn."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        ours = stack.enter_context(_ours(folder))
        result = _alone(ours)
        if not (PEERS / "pouchdb").is_dir():
            return result
        theirs = stack.enter_context(_pouchdb_server(folder))
        for act in ("push", "pull"):
            taken: dict[str, list[float]] = {"ours": [], "theirs": []}
            for number in range(ROUNDS):
                for side, server in (("ours", ours), ("theirs", theirs)):
                    database = f"{server.url}{act if act == 'push' else 'push'}-{number}"
                    taken[side].append(_pouch(act, database, folder))
            rates = {side: REPLICATED / statistics.median(all_) for side, all_ in taken.items()}
            result[f"pouchdb_{act}_documents_per_s"] = round(rates["ours"])
            result[f"pouchdb_{act}_to_pouchdb_server_documents_per_s"] = round(rates["theirs"])
            result[f"pouchdb_{act}_ratio"] = round(rates["ours"] / rates["theirs"], 2)
        result["server_resident_mb_at_the_end"] = ours.resident_mb()
        return result


def _alone(server: Server) -> dict[str, object]:
    cpu_s = -server.cpu_s()
    rates = {count: _bulk_writes(server, count) for count in (1, 4)}
    written = len(rates) * ROUNDS * BATCH * BATCHES
    cpu_s += server.cpu_s()
    started = time.perf_counter()
    rows = json.loads(server.ask("GET", "/bulk-1-0/_changes?style=all_docs"))["results"]
    changes_s = time.perf_counter() - started
    asked = {"docs": [{"id": row["id"], "rev": row["changes"][0]["rev"]} for row in rows]}
    got: list[float] = []
    with contextlib.closing(server.connect()) as connection:
        for start in range(0, len(rows), BATCH):
            body = json.dumps({"docs": asked["docs"][start : start + BATCH]}).encode()
            began = time.perf_counter()
            ask(connection, "POST", "/bulk-1-0/_bulk_get?revs=true&latest=true", body)
            got.append(time.perf_counter() - began)
    return {
        "bulk_docs_one_connection_documents_per_s": rates[1],
        "bulk_docs_four_connections_documents_per_s": rates[4],
        "bulk_docs_documents_per_processor_second": round(written / cpu_s),
        "changes_rows_per_s": round(len(rows) / changes_s),
        "bulk_get_documents_per_s": round(BATCH / statistics.median(got)),
    }


def _bulk_writes(server: Server, connections: int) -> int:
    """Return the median rate of some rounds, each into a database of its own."""
    source = random.Random(connections)
    rates = []
    for number in range(ROUNDS):
        name = f"/bulk-{connections}-{number}"
        server.ask("PUT", name)
        bodies = [
            json.dumps({"docs": documents(source, BATCH, at * BATCH)}, ensure_ascii=False)
            for at in range(BATCHES)
        ]
        shares = [bodies[at::connections] for at in range(connections)]
        with ThreadPoolExecutor(connections) as pool:
            started = time.perf_counter()
            work = [pool.submit(_post_all, server, name, share) for share in shares]
            for one in work:
                one.result()
            rates.append(BATCH * BATCHES / (time.perf_counter() - started))
    return round(statistics.median(rates))


def _post_all(server: Server, name: str, bodies: Sequence[str]) -> None:
    with contextlib.closing(server.connect()) as connection:
        for body in bodies:
            ask(connection, "POST", f"{name}/_bulk_docs", body.encode())


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b""
) -> bytes:
    """Return the body of one answer on a kept connection."""
    connection.request(method, path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status < http.HTTPStatus.BAD_REQUEST, text[:200]
    return text


def _pouch(act: str, url: str, folder: Path) -> float:
    """Return the seconds of one replication by a fresh PouchDB."""
    words = [_node(), str(POUCH), act, url, str(folder), str(REPLICATED)]
    done = subprocess.run(words, check=True, capture_output=True, timeout=300)
    return float(json.loads(done.stdout)["seconds"])


@contextlib.contextmanager
def _ours(folder: Path) -> Iterator[Server]:
    path = str(folder / "served.sqlite")
    words = [sys.executable, "-m", "postroad", "store", "serve", "--json", "--port", "0"]
    with _started([*words, "--path", path]) as process:
        assert process.stdout is not None, "it has a pipe"
        yield Server(json.loads(process.stdout.readline())["url"], process)


@contextlib.contextmanager
def _pouchdb_server(folder: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = str(PEERS / "pouchdb-server" / "bin" / "pouchdb-server")
    words = [_node(), "--unhandled-rejections=warn", program, "--in-memory", "-n"]
    with _started([*words, "--host", "127.0.0.1", "--port", str(port)], folder) as process:
        server = Server(f"http://127.0.0.1:{port}/", process)
        deadline = time.perf_counter() + _START_S
        while not _answers(server):
            assert time.perf_counter() < deadline, "pouchdb-server did not start"
        yield server


@contextlib.contextmanager
def _started(words: Sequence[str], folder: Path = ROOT) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env=dict(os.environ),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _answers(server: Server) -> bool:
    try:
        server.ask("GET", "/")
    except OSError:
        return False
    return True


def _node() -> str:
    node = shutil.which("node")
    assert node is not None, "whoever has PouchDB has node"
    return node
