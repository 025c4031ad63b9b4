"""Exchanges over real HTTP on real sockets, with a real server at the other end."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from security.tunnel.targets import Caller, Target
from sync.driver import UpstreamDriver
from sync.errors import PeerProtocolError, RefusedError, TransportError
from sync.protocol.frames import MESSAGE_BYTES_MAX
from sync.protocol.wire import CONTENT_TYPE
from sync.reception import Reception
from sync.transports import http
from sync.transports.http import PATH, HttpTransport
from sync.transports.http_server import ExchangeServer
from sync.wallclock import WallClock
from tests.support.tree import PATH as CASE_PATH
from tests.support.tree import STREET, VILLAGE, Tree, device_of

Dial = Callable[[], socket.socket]


class Hub:
    """The exchanges of one node behind a port, as a gateway hands them over."""

    def __init__(self, tree: Tree) -> None:
        self.devices: list[str] = []
        self._tree = tree

    @contextmanager
    def serving(self) -> Iterator[int]:
        """The port on which it answers until the block ends."""
        server = ExchangeServer(self._begin, closed)
        listener = socket.create_server(("127.0.0.1", 0))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    server.adopt(connection, Caller(device_of(VILLAGE), Target.SYNC))

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(10)
            server.stop()

    def _begin(self, device: str) -> Reception:
        self.devices.append(device)
        return self._tree[STREET].answering.reception(device)


def closed(connection: socket.socket, _caller: Caller) -> None:
    connection.close()


class Dialler:
    """Opens sockets to a port, counts them, and closes them at the end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.opened: list[socket.socket] = []

    def __call__(self) -> socket.socket:
        channel = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.opened.append(channel)
        return channel

    def close(self) -> None:
        for channel in self.opened:
            channel.close()


class CuttingChannel:
    """A socket whose link dies after so many bytes, whichever way they go."""

    def __init__(self, channel: socket.socket, bytes_left: int) -> None:
        self._channel = channel
        self._left = bytes_left

    def sendall(self, data: bytes) -> None:
        self._channel.sendall(data[: self._left])
        self._spend(len(data))

    def recv(self, count: int) -> bytes:
        received = self._channel.recv(count)
        self._spend(len(received))
        return received

    def settimeout(self, seconds: float | None) -> None:
        self._channel.settimeout(seconds)

    def close(self) -> None:
        self._channel.close()

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left <= 0:
            self._channel.close()
            raise ConnectionResetError("the link was cut")


class StubbornClock:
    """A clock on which every reading is a minute after the one before."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def now_ms(self) -> int:
        return int(self._seconds * 1_000)

    def monotonic(self) -> float:
        self._seconds += 60
        return self._seconds


@contextmanager
def dialling(port: int) -> Iterator[Dialler]:
    dialler = Dialler(port)
    try:
        yield dialler
    finally:
        dialler.close()


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """A peer that sends these bytes after each request, and then closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    _read_request(connection)
                    connection.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
    assert not thread.is_alive()


def _read_request(connection: socket.socket) -> None:
    # A connection that is closed with unread bytes takes the reply down with it.
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(4_096) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    while len(body) < length:
        body += connection.recv(4_096) or bytes(length)


def response(status: str, body: bytes, *, content_type: str = CONTENT_TYPE) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def driver_over(tree: Tree, dial: Callable[[], http.Channel]) -> UpstreamDriver:
    driver = tree.sync(VILLAGE)
    driver.transport = HttpTransport(dial, WallClock())
    driver.clock = WallClock()
    return driver


def post(port: int, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
    """The status that a request of any shape gets."""
    lines = [f"{method} {path} HTTP/1.1", "Host: hub"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return int(connection.recv(12)[9:12])


def test_both_ends_hold_everything_after_one_session_on_one_connection() -> None:
    tree = Tree()
    hub = Hub(tree)
    tree[VILLAGE].write(300)
    tree[STREET].write(20, path=CASE_PATH)

    with hub.serving() as port, dialling(port) as dialler:
        driver = driver_over(tree, dialler)
        report = driver.run_once()
        second = driver.run_once()

    assert (report.outcome, report.pushed, report.pulled) == ("done", 300, 20)
    assert second.round_trips == 1
    assert len(dialler.opened) == 1
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)
    assert set(hub.devices) == {device_of(VILLAGE)}


def test_a_link_that_dies_every_30_kilobytes_carries_everything_in_the_end() -> None:
    tree = Tree()
    hub = Hub(tree)
    tree[VILLAGE].write(250)
    tree[STREET].write(100, path=CASE_PATH)

    with hub.serving() as port, dialling(port) as dialler:
        driver = driver_over(tree, lambda: CuttingChannel(dialler(), 30_000))
        outcomes: list[str] = []
        while len(outcomes) < 60 and outcomes[-1:] != ["done"]:
            outcomes.append(driver.run_once().outcome)

    assert outcomes[-1] == "done"
    assert "link_lost" in outcomes
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)
    assert len(tree[STREET].ids) == 350


