"""Stores with the port of the CouchDB protocol, and revisions to write into them."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.couch_ports import DocumentStore
from sync.couch_values import Attachment, AttachmentStub, Limits, Revision, WriteResult
from sync.stores.memory import MemoryStore
from sync.stores.sqlite import SqliteStore

NAME = "letters"
SMALL = Limits(document_bytes=4096, attachment_bytes=3 * 1024 * 1024, attachments=4, leaves=5)


@pytest.fixture(params=["memory", "sqlite"])
def documents(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DocumentStore]:
    """Each kind of store in turn, with one empty database."""
    random_bytes = random.Random(7).randbytes
    made: DocumentStore
    if request.param == "memory":
        made = MemoryStore(random_bytes, limits=SMALL)
        made.create_database(NAME)
        yield made
    else:
        durable = SqliteStore.open(tmp_path / "store.sqlite", random_bytes, limits=SMALL)
        durable.create_database(NAME)
        yield durable
        assert durable.quick_check() == ()
        made = durable
    made.close()


def revision(
    document_id: str,
    history: str = "",
    *,
    deleted: bool = False,
    content: dict[str, object] | None = None,
    attachments: tuple[Attachment | AttachmentStub, ...] = (),
) -> Revision:
    """A revision with a history like "2-b 1-a"; by default its body says which it is."""
    body = {"text": history.split(" ", maxsplit=1)[0]} if content is None else content
    return Revision(
        document_id, tuple(history.split()), deleted, json.dumps(body).encode(), attachments
    )


def give(store: DocumentStore, *revisions: Revision) -> None:
    """Write revisions with their histories; all are taken."""
    results = store.write(NAME, revisions, new_edits=False)
    assert [result.error for result in results] == [""] * len(revisions), results


def edit(
    store: DocumentStore,
    document_id: str,
    parent: str = "",
    *,
    deleted: bool = False,
    content: dict[str, object] | None = None,
    attachments: tuple[Attachment | AttachmentStub, ...] = (),
) -> WriteResult:
    """Edit one document here; gives what became of it."""
    change = revision(
        document_id,
        parent,
        deleted=deleted,
        content={"text": "edited"} if content is None else content,
        attachments=attachments,
    )
    return store.write(NAME, [change], new_edits=True)[0]


def winner(store: DocumentStore, document_id: str) -> str:
    """The winning revision of a document that is there."""
    found = store.read(NAME, document_id)
    assert found is not None
    return found.rev


def changed(store: DocumentStore, since: int = 0) -> list[tuple[int, str, str, bool]]:
    """The whole feed after `since`: number, id, leaves, whether deleted."""
    page = store.feed(NAME, since, limit=1000, style="all_docs")
    return [(row.seq, row.id, " ".join(row.revs), row.deleted) for row in page.rows]
