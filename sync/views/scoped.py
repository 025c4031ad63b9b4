"""A hub's store as one child sees it: its own scope, and a way in that leads past the gate."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sync.couch_ports import AttachmentContent, DocumentStore, TaggedStore
from sync.couch_values import (
    DatabaseInfo,
    DocumentRow,
    DocumentRows,
    FeedPage,
    FeedRow,
    IdRange,
    MissingRevisions,
    Revision,
    StoredRevision,
    Style,
    WriteResult,
)
from sync.documents import first_revision
from sync.errors import StoreConflictError
from sync.ingest import Gate
from sync.ports import Document, Store
from sync.scope import CARRIED, record_bytes
from sync.stores.checks import KEY_LENGTH_MAX
from sync.verdicts import Inspection, Known, Quarantined
from sync.views.reading import ReadOnly, refused

LOOKED_THROUGH = 1_000
"""Rows of the whole store that are read at one time in search of those of a scope."""

ATTEMPTS_MAX = 3
"""Other requests of the same child may move its feed meanwhile; then it is judged again."""

_NO_RECORD = "Only records are taken here, each under its own name"


class ProductStore(Store, DocumentStore, TaggedStore, Protocol):
    """A store with both ports over the same documents."""


@dataclass(frozen=True, slots=True)
class Child:
    """Whoever looks: a unit below, which its connection has proved.

    Attributes:
        unit: Its code.
        tags: The scopes that it may read.
        gate: Judges what it sends.
        on_stored: Called after records were stored.
    """

    unit: str
    tags: tuple[str, ...]
    gate: Gate
    on_stored: Callable[[], object]


class Scoped(ReadOnly):
    """A view for a child of a hub: documents outside its scope do not exist for it.

    What it writes is taken as if it had pushed it: the records go through the gate one batch at
    a time, and the revision of what is stored follows from the record alone. Numbers of the
    feed are the store's own; they say how much the hub holds, as those of the exchange do.
    """

    def __init__(self, below: ProductStore, child: Child) -> None:
        super().__init__(below, child.unit)
        self._store = below
        self._child = child

    def databases(self) -> tuple[str, ...]:
        """Those whose records travel."""
        return tuple(name for name in super().databases() if name in CARRIED)

    def describe(self, name: str) -> DatabaseInfo:
        """Counts of the scope; what the file weighs is not told."""
        self._check_there(name)
        info = super().describe(name)
        count = self._store.count_tagged(name, self._child.tags)
        return replace(info, doc_count=count, doc_del_count=0, file_bytes=0, active_bytes=0)

    def read(
        self, name: str, document_id: str, rev: str | None = None
    ) -> StoredRevision | None:
        """A document of the scope."""
        seen = self._sees(name, document_id)
        return super().read(name, document_id, rev) if seen else None

    def leaves(self, name: str, document_id: str) -> tuple[StoredRevision, ...]:
        """The leaves of a document of the scope."""
        return super().leaves(name, document_id) if self._sees(name, document_id) else ()

    def open_revisions(
        self, name: str, document_id: str, revs: Sequence[str], *, latest: bool = False
    ) -> tuple[StoredRevision | str, ...]:
        """Revisions of a document of the scope; of any other all are missing."""
        if not self._sees(name, document_id):
            return tuple(revs)
        return super().open_revisions(name, document_id, revs, latest=latest)

    def missing_revisions(
        self, name: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, MissingRevisions]:
        """All revisions of documents outside the scope are missing."""
        found = super().missing_revisions(name, revisions)
        missing: dict[str, MissingRevisions] = {}
        for document_id, revs in revisions.items():
            if not self._sees(name, document_id):
                missing[document_id] = MissingRevisions(tuple(dict.fromkeys(revs)), ())
            elif document_id in found:
                missing[document_id] = found[document_id]
        return missing

    def rows(self, name: str, span: IdRange) -> DocumentRows:
        """Documents of the scope in a range of ids, found by looking through the range."""
        total = self.describe(name).doc_count
        wanted = span.skip + (LOOKED_THROUGH if span.limit is None else span.limit)
        found: list[DocumentRow] = []
        page = replace(span, skip=0, limit=LOOKED_THROUGH)
        after = ""
        while len(found) < wanted or span.limit is None:
            rows = super().rows(name, page).rows
            found += [row for row in rows if row.key != after and self._sees(name, row.key)]
            if len(rows) < LOOKED_THROUGH:
                break
            after = rows[-1].key
            page = replace(page, start=after)
        stop = None if span.limit is None else wanted
        return DocumentRows(tuple(found[span.skip : stop]), total, None)

    def rows_of(self, name: str, keys: Sequence[str]) -> DocumentRows:
        """One row for each key; those outside the scope as if they were not there."""
        total = self.describe(name).doc_count
        rows = tuple(
            row if row.rev and self._sees(name, row.key) else DocumentRow(row.key, "")
            for row in super().rows_of(name, keys).rows
        )
        return DocumentRows(rows, total, None)

    def feed(  # the port's
        self,
        name: str,
        since: int,
        *,
        limit: int,
        descending: bool = False,
        style: Style = "main_only",
        document_ids: Sequence[str] | None = None,
    ) -> FeedPage:
        """A page of the scope's own changes, which cost what the scope has, not the store."""
        self._check_there(name)
        if document_ids is not None:
            page = super().feed(
                name,
                since,
                limit=limit,
                descending=descending,
                style=style,
                document_ids=document_ids,
            )
            rows = tuple(row for row in page.rows if self._sees(name, row.id))
            return replace(page, rows=rows)
        if descending:
            rows = self._all_rows(name, since, limit)
            return FeedPage(rows, rows[-1].seq if rows else self._store.last_seq, 0)
        changes = self._store.changes(
            since, limit=limit, tag=self._child.tags, databases=(name,)
        )
        rows = tuple(
            FeedRow(one.seq, one.document.id, (one.document.rev,), deleted=False)
            for one in changes.rows
        )
        # Counting what is left would cost as much as reading it: a bound is given.
        left = self._store.last_seq - changes.last_seq
        pending = max(left, 1) if changes.more else 0
        return FeedPage(rows, changes.last_seq, pending)

    def wait_for_change(self, name: str, since: int, timeout_s: float) -> bool:
        """Also true when what changed is outside the scope: the next page says so."""
        self._check_there(name)
        return super().wait_for_change(name, since, timeout_s)

    def attachment(
        self, name: str, document_id: str, rev: str | None, attachment_name: str
    ) -> AttachmentContent | None:
        """An attachment of a document of the scope."""
        if not self._sees(name, document_id):
            return None
        return super().attachment(name, document_id, rev, attachment_name)

    def security(self, name: str) -> bytes:
        """Nothing: who else may do what is no child's business."""
        self._check_there(name)
        return b"{}"

    def write(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> tuple[WriteResult, ...]:
        """Take records as if they had been pushed, synced to disk; refuse all else alone."""
        self._check_there(name)
        raws = [_record_in(name, one, new_edits=new_edits) for one in revisions]
        inspection = self._take([raw for raw in raws if raw is not None])
        verdicts = iter(inspection.verdicts)
        results = []
        for revision, raw in zip(revisions, raws, strict=True):
            if raw is None:
                results.append(refused(revision, _NO_RECORD, new_edits=new_edits))
                continue
            verdict = next(verdicts)
            if isinstance(verdict, Quarantined):
                reason = f"The gate set the record aside: {verdict.reason}"
                results.append(refused(revision, reason, new_edits=new_edits))
            elif isinstance(verdict, Known):
                stored = self._store.get(name, revision.id)
                results.append(WriteResult(revision.id, stored.rev if stored else ""))
            elif verdict.document.database != name:
                results.append(refused(revision, _NO_RECORD, new_edits=new_edits))
            else:
                results.append(WriteResult(revision.id, verdict.document.rev))
        return tuple(results)

    def _take(self, raws: Sequence[bytes]) -> Inspection:
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                return self._inspect(raws)
            except StoreConflictError:
                continue
        return self._inspect(raws)

    def _inspect(self, raws: Sequence[bytes]) -> Inspection:
        inspection = self._child.gate.inspect(raws, self._child.unit, "up")
        if inspection.documents or inspection.local:
            self._store.put(inspection.documents, inspection.local, expect=inspection.expect)
        self._child.gate.settle()
        if inspection.documents:
            self._child.on_stored()
        return inspection

    def _all_rows(self, name: str, since: int, limit: int) -> tuple[FeedRow, ...]:
        """The latest rows of the scope, the latest first."""
        rows: deque[FeedRow] = deque(maxlen=limit)
        more = True
        while more:
            page = self.feed(name, since, limit=LOOKED_THROUGH)
            rows += page.rows
            since, more = page.last_seq, page.pending > 0
        return tuple(reversed(rows))

    def _sees(self, name: str, document_id: str) -> bool:
        self_named = name in CARRIED and 0 < len(document_id) <= KEY_LENGTH_MAX
        if not self_named or document_id.startswith("_"):
            return False
        document = self._store.get(name, document_id)
        return document is not None and not frozenset(self._child.tags).isdisjoint(
            document.tags
        )


def _record_in(name: str, revision: Revision, *, new_edits: bool) -> bytes | None:
    """The record that a revision brings, if it brings nothing else and as we would name it."""
    rev = () if new_edits else (first_revision(revision.body),)
    if revision.deleted or revision.attachments or revision.history != rev:
        return None
    return record_bytes(Document(name, revision.id, "", revision.body))
