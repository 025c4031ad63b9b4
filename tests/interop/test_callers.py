"""The hub knows a device by the connection its gateway handed over, and by nothing else."""

import http.client
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.program import api_of, sync_device
from security.tunnel.targets import Caller, Target
from sync.protocol.wire import CONTENT_TYPE
from sync.transports.http import PATH, ExchangeApplication
from tests.support.tunnels import DEVICE
from web.serving import PageServer
from web.settings import Address


def pages(_environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"pages"]


@contextmanager
def running_hub() -> Iterator[PageServer]:
    exchange = ExchangeApplication(lambda _body, device: f"for {device}".encode(), sync_device)
    server = PageServer(Address("127.0.0.1", 0), api_of(pages, exchange, pages))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask(connection: socket.socket, path: str, headers: dict[str, str] | None = None) -> bytes:
    client = http.client.HTTPConnection("hub")
    client.sock = connection
    client.request("POST", path, b"", {"Content-Type": CONTENT_TYPE} | (headers or {}))
    answer = client.getresponse()
    content = answer.read()
    client.close()
    return content


def from_a_gateway(server: PageServer, target: Target) -> socket.socket:
    ours, theirs = socket.socketpair()
    server.adopt(theirs, Caller(DEVICE, target))
    return ours


def test_a_device_that_comes_for_exchanges_is_known() -> None:
    with running_hub() as server:
        answer = ask(from_a_gateway(server, Target.SYNC), PATH)

    assert answer == f"for {DEVICE}".encode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-For": "127.0.0.1"},
        {"postroad.caller": DEVICE},
        {"Postroad_Caller": DEVICE},
    ],
)
def test_a_program_of_the_machine_is_no_device_whatever_it_claims(
    headers: dict[str, str],
) -> None:
    with running_hub() as server, socket.create_connection(("127.0.0.1", server.port)) as own:
        answer = ask(own, PATH, headers)

    assert answer == b"403 Forbidden\n"


def test_a_program_behind_the_door_reaches_pages_and_speaks_for_no_device() -> None:
    with running_hub() as server:
        shown = ask(from_a_gateway(server, Target.PAGES), "/")
        refused = ask(from_a_gateway(server, Target.PAGES), PATH)

    assert (shown, refused) == (b"pages", b"403 Forbidden\n")


def test_a_device_that_comes_for_exchanges_sees_no_pages() -> None:
    with running_hub() as server:
        answer = ask(from_a_gateway(server, Target.SYNC), "/")

    assert answer == b"404 Not Found\n"


def test_a_server_that_has_stopped_takes_no_connection() -> None:
    with running_hub() as server:
        pass

    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionRefusedError):
        server.adopt(theirs, Caller(DEVICE, Target.SYNC))
