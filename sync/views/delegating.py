"""A document store that passes everything on, for views to change what they are about."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from sync.couch_ports import AttachmentContent, DocumentStore
from sync.couch_values import (
    DatabaseInfo,
    DocumentRows,
    FeedPage,
    IdRange,
    Limits,
    LocalDocument,
    MissingRevisions,
    Purged,
    Revision,
    StagedBlob,
    StoredRevision,
    Style,
    WriteResult,
)
from sync.errors import DocumentRefusedError


def forbidden(reason: str) -> DocumentRefusedError:
    """What a view does not let through; status 403 over HTTP."""
    return DocumentRefusedError("forbidden", reason)


class Delegating:
    """Every method as the port says. The store below is closed by its owner, not from here."""

    def __init__(self, below: DocumentStore) -> None:
        self._below = below

    @property
    def incarnation(self) -> str:
        """As the port says."""
        return self._below.incarnation

    @property
    def limits(self) -> Limits:
        """As the port says."""
        return self._below.limits

    def databases(self) -> tuple[str, ...]:
        """As the port says."""
        return self._below.databases()

    def create_database(self, name: str) -> bool:
        """As the port says."""
        return self._below.create_database(name)

    def delete_database(self, name: str) -> bool:
        """As the port says."""
        return self._below.delete_database(name)

    def describe(self, name: str) -> DatabaseInfo:
        """As the port says."""
        return self._below.describe(name)

    def write(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> tuple[WriteResult, ...]:
        """As the port says."""
        return self._below.write(name, revisions, new_edits=new_edits)

    def stage(self, pieces: Iterable[bytes]) -> AbstractContextManager[StagedBlob]:
        """As the port says."""
        return self._below.stage(pieces)

    def read(
        self, name: str, document_id: str, rev: str | None = None
    ) -> StoredRevision | None:
        """As the port says."""
        return self._below.read(name, document_id, rev)

    def leaves(self, name: str, document_id: str) -> tuple[StoredRevision, ...]:
        """As the port says."""
        return self._below.leaves(name, document_id)

    def open_revisions(
        self, name: str, document_id: str, revs: Sequence[str], *, latest: bool = False
    ) -> tuple[StoredRevision | str, ...]:
        """As the port says."""
        return self._below.open_revisions(name, document_id, revs, latest=latest)

    def missing_revisions(
        self, name: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, MissingRevisions]:
        """As the port says."""
        return self._below.missing_revisions(name, revisions)

    def rows(self, name: str, span: IdRange) -> DocumentRows:
        """As the port says."""
        return self._below.rows(name, span)

    def rows_of(self, name: str, keys: Sequence[str]) -> DocumentRows:
        """As the port says."""
        return self._below.rows_of(name, keys)

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
        """As the port says."""
        return self._below.feed(
            name,
            since,
            limit=limit,
            descending=descending,
            style=style,
            document_ids=document_ids,
        )

    def wait_for_change(self, name: str, since: int, timeout_s: float) -> bool:
        """As the port says."""
        return self._below.wait_for_change(name, since, timeout_s)

    def attachment(
        self, name: str, document_id: str, rev: str | None, attachment_name: str
    ) -> AttachmentContent | None:
        """As the port says."""
        return self._below.attachment(name, document_id, rev, attachment_name)

    def purge(self, name: str, revisions: Mapping[str, Sequence[str]]) -> Purged:
        """As the port says."""
        return self._below.purge(name, revisions)

    def compact(self, name: str) -> None:
        """As the port says."""
        self._below.compact(name)

    def set_revs_limit(self, name: str, limit: int) -> None:
        """As the port says."""
        self._below.set_revs_limit(name, limit)

    def security(self, name: str) -> bytes:
        """As the port says."""
        return self._below.security(name)

    def set_security(self, name: str, security: bytes) -> None:
        """As the port says."""
        self._below.set_security(name, security)

    def get_local(self, name: str, document_id: str) -> LocalDocument | None:
        """As the port says."""
        return self._below.get_local(name, document_id)

    def put_local(
        self, name: str, document_id: str, body: bytes, *, rev: str | None, checked: bool
    ) -> str:
        """As the port says."""
        return self._below.put_local(name, document_id, body, rev=rev, checked=checked)

    def delete_local(
        self, name: str, document_id: str, *, rev: str | None, checked: bool
    ) -> bool:
        """As the port says."""
        return self._below.delete_local(name, document_id, rev=rev, checked=checked)

    def local_rows(self, name: str, span: IdRange) -> tuple[LocalDocument, ...]:
        """As the port says."""
        return self._below.local_rows(name, span)

    def close(self) -> None:
        """Nothing: the owner of the store closes it."""
