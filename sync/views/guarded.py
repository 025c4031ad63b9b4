"""A store file served as a whole: the databases of the program itself are kept from edits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from security.errors import FormatError
from sync.couch_ports import DocumentStore
from sync.couch_values import Purged, Revision, WriteResult
from sync.documents import document_of, record_of
from sync.ports import Document
from sync.quarantine import QUARANTINE
from sync.scope import CARRIED
from sync.views.delegating import Delegating, forbidden
from sync.views.reading import refused

PRODUCT = frozenset({*CARRIED, QUARANTINE, "blobs"})
"""Databases that the program itself writes."""

_KEPT = "A database of the program: its documents are written once (--allow-edits lifts this)"
_NO_RECORD = "A database of the program: it takes records alone (--allow-edits lifts this)"


class Guarded(Delegating):
    """A view for whoever serves a store file.

    Records that a replicator brings get the scopes that they have where the program itself took
    them, so that a copy serves as the store of a node. Databases that came to be by the
    program's own puts are added to and never edited, unless `allow_edits`; databases made over
    the protocol are free, whatever their name.
    """

    def __init__(self, below: DocumentStore, *, allow_edits: bool = False) -> None:
        super().__init__(below)
        self._allow_edits = allow_edits

    def delete_database(self, name: str) -> bool:
        """As the port says, but for a database of the program."""
        self._check_free(name)
        return super().delete_database(name)

    def write(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> tuple[WriteResult, ...]:
        """As the port says; what a database of the program does not take is refused alone."""
        if name not in PRODUCT:
            return super().write(name, revisions, new_edits=new_edits)
        revisions = [with_scopes(name, revision) for revision in revisions]
        reasons: dict[int, str] = {}
        if self._is_kept(name):
            reasons = self._reasons(name, revisions, new_edits=new_edits)
        passed = [one for place, one in enumerate(revisions) if place not in reasons]
        results = iter(super().write(name, passed, new_edits=new_edits))
        return tuple(
            refused(one, reasons[place], new_edits=new_edits)
            if place in reasons
            else next(results)
            for place, one in enumerate(revisions)
        )

    def purge(self, name: str, revisions: Mapping[str, Sequence[str]]) -> Purged:
        """As the port says, but for a database of the program."""
        self._check_free(name)
        return super().purge(name, revisions)

    def _is_kept(self, name: str) -> bool:
        if self._allow_edits or name not in PRODUCT or name not in self.databases():
            return False
        return self.describe(name).of_program

    def _check_free(self, name: str) -> None:
        if self._is_kept(name):
            raise forbidden(_KEPT)

    def _reasons(
        self, name: str, revisions: Sequence[Revision], *, new_edits: bool
    ) -> dict[int, str]:
        """Why revisions are not let through, by their place."""
        reasons: dict[int, str] = {}
        seen: set[str] = set()
        for place, revision in enumerate(revisions):
            stored = self._below.leaves(name, revision.id)
            known = {leaf.rev for leaf in stored}
            if (
                (stored or revision.id in seen)
                and (new_edits or not known.intersection(revision.history[:1]))
            ) or (not stored and (revision.deleted or len(revision.history) > 1)):
                reasons[place] = _KEPT
            elif not stored and name in CARRIED and not revision.tags:
                reasons[place] = _NO_RECORD
            seen.add(revision.id)
        return reasons


def with_scopes(name: str, revision: Revision) -> Revision:
    """The revision with the scopes of the record inside it; as it came if it holds none.

    Only the shape is looked at: whoever serves a file vouches for those who may write to it.
    """
    if name not in CARRIED or revision.deleted or b'"record"' not in revision.body:
        return revision
    try:
        record = record_of(Document(name, revision.id, "", revision.body))
    except FormatError:
        return revision
    document = document_of(record, origin="")
    return replace(revision, tags=document.tags) if document.database == name else revision