@pytest.mark.parametrize("cut", [1, 60, 300, 1_200, 2_000])
def test_a_cut_at_any_place_is_a_lost_link_and_harms_nothing(cut: int) -> None:
    tree = Tree()
    hub = Hub(tree)
    tree[VILLAGE].write(3)
    tree[STREET].write(5, path=CASE_PATH)

    with hub.serving() as port, dialling(port) as dialler:
        broken = driver_over(tree, lambda: CuttingChannel(dialler(), cut)).run_once()
        whole = driver_over(tree, dialler).run_once()

    assert (broken.outcome, broken.error_code) == ("link_lost", "TransportError")
    assert whole.outcome == "done"
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_a_hub_that_began_anew_while_the_link_rested_is_called_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "STALE_AFTER_S", 0.0)
    tree = Tree()
    hub = Hub(tree)
    with hub.serving() as port, dialling(port) as first:
        driver = driver_over(tree, first)
        driver.run_once()
    tree[VILLAGE].write(1)

    with hub.serving() as port, dialling(port) as second:
        first.port = second.port
        report = driver.run_once()
        first.close()

    assert report.outcome == "done"
    assert tree[STREET].ids == tree[VILLAGE].ids


def test_a_hub_that_cannot_be_reached_is_a_lost_link() -> None:
    tree = Tree()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    report = driver_over(tree, Dialler(port)).run_once()

    assert (report.outcome, report.bytes_sent) == ("link_lost", 0)
    assert report.error.startswith("the unit above cannot be reached")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", TransportError),
        (b"SSH-2.0-OpenSSH_9.2\r\n", TransportError),
        (response("200 OK", b"whole")[:-2], TransportError),
        (response("503 Service Unavailable", b""), TransportError),
        (response("403 Forbidden", b""), RefusedError),
        (response("404 Not Found", b""), PeerProtocolError),
        (response("200 OK", b"<html>", content_type="text/html"), PeerProtocolError),
        (response("200 OK", bytes(MESSAGE_BYTES_MAX + 1)), PeerProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n", TransportError),
    ],
    ids=["nothing", "ssh", "cut", "503", "403", "404", "a page", "too long", "headers"],
)
def test_what_is_not_an_answer_is_an_error_of_its_kind(
    reply: bytes, error: type[Exception]
) -> None:
    with answering(reply) as port, dialling(port) as dialler:
        transport = HttpTransport(dialler, WallClock())

        with pytest.raises(error):
            transport.exchange(b"PRF1", bytes)


def test_a_silent_peer_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SILENCE_S_MAX", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        dialling(listener.getsockname()[1]) as dialler,
    ):
        transport = HttpTransport(dialler, WallClock())

        with pytest.raises(TransportError, match="timed out"):
            transport.exchange(b"PRF1", bytes)


def test_a_peer_that_drips_is_left_when_the_exchange_takes_too_long() -> None:
    with answering(response("200 OK", b"x")) as port, dialling(port) as dialler:
        transport = HttpTransport(dialler, StubbornClock())

        with pytest.raises(TransportError, match="longer than 300 s"):
            transport.exchange(bytes(200_000), bytes)


def test_the_path_takes_exchanges_and_nothing_else() -> None:
    frames = {"Content-Type": CONTENT_TYPE, "Content-Length": "4"}
    too_long = {**frames, "Content-Length": str(MESSAGE_BYTES_MAX + 1)}

    with Hub(Tree()).serving() as port:
        statuses = [
            post(port, "POST", PATH, frames, b"PRF1"),
            post(port, "POST", PATH, {**frames, "Content-Type": "text/plain"}, b"PRF1"),
            post(port, "POST", PATH, too_long, b""),
        ]

    assert statuses == [200, 415, 413]


def test_what_came_before_a_cut_is_not_sent_again() -> None:
    tree = Tree()
    hub = Hub(tree)
    tree[VILLAGE].write(200)
    sizes: list[int] = []

    with hub.serving() as port, dialling(port) as dialler:
        driver = driver_over(tree, lambda: CuttingChannel(dialler(), 20_000))
        while (report := driver.run_once()).outcome != "done":
            sizes.append(report.bytes_sent)
            assert len(sizes) < 40

    assert tree[STREET].ids == tree[VILLAGE].ids
    assert len(sizes) <= 5


def test_what_came_of_an_answer_before_a_cut_is_not_asked_for_again() -> None:
    tree = Tree()
    hub = Hub(tree)
    tree[STREET].write(200, path=CASE_PATH)
    pulled: list[int] = []

    with hub.serving() as port, dialling(port) as dialler:
        driver = driver_over(tree, lambda: CuttingChannel(dialler(), 20_000))
        while (report := driver.run_once()).outcome != "done":
            pulled.append(report.pulled)
            assert len(pulled) < 40

    assert set(tree[STREET].ids) == set(tree[VILLAGE].ids)
    assert min(pulled) > 0
    assert sum(pulled) + report.pulled == 200
