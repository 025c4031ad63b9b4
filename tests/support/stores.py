"""Stores of every kind, and documents to put into them."""

import atexit
import contextlib
import hashlib
import itertools
import json
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sync.ports import Changes, Document, Store
from sync.stores.couch import CouchStore
from sync.stores.couch_client import ClusterSettings
from sync.stores.memory import MemoryStore
from sync.stores.sqlite import SqliteStore
from sync.wallclock import WallClock
from tests.support.couch_peers import (
    HUB_PASSWORD,
    HUB_USER,
    need_peers,
    own_cluster,
    pouchdb_cluster,
)

STREET = "unit:120103001000"
VILLAGE = "unit:120103001001"
NEIGHBOUR = "unit:120103001002"


_started: dict[str, str] = {}
_numbers = itertools.count(1)


def cluster(kind: str) -> str:
    """The address of a server in the CouchDB protocol, started once for all tests."""
    if kind not in _started:
        need_peers()
        folder = Path(_open.enter_context(tempfile.TemporaryDirectory()))
        server = pouchdb_cluster if kind == "pouchdb" else own_cluster
        _started[kind] = _open.enter_context(server(folder))
    return _started[kind]


_open = contextlib.ExitStack()
atexit.register(_open.close)


def cluster_settings(*urls: str, prefix: str = "") -> ClusterSettings:
    """A hub's account at these addresses; databases of its own unless a prefix is given."""
    own = prefix or f"t{os.getpid()}_{next(_numbers)}_"
    return ClusterSettings(
        urls, HUB_USER, HUB_PASSWORD, prefix=own, request_s=5.0, patience_s=8.0
    )


def open_couch(settings: ClusterSettings, index: Path, seed: int = 4) -> CouchStore:
    """A store in a cluster."""
    return CouchStore.open(settings, index, WallClock(), random.Random(seed).randbytes)


@pytest.fixture(params=["memory", "sqlite", "pouchdb", "postroad"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind of store in turn, empty."""
    random_bytes = random.Random(4).randbytes
    made: Store
    if request.param == "memory":
        made = MemoryStore(random_bytes)
    elif request.param in {"pouchdb", "postroad"}:
        made = open_couch(cluster_settings(cluster(request.param)), tmp_path / "index.sqlite")
    else:
        made = SqliteStore.open(tmp_path / "store.sqlite", random_bytes)
    yield made
    made.close()


def document(
    name: str,
    content: Mapping[str, object] | None = None,
    *,
    database: str = "cases",
    rev: str = "",
    tags: tuple[str, ...] = (),
    origin: str = "",
) -> Document:
    """A document named `name`; its content decides the revision, unless one is given."""
    body = json.dumps(content or {"record": name}, separators=(",", ":")).encode()
    first = f"1-{hashlib.md5(body, usedforsecurity=False).hexdigest()}"
    return Document(database, name, rev or first, body, tags, origin)


def revision(generation: int, digit: str) -> str:
    """A revision whose digest is one digit repeated: easy to compare by eye."""
    return f"{generation}-{digit * 32}"


def ids(changes: Changes) -> list[str]:
    """The names of the documents of a page, in order."""
    return [change.document.id for change in changes.rows]


def run_together(*works: Callable[[], object]) -> None:
    """Run in a thread each; the first error of any is raised here."""
    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work) for work in works]:
            future.result(timeout=30)


def change_file(path: Path, *statements: str) -> None:
    """Do to a closed store what no program of ours would."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
