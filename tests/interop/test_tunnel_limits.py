"""What a gateway lets one peer take: time before the login, connections, streams, memory."""

import socket
from collections.abc import Callable

import paramiko
import pytest

from security.tunnel.accounting import TerminateCause
from security.tunnel.errors import TunnelError
from tests.support.tunnels import (
    OTHER_DEVICE,
    logged_in,
    plain_client,
    read_to_end,
    request,
    running_world,
    wait_for,
)


def test_connections_that_never_speak_are_dropped_at_the_deadline() -> None:
    with running_world(login_deadline_s=0.5) as world:
        silent = [socket.create_connection(world.gateway.address, 10) for _ in range(20)]
        ends = [read_to_end(connection) for connection in silent]

    assert all(end.startswith(b"SSH-2.0-postroad") for end in ends)


def test_a_client_that_never_logs_in_is_dropped_at_the_deadline() -> None:
    with running_world(login_deadline_s=0.5) as world, plain_client(world) as transport:
        assert wait_for(lambda: not transport.is_active())


def test_one_address_may_have_only_so_many_unfinished_logins() -> None:
    with running_world(pending_per_address_max=3, login_deadline_s=5.0) as world:
        waiting = [socket.create_connection(world.gateway.address, 10) for _ in range(3)]
        for connection in waiting:
            connection.recv(4)
        extra = socket.create_connection(world.gateway.address, 10)
        refused = read_to_end(extra)
        for connection in waiting:
            connection.close()

    assert refused == b""


def test_only_so_many_sessions_live_at_once() -> None:
    with running_world(sessions_max=1) as world, world.client().connect() as tunnel:
        with pytest.raises(TunnelError):
            world.client(world.identity(OTHER_DEVICE)).connect()

        assert request(tunnel.open(), "/echo", b"undisturbed") == b"undisturbed"


def test_a_device_may_have_only_so_many_streams() -> None:
    with running_world(channels_per_session_max=2) as world, world.client().connect() as tunnel:
        streams = [tunnel.open(), tunnel.open()]
        with pytest.raises(TunnelError, match="cannot serve another stream"):
            tunnel.open()
        streams[0].close()

        assert wait_for(lambda: world.api.live == 1)
        assert wait_for(lambda: opens(tunnel.open))


def test_a_flood_before_the_login_is_cut_off() -> None:
    with running_world() as world, plain_client(world) as transport:

        def ignore_me(filling: bytes) -> None:
            message = paramiko.Message(paramiko.common.cMSG_IGNORE + filling)
            transport.packetizer.send_message(message)

        with pytest.raises((EOFError, OSError)):
            pour(ignore_me)


def test_a_device_that_ignores_the_window_is_cut_off() -> None:
    with running_world() as world, logged_in(world) as transport:
        stream = transport.open_channel("direct-tcpip", world.target(), ("127.0.0.1", 0))
        stream.sendall(b"GET /zeros/500000000 HTTP/1.1\r\nHost: hub\r\n\r\n")
        stream.out_window_size = 1 << 40
        with pytest.raises((EOFError, OSError)):
            pour(stream.sendall)
        assert wait_for(world.stopped)

    assert world.stopped()[0].acct_terminate_cause is TerminateCause.USER_ERROR


def opens(open_stream: Callable[[], object]) -> bool:
    try:
        open_stream()
    except TunnelError:
        return False
    return True


def pour(send: Callable[[bytes], object]) -> None:
    """Send 300 MB and more, if they let us."""
    for _ in range(10_000):
        send(bytes(30_000))
