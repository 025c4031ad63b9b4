"""What goes through a tunnel, and how its sessions are counted."""

import json
import logging
import os
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from paramiko.packet import Packetizer

from security.tunnel.accounting import StatusType, TerminateCause
from security.tunnel.channel import TunnelChannel
from security.tunnel.client import Tunnel, TunnelClient
from security.tunnel.errors import ListenError, TunnelError
from security.tunnel.forward import LocalForward
from tests.support.tunnels import (
    DEVICE,
    NOW,
    OTHER_DEVICE,
    Proxy,
    request,
    running_world,
    wait_for,
)

FIVE_MB = 5_000_000


def test_five_megabytes_arrive_whole_in_both_directions() -> None:
    body = os.urandom(FIVE_MB)

    with running_world() as world, world.client().connect() as tunnel:
        echoed = request(tunnel.open(), "/echo", body)

    assert echoed == body


def test_many_streams_share_one_tunnel() -> None:
    bodies = [os.urandom(200_000) for _ in range(12)]

    with (
        running_world() as world,
        world.client().connect() as tunnel,
        ThreadPoolExecutor(12) as pool,
    ):
        echoed = list(pool.map(lambda body: request(tunnel.open(), "/echo", body), bodies))

    assert echoed == bodies


def test_streams_survive_key_exchanges_in_the_middle(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "security.tunnel.wire")
    monkeypatch.setattr(Packetizer, "REKEY_BYTES", 300_000)
    bodies = [os.urandom(100_000) for _ in range(60)]

    with running_world() as world, world.client().connect() as tunnel:
        with ThreadPoolExecutor(8) as pool:
            echoed = list(pool.map(lambda body: request(tunnel.open(), "/echo", body), bodies))
        alive = tunnel.is_alive

    assert echoed == bodies
    assert alive
    assert caplog.messages.count("Switch to new keys ...") > 20


def test_a_half_closed_stream_still_answers() -> None:
    with running_world() as world, world.client().connect() as tunnel:
        stream = tunnel.open()
        stream.sendall(b"GET /zeros/3 HTTP/1.0\r\n\r\n")
        stream.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: stream.recv(100), b""))

    assert answer.endswith(b"\r\n\r\n\0\0\0")


def test_the_api_learns_which_device_asks() -> None:
    with (
        running_world() as world,
        world.client().connect() as one,
        world.client(world.identity(OTHER_DEVICE)).connect() as other,
    ):
        devices = [json.loads(request(tunnel.open(), "/device")) for tunnel in (one, other)]

    assert devices == [
        {"device": DEVICE, "target": "sync"},
        {"device": OTHER_DEVICE, "target": "sync"},
    ]


def test_a_program_of_the_hub_itself_is_no_device() -> None:
    with running_world() as world:
        url = f"http://127.0.0.1:{world.api.address[1]}/device"
        with urllib.request.urlopen(url, timeout=10) as answer:
            device = json.load(answer)

    assert device is None


def test_the_second_address_is_used_when_the_first_is_dead() -> None:
    with running_world() as world, socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
        closed.close()
        client = TunnelClient(
            [dead, world.gateway.address], world.identity(), [world.host_line()]
        )
        with client.connect() as tunnel:
            used = tunnel.address

    assert used == world.gateway.address


def test_a_session_is_recorded_from_start_to_stop() -> None:
    with running_world() as world:
        with world.client().connect() as tunnel:
            request(tunnel.open(), "/echo", bytes(50_000))
            live = world.gateway.sessions()
        assert wait_for(world.stopped)
        started, stopped = world.records

    assert started.acct_status_type is StatusType.START
    assert [row.acct_status_type for row in live] == [StatusType.INTERIM_UPDATE]
    assert stopped.acct_session_id == started.acct_session_id
    assert (stopped.user_name, stopped.certificate_serial) == (DEVICE, 7)
    assert stopped.acct_terminate_cause is TerminateCause.USER_REQUEST
    assert stopped.acct_input_octets > 50_000
    assert stopped.acct_output_octets > 50_000
    assert (stopped.channels_opened, stopped.channels_refused) == (1, 0)
    assert stopped.event_timestamp == NOW
    assert stopped.algorithms == "ssh-ed25519 aes256-gcm@openssh.com"


