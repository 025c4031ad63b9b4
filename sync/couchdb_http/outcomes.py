"""What the store says of a write or a call, in the statuses of HTTP."""

from collections.abc import Mapping

from sync.couch_values import WriteResult
from sync.couchdb_http.errors import ReplyError, conflict, no_database
from sync.errors import (
    DocumentRefusedError,
    StoreConflictError,
    StoreError,
    StoreFullError,
    UnknownDatabaseError,
)

_STATUSES: Mapping[str, int] = {
    "conflict": 409,
    "forbidden": 403,
    "missing_stub": 412,
    "document_too_large": 413,
    "attachment_too_large": 413,
}

_CONFLICT_REASON = "Document update conflict."


def reason_of(result: WriteResult) -> str:
    """The sentence for a refused write; that of a conflict is CouchDB's, clients compare it."""
    return _CONFLICT_REASON if result.error == "conflict" else result.reason


def raise_refusal(result: WriteResult) -> None:
    """Do nothing for a write that was stored.

    Raises:
        ReplyError: It was refused.
    """
    if result.error:
        raise ReplyError(_STATUSES.get(result.error, 400), result.error, reason_of(result))


def reply_error(error: StoreError) -> ReplyError:
    """What to tell a client of an error of the store; nothing of files and disks."""
    if isinstance(error, UnknownDatabaseError):
        return no_database()
    if isinstance(error, DocumentRefusedError):
        return ReplyError(_STATUSES.get(error.code, 400), error.code, str(error))
    if isinstance(error, StoreConflictError):
        return conflict()
    if isinstance(error, StoreFullError):
        return ReplyError(507, "insufficient_storage", "The disk of the server is full")
    return ReplyError(500, "internal_server_error", "The store cannot be used")
