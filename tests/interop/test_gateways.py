"""One suite for both gateways: what a device may do, and that nobody may do more."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import paramiko
import pytest
from paramiko.packet import Packetizer

from security.errors import TrustError
from security.sshcert import Certificate
from security.tunnel.accounting import TerminateCause
from security.tunnel.channel import TunnelChannel
from security.tunnel.client import ClientSettings, Tunnel
from security.tunnel.errors import LoginRefusedError, TunnelError
from security.tunnel.openssh.krl import NEVER_ISSUED
from security.tunnel.restrictions import TRIALS, Subject, prove_one
from security.tunnel.watchdog import Probing
from tests.support.sshd import running_sshd
from tests.support.tunnels import (
    DEVICE,
    Proxy,
    World,
    plain_client,
    request,
    running_world,
    wait_for,
)

TALKATIVE = Probing(interval_s=0.4, silent_intervals_max=10)

KINDS: dict[str, Callable[..., AbstractContextManager[World]]] = {
    "embedded": running_world,
    "openssh": running_sshd,
}
BOTH = pytest.mark.parametrize("start", KINDS.values(), ids=KINDS)


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A gateway that many trials share; each leaves it as it was."""
    with KINDS[request.param]() as started:
        started.revoked_serials.add(NEVER_ISSUED)
        yield started


@pytest.mark.parametrize("trial", TRIALS)
def test_a_gateway_stands_every_trial(world: World, trial: str) -> None:
    def only_ours(device: str, _certificate: Certificate) -> None:
        if device != DEVICE:
            raise TrustError("unknown")

    world.authorise_more = only_ours
    subject = Subject(
        world.address, world.ca, DEVICE, 1000 + list(TRIALS).index(trial), world.now
    )

    finding = prove_one(trial, subject)

    assert finding.held, finding.seen


def test_a_device_is_named_on_both_its_targets(world: World) -> None:
    with world.client(world.identity(serial=1)).connect() as tunnel:
        told = json.loads(request(tunnel.open(), "/device"))

    assert (told["device"], told["target"]) == (DEVICE, "sync")


def test_a_revoked_device_is_refused(world: World) -> None:
    world.revoked_devices.add("120103001009-01")
    with pytest.raises(LoginRefusedError):
        world.client(world.identity("120103001009-01")).connect()


def test_two_hundred_half_open_connections_keep_nobody_out_for_long(world: World) -> None:
    waiting = [socket.create_connection(world.address, 10) for _ in range(200)]
    for connection in waiting:
        connection.close()

    assert wait_for(lambda: comes_in(world), within_s=20)


@BOTH
def test_whoever_is_silent_after_the_key_exchange_is_dropped(
    start: Callable[..., AbstractContextManager[World]],
) -> None:
    with start(login_deadline_s=2) as world, plain_client(world) as transport:
        assert wait_for(lambda: not transport.is_active())


@BOTH
def test_a_login_under_way_does_not_wait_for_those_that_are_half_open(
    start: Callable[..., AbstractContextManager[World]],
) -> None:
    with start() as world:
        half_open = [socket.create_connection(world.address, 10) for _ in range(20)]
        came_in = comes_in(world)
        for connection in half_open:
            connection.close()

    assert came_in


