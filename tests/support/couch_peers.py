"""Real ends of the CouchDB protocol as processes: ours, pouchdb-server, and PouchDB."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

PEERS = Path(__file__).resolve().parents[1] / "interop" / "peers"
_START_S_MAX = 60.0
_NEVER = threading.Event()
HUB_USER = "hub"
HUB_PASSWORD = "jin-he-32"


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = 45.0) -> None:
    """Look again and again until something holds; fail if it takes too long."""
    deadline = monotonic() + seconds
    while not holds():
        assert monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        _NEVER.wait(0.1)


def need_peers() -> str:
    """The path of node; skips the test where the peers are not installed."""
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules" / "pouchdb").is_dir():
        pytest.skip("node or the peers of tests/interop/peers are not installed (make setup)")
    return node


def ask(
    method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """One request; gives the status and the JSON that came back."""
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, raw, {**sent, **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@contextlib.contextmanager
def serving(path: Path, *options: str, port: int = 0, **variables: str) -> Iterator[str]:
    """`postroad store serve` on a file, as a process; gives its address."""
    words = ["store", "serve", "--path", str(path), "--port", str(port), "--json", *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "postroad", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
        cwd=PEERS.parents[2],
    )
    assert process.stdout is not None, "it has a pipe"
    try:
        line = process.stdout.readline()
        assert line, "the server ended at once"
        yield str(json.loads(line)["url"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def pouchdb_server(folder: Path) -> Iterator[str]:
    """pouchdb-server in memory, as a process; gives its address."""
    node = need_peers()
    program = PEERS / "node_modules" / "pouchdb-server" / "bin" / "pouchdb-server"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = ["--in-memory", "-n", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "pouchdb-server.log").open("wb") as log:
        process = subprocess.Popen(
            [node, "--unhandled-rejections=warn", str(program), *words],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        url = f"http://127.0.0.1:{port}/"
        try:
            wait_until(lambda: _answers(url), "pouchdb-server", seconds=_START_S_MAX)
            yield url
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def pouchdb_cluster(folder: Path) -> Iterator[str]:
    """pouchdb-server with an account for a hub; gives its address without a slash."""
    with pouchdb_server(folder) as url:
        ask("PUT", f"{url}_config/admins/{HUB_USER}", HUB_PASSWORD)
        yield url.rstrip("/")


@contextlib.contextmanager
def own_cluster(folder: Path) -> Iterator[str]:
    """`postroad store serve` with an account for a hub; gives its address without a slash."""
    secret = folder / "password"
    secret.write_text(HUB_PASSWORD)
    options = ("--user", HUB_USER, "--password-file", str(secret))
    with serving(folder / "served.sqlite", *options) as url:
        yield url.rstrip("/")


def _answers(url: str) -> bool:
    try:
        return ask("GET", url)[0] == http.client.OK
    except OSError:
        return False


class Pouch:
    """PouchDB in a process of its own. Databases are named by folder or by address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [need_peers(), "--unhandled-rejections=warn", str(PEERS / "pouch.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PEERS,
        )

    def local(self, name: str) -> str:
        """The name of a database in the test's folder."""
        return str(self._folder / name)

    def do(self, act: str, **details: object) -> Any:  # noqa: ANN401
        """Carry out one act of `pouch.js` and give its result."""
        answer = self.attempt(act, **details)
        assert "ok" in answer, f"{act}: {answer}"
        return answer["ok"]

    def attempt(self, act: str, **details: object) -> dict[str, Any]:
        """Carry out one act and give its result or its error."""
        assert self._process.stdin is not None, "it has a pipe"
        assert self._process.stdout is not None, "it has a pipe"
        self._process.stdin.write(json.dumps({"act": act, **details}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "PouchDB ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def revisions(self, name: str) -> dict[str, str]:
        """The winning revision of every document, by id."""
        rows = self.do("all", db=name)["rows"]
        return {row["id"]: row["value"]["rev"] for row in rows}

    def attachment(self, name: str, document_id: str, attachment: str) -> bytes:
        """The bytes of an attachment."""
        encoded = self.do("attachment", db=name, id=document_id, name=attachment)
        return base64.b64decode(encoded)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None, "it has a pipe"
        assert self._process.stdout is not None, "it has a pipe"
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def revisions(url: str) -> dict[str, str]:
    """The winning revision of every document of a served database, by id."""
    status, listing = ask("GET", f"{url}/_all_docs")
    assert status == http.client.OK
    return {row["id"]: row["value"]["rev"] for row in listing["rows"]}
