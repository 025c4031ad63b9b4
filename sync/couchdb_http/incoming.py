"""Documents as clients send them, turned into revisions for the store."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.couch_values import KEPT_MEMBERS, Attachment, AttachmentStub, Revision, StagedBlob
from sync.couchdb_http import json_text
from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import ReplyError, bad_request

_IGNORED = frozenset({"_revs_info", "_local_seq", "_conflicts", "_deleted_conflicts"})
_UNDERSTOOD = frozenset({"_id", "_rev", "_revisions", "_deleted", "_attachments"})
_ILLEGAL = "illegal_docid"
_RESERVED = ("_design/", "_local/")
_NO_BLOBS: Mapping[str, StagedBlob] = {}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document as it came, taken apart.

    Attributes:
        id: Document id; empty if it names none.
        rev: Its `_rev`, or "".
        history: From `_revisions`, newest first; from `_rev` if there are none.
        deleted: Whether it is a tombstone.
        fields: The rest: what the document itself says.
        attachments: As `_attachments` gives them.
    """

    id: str
    rev: str
    history: tuple[str, ...]
    deleted: bool
    fields: dict[str, Json] = field(repr=False)
    attachments: dict[str, Json] = field(repr=False)

    def revision(
        self,
        *,
        new_edits: bool,
        document_id: str | None = None,
        parent: str | None = None,
        blobs: Mapping[str, StagedBlob] = _NO_BLOBS,
    ) -> Revision:
        """The revision to write.

        Args:
            new_edits: Whether it is an edit, or merged with the history it brings.
            document_id: Instead of its own id.
            parent: The revision it edits, instead of its own `_rev`.
            blobs: Staged bytes of the attachments that follow the document, by name.

        Raises:
            ReplyError: An attachment makes no sense, or there is no revision to merge.
        """
        history = self.history
        if new_edits:
            history = (parent,) if parent else history[:1]
        elif not history:
            raise bad_request(
                "When `new_edits: false`, the document needs `_rev` or `_revisions` specified"
            )
        return Revision(
            self.id if document_id is None else document_id,
            history,
            self.deleted,
            json_text.encode(self.fields),
            tuple(_attachment(name, value, blobs) for name, value in self.attachments.items()),
        )


def taken_apart(document: Json) -> Incoming:
    """A document as it came, with what CouchDB gives a meaning told from the rest.

    Raises:
        ReplyError: It is no document; the words are CouchDB's.
    """
    if not isinstance(document, dict):
        raise bad_request("Document must be a JSON object")
    document_id = check_document_id(document["_id"]) if "_id" in document else ""
    deleted = document.get("_deleted", False)
    if not isinstance(deleted, bool):
        raise _bad_member("_deleted")
    attachments = document.get("_attachments", {})
    if not isinstance(attachments, dict):
        raise bad_request("Attachments must be a JSON object")
    return Incoming(
        document_id,
        *_history(document),
        deleted,
        {name: value for name, value in document.items() if not _is_special(name)},
        attachments,
    )


def check_document_id(document_id: Json) -> str:
    """The id, if a document may have it.

    Raises:
        ReplyError: It may not. One such id refuses a whole request, as in CouchDB.
    """
    if not isinstance(document_id, str):
        raise bad_request("Document id must be a string", _ILLEGAL)
    if not document_id:
        raise bad_request("Document id must not be empty", _ILLEGAL)
    if document_id in _RESERVED:
        raise bad_request(f"Illegal document id `{document_id}`", _ILLEGAL)
    if document_id.startswith("_") and not document_id.startswith(_RESERVED):
        raise bad_request("Only reserved document ids may start with underscore.", _ILLEGAL)
    return document_id


def following_names(incoming: Incoming) -> tuple[str, ...]:
    """The attachments whose bytes follow the document, in order."""
    return tuple(
        name
        for name, value in incoming.attachments.items()
        if isinstance(value, dict) and value.get("follows") is True
    )


def following_length(incoming: Incoming, name: str) -> int | None:
    """How many bytes follow for an attachment, if it says so."""
    value = incoming.attachments[name]
    if not isinstance(value, dict):
        return None
    length = value.get("encoded_length") if value.get("encoding") else None
    length = value.get("length") if length is None else length
    return length if isinstance(length, int) else None


def check_attachment_name(name: str) -> str:
    """The name, if an attachment may have it.

    Raises:
        ReplyError: It may not; the replicator knows the reason by its beginning.
    """
    if name.startswith("_"):
        raise bad_request(f"Attachment name '{name}' starts with prohibited character '_'")
    return name


def _is_special(name: str) -> bool:
    if not name.startswith("_") or name in KEPT_MEMBERS:
        return False
    if name in _UNDERSTOOD or name in _IGNORED:
        return True
    raise _bad_member(name)


def _bad_member(name: str) -> ReplyError:
    return bad_request(f"Bad special document member: {name}", "doc_validation")


def _history(document: dict[str, Json]) -> tuple[str, tuple[str, ...]]:
    rev = document.get("_rev", "")
    if not isinstance(rev, str):
        raise bad_request("Invalid rev format")
    revisions = document.get("_revisions")
    if revisions is None:
        return rev, (rev,) if rev else ()
    if not isinstance(revisions, dict):
        raise _bad_member("_revisions")
    start, ids = revisions.get("start"), revisions.get("ids")
    if not isinstance(start, int) or isinstance(start, bool):
        raise bad_request("_revisions.start isn't an integer.", "doc_validation")
    if not isinstance(ids, list):
        raise bad_request("_revisions.ids isn't a array.", "doc_validation")
    history = []
    for place, digest in enumerate(ids):
        if not isinstance(digest, str):
            raise bad_request("RevId isn't a string", "doc_validation")
        history.append(f"{start - place}-{digest}")
    return rev, tuple(history)


def _attachment(
    name: str, value: Json, blobs: Mapping[str, StagedBlob]
) -> Attachment | AttachmentStub:
    check_attachment_name(name)
    if not isinstance(value, dict):
        raise bad_request(f"Invalid attachment data for {name}")
    content_type = value.get("content_type")
    kind = content_type if isinstance(content_type, str) else "application/octet-stream"
    revpos = _count(value.get("revpos"))
    digest = value.get("digest")
    digest = digest if isinstance(digest, str) else ""
    if value.get("stub") is True:
        return AttachmentStub(name, kind, digest, revpos=revpos)
    if value.get("follows") is True:
        if name not in blobs:
            raise bad_request(f"The data of attachment {name} did not follow")
        encoding = "gzip" if value.get("encoding") == "gzip" else None
        length = _count(value.get("length"), -1) if encoding else -1
        return Attachment(name, kind, blobs[name], digest, revpos, encoding, length)
    # The digest beside inline data is that of the bytes the other side stored, perhaps
    # compressed, so it says nothing of these.
    return Attachment(name, kind, _inline(name, value.get("data")), revpos=revpos)


def _inline(name: str, encoded: Json) -> bytes:
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            pass
    raise bad_request(f"Invalid attachment data for {name}")


def _count(value: Json, default: int = 0) -> int:
    counted = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return int(value) if counted else default  # type: ignore[arg-type]  # counted: an int
