"""The CouchDB protocol over a store, as one WSGI application."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from sync.couchdb_http.cors import Cors
from sync.couchdb_http.errors import ReplyError, method_not_allowed, too_large, unauthorized
from sync.couchdb_http.outcomes import reply_error
from sync.couchdb_http.replies import Reply, error_reply
from sync.couchdb_http.requests import Request, path_of, request_of
from sync.couchdb_http.routing import route
from sync.couchdb_http.server import Admission
from sync.couchdb_http.sessions import Sessions, Visitor
from sync.couchdb_http.site import Site
from sync.errors import StoreError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WHOLE_BYTES_MAX = 1 << 20
"""Answers up to this size are sent with their length, which keeps the connection in use."""

_OPEN_TO_ALL = frozenset({"", "_up", "_session"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class CouchApplication:
    """Serves one store.

    Args of the constructor: `site` is the store and what is needed to serve it; `sessions`
    recognises visitors; `cors` says which pages of other origins may read; with `loopback` only
    requests that name this machine as their host are answered, so that no page of another name
    that resolves to it gets in.
    """

    def __init__(
        self, site: Site, sessions: Sessions, cors: Cors, *, loopback: bool = False
    ) -> None:
        self._site = site
        self._sessions = sessions
        self._cors = cors
        self._loopback = loopback

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        added: Mapping[str, str] = {}
        try:
            request = request_of(environ)
            added = self._cors.headers(request)
            reply = self._cors.preflight(request) or self._answer(request)
        except ReplyError as error:
            reply = error_reply(error)
        except StoreError as error:
            reply = error_reply(reply_error(error))
        return _sent(environ, start_response, reply, added)

    def admit(self, method: str, target: str, headers: Mapping[str, str]) -> Admission:
        """Judge a request by its head; the names of the headers are those of WSGI.

        Whatever is refused here is refused for the same reason when it is answered.
        """
        lower = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        try:
            path = path_of({"REQUEST_URI": target})
            self._check_host(lower)
            if method != "OPTIONS":
                self._check_visitor(path, self._sessions.visitor(lower))
        except ReplyError as error:
            return Admission(0, error)
        return Admission(self._body_bytes_max(method, path, lower))

    def _answer(self, request: Request) -> Reply:
        self._check_host(request.headers)
        visitor = self._sessions.visitor(request.headers)
        self._check_visitor(request.path, visitor)
        if request.length > self._body_bytes_max(request.method, request.path, request.headers):
            raise too_large()
        if request.path == ("_session",):
            if request.method not in {"GET", "POST", "DELETE"}:
                raise method_not_allowed("GET,HEAD,POST,DELETE")
            reply = self._sessions.handle(request, visitor)
        else:
            with self._site.budget.hold(request):
                reply = _whole(route(self._site, request))
        if visitor.cookie:
            return replace(reply, headers={"Set-Cookie": visitor.cookie, **reply.headers})
        return reply

    def _check_host(self, headers: Mapping[str, str]) -> None:
        name = headers.get("host", "localhost").strip().lower()
        name = name if name.endswith("]") else name.rpartition(":")[0] or name
        if self._loopback and name not in _LOOPBACK_NAMES:
            raise ReplyError(403, "forbidden", "This server answers to this machine only")

    def _check_visitor(self, path: tuple[str, ...], visitor: Visitor) -> None:
        if not visitor.is_admin and ("/".join(path) not in _OPEN_TO_ALL):
            raise unauthorized("You are not authorized to access this db.")

    def _body_bytes_max(
        self, method: str, path: tuple[str, ...], headers: Mapping[str, str]
    ) -> int:
        site = self._site
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        is_attachment = method == "PUT" and len(path) > _parts_of_document(path)
        if is_attachment:
            return site.store.limits.attachment_bytes
        if kind == "multipart/related":
            # A document with several attachments; the store judges each.
            return site.store.limits.attachment_bytes * 2
        return site.limits.json_bytes


def _parts_of_document(path: tuple[str, ...]) -> int:
    return 3 if len(path) > 1 and path[1] in {"_design", "_local"} else 2


def _whole(reply: Reply) -> Reply:
    """The same answer with its length, if it is short and its end can be reached at once.

    The pieces that had to be looked at for it are worked out here, so an error in them is still
    answered as one.
    """
    if isinstance(reply.body, bytes) or reply.live:
        return reply
    pieces = iter(reply.body)
    if reply.length is not None:
        first = next(pieces, b"")
        return replace(reply, body=chain([first], pieces))
    collected: list[bytes] = []
    size = 0
    for piece in pieces:
        collected.append(piece)
        size += len(piece)
        if size > WHOLE_BYTES_MAX:
            return replace(reply, body=chain(collected, pieces))
    return replace(reply, body=b"".join(collected))


def _sent(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    reply: Reply,
    added: Mapping[str, str],
) -> Iterable[bytes]:
    length = len(reply.body) if isinstance(reply.body, bytes) else reply.length
    headers = {**reply.headers, **added}
    if length is not None and reply.status not in {204, 304}:
        headers["Content-Length"] = str(length)
    start_response(reply.status_line, list(headers.items()))
    if environ["REQUEST_METHOD"] == "HEAD" or reply.status in {204, 304}:
        _close(reply.body)
        return []
    return [reply.body] if isinstance(reply.body, bytes) else reply.body


def _close(body: object) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
