"""What a database accepts over the CouchDB protocol, refused in CouchDB's words. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sync.couch_values import (
    KEPT_MEMBERS,
    Attachment,
    AttachmentStub,
    IdRange,
    Limits,
    Revision,
    StagedBlob,
    WriteResult,
)
from sync.errors import DocumentRefusedError
from sync.stores.checks import INTEGER_MAX, nests_too_deep, read_json
from sync.stores.revision_tree import Rev, parse_rev

DATABASE_LENGTH_MAX = 238
"""CouchDB's: a file name of 255 bytes less what it adds."""
ID_LENGTH_MAX = 4096
"""Characters. CouchDB sets no limit; addresses of its replicator have at most 7,000."""
LOCAL_ID_LENGTH_MAX = 4096
LOCAL_BYTES_MAX = 2 * 1024 * 1024
SECURITY_BYTES_MAX = 64 * 1024
NAME_LENGTH_MAX = 1024
CONTENT_TYPE_LENGTH_MAX = 512
KEYS_MAX = 100_000
"""Ids or revisions in one question: a client lists what it wants, not whole databases."""

_DATABASE = re.compile(r"[a-z][a-z0-9_$()+/-]*", re.ASCII)
_SYSTEM = frozenset({"_users", "_replicator", "_global_changes"})
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DESIGN = "_design/"


@dataclass(frozen=True, slots=True)
class Checked:
    """A revision that was found acceptable in itself.

    Attributes:
        value: What the body says.
    """

    id: str
    history: tuple[Rev, ...]
    deleted: bool
    body: bytes = field(repr=False)
    value: Mapping[str, object] = field(repr=False)
    attachments: tuple[Attachment | AttachmentStub, ...]
    tags: tuple[str, ...] = ()


def is_database_name(name: object) -> bool:
    """Whether a database may have this name."""
    return isinstance(name, str) and (
        name in _SYSTEM
        or (len(name) <= DATABASE_LENGTH_MAX and _DATABASE.fullmatch(name) is not None)
    )


def check_database_name(name: str) -> None:
    """Nothing, if a database may be made under this name.

    Raises:
        DocumentRefusedError: `illegal_database_name`.
    """
    if not is_database_name(name):
        raise DocumentRefusedError(
            "illegal_database_name",
            f"Name: {name!r:.80}. Only lowercase characters (a-z), digits (0-9), and any of the"
            " characters _, $, (, ), +, -, and / are allowed. Must begin with a letter.",
        )


def check_document_id(document_id: str) -> None:
    """Nothing, if a document may be called so.

    Raises:
        DocumentRefusedError: `illegal_docid`.
    """
    if not isinstance(document_id, str):
        raise DocumentRefusedError("illegal_docid", "Document id must be a string")
    if not document_id:
        raise DocumentRefusedError("illegal_docid", "Document id must not be empty")
    if len(document_id) > ID_LENGTH_MAX:
        raise DocumentRefusedError("illegal_docid", "Document id is too long")
    if document_id.startswith("_") and (
        not document_id.startswith(_DESIGN) or document_id == _DESIGN
    ):
        raise DocumentRefusedError(
            "illegal_docid", "Only reserved document ids may start with underscore."
        )
    if not _is_text(document_id):
        raise DocumentRefusedError("illegal_docid", "Document id must be valid UTF-8")


def check_all(
    revisions: Sequence[Revision], limits: Limits, *, new_edits: bool
) -> list[Checked | WriteResult]:
    """Each revision with its parts read, or the row that says why it is refused.

    Raises:
        DocumentRefusedError: There are too many.
    """
    if len(revisions) > limits.documents:
        raise DocumentRefusedError(
            "too_large", f"{len(revisions)} documents, {limits.documents} at most"
        )
    found: list[Checked | WriteResult] = []
    for revision in revisions:
        try:
            found.append(check_revision(revision, limits, new_edits=new_edits))
        except DocumentRefusedError as error:
            rev = revision.history[0] if revision.history and not new_edits else ""
            found.append(WriteResult(revision.id, rev, error.code, str(error)))
    return found


