"""PouchDB in a process of its own, and servers for it: the peer that npm brings."""

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "tests" / "interop" / "peers"
START_S_MAX = 60.0
_LOOK_S = 0.1


def is_here() -> bool:
    """Tell whether node and PouchDB are installed (`make peers`)."""
    return shutil.which("node") is not None and (PEERS / "node_modules" / "pouchdb").is_dir()


class Pouch:
    """PouchDB, told what to do by lines of JSON; an act that takes too long is given up."""

    def __init__(self, folder: Path) -> None:
        """Start it; databases with plain names lie in the folder."""
        self._folder = folder
        self._process = subprocess.Popen(
            ["node", "--unhandled-rejections=warn", str(PEERS / "pouch.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=PEERS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def put(self, name: str, documents: Sequence[Mapping[str, object]]) -> None:
        """Write documents into a local database."""
        self._do("bulk", db=str(self._folder / name), docs=documents)

    def push(self, name: str, target: str) -> dict[str, object]:
        """Replicate once to an address, and wait."""
        return self._do("replicate", source=str(self._folder / name), target=target)

    def sync(self, name: str, remote: str) -> None:
        """Begin live replication both ways with retries, as an application would."""
        self._do("start", name=name, local=str(self._folder / name), remote=remote)

    def count(self, name: str) -> int:
        """How many documents a local database holds."""
        return int(str(self._do("info", db=str(self._folder / name))["doc_count"]))

    def _do(self, act: str, **details: object) -> dict[str, object]:
        assert self._process.stdin is not None, "it has a pipe"
        assert self._process.stdout is not None, "it has a pipe"
        self._process.stdin.write(json.dumps({"act": act, **details}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        result = answer.get("ok")
        return result if isinstance(result, dict) else {}


@contextlib.contextmanager
def our_server(path: Path) -> Iterator[int]:
    """`postroad store serve` on a file, as a process; gives its port."""
    words = ["store", "serve", "--path", str(path), "--port", "0", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "postroad", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None, "it has a pipe"
    try:
        url = str(json.loads(process.stdout.readline())["url"])
        yield int(url.split(":")[2].strip("/"))
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def pouchdb_server(folder: Path) -> Iterator[int]:
    """pouchdb-server in memory, as a process; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    program = PEERS / "node_modules" / "pouchdb-server" / "bin" / "pouchdb-server"
    words = ["--in-memory", "-n", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        ["node", "--unhandled-rejections=warn", str(program), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        deadline, pause = time.monotonic() + START_S_MAX, threading.Event()
        while documents(port, "") is None and time.monotonic() < deadline:
            pause.wait(_LOOK_S)
        yield port
    finally:
        process.kill()
        process.wait()


def create(port: int, name: str) -> None:
    """Make a database on a server."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("PUT", f"/{name}")
    connection.getresponse().read()
    connection.close()


def documents(port: int, name: str) -> int | None:
    """How many documents a database of a server holds; None if it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10) as answer:
            return int(json.load(answer).get("doc_count", 0))
    except (OSError, urllib.error.HTTPError, ValueError):
        return None