@BOTH
def test_streams_survive_key_exchanges_under_load(
    start: Callable[..., AbstractContextManager[World]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Packetizer, "REKEY_BYTES", 3_000_000)
    body = os.urandom(2_000_000)
    with start() as world, world.client().connect() as tunnel, ThreadPoolExecutor(4) as pool:
        echoed = list(pool.map(lambda _: request(tunnel.open(), "/echo", body), range(12)))

    assert all(one == body for one in echoed)


@BOTH
def test_a_session_is_accounted_for_from_start_to_stop(
    start: Callable[..., AbstractContextManager[World]],
) -> None:
    with start() as world:
        with world.client().connect() as tunnel:
            request(tunnel.open(), "/echo", bytes(200_000))
            with pytest.raises(paramiko.ChannelException):
                ask_for_a_shell_port(tunnel)
            live = world.gateway.sessions()
        assert wait_for(world.stopped)
        started, stopped = world.records

    assert [row.acct_session_id for row in live] == [started.acct_session_id]
    assert stopped.acct_session_id == started.acct_session_id
    assert (stopped.user_name, stopped.certificate_serial) == (DEVICE, 7)
    assert stopped.calling_station_id.startswith("127.0.0.1:")
    assert stopped.acct_terminate_cause is TerminateCause.USER_REQUEST
    assert 200_000 < stopped.acct_input_octets < 260_000
    assert 200_000 < stopped.acct_output_octets < 260_000
    assert (stopped.channels_opened, stopped.channels_refused) == (1, 1)


@BOTH
def test_a_revocation_ends_the_live_session_and_the_next_login(
    start: Callable[..., AbstractContextManager[World]],
) -> None:
    with start() as world, world.client().connect() as tunnel:
        assert wait_for(lambda: world.records)
        world.revoked_devices.add(DEVICE)

        assert world.gateway.close_device(DEVICE)
        assert wait_for(lambda: not tunnel.is_alive)
        assert wait_for(world.stopped)
        assert world.stopped()[0].acct_terminate_cause is TerminateCause.ADMIN_RESET
        with pytest.raises(LoginRefusedError):
            world.client().connect()


@BOTH
def test_a_second_machine_under_one_device_raises_the_alarm_and_stays_alone(
    start: Callable[..., AbstractContextManager[World]],
) -> None:
    settings = ClientSettings(probing=TALKATIVE)
    with start() as world:
        identity = world.identity()
        first = world.client(identity, settings=settings).connect()
        assert wait_for(lambda: world.records)
        second = world.client(identity, settings=settings).connect()

        assert wait_for(lambda: not first.is_alive, within_s=20)
        assert wait_for(world.stopped)
        assert second.is_alive
        assert [alarm.device for alarm in world.alarms] == [DEVICE]
        assert world.stopped()[0].acct_terminate_cause is TerminateCause.PORT_PREEMPTED
        first.close()
        second.close()


@BOTH
def test_a_reconnect_after_a_silent_link_raises_no_alarm(
    start: Callable[..., AbstractContextManager[World]],
) -> None:
    with start(proof_s=3) as world, Proxy(world.address) as proxy:
        identity = world.identity()
        first = world.client(identity, address=proxy.address).connect()
        assert wait_for(lambda: world.records)
        proxy.deafen()
        second = world.client(identity).connect()

        assert wait_for(world.stopped, within_s=20)
        assert world.stopped()[0].acct_terminate_cause is TerminateCause.LOST_CARRIER
        assert world.alarms == []
        assert second.is_alive
        proxy.cut()
        first.close()
        second.close()


@BOTH
def test_seven_hundred_megabytes_pass_each_way(
    start: Callable[..., AbstractContextManager[World]],
) -> None:
    size = 700_000_000
    with start() as world, world.client().connect() as tunnel:
        down = tunnel.open()
        down.sendall(b"GET /zeros/%d HTTP/1.0\r\n\r\n" % size)
        received = drained(down)
        up = tunnel.open()
        up.sendall(b"POST /swallow HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % size)
        piece = bytes(1 << 20)
        for _ in range(size // len(piece)):
            up.sendall(piece)
        up.sendall(bytes(size % len(piece)))
        answer = b"".join(iter(lambda: up.recv(1000), b""))

    assert received > size
    assert answer.endswith(str(size).encode())


def comes_in(world: World) -> bool:
    try:
        with world.client(world.identity(serial=2)).connect():
            return True
    except TunnelError:
        return False


def ask_for_a_shell_port(tunnel: Tunnel) -> None:
    """Ask for what is forbidden, as a client that was tampered with would."""
    tunnel._transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 0))


def drained(stream: TunnelChannel) -> int:
    return sum(map(len, iter(lambda: stream.recv(1 << 18), b"")))