def check_revision(revision: Revision, limits: Limits, *, new_edits: bool) -> Checked:
    """The revision with its parts read, if it is acceptable in itself.

    Raises:
        DocumentRefusedError: It is not; `code` and message are those of its error row.
    """
    check_document_id(revision.id)
    history = _history(revision, limits, new_edits=new_edits)
    value = _body(revision.body, limits.document_bytes)
    _check_attachments(revision.attachments, limits)
    return Checked(
        revision.id,
        history,
        revision.deleted,
        revision.body,
        value,
        revision.attachments,
        revision.tags,
    )


def check_local(document_id: str, body: bytes) -> None:
    """Nothing, if a local document may be so.

    Raises:
        DocumentRefusedError: It may not.
    """
    check_local_id(document_id)
    _body(body, LOCAL_BYTES_MAX)


def check_local_id(document_id: str) -> None:
    """Nothing, if a local document may be called so.

    Raises:
        DocumentRefusedError: `illegal_docid`.
    """
    if not _is_text(document_id) or not 1 <= len(document_id) <= LOCAL_ID_LENGTH_MAX:
        raise DocumentRefusedError(
            "illegal_docid", f"a local document's id has 1 to {LOCAL_ID_LENGTH_MAX} characters"
        )


def parse_local_rev(rev: str | None) -> int | None:
    """The number of writes that `0-<n>` counts.

    Raises:
        DocumentRefusedError: It is no revision of a local document.
    """
    if rev is None:
        return None
    match = re.fullmatch(r"0-([0-9]{1,15})", rev, re.ASCII)
    if match is None:
        raise DocumentRefusedError("bad_request", "Invalid rev format")
    return int(match[1])


def check_security(security: bytes) -> None:
    """Nothing, if this can be a `_security` object.

    Raises:
        DocumentRefusedError: It cannot.
    """
    try:
        value = read_json(security) if len(security) <= SECURITY_BYTES_MAX else None
    except ValueError:
        value = None
    if not isinstance(value, dict) or nests_too_deep(security, value):
        raise DocumentRefusedError("bad_request", "Security object must be a JSON object")


def check_revs_limit(limit: int) -> None:
    """Nothing, if a branch may be cut to this length.

    Raises:
        DocumentRefusedError: It may not.
    """
    if not isinstance(limit, int) or not 1 <= limit < INTEGER_MAX:
        raise DocumentRefusedError("bad_request", "`_revs_limit` must be a positive integer")


def check_range(span: IdRange) -> None:
    """Nothing, if a range of ids can be asked for.

    Raises:
        DocumentRefusedError: It cannot (`query_parse_error`).
    """
    for number in (span.skip, span.limit or 0):
        if not 0 <= number < INTEGER_MAX:
            raise DocumentRefusedError(
                "query_parse_error", f"{number} is not between 0 and 2**63"
            )
    for key in (span.start, span.end):
        if key is not None and not _is_text(key):
            raise DocumentRefusedError("query_parse_error", "a key is not valid UTF-8")


def check_keys(keys: Sequence[str]) -> None:
    """Nothing, if these ids can be asked for; they need not be such as documents may have.

    Raises:
        DocumentRefusedError: They cannot (`bad_request`).
    """
    if len(keys) > KEYS_MAX:
        raise DocumentRefusedError("bad_request", f"{len(keys)} keys, {KEYS_MAX} at most")
    if not all(_is_text(key) for key in keys):
        raise DocumentRefusedError("bad_request", "a key is not valid UTF-8")


def parse_revs(revisions: Mapping[str, Sequence[str]]) -> dict[str, tuple[Rev, ...]]:
    """The revisions asked for by document id, each once.

    Raises:
        DocumentRefusedError: One is no revision, an id is no text, or there are too many.
    """
    check_keys(tuple(revisions))
    if sum(map(len, revisions.values())) > KEYS_MAX:
        raise DocumentRefusedError("bad_request", f"more than {KEYS_MAX} revisions")
    return {
        document_id: tuple(dict.fromkeys(map(parse_rev, revs)))
        for document_id, revs in revisions.items()
    }


