"""Exchanges over HTTP/1.1: the client, on any byte channel, and a small server's side for WSGI.

The channel is whatever a tunnel or a socket gives. It is kept open between exchanges, because
opening one costs a round trip.
"""

import http.client
import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from security.errors import SecurityError
from sync.errors import PeerProtocolError, RefusedError, TransportError
from sync.ports import Clock
from sync.protocol.frames import MESSAGE_BYTES_MAX
from sync.protocol.wire import CONTENT_TYPE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/sync/v1/exchange"
SILENCE_S_MAX = 30.0
"""A link on which no byte moved for so long is dead, however slow it is."""

STALE_AFTER_S = 10.0
"""After so long without use a channel may have been closed by the far end unseen."""

EXCHANGE_S_MAX = 300.0
"""A batch is sized to take about 3 s; a peer that takes a hundred times as long is stalling."""

_PIECE_BYTES = 16 << 10
_SENT_BYTES = 4 << 10
"""Through a tunnel each piece is a packet, and a packet that is cut is lost whole."""
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_CLOSED_TO_US = frozenset({401, 403})


class Channel(Protocol):
    """A two-way stream of bytes: a socket, or a channel of an SSH connection."""

    def sendall(self, data: bytes, /) -> object:
        """Send all bytes."""
        ...

    def recv(self, count: int, /) -> bytes:
        """At most `count` bytes; none at the end."""
        ...

    def settimeout(self, seconds: float | None, /) -> object:
        """How long one call may be silent before it raises `TimeoutError`."""
        ...

    def close(self) -> object:
        """Release the channel."""
        ...


class HttpTransport:
    """Exchanges with the API of the unit above. Used by one thread at a time.

    Args of the constructor: `dial` opens a channel to the API and raises `OSError`,
    `TransportError` or `RefusedError` if it cannot; `host` is the name in the request,
    `path` and `content_type` what is spoken there.
    """

    def __init__(
        self,
        dial: Callable[[], Channel],
        clock: Clock,
        *,
        host: str = "hub",
        path: str = PATH,
        content_type: str = CONTENT_TYPE,
    ) -> None:
        self._dial = dial
        self._clock = clock
        self._host = host
        self._path = path
        self._content_type = content_type
        self._channel: Channel | None = None
        self._used_at = 0.0

    def connect(self) -> None:
        """Open a channel unless one is open.

        Raises:
            TransportError: There is no way to the unit above.
        """
        if self._channel is not None:
            return
        try:
            channel = self._dial()
            channel.settimeout(SILENCE_S_MAX)
        except (OSError, EOFError) as error:
            raise TransportError(f"the unit above cannot be reached: {error}") from error
        self._channel = channel
        self._used_at = self._clock.monotonic()

    def exchange(self, body: bytes, receive: Callable[[bytes], object]) -> None:
        """Post one message, and hand the answer's bytes over as they come.

        A channel that rested for a while may have been closed by the far end meanwhile. Then
        the request is sent once more on a new one, which is harmless: an exchange that arrives
        twice stores nothing twice.

        Raises:
            TransportError: The link broke or was silent too long, or the server is in trouble.
            RefusedError: The server does not let this device in.
            PeerProtocolError: The answer is not one of this protocol.
        """
        self.connect()
        may_be_stale = self._clock.monotonic() - self._used_at > STALE_AFTER_S
        answer = _Counted(receive)
        try:
            self._post(body, answer)
        except TransportError:
            self.close()
            if not may_be_stale or answer.bytes:
                raise
        except (RefusedError, PeerProtocolError):
            self.close()
            raise
        else:
            return
        self.connect()
        try:
            self._post(body, answer)
        except (TransportError, RefusedError, PeerProtocolError):
            self.close()
            raise

    def ask(self, body: bytes) -> bytes:
        """Post one message and give its whole answer; raises as `exchange` does."""
        answer = bytearray()
        self.exchange(body, answer.extend)
        return bytes(answer)

    def close(self) -> None:
        """Release the channel; the next exchange opens another."""
        channel, self._channel = self._channel, None
        if channel is not None:
            try:
                channel.close()
            except (OSError, EOFError, SecurityError):
                return

    def _post(self, body: bytes, answer: "_Counted") -> None:
        channel = self._channel
        assert channel is not None, "posting without a channel"
        deadline = self._clock.monotonic() + EXCHANGE_S_MAX
        connection = http.client.HTTPConnection(self._host)
        # The attribute is the socket in use; ours has the methods that are called.
        connection.sock = _ChannelSocket(channel, lambda: self._check_time(deadline))
        try:
            connection.request(
                "POST",
                self._path,
                body,
                {"Content-Type": self._content_type, "Accept-Encoding": "identity"},
            )
            response = connection.getresponse()
            self._read(response, answer)
        except (OSError, EOFError, SecurityError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise TransportError(f"the link to the unit above broke: {reason}") from error
        self._used_at = self._clock.monotonic()
        if response.will_close:
            self.close()

    def _read(self, response: http.client.HTTPResponse, answer: "_Counted") -> None:
        if response.status in _TRY_AGAIN:
            raise TransportError(f"the unit above is in trouble: HTTP status {response.status}")
        if response.status in _CLOSED_TO_US:
            raise RefusedError("forbidden", "the unit above does not let this device in")
        if (
            response.status != http.client.OK
            or response.headers.get_content_type() != self._content_type
        ):
            raise PeerProtocolError(
                f"the unit above does not answer as a hub: HTTP status {response.status}"
            )
        while piece := response.read1(_PIECE_BYTES):
            if answer.bytes + len(piece) > MESSAGE_BYTES_MAX:
                raise PeerProtocolError("the answer is longer than 8 MiB")
            answer.take(piece)
        if response.length:
            raise TransportError("the answer was cut before its end")

    def _check_time(self, deadline: float) -> None:
        if self._clock.monotonic() > deadline:
            raise TransportError(f"an exchange took longer than {EXCHANGE_S_MAX:.0f} s")


class _Counted:
    """Whoever takes an answer, and how much of it was handed over."""

    def __init__(self, receive: Callable[[bytes], object]) -> None:
        self._receive = receive
        self.bytes = 0

    def take(self, piece: bytes) -> None:
        self.bytes += len(piece)
        self._receive(piece)


class _ChannelSocket:
    """What `http.client` uses of a socket, on a channel that outlives the connection object."""

    def __init__(self, channel: Channel, check_time: Callable[[], None]) -> None:
        self._channel = channel
        self._check_time = check_time

    def sendall(self, sent: bytes) -> None:
        # In pieces, because the timeout of a socket holds for a whole call: a slow link that
        # moves is not a silent one.
        for start in range(0, len(sent), _SENT_BYTES):
            self._check_time()
            self._channel.sendall(sent[start : start + _SENT_BYTES])

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_ChannelReader(self._channel, self._check_time), _PIECE_BYTES)

    def close(self) -> None:
        """The transport closes the channel; `http.client` would do it before reading on."""