def test_a_hub_whose_api_is_down_says_so_at_once() -> None:
    with running_world() as world, world.client().connect() as tunnel:
        world.api.is_down = True
        with pytest.raises(TunnelError, match="cannot serve"):
            tunnel.open()

        assert tunnel.is_alive


def test_a_tunnel_can_be_closed_twice_and_then_opens_nothing() -> None:
    with running_world() as world:
        tunnel = world.client().connect()
        tunnel.close()
        tunnel.close()

        assert not tunnel.is_alive
        with pytest.raises(TunnelError):
            tunnel.open()


def test_stopping_the_gateway_ends_a_transfer_and_leaves_no_thread() -> None:
    with running_world() as world:
        tunnel = world.client().connect()
        stream = tunnel.open()
        stream.sendall(b"GET /zeros/500000000 HTTP/1.1\r\nHost: hub\r\n\r\n")
        stream.recv(1000)
        world.gateway.stop()

        with pytest.raises(TunnelError):
            read_all(stream)
        tunnel.close()

    assert [row.acct_terminate_cause for row in world.stopped()] == [
        TerminateCause.ADMIN_REBOOT
    ]


def test_a_port_in_use_gives_one_clear_line() -> None:
    with running_world() as world:
        port = world.gateway.address[1]
        with pytest.raises(ListenError) as caught, running_world(port=port):
            pass

    assert str(caught.value) == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert "port" in caught.value.hint


def test_the_pages_of_the_hub_open_at_a_local_port() -> None:
    with (
        running_world() as world,
        world.client().connect() as tunnel,
        LocalForward(lambda: tunnel) as forward,
    ):
        url = f"http://127.0.0.1:{forward.address[1]}"
        with urllib.request.urlopen(f"{url}/device", timeout=10) as answer:
            device = json.load(answer)
        with urllib.request.urlopen(f"{url}/zeros/{FIVE_MB}", timeout=10) as answer:
            size = len(answer.read())

    assert (device, size) == ({"device": DEVICE, "target": "pages"}, FIVE_MB)


def test_the_local_port_closes_connections_while_there_is_no_tunnel() -> None:
    def no_tunnel() -> Tunnel:
        raise TunnelError("not connected")

    with (
        LocalForward(no_tunnel) as forward,
        socket.create_connection(forward.address, 10) as connection,
    ):
        received = connection.recv(1)

    assert received == b""


def test_the_local_port_takes_only_so_many_connections() -> None:
    with (
        running_world() as world,
        world.client().connect() as tunnel,
        LocalForward(lambda: tunnel, connections_max=1) as forward,
        socket.create_connection(forward.address, 10),
    ):
        assert wait_for(lambda: world.api.live == 1)
        with socket.create_connection(forward.address, 10) as second:
            received = second.recv(1)

    assert received == b""


def test_closing_the_local_port_ends_its_connections() -> None:
    with running_world() as world, world.client().connect() as tunnel:
        forward = LocalForward(lambda: tunnel)
        forward.start()
        with socket.create_connection(forward.address, 10) as connection:
            assert wait_for(lambda: world.api.live == 1)
            forward.close()
            received = connection.recv(1)

        assert received == b""
        assert wait_for(lambda: world.api.live == 0)


def test_a_link_cut_in_the_middle_of_an_answer_is_an_error_and_no_end() -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        tunnel = world.client(address=proxy.address).connect()
        stream = tunnel.open()
        stream.sendall(b"GET /zeros/500000000 HTTP/1.1\r\nHost: hub\r\n\r\n")
        stream.recv(1000)
        proxy.cut()

        with pytest.raises(TunnelError):
            read_all(stream)
        tunnel.close()


def test_a_link_cut_in_the_middle_of_an_upload_is_an_error() -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        tunnel = world.client(address=proxy.address).connect()
        stream = tunnel.open()
        stream.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 500000000\r\n\r\n")
        proxy.cut()

        with pytest.raises(TunnelError):
            stream.sendall(bytes(500_000_000))
        tunnel.close()


def read_all(stream: TunnelChannel) -> None:
    while stream.recv(65536):
        pass
