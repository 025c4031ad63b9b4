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
from threading import Event, Lock, Thread, current_thread
from typing import Protocol

from security.tunnel.targets import Caller, Target
from sync.protocol.frames import MESSAGE_BYTES_MAX
from sync.protocol.wire import CONTENT_TYPE
from sync.transports.http import PATH
from sync.transports.turns import NoTurnError, Turns

CONNECTIONS_MAX = 1_000
"""More than the children of any hub; each has one."""

WORKING_MAX = 4
"""So many devices' records are judged and stored at once; the others wait for their turn."""

TURN_S_MAX = 8.0
"""Who gets no turn in this time is told to come again, well before its link counts as dead."""

IDLE_S_MAX = 120.0
"""A connection on which no byte moved for so long is closed; the child opens another."""

_BEGINNING = f"POST {PATH} ".encode("ascii")
_PIECE_BYTES = 16 << 10
_HANDOVER_S = 10.0
_LOOK_S = 0.05
_LOOKS_MAX = 100
_JOIN_S = 5.0

_log = logging.getLogger(__name__)


Entrance = Callable[[socket.socket, Caller], None]
"""Takes over a connection and who stands behind it; raises `OSError` if it cannot."""


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

    A device has one connection for exchanges. A new one ends the one before, and waits until
    what had come on it is stored, so that a late piece of an old request never follows a newer
    one. Connections that ask for something else are handed on.

    Args of the constructor: `begin` gives the request of a device that starts, `otherwise`
    takes a connection that is none for exchanges.
    """

    def __init__(self, begin: Callable[[str], Request], otherwise: Entrance) -> None:
        self._begin = begin
        self._otherwise = otherwise
        self._lock = Lock()
        self._threads: dict[Thread, socket.socket] = {}
        self._live: dict[str, Thread] = {}
        self._is_stopping = False
        self._turns = Turns(WORKING_MAX)

    def start(self) -> None:
        """Nothing to begin with: threads come with connections."""

    def adopt(self, connection: socket.socket, caller: Caller) -> None:
        """Answer a device on this connection from now on; from any thread.

        Raises:
            OSError: The server has stopped or is full; the connection stays with its owner.
        """
        # Whose certificate does not count sends no exchange: the pages' server tells it so.
        if caller.target is not Target.SYNC or caller.is_lapsed:
            self._otherwise(connection, caller)
            return
        thread = Thread(
            target=self._run, args=(connection, caller), name="exchange", daemon=True
        )
        with self._lock:
            if self._is_stopping or len(self._threads) >= CONNECTIONS_MAX:
                raise ConnectionRefusedError("no more exchanges are answered")
            self._threads[thread] = connection
        try:
            thread.start()
        except RuntimeError as error:  # the system gives no more threads
            self._forget(thread)
            raise ConnectionRefusedError("no more exchanges are answered") from error

    def stop(self) -> None:
        """End every connection; what came on it is stored first."""
        with self._lock:
            self._is_stopping = True
            threads = dict(self._threads)
        for connection in threads.values():
            _end(connection)
        for thread in threads:
            thread.join(_JOIN_S)

    def _run(self, connection: socket.socket, caller: Caller) -> None:
        thread = current_thread()
        try:
            connection.settimeout(IDLE_S_MAX)
            if _is_for_exchanges(connection):
                self._replace(caller.device, thread)
                _Handler(connection, lambda: _Queued(self._begin, caller.device, self._turns))
                connection.close()
            else:
                connection.settimeout(None)
                self._otherwise(connection, caller)
        except OSError:
            _log.debug("a connection for exchanges broke off", extra={"device": caller.device})
            connection.close()
        finally:
            self._forget(thread)

    def _replace(self, device: str, thread: Thread) -> None:
        with self._lock:
            before = self._live.get(device)
            self._live[device] = thread
            connection = self._threads.get(before) if before else None
        if before is not None and connection is not None:
            _end(connection)
            before.join(_HANDOVER_S)

    def _forget(self, thread: Thread) -> None:
        with self._lock:
            self._threads.pop(thread, None)
            for device in [key for key, value in self._live.items() if value is thread]:
                del self._live[device]


def _is_for_exchanges(connection: socket.socket) -> bool:
    """Look at the first bytes and leave them there."""
    seen, pause = connection.recv(len(_BEGINNING), socket.MSG_PEEK), Event()
    for _ in range(_LOOKS_MAX):
        if not seen or not _BEGINNING.startswith(seen) or seen == _BEGINNING:
            break
        pause.wait(_LOOK_S)
        seen = connection.recv(len(_BEGINNING), socket.MSG_PEEK)
    return seen == _BEGINNING


def _end(connection: socket.socket) -> None:
    """Let nothing more come; what has come is still read."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already


class _Queued:
    """A request whose work waits for its turn; its bytes are waited for outside of turns."""

    def __init__(self, begin: Callable[[str], Request], device: str, turns: Turns) -> None:
        self._inner = begin(device)
        self._device = device
        self._turns = turns

    def feed(self, piece: bytes) -> None:
        with self._turns.turn(self._device, TURN_S_MAX):
            self._inner.feed(piece)

    def keep(self) -> None:
        with self._turns.turn(self._device, TURN_S_MAX):
            self._inner.keep()

    def finish(self) -> bytes:
        with self._turns.turn(self._device, TURN_S_MAX):
            return self._inner.finish()


class _Handler(BaseHTTPRequestHandler):
    """The requests of one connection, one after another."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, begin: Callable[[], Request]) -> None:
        self._begin = begin
        super().__init__(connection, ("", 0), None)  # type: ignore[arg-type]  # asks it nothing

    def do_POST(self) -> None:  # named by the standard library
        """Take a request as it arrives, and answer it when it is whole."""
        refused = self._refused()
        if refused is not None:
            self._refuse(refused)
            return
        request = self._begin()
        try:
            if not self._take(request, int(self.headers["Content-Length"])):
                return
            answer = request.finish()
        except NoTurnError:
            self._refuse(http.HTTPStatus.SERVICE_UNAVAILABLE)
            return
        self._reply(http.HTTPStatus.OK, CONTENT_TYPE, answer)

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

    def _refuse(self, status: http.HTTPStatus) -> None:
        self.close_connection = True
        self._reply(status, "text/plain", f"{status} {status.phrase}\n".encode())

    def _reply(self, status: http.HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # In pieces, because the timeout of a socket holds for a whole call.
        for start in range(0, len(body), _PIECE_BYTES):
            self.wfile.write(body[start : start + _PIECE_BYTES])
