"""The hub knows a device by the connection its gateway handed over, and by nothing else."""

import http.client
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.program import api_of
from security.tunnel.admission import Entrance
from security.tunnel.targets import Caller, Target
from sync.protocol.wire import CONTENT_TYPE
from sync.transports.http import PATH
from sync.transports.http_server import ExchangeServer
from tests.support.tunnels import DEVICE
from web.serving import PageServer
from web.settings import Address


def pages(_environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"pages"]


class Echo:
    """A request that is answered with the device it was taken for."""

    def __init__(self, device: str) -> None:
        self._device = device

    def feed(self, piece: bytes) -> None:
        """The pieces do not matter."""

    def keep(self) -> None:
        """There is nothing to keep."""

    def finish(self) -> bytes:
        return f"for {self._device}".encode()


@contextmanager
def running_hub() -> Iterator[tuple[PageServer, Entrance]]:
    server = PageServer(Address("127.0.0.1", 0), api_of(pages, pages, pages, pages))
    exchanges = ExchangeServer(Echo, server.adopt)
    server.start()
    try:
        yield server, exchanges.adopt
    finally:
        exchanges.stop()
        server.stop()


def ask(connection: socket.socket, path: str, headers: dict[str, str] | None = None) -> bytes:
    client = http.client.HTTPConnection("hub")
    client.sock = connection
    client.request("POST", path, b"", {"Content-Type": CONTENT_TYPE} | (headers or {}))
    answer = client.getresponse()
    content = answer.read()
    client.close()
    return content


def from_a_gateway(entrance: Entrance, target: Target) -> socket.socket:
    ours, theirs = socket.socketpair()
    entrance(theirs, Caller(DEVICE, target))
    return ours


def test_a_device_that_comes_for_exchanges_is_known() -> None:
    with running_hub() as (_, entrance):
        answer = ask(from_a_gateway(entrance, Target.SYNC), PATH)

    assert answer == f"for {DEVICE}".encode()


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "127.0.0.1"}])
def test_a_program_of_the_machine_is_no_device_whatever_it_claims(
    headers: dict[str, str],
) -> None:
    with (
        running_hub() as (server, _),
        socket.create_connection(("127.0.0.1", server.port)) as own,
    ):
        answer = ask(own, PATH, headers)

    assert answer == b"404 Not Found\n"


def test_a_program_behind_the_door_reaches_pages_and_speaks_for_no_device() -> None:
    with running_hub() as (_, entrance):
        shown = ask(from_a_gateway(entrance, Target.PAGES), "/")
        refused = ask(from_a_gateway(entrance, Target.PAGES), PATH)

    assert (shown, refused) == (b"pages", b"404 Not Found\n")


def test_a_device_that_comes_for_exchanges_sees_no_pages() -> None:
    with running_hub() as (_, entrance):
        answer = ask(from_a_gateway(entrance, Target.SYNC), "/")

    assert answer == b"404 Not Found\n"


@pytest.mark.parametrize("target", Target)
def test_a_hub_that_has_stopped_takes_no_connection(target: Target) -> None:
    with running_hub() as (_, entrance):
        pass

    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionRefusedError):
        entrance(theirs, Caller(DEVICE, target))
