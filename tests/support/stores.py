"""Stores of every kind, and documents to put into them."""

import hashlib
import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sync.ports import Changes, Document, Store
from sync.stores.memory import MemoryStore
from sync.stores.sqlite import SqliteStore

STREET = "unit:120103001000"
VILLAGE = "unit:120103001001"
NEIGHBOUR = "unit:120103001002"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind of store in turn, empty."""
    random_bytes = random.Random(4).randbytes
    made: Store
    if request.param == "memory":
        made = MemoryStore(random_bytes)
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
    body = json.dumps(content or {"record": name}).encode()
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
