"""Takes in records that a foreign replicator laid into the databases of a cluster.

Such records carry neither tags nor origin, and no feed head moved when they came. All three
follow from the records: the path in the header gives the tags, their places give the feeds.
Nobody's word is taken here either: what no device of the registry signed is left where it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from security.errors import SecurityError
from security.records import Record, verify
from security.registry import Registry
from sync.authority import Authority, replay
from sync.documents import REGISTRY, document_of, record_of
from sync.feeds import Feed, decode_feed, encode_feed, feed_key
from sync.ports import Document, Store
from sync.scope import CARRIED

BATCH = 500


class Adopting(Store, Protocol):
    """A store that knows of documents which it does not show."""

    def foreign(self, database: str) -> Iterator[list[Document]]:
        """Documents without tags that were never put, a page at a time."""
        ...

    def bodies(self, documents: Sequence[Document]) -> list[Document]:
        """The same documents with their bodies."""
        ...


@dataclass(frozen=True, slots=True)
class Adopted:
    """How many records were taken in, and how many documents were left as they are."""

    records: int
    refused: int


class _Found(NamedTuple):
    device: str
    incarnation: int
    seq: int
    database: str
    id: str
    rev: str


def adopt(
    store: Adopting, authority: Authority, progress: Callable[[int, int], object]
) -> Adopted:
    """Put every signed record that lies in the store unseen, in the order of the feeds.

    Children and the unit above may be sent records that they have; they pass over them.

    Args:
        store: Of a hub that rests.
        authority: Says whose signature counts; it learns from the statements that are taken in
            before it judges the rest.
        progress: Told how many of how many were put.

    Raises:
        StoreError: The store failed; what was put remains, and the rest is found again.
    """
    replay(authority, store)
    statements = _adopt(store, (REGISTRY,), authority.registry, progress)
    replay(authority, store)
    others = tuple(name for name in CARRIED if name != REGISTRY)
    rest = _adopt(store, others, authority.registry, progress)
    return Adopted(statements.records + rest.records, statements.refused + rest.refused)


def _adopt(
    store: Adopting,
    databases: tuple[str, ...],
    registry: Registry,
    progress: Callable[[int, int], object],
) -> Adopted:
    found: list[_Found] = []
    refused = 0
    for database in databases:
        for page in store.foreign(database):
            for document in page:
                record = _trusted(document, registry)
                if record is None:
                    refused += 1
                    continue
                header = record.header
                found.append(
                    _Found(
                        header.device,
                        header.incarnation,
                        header.seq,
                        database,
                        document.id,
                        document.rev,
                    )
                )
    found.sort()
    for start in range(0, len(found), BATCH):
        _put(store, found[start : start + BATCH])
        progress(min(start + BATCH, len(found)), len(found))
    return Adopted(len(found), refused)


def _trusted(document: Document, registry: Registry) -> Record | None:
    try:
        record = record_of(document)
        verify(record, registry.device(record.header.device).signing)
    except SecurityError:
        return None
    draft = document_of(record, origin="")
    same = (draft.database, draft.rev) == (document.database, document.rev)
    return record if same else None


def _put(store: Adopting, batch: Sequence[_Found]) -> None:
    documents = store.bodies([Document(one.database, one.id, one.rev, b"") for one in batch])
    before: dict[str, bytes | None] = {}
    feeds: dict[str, Feed] = {}
    drafts = []
    for document in documents:
        record = record_of(document)
        key = feed_key(record.header.device, record.header.incarnation)
        if key not in feeds:
            before[key] = store.local(key)
            feeds[key] = decode_feed(before[key])
        feeds[key] = feeds[key].adopted(record.header, record.hash)
        drafts.append(document_of(record, origin=""))
    store.put(drafts, {key: encode_feed(feed) for key, feed in feeds.items()}, expect=before)
