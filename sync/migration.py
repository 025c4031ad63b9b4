"""Copies one store into another so that peers cannot tell them apart.

Numbers and incarnation come along. So every cursor that a child, the unit above or the read
model holds goes on to be right, and nothing is sent again. A store that is being filled says
so in a local document until all was compared; no program opens it before.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync.errors import StoreError
from sync.ports import Change, Changes, Document, Store

MIGRATION = "migration"
"""The local document that stands in a store while another is copied into it."""
PAGE_ROWS = 1_000
PAGE_BYTES = 8 * 1024 * 1024
LOCALS_AT_ONCE = 500


class Target(Store, Protocol):
    """A store that takes over numbers."""

    def copy(
        self,
        rows: Sequence[Change],
        local: Mapping[str, bytes | None],
        *,
        last_seq: int,
        incarnation: str,
    ) -> None:
        """Rows, local documents, last number and name of another store."""
        ...


@dataclass(frozen=True, slots=True)
class Tally:
    """What a store holds, to be compared with another.

    Attributes:
        documents: Winning revisions, by database.
        locals: Local documents.
        last_seq: The last number.
        digest: SHA-256 over numbers, names, revisions, origins, tags and bodies in order, and
            over all local documents.
    """

    documents: dict[str, int]
    locals: int
    last_seq: int
    incarnation: str
    digest: str


def check_whole(store: Store) -> None:
    """Nothing, if the store may be used.

    Raises:
        StoreError: Another was not copied into it to the end.
    """
    if store.local(MIGRATION) is not None:
        raise StoreError(
            "another store was not copied into this one to the end",
            hint="Run `postroad hub migrate-store` again: it goes on where it stopped.",
        )


def copy_store(source: Store, target: Target, progress: Callable[[int, int], object]) -> Tally:
    """Copy all of a store that nobody writes to, or go on with a copy that stopped.

    Args:
        source: Where it comes from.
        target: New, or filled in part from the same store.
        progress: Told the number that was reached, and the last one.

    Returns:
        What both hold now.

    Raises:
        StoreError: The target holds something else, or differs afterwards.
    """
    _claim(source, target)
    since, more = target.last_seq, True
    while more:
        page = _page(source, since)
        if page.rows:
            target.copy(
                page.rows, {}, last_seq=page.rows[-1].seq, incarnation=source.incarnation
            )
        since, more = page.last_seq, page.more
        progress(since, source.last_seq)
    _copy_locals(source, target)
    wanted, found = tally(source), tally(target)
    if wanted != found:
        raise StoreError(
            f"the copy differs: {wanted} became {found}",
            hint="Stop whatever writes to either store and run the command again.",
        )
    target.put([], {MIGRATION: None})
    return found


def tally(store: Store) -> Tally:
    """Count a store and add it up; the mark of a copy under way is left out."""
    digest = hashlib.sha256()
    documents: dict[str, int] = {}
    since, more = 0, True
    while more:
        page = _page(store, since)
        for change in page.rows:
            documents[change.document.database] = documents.get(change.document.database, 0) + 1
            digest.update(_line(change.seq, change.document))
        since, more = page.last_seq, page.more
    local = _locals(store)
    for key, value in local.items():
        digest.update(json.dumps([key, hashlib.sha256(value).hexdigest()]).encode())
    return Tally(
        dict(sorted(documents.items())),
        len(local),
        store.last_seq,
        store.incarnation,
        digest.hexdigest(),
    )


def _claim(source: Store, target: Target) -> None:
    mark = json.dumps({"from": source.incarnation}).encode("ascii")
    held = target.local(MIGRATION)
    if held is not None:
        if held != mark:
            raise StoreError("the store is being filled from another one than this")
        return
    if target.last_seq or target.locals(""):
        raise StoreError(
            "the store to fill is not empty",
            hint="Give another prefix, or take the old databases or the old file away.",
        )
    target.put([], {MIGRATION: mark})


def _copy_locals(source: Store, target: Target) -> None:
    local: dict[str, bytes | None] = dict(_locals(source))
    for key in target.locals(""):
        if key != MIGRATION:
            local.setdefault(key, None)
    keys = list(local)
    for start in range(0, max(len(keys), 1), LOCALS_AT_ONCE):
        part = {key: local[key] for key in keys[start : start + LOCALS_AT_ONCE]}
        target.copy((), part, last_seq=source.last_seq, incarnation=source.incarnation)


def _locals(store: Store) -> dict[str, bytes]:
    found = store.locals("")
    found.pop(MIGRATION, None)
    return found


def _page(store: Store, since: int) -> Changes:
    return store.changes(since, limit=PAGE_ROWS, bytes_max=PAGE_BYTES)


def _line(seq: int, document: Document) -> bytes:
    # Stores may spell one JSON object in two ways; what it says is compared.
    says = json.dumps(json.loads(document.body), sort_keys=True, separators=(",", ":"))
    fields = [
        seq,
        document.database,
        document.id,
        document.rev,
        document.origin,
        document.tags,
        hashlib.sha256(says.encode()).hexdigest(),
    ]
    return json.dumps(fields).encode() + b"\n"
