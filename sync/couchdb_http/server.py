"""Waitress, told to judge a request by its head before it takes the body.

Waitress reads requests and writes answers in one thread that never waits, and gives a request
to a worker only when it has arrived whole: a slow client costs a socket, not a worker. Each
piece of a streamed answer goes out when it is yielded. What it lacks is added here: bodies that
will be refused are not kept, errors are JSON, and peers that trickle are cut off.
"""

import logging
import select
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import Error

from sync.couchdb_http.errors import ReplyError, too_large
from sync.couchdb_http.replies import error_reply
from sync.ports import Clock
from sync.waitress_loop import WaitressLoop

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HEAD_S_MAX = 30.0
"""A request whose head takes longer is given up."""

BODY_GRACE_S = 60.0
BODY_BYTES_PER_S_MIN = 256
"""After the grace a body must have come at this rate on average: 1/32 of a 64 kbit/s link."""

SILENCE_S_MAX = 120
"""A connection on which nothing moved for so long is closed, also while an answer waits."""

DRAIN_BYTES_MAX = 64 << 20
"""A refused body up to this size is read to its end and dropped, so that a client that listens
only when all is sent gets its answer; beyond it the connection is closed."""

HEAD_BYTES_MAX = 64 << 10
CONNECTIONS_MAX = 1000
_MAINTENANCE_S = 5


@dataclass(frozen=True, slots=True)
class Admission:
    """What a request may send.

    Attributes:
        body_bytes_max: Longest body.
        refusal: Why the request will be refused in any case, so that its body need not be kept.
    """

    body_bytes_max: int
    refusal: ReplyError | None = None


Gate = Callable[[str, str, Mapping[str, str]], Admission]
"""Judges method, path as sent and headers (`CONTENT_TYPE`, `AUTHORIZATION`) of a request."""


class CouchServer:
    """A WSGI application on one listening socket.

    Args of the constructor: `listening` is a bound socket; `workers` how many requests are
    worked on at once, streamed feeds included.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        gate: Gate,
        clock: Clock,
        listening: socket.socket,
        *,
        workers: int,
    ) -> None:
        # A worker that has to wait for a free thread is no news to an operator.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        settings = Adjustments(
            sockets=[listening],
            threads=workers,
            ident="Postroad",
            max_request_header_size=HEAD_BYTES_MAX,
            max_request_body_size=1 << 62,  # the gate judges
            channel_timeout=SILENCE_S_MAX,
            cleanup_interval=_MAINTENANCE_S,
            connection_limit=CONNECTIONS_MAX,
            channel_request_lookahead=1,  # a client that hangs up during an answer is noticed
            clear_untrusted_proxy_headers=True,
        )
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(workers)
        self._sockets: dict[int, Any] = {}
        self._server = _Server(
            application,
            self._sockets,
            _sock=listening,
            dispatcher=self._dispatcher,
            adj=settings,
            sockinfo=(listening.family, listening.type, listening.proto, None),
            bind_socket=False,
        )

        self._loop = WaitressLoop(self._server, self._sockets, use_poll=hasattr(select, "poll"))
        self._server.channel_class = partial(_channel, partial(_Parser, gate, clock))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.effective_port)

    def adopt(self, connection: socket.socket, known: Mapping[str, object]) -> None:
        """Serve a connection that somebody else accepted; may be called from any thread.

        Args:
            connection: Connected, and from here on this server's.
            known: What stands in the environment of each of its requests besides.

        Raises:
            OSError: The server has stopped, and the connection stays with its owner.
        """

        def begin() -> None:
            try:
                place = ("127.0.0.1", 0)
                made = self._server.channel_class(
                    self._server, connection, place, self._server.adj, map=self._sockets
                )
                made.known = known  # before this thread, the loop's own, reads from it
            except OSError:  # the client has hung up in between
                connection.close()

        if not self._loop.call(begin):
            raise ConnectionRefusedError("the server is being stopped")

    def run(self) -> None:
        """Serve until `close` is called, or the thread is told to exit or interrupted."""
        self._loop.run(self._dispatcher.shutdown)

    def close(self) -> None:
        """Stop accepting and let `run` return; may be called from any thread, and twice."""
        self._loop.stop()


class _RefusedError(Error):  # type: ignore[misc]  # waitress carries no types
    """An error of waitress's that speaks JSON."""

    def __init__(self, error: ReplyError) -> None:
        super().__init__(error.reason)
        self._reply = error_reply(error)

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        body = self._reply.body
        assert isinstance(body, bytes), "an error is short"
        return self._reply.status_line, list(self._reply.headers.items()), body


