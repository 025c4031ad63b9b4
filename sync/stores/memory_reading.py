"""Documents, rows and attachments read from the memory store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sync.couch_values import AttachmentStub, FeedRow, IdRange, StoredRevision, Style
from sync.stores.blobs import PIECE_BYTES
from sync.stores.couch_reading import availability, leaves_of
from sync.stores.memory_core import StoredDocument
from sync.stores.revision_tree import Rev


@dataclass(frozen=True, slots=True)
class MemoryContent:
    """An attachment in memory; fulfils `AttachmentContent`."""

    stub: AttachmentStub
    content: bytes = field(repr=False)

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`; see the port."""
        stop = len(self.content) if stop is None else min(stop, len(self.content))
        for place in range(start, stop, PIECE_BYTES):
            yield self.content[place : min(place + PIECE_BYTES, stop)]


def read_revision(stored: StoredDocument, rev: Rev) -> StoredRevision | None:
    """That revision, or None if its body is not stored."""
    content = stored.contents.get(rev)
    if content is None:
        return None
    path = stored.tree.path(rev)
    return StoredRevision(
        id=stored.id,
        rev=rev.text,
        history=tuple(one.text for one in path),
        availability=availability(stored.tree, path, stored.has_body),
        deleted=stored.tree.nodes[rev].deleted,
        body=content.document.body,
        attachments=tuple(held.stub for held in content.attachments),
        leaves=leaves_of(stored.tree),
        seq=stored.number,
    )


def feed_row(stored: StoredDocument, style: Style) -> FeedRow:
    """The row of a document in the feed of its database."""
    revs = stored.leaves if style == "all_docs" else stored.leaves[:1]
    return FeedRow(stored.number, stored.id, tuple(rev.text for rev in revs), stored.deleted)


def cut_range(ids: Sequence[str], span: IdRange) -> tuple[list[str], int]:
    """The ids of a range, and how many come before the first of them."""
    ordered = list(reversed(ids)) if span.descending else list(ids)

    def is_before(one: str, bound: str) -> bool:
        return one > bound if span.descending else one < bound

    start = span.start
    before = 0 if start is None else sum(is_before(one, start) for one in ordered)
    found = ordered[before:]
    if span.end is not None:
        end = span.end
        found = [
            one for one in found if is_before(one, end) or (span.inclusive_end and one == end)
        ]
    stop = None if span.limit is None else span.skip + span.limit
    return found[span.skip : stop], min(before + span.skip, len(ids))
