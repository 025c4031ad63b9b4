"""A link of the demonstration: it carries bytes, counts them, and fails on demand."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from postroad.demo.errors import DemoError
from postroad.demo.links import Link

LIMIT_S = 5.0


class Echo:
    """A server on loopback that sends back what it gets."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while received := connection.recv(4096):
                    connection.sendall(received)
            except OSError:
                return


@pytest.fixture
def link() -> Iterator[Link]:
    with closing(Echo()) as echo, closing(Link("120103001001", free(), echo.address)) as made:
        made.start()
        yield made


def free() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        host, port = probe.getsockname()
    return host, port


def dial(link: Link) -> socket.socket:
    return socket.create_connection(link.address, LIMIT_S)


def received(client: socket.socket, count: int) -> bytes:
    """As many bytes as asked for, or those before the end of the connection."""
    gathered = b""
    try:
        while len(gathered) < count and (piece := client.recv(count - len(gathered))):
            gathered += piece
    except ConnectionError:
        pass
    return gathered


def test_bytes_pass_both_ways_and_are_counted(link: Link) -> None:
    with dial(link) as client:
        client.sendall(b"a case" * 1000)

        assert received(client, 6000) == b"a case" * 1000
        assert (link.traffic.up, link.traffic.down) == (6000, 6000)
        assert link.traffic.connections == 1


def test_a_link_that_goes_down_ends_its_connections_and_takes_no_new_ones(link: Link) -> None:
    with dial(link) as client:
        client.sendall(b"before")
        assert received(client, 6) == b"before"

        link.take_down()

        assert received(client, 1) == b""
    with dial(link) as refused:
        assert received(refused, 1) == b""
    assert link.traffic.drops == 1


def test_a_link_that_comes_up_again_carries_bytes(link: Link) -> None:
    link.take_down()
    link.bring_up()

    with dial(link) as client:
        client.sendall(b"again")

        assert received(client, 5) == b"again"


def test_a_stalled_link_holds_bytes_back_and_loses_none(link: Link) -> None:
    with dial(link) as client:
        client.sendall(b"one")
        assert received(client, 3) == b"one"
        link.stall()
        client.sendall(b"two")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)

        link.bring_up()

        client.settimeout(LIMIT_S)
        assert received(client, 3) == b"two"
        assert link.traffic.stalls == 1


def test_a_cut_comes_after_exactly_as_many_bytes_and_only_once(link: Link) -> None:
    link.cut_after(1000)
    with dial(link) as client:
        client.sendall(b"x" * 4000)

        assert received(client, 4000) == b""
    assert (link.traffic.up, link.traffic.cuts) == (1000, 1)
    with dial(link) as client:
        client.sendall(b"x" * 4000)
        assert received(client, 4000) == b"x" * 4000
    assert link.traffic.cuts == 1


def test_a_link_without_its_far_end_refuses_and_goes_on() -> None:
    with closing(Link("120103001001", free(), free())) as link:
        link.start()
        with dial(link) as client:
            assert received(client, 1) == b""
        with dial(link) as client:
            assert received(client, 1) == b""


def test_a_port_that_is_taken_is_an_error_and_not_a_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        host, port = other.getsockname()

        with pytest.raises(DemoError) as raised:
            Link("120103001001", (host, port), (host, port))

    assert raised.value.key == "demo.port_taken"