class _ChannelReader(io.RawIOBase):
    """The receiving half of a channel as a raw stream."""

    def __init__(self, channel: Channel, check_time: Callable[[], None]) -> None:
        super().__init__()
        self._channel = channel
        self._check_time = check_time

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        self._check_time()
        received = self._channel.recv(len(buffer))
        buffer[: len(received)] = received
        return len(received)


class ExchangeApplication:
    """The server's side as a WSGI application for exactly one path.

    Args of the constructor: `answer` takes a request body and the id of the authenticated
    device and gives the answer's bytes; `device_of` names the device of a request, or None if
    the tunnel did not authenticate one.
    """

    def __init__(
        self,
        answer: Callable[[bytes, str], bytes],
        device_of: "Callable[[WSGIEnvironment], str | None]",
        *,
        path: str = PATH,
        content_type: str = CONTENT_TYPE,
    ) -> None:
        self._path = path
        self._content_type = content_type
        self._answer = answer
        self._device_of = device_of

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request; what is not an exchange gets a status and one line."""
        device = self._device_of(environ)
        if environ.get("PATH_INFO") != self._path:
            return line(start_response, "404 Not Found")
        if environ.get("REQUEST_METHOD") != "POST":
            return line(start_response, "405 Method Not Allowed")
        if device is None:
            return line(start_response, "403 Forbidden")
        if environ.get("CONTENT_TYPE") != self._content_type:
            return line(start_response, "415 Unsupported Media Type")
        length = str(environ.get("CONTENT_LENGTH", ""))
        if not (length.isascii() and length.isdigit()):
            return line(start_response, "411 Length Required")
        if int(length) > MESSAGE_BYTES_MAX:
            return line(start_response, "413 Content Too Large")
        body = b"".join(_pieces(environ["wsgi.input"], int(length)))
        answer = self._answer(body, device)
        start_response(
            "200 OK",
            [("Content-Type", self._content_type), ("Content-Length", str(len(answer)))],
        )
        return [answer]


class _Input(Protocol):
    def read(self, count: int, /) -> bytes: ...


def _pieces(stream: _Input, length: int) -> Iterator[bytes]:
    while length > 0 and (piece := stream.read(min(length, _PIECE_BYTES))):
        length -= len(piece)
        yield piece


def line(start_response: "StartResponse", status: str) -> list[bytes]:
    """Answer with a status and nothing else."""
    text = status.encode("ascii") + b"\n"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]
