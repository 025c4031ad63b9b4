"""Links that die: both ends notice in time, whatever kind of death it is."""

from collections.abc import Callable

import pytest

from security.tunnel.accounting import TerminateCause
from security.tunnel.client import ClientSettings
from security.tunnel.errors import TunnelError
from tests.support.tunnels import (
    DEVICE,
    PATIENT,
    QUICK,
    Proxy,
    request,
    running_world,
    wait_for,
)

DEATHS = pytest.mark.parametrize("die", [Proxy.cut, Proxy.deafen, Proxy.freeze])
SILENCES = pytest.mark.parametrize("die", [Proxy.deafen, Proxy.freeze])


@DEATHS
def test_the_device_notices_a_dead_link_in_time(die: Callable[[Proxy], None]) -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        settings = ClientSettings(probing=QUICK)
        tunnel = world.client(address=proxy.address, settings=settings).connect()
        die(proxy)

        assert wait_for(lambda: not tunnel.is_alive, within_s=QUICK.silence_max_s + 5)
        tunnel.close()


@DEATHS
def test_the_gateway_notices_a_dead_link_in_time(die: Callable[[Proxy], None]) -> None:
    with running_world(probing=QUICK) as world, Proxy(world.gateway.address) as proxy:
        tunnel = world.client(address=proxy.address).connect()
        die(proxy)

        assert wait_for(world.stopped, within_s=QUICK.silence_max_s + 5)
        assert world.stopped()[0].acct_terminate_cause is TerminateCause.LOST_CARRIER
        proxy.cut()
        tunnel.close()


@SILENCES
def test_a_reader_on_a_silent_link_is_told(die: Callable[[Proxy], None]) -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        settings = ClientSettings(probing=QUICK)
        tunnel = world.client(address=proxy.address, settings=settings).connect()
        stream = tunnel.open()
        die(proxy)

        with pytest.raises(TunnelError):
            stream.recv(1)
        tunnel.close()


@SILENCES
def test_a_writer_on_a_silent_link_is_told(die: Callable[[Proxy], None]) -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        settings = ClientSettings(probing=QUICK)
        tunnel = world.client(address=proxy.address, settings=settings).connect()
        stream = tunnel.open()
        stream.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 500000000\r\n\r\n")
        die(proxy)

        with pytest.raises(TunnelError):
            stream.sendall(bytes(500_000_000))
        tunnel.close()


def test_an_idle_link_that_works_stays_up() -> None:
    with running_world(probing=QUICK) as world, Proxy(world.gateway.address) as proxy:
        settings = ClientSettings(probing=QUICK)
        with world.client(address=proxy.address, settings=settings).connect() as tunnel:
            before = proxy.passed
            probed = wait_for(lambda: proxy.passed > before + 2000, within_s=20)
            answer = request(tunnel.open(), "/echo", b"still here")

    assert probed
    assert answer == b"still here"


def test_probes_of_one_side_are_enough_for_both() -> None:
    with (
        running_world(probing=QUICK) as world,
        Proxy(world.gateway.address) as proxy,
        world.client(address=proxy.address).connect() as tunnel,
    ):
        before = proxy.passed
        probed = wait_for(lambda: proxy.passed > before + 1000, within_s=20)
        alive = tunnel.is_alive

    assert probed
    assert alive
    assert [row.acct_terminate_cause for row in world.stopped()] == [
        TerminateCause.USER_REQUEST
    ]


def test_a_link_that_is_doubted_and_silent_is_cut_within_the_time_for_doubt() -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        settings = ClientSettings(probing=PATIENT, doubt_s=1.5)
        tunnel = world.client(address=proxy.address, settings=settings).connect()
        proxy.deafen()
        tunnel.doubt()

        assert wait_for(lambda: not tunnel.is_alive, within_s=4)
        tunnel.close()


def test_a_link_that_is_doubted_and_works_stays() -> None:
    settings = ClientSettings(probing=PATIENT, doubt_s=1.5)
    with running_world() as world, world.client(settings=settings).connect() as tunnel:
        tunnel.doubt()
        cut = wait_for(lambda: not tunnel.is_alive, within_s=2.5)
        answer = request(tunnel.open(), "/echo", b"still here")

    assert not cut
    assert answer == b"still here"


def test_a_hub_that_answers_no_open_in_time_is_given_up() -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        tunnel = world.client(address=proxy.address).connect()
        proxy.deafen()
        with pytest.raises(TunnelError):
            tunnel.open(timeout_s=0.3)

        assert wait_for(lambda: not tunnel.is_alive)
        tunnel.close()


def test_closing_a_tunnel_on_a_silent_link_does_not_hang() -> None:
    with running_world(probing=QUICK) as world, Proxy(world.gateway.address) as proxy:
        tunnel = world.client(address=proxy.address).connect()
        proxy.freeze()
        tunnel.close()

        assert not tunnel.is_alive


def test_a_gateway_that_never_speaks_is_given_up() -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        proxy.deafen()
        settings = ClientSettings(connect_timeout_s=0.3, probing=PATIENT)
        client = world.client(address=proxy.address, settings=settings)

        with pytest.raises(TunnelError, match="no SSH answer in time"):
            client.connect()


def test_a_second_session_of_a_living_device_closes_the_first_and_raises_the_alarm() -> None:
    with running_world(probing=QUICK) as world:
        identity = world.identity()
        first = world.client(identity).connect()
        second = world.client(identity).connect()

        assert wait_for(lambda: not first.is_alive)
        assert wait_for(world.stopped)
        assert second.is_alive
        assert request(second.open(), "/echo", b"mine") == b"mine"
        assert [alarm.device for alarm in world.alarms] == [DEVICE]
        assert world.alarms[0].older_session_id == world.stopped()[0].acct_session_id
        assert world.stopped()[0].acct_terminate_cause is TerminateCause.PORT_PREEMPTED
        first.close()
        second.close()


def test_a_first_session_that_was_taken_over_opens_nothing_and_loses_its_streams() -> None:
    with running_world() as world, Proxy(world.gateway.address) as proxy:
        identity = world.identity()
        first = world.client(identity, address=proxy.address).connect()
        stream = first.open()
        second = world.client(identity).connect()

        assert wait_for(lambda: world.api.live == 0)
        with pytest.raises(TunnelError):
            stream.recv(1)
        with pytest.raises(TunnelError):
            first.open()
        first.close()
        second.close()


def test_a_reconnect_after_a_dead_link_wins_without_an_alarm() -> None:
    with running_world(proof_s=0.5) as world, Proxy(world.gateway.address) as proxy:
        identity = world.identity()
        first = world.client(identity, address=proxy.address).connect()
        proxy.deafen()
        second = world.client(identity).connect()
        assert request(second.open(), "/echo", b"back again") == b"back again"

        assert wait_for(world.stopped)
        assert world.stopped()[0].acct_terminate_cause is TerminateCause.LOST_CARRIER
        assert world.alarms == []
        assert second.is_alive
        proxy.cut()
        first.close()
        second.close()


def test_two_devices_do_not_disturb_each_other() -> None:
    with (
        running_world(probing=QUICK) as world,
        world.client(world.identity("120103001001-02")).connect() as one,
        world.client(world.identity("120103001001-03")).connect() as other,
    ):
        both = one.is_alive and other.is_alive

    assert both
    assert world.alarms == []
