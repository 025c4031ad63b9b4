"""Everything to read and nothing to change but one's own checkpoints."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from sync.couch_ports import DocumentStore
from sync.couch_values import (
    IdRange,
    LocalDocument,
    Purged,
    Revision,
    StagedBlob,
    WriteResult,
)
from sync.errors import DocumentRefusedError, UnknownDatabaseError
from sync.views.delegating import Delegating, forbidden

CHECKPOINTS_MAX = 200
"""Local documents of one reader in one database; each replication that ever began has one."""
CHECKPOINT_BYTES_MAX = 64 * 1024
"""A checkpoint of CouchDB with its 50 sessions has about 20 KB."""

_READ_ONLY = "This database is to be read only"
_LAST = "\U0010ffff"


class ReadOnly(Delegating):
    """A view for somebody who copies databases away.

    Replicators keep a checkpoint at either end, also where they only read: a reader may have
    local documents, which nobody else sees.

    Args of the constructor: `reader` names whoever reads; no two may be called alike.
    """

    def __init__(self, below: DocumentStore, reader: str) -> None:
        super().__init__(below)
        self._prefix = f"{reader}:"

    def create_database(self, name: str) -> bool:
        """False if it is there; nothing is made."""
        if name in self.databases():
            return False
        raise forbidden(_READ_ONLY)

    def delete_database(self, name: str) -> bool:
        """False if there is none; nothing is removed."""
        if name not in self.databases():
            return False
        raise forbidden(_READ_ONLY)

    def write(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> tuple[WriteResult, ...]:
        """Refuse each revision alone, so that a replicator counts it and goes on."""
        self._check_there(name)
        return tuple(
            refused(revision, _READ_ONLY, new_edits=new_edits) for revision in revisions
        )

    def stage(self, pieces: Iterable[bytes]) -> AbstractContextManager[StagedBlob]:
        """Refused."""
        raise forbidden(_READ_ONLY)

    def purge(self, name: str, revisions: Mapping[str, Sequence[str]]) -> Purged:
        """Refused."""
        raise forbidden(_READ_ONLY)

    def compact(self, name: str) -> None:
        """Refused."""
        raise forbidden(_READ_ONLY)

    def set_revs_limit(self, name: str, limit: int) -> None:
        """Refused."""
        raise forbidden(_READ_ONLY)

    def set_security(self, name: str, security: bytes) -> None:
        """Refused."""
        raise forbidden(_READ_ONLY)

    def get_local(self, name: str, document_id: str) -> LocalDocument | None:
        """One of the reader's own."""
        self._check_there(name)
        found = super().get_local(name, self._prefix + document_id)
        return None if found is None else self._own(found)

    def put_local(
        self, name: str, document_id: str, body: bytes, *, rev: str | None, checked: bool
    ) -> str:
        """Keep a checkpoint of the reader's own, within bounds."""
        self._check_there(name)
        if len(body) > CHECKPOINT_BYTES_MAX:
            raise DocumentRefusedError("document_too_large", "A checkpoint is not that long")
        if rev is None:
            listed = self.local_rows(name, IdRange(limit=CHECKPOINTS_MAX))
            if len(listed) >= CHECKPOINTS_MAX:
                raise forbidden(f"{CHECKPOINTS_MAX} checkpoints at most; remove old ones")
        named = self._prefix + document_id
        return super().put_local(name, named, body, rev=rev, checked=checked)

    def delete_local(
        self, name: str, document_id: str, *, rev: str | None, checked: bool
    ) -> bool:
        """Remove one of the reader's own."""
        self._check_there(name)
        return super().delete_local(name, self._prefix + document_id, rev=rev, checked=checked)

    def local_rows(self, name: str, span: IdRange) -> tuple[LocalDocument, ...]:
        """The reader's own."""
        self._check_there(name)
        first, last = ("", _LAST) if not span.descending else (_LAST, "")
        start = self._prefix + (first if span.start is None else span.start)
        end = self._prefix + (last if span.end is None else span.end)
        rows = super().local_rows(name, replace(span, start=start, end=end))
        return tuple(map(self._own, rows))

    def _check_there(self, name: str) -> None:
        if name not in self.databases():
            raise UnknownDatabaseError(f"there is no database {name!r:.80}")

    def _own(self, local: LocalDocument) -> LocalDocument:
        return replace(local, id=local.id.removeprefix(self._prefix))


def refused(revision: Revision, reason: str, *, new_edits: bool) -> WriteResult:
    """What a view says of a revision that it does not let through."""
    rev = revision.history[0] if revision.history and not new_edits else ""
    return WriteResult(revision.id, rev, "forbidden", reason)