class _Dropping:
    """A receiver of waitress's that counts a body and keeps none of it."""

    error = None

    def __init__(self, remaining: int) -> None:
        self._remaining = remaining

    @property
    def completed(self) -> bool:
        return self._remaining <= 0

    def received(self, piece: bytes) -> int:
        taken = min(len(piece), self._remaining)
        self._remaining -= taken
        return taken

    def __len__(self) -> int:
        return 0


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Receives one request."""

    body_rcv: Any
    error: Any
    expect_continue: bool

    def __init__(self, gate: Gate, clock: Clock, settings: Adjustments) -> None:
        super().__init__(settings)
        self._gate = gate
        self._body_bytes_max = 0
        self.clock = clock
        self.started = clock.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        admission = self._gate(self.command, self.request_uri, self.headers)
        self._body_bytes_max = admission.body_bytes_max
        if self.chunked or not self.content_length:
            return
        refusal = admission.refusal
        if refusal is None and self.content_length > admission.body_bytes_max:
            refusal = too_large()
        if refusal is None:
            return
        if self.expect_continue or self.content_length > DRAIN_BYTES_MAX:
            self.expect_continue = False
            self.error = _RefusedError(refusal)
            self.completed = True
        else:
            # The application will find the same reason, and the connection stays in use.
            self.body_rcv.getbuf().close()
            self.body_rcv = _Dropping(self.content_length)

    def received(self, piece: bytes) -> int:
        taken: int = super().received(piece)
        if self.chunked and self.body_bytes_received > self._body_bytes_max:
            self.error = _RefusedError(too_large())
            self.completed = True
        elif self.error is not None and not isinstance(self.error, _RefusedError):
            self.error = _RefusedError(
                ReplyError(self.error.code, "bad_request", self.error.body)
            )
        return taken

    def get_body_stream(self) -> Any:  # noqa: ANN401  # whatever waitress buffers in
        if isinstance(self.body_rcv, _Dropping):
            self.body_rcv = None
        return super().get_body_stream()

    def close(self) -> None:
        if not isinstance(self.body_rcv, _Dropping):
            super().close()

    def is_too_slow(self) -> bool:
        """Whether the client has taken longer for this request than anybody needs."""
        seconds = self.clock.monotonic() - self.started
        if not self.headers_finished:
            return seconds > HEAD_S_MAX
        return (
            seconds > BODY_GRACE_S
            and self.body_bytes_received < (seconds - BODY_GRACE_S) * BODY_BYTES_PER_S_MIN
        )


class _Task(WSGITask):  # type: ignore[misc]
    """One request."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ |= self.channel.known
        return environ


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection whose requests are judged early."""

    task_class = _Task
    known: Mapping[str, object] = MappingProxyType({})
    request: _Parser | None
    total_outbufs_len: int
    last_activity: float

    def is_stuck(self, now: float) -> bool:
        """Whether the client trickles its request, or does not take its answer."""
        if self.request is not None and self.request.is_too_slow():
            return True
        return self.total_outbufs_len > 0 and self.last_activity < now - SILENCE_S_MAX


def _channel(parser: Callable[[Adjustments], _Parser], *words: Any, **named: Any) -> _Channel:  # noqa: ANN401
    # Made with its parser in place: the first bytes may be there already.
    kind = type("_Channel", (_Channel,), {"parser_class": staticmethod(parser)})
    made: _Channel = kind(*words, **named)
    return made


class _Server(TcpWSGIServer):  # type: ignore[misc]
    """The listening socket."""

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_stuck(now):
                channel.will_close = True