def check_feed_page(since: int, limit: int) -> None:
    """Nothing, if this page of a feed can be asked for.

    Raises:
        DocumentRefusedError: It cannot.
    """
    for number in (since, limit):
        if not 0 <= number < INTEGER_MAX:
            raise DocumentRefusedError("bad_request", f"{number} is not between 0 and 2**63")


def _history(revision: Revision, limits: Limits, *, new_edits: bool) -> tuple[Rev, ...]:
    history = revision.history
    if len(history) > limits.history:
        raise DocumentRefusedError("doc_validation", "RevId list is too long")
    revs = tuple(map(parse_rev, history))
    if new_edits:
        if len(revs) > 1:
            raise DocumentRefusedError("bad_request", "an edit names its parent alone")
        return revs
    if not revs:
        raise DocumentRefusedError("bad_request", "Missing rev")
    newest = revs[0].generation
    if any(rev.generation != newest - place for place, rev in enumerate(revs)):
        raise DocumentRefusedError("doc_validation", "RevId list does not fall by one")
    return revs


def _body(body: bytes, limit: int) -> Mapping[str, object]:
    if len(body) > limit:
        raise DocumentRefusedError(
            "document_too_large", f"the document has {len(body)} bytes, {limit} at most"
        )
    try:
        value = read_json(body)
    except ValueError as error:
        raise DocumentRefusedError("bad_request", "invalid UTF-8 JSON") from error
    if not isinstance(value, dict):
        raise DocumentRefusedError("bad_request", "Document must be a JSON object")
    reserved = next((k for k in value if k.startswith("_") and k not in KEPT_MEMBERS), None)
    if reserved is not None:
        raise DocumentRefusedError(
            "doc_validation", f"Bad special document member: {reserved!a:.80}"
        )
    if nests_too_deep(body, value):
        raise DocumentRefusedError("bad_request", "the document nests too deep")
    return value


def _check_attachments(
    attachments: Sequence[Attachment | AttachmentStub], limits: Limits
) -> None:
    if len(attachments) > limits.attachments:
        raise DocumentRefusedError(
            "bad_request", f"{len(attachments)} attachments, {limits.attachments} at most"
        )
    if len({attachment.name for attachment in attachments}) != len(attachments):
        raise DocumentRefusedError("bad_request", "an attachment comes twice")
    for attachment in attachments:
        _check_attachment(attachment, limits)


def _check_attachment(attachment: Attachment | AttachmentStub, limits: Limits) -> None:
    name = attachment.name
    if not _is_text(name) or not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise DocumentRefusedError(
            "bad_request", f"Attachment name {name!a:.80} is not 1 to {NAME_LENGTH_MAX} long"
        )
    if name.startswith("_"):
        raise DocumentRefusedError(
            "bad_request",
            f"Attachment name '{name[:80]}' starts with prohibited character '_'",
        )
    # It will stand in a header of an answer.
    content_type = attachment.content_type
    if len(content_type) > CONTENT_TYPE_LENGTH_MAX or _CONTROL.search(content_type):
        raise DocumentRefusedError("bad_request", "an attachment's content_type is no type")
    if attachment.encoding not in {None, "gzip"}:
        raise DocumentRefusedError("bad_request", "an attachment's encoding is unknown")
    if not 0 <= attachment.revpos < INTEGER_MAX:
        raise DocumentRefusedError("bad_request", "an attachment's revpos is no generation")
    if isinstance(attachment, Attachment):
        data = attachment.data
        length = data.length if isinstance(data, StagedBlob) else len(data)
        if length > limits.attachment_bytes:
            raise DocumentRefusedError(
                "attachment_too_large",
                f"attachment {name!a:.80} exceeds {limits.attachment_bytes} bytes",
            )


def _is_text(text: object) -> bool:
    return isinstance(text, str) and (text.isascii() or _SURROGATE.search(text) is None)
