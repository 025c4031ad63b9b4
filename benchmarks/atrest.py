"""What a sealed store costs: SQLCipher against a plain file, and one key slot."""

import os
import tempfile
import time
from pathlib import Path

from benchmarks.timing import median_s
from security.slots import FLOOR, Cost, DatabaseKey, unwrap, wrap_passphrase
from sync.ports import Document
from sync.stores.sqlite import SqliteStore

DOCUMENTS = 4_000
BATCH = 500
BODY_BYTES = 900
PAGE = 50
"""Rows of one page of the lists."""


def run() -> dict[str, object]:
    """Fill and read one store of each kind with the same documents."""
    plain, sealed = _measured(None), _measured(b"k" * 32)
    return {
        "documents": DOCUMENTS,
        "plain_insert_ms": round(plain[0] * 1e3),
        "sealed_insert_ms": round(sealed[0] * 1e3),
        "insert_ratio": round(sealed[0] / plain[0], 2),
        "plain_page_of_50_us": round(plain[1] * 1e6),
        "sealed_page_of_50_us": round(sealed[1] * 1e6),
        "page_ratio": round(sealed[1] / plain[1], 2),
        "slot_default_ms": round(_slot_s(Cost()) * 1e3),
        "slot_floor_ms": round(_slot_s(FLOOR) * 1e3),
    }


def _measured(key: bytes | None) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.open(Path(folder) / "store.sqlite", os.urandom, key=key)
        documents = [_document(number) for number in range(DOCUMENTS)]
        started = time.perf_counter()
        for first in range(0, DOCUMENTS, BATCH):
            store.put(documents[first : first + BATCH])
        inserted = time.perf_counter() - started

        def page() -> None:
            for number in range(0, DOCUMENTS, DOCUMENTS // PAGE):
                store.get("cases", documents[number].id)

        read = median_s(page)
        store.close()
        return inserted, read


def _document(number: int) -> Document:
    body = b'{"sealed":"%s"}' % os.urandom(BODY_BYTES // 2).hex().encode()
    return Document("cases", os.urandom(32).hex(), f"1-{number:032x}", body, ("unit:1",))


def _slot_s(cost: Cost) -> float:
    slot = wrap_passphrase(b"i" * 16, "p", DatabaseKey(b"k" * 32), b"words", cost, os.urandom)
    return median_s(lambda: unwrap(b"i" * 16, slot, b"words"), 3)
