"""Answers as the endpoints make them."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from sync.couchdb_http import json_text
from sync.couchdb_http.errors import ReplyError

NO_STORE: Mapping[str, str] = {"Cache-Control": "must-revalidate"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        status: Status of HTTP.
        body: All of it, or its pieces in order, each sent to the client at once.
        headers: Without the length, which is added where it is known.
        length: Of a body in pieces, where it is known before.
        live: Whether each piece matters when it comes: such an answer is never collected.
    """

    status: int
    body: bytes | Iterable[bytes] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    live: bool = False

    @property
    def status_line(self) -> str:
        """Status and its words."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Error"


def json_reply(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer in JSON, with the line end that CouchDB puts after it."""
    return raw_json_reply(json_text.encode(value), status, headers)


def raw_json_reply(
    text: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer whose JSON is written already."""
    own = {"Content-Type": "application/json", **NO_STORE, **(headers or {})}
    return Reply(status, text + b"\n", own)


def error_reply(error: ReplyError) -> Reply:
    """What a client is told of an error."""
    return json_reply(
        {"error": error.error, "reason": error.reason}, error.status, error.headers
    )


def etag_of(*parts: str) -> str:
    """A strong ETag that changes when any part does."""
    digest = hashlib.md5("\0".join(parts).encode(), usedforsecurity=False).digest()
    return f'"{b64encode(digest).decode()}"'


def url_of(origin: str, *parts: str) -> str:
    """The address of a resource, for the header `Location`."""
    return "/".join([origin, *(quote(part, safe="") for part in parts)])
