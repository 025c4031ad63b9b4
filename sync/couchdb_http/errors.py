"""What the CouchDB protocol answers when it cannot do what was asked."""

from collections.abc import Mapping
from types import MappingProxyType

from sync.errors import SyncError

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ReplyError(SyncError):
    """A request that ends in an error, in CouchDB's words.

    Attributes:
        status: Status of HTTP.
        error: CouchDB's short word, as `not_found`.
        reason: The sentence beside it.
        headers: Headers that the answer carries besides.
    """

    def __init__(
        self,
        status: int,
        error: str,
        reason: str,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        super().__init__(f"{error}: {reason}")
        self.status = status
        self.error = error
        self.reason = reason
        self.headers = headers


def bad_request(reason: str, error: str = "bad_request") -> ReplyError:
    """The request is not one of this protocol."""
    return ReplyError(400, error, reason)


def unauthorized(reason: str) -> ReplyError:
    """Nobody is signed in, or not the one who may."""
    return ReplyError(401, "unauthorized", reason)


def not_found(reason: str = "missing") -> ReplyError:
    """There is no such database, document, revision or attachment."""
    return ReplyError(404, "not_found", reason)


def no_database() -> ReplyError:
    """There is no database of that name."""
    return not_found("Database does not exist.")


def method_not_allowed(methods: str) -> ReplyError:
    """The resource has other methods, which are listed, separated by commas."""
    return ReplyError(
        405,
        "method_not_allowed",
        f"Only {methods} allowed",
        {"Allow": methods.replace(",", ", ")},
    )


def conflict() -> ReplyError:
    """Someone else has changed the document since it was read."""
    return ReplyError(409, "conflict", "Document update conflict.")


def too_large(reason: str = "the request entity is too large") -> ReplyError:
    """The body of the request is larger than the store takes."""
    return ReplyError(413, "too_large", reason)


def bad_content_type(reason: str) -> ReplyError:
    """The body is of a kind that this resource does not take."""
    return ReplyError(415, "bad_content_type", reason)


def not_implemented(reason: str = "this feature is not yet implemented") -> ReplyError:
    """CouchDB can do this and Postroad cannot."""
    return ReplyError(501, "not_implemented", reason)
