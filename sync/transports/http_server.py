"""The hub's side of exchanges over HTTP/1.1: requests are taken as they arrive.

A web server hands a request over when it is complete. Here the pieces are, because what came of
a batch before the link died is worth keeping. Connections come from the gateway, which knows
whose they are; there is no port.
"""

import http
import logging
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from threading import Lock, Thread
from typing import Protocol

from sync.protocol.frames import MESSAGE_BYTES_MAX
from sync.protocol.wire import CONTENT_TYPE
from sync.transports.http import PATH

CONNECTIONS_MAX = 1_000
"""More than the children of any hub; each has one."""

IDLE_S_MAX = 120.0
"""A connection on which no byte moved for so long is closed; the child opens another."""

_PIECE_BYTES = 16 << 10
_HANDOVER_S = 10.0
_JOIN_S = 5.0

_log = logging.getLogger(__name__)


class Request(Protocol):
    """A request on its way: `sync.reception`."""

    def feed(self, piece: bytes, /) -> None:
        """Take the next bytes."""
        ...

    def keep(self) -> None:
        """No more will come: keep what did."""
        ...

    def finish(self) -> bytes:
        """The request is complete; give its answer."""
        ...


class ExchangeServer:
    """Answers devices on the connections that a gateway hands over, each in its own thread.

    A device has one connection. A new one ends the one before, and waits until what had come on
    it is stored, so that a late piece of an old request never follows a newer one.

    Args of the constructor: `begin` gives the request of a device that starts.
    """

    def __init__(self, begin: Callable[[str], Request]) -> None:
        self._begin = begin
        self._lock = Lock()
        self._live: dict[str, _Conversation] = {}
        self._is_stopping = False

    def start(self) -> None:
        """Nothing to begin with: threads come with connections."""

    def adopt(self, connection: socket.socket, device: str) -> None:
        """Answer a device on this connection from now on; from any thread.

        Raises:
            OSError: The server has stopped or is full; the connection stays with its owner.
        """
        conversation = _Conversation(connection, device, self._begin, self._forget)
        with self._lock:
            before = self._live.get(device)
            if self._is_stopping or (not before and len(self._live) >= CONNECTIONS_MAX):
                raise ConnectionRefusedError("no more exchanges are answered")
            self._live[device] = conversation
        if before:
            before.end()
        conversation.start(before)

    def stop(self) -> None:
        """End every connection; what came on it is stored first."""
        with self._lock:
            self._is_stopping = True
            live = tuple(self._live.values())
        for conversation in live:
            conversation.end()
        for conversation in live:
            conversation.join(_JOIN_S)

    def _forget(self, conversation: "_Conversation") -> None:
        with self._lock:
            if self._live.get(conversation.device) is conversation:
                del self._live[conversation.device]


class _Conversation:
    """One connection of one device, and its thread."""

    def __init__(
        self,
        connection: socket.socket,
        device: str,
        begin: Callable[[str], Request],
        forget: Callable[["_Conversation"], object],
    ) -> None:
        self.device = device
        self.begin = begin
        self._connection = connection
        self._forget = forget
        self._before: _Conversation | None = None
        self._thread = Thread(target=self._run, name="exchange", daemon=True)

    def start(self, before: "_Conversation | None") -> None:
        self._before = before
        self._thread.start()

    def end(self) -> None:
        """Let nothing more come; what has come is still read."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already

    def join(self, seconds: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            if self._before is not None:
                self._before.join(_HANDOVER_S)
                self._before = None
            self._connection.settimeout(IDLE_S_MAX)
            _Handler(self._connection, ("", 0), self)  # type: ignore[arg-type]  # asks it nothing
        except OSError:
            _log.debug("a connection for exchanges broke off", extra={"device": self.device})
        finally:
            self._connection.close()
            self._forget(self)


class _Handler(BaseHTTPRequestHandler):
    """The requests of one connection, one after another."""

    protocol_version = "HTTP/1.1"
    server: _Conversation  # type: ignore[assignment]

    def do_POST(self) -> None:  # named by the standard library
        """Take a request as it arrives, and answer it when it is whole."""
        refused = self._refused()
        if refused is not None:
            self.close_connection = True
            self._reply(refused, "text/plain", f"{refused} {refused.phrase}\n".encode())
            return
        request = self.server.begin(self.server.device)
        if self._take(request, int(self.headers["Content-Length"])):
            self._reply(http.HTTPStatus.OK, CONTENT_TYPE, request.finish())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Every session is one line of its own in the log."""

    def _refused(self) -> http.HTTPStatus | None:
        length = str(self.headers.get("Content-Length", ""))
        if self.path != PATH:
            return http.HTTPStatus.NOT_FOUND
        if self.headers.get("Content-Type") != CONTENT_TYPE:
            return http.HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        if not (length.isascii() and length.isdigit()):
            return http.HTTPStatus.LENGTH_REQUIRED
        if int(length[:20]) > MESSAGE_BYTES_MAX:
            return http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None

    def _take(self, request: Request, length: int) -> bool:
        """Whether the whole request came; what came of another is kept."""
        try:
            while length > 0 and (piece := self.rfile.read1(min(length, _PIECE_BYTES))):
                length -= len(piece)
                request.feed(piece)
        except OSError:
            self.close_connection = True
        if length:
            self.close_connection = True
            request.keep()
        return not length

    def _reply(self, status: http.HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # In pieces, because the timeout of a socket holds for a whole call.
        for start in range(0, len(body), _PIECE_BYTES):
            self.wfile.write(body[start : start + _PIECE_BYTES])
