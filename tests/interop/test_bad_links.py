"""Links as villages have them: silent loss, new addresses, long ways, little bandwidth."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from security.tunnel.accounting import TerminateCause
from security.tunnel.channel import TunnelChannel
from security.tunnel.client import ClientSettings, Tunnel
from security.tunnel.errors import LoginRefusedError, TunnelError
from security.tunnel.watchdog import Probing
from sync.protocol.backoff import RetrySchedule
from tests.support.netns import HUB_HOST, Cable, cable
from tests.support.slowlink import delayed
from tests.support.tunnels import World, request, running_world, wait_for

SHORT = Probing(interval_s=0.5, silent_intervals_max=4)
NODES = 149
"""Outposts of one district that lost power together."""


class Field:
    """A hub and a node with a cable between them; sockets are made on their own sides."""

    def __init__(self, world: World, between: Cable) -> None:
        self.world = world
        self.cable = between
        self.identity = world.identity()

    def connect(self, settings: ClientSettings | None = None) -> Tunnel:
        client = self.world.client(
            self.identity, settings=settings or ClientSettings(probing=SHORT)
        )
        with self.cable.inside(self.cable.node):
            return client.connect()


@pytest.fixture
def field() -> Iterator[Field]:
    with cable() as between:
        world = running_world(host=HUB_HOST, probing=SHORT, proof_s=2.0)
        with between.inside(between.hub):
            started = world.__enter__()
        try:
            yield Field(started, between)
        finally:
            world.__exit__(None, None, None)


def test_silent_loss_is_noticed_at_both_ends_in_time(field: Field) -> None:
    tunnel = field.connect()
    assert wait_for(lambda: field.world.records)
    field.cable.lose_everything()
    began = time.monotonic()

    assert wait_for(lambda: not tunnel.is_alive and field.world.stopped(), within_s=10)
    took = time.monotonic() - began
    assert took < SHORT.silence_max_s + 2 * SHORT.wake_s + 1
    assert field.world.stopped()[0].acct_terminate_cause is TerminateCause.LOST_CARRIER
    tunnel.close()


def test_a_dead_link_is_found_within_60_s_and_within_15_s_when_set_so() -> None:
    assert Probing().silence_max_s <= 60
    assert ClientSettings().user_timeout_s <= 60
    assert replace(Probing(), interval_s=5.0).silence_max_s <= 15


def test_an_address_that_changes_in_mid_session_costs_one_reconnect_and_no_alarm(
    field: Field,
) -> None:
    first = field.connect()
    assert wait_for(lambda: field.world.records)
    field.cable.change_address("198.51.100.77")
    with field.cable.inside(field.cable.node):
        first.doubt()

    assert wait_for(lambda: not first.is_alive, within_s=1.5)
    second = field.connect()
    assert request(second.open(), "/echo", b"from elsewhere") == b"from elsewhere"
    assert wait_for(field.world.stopped)
    assert field.world.stopped()[0].acct_terminate_cause is TerminateCause.LOST_CARRIER
    assert field.world.alarms == []
    first.close()
    second.close()


def test_after_a_restart_of_the_modem_the_half_open_session_gives_way(field: Field) -> None:
    first = field.connect()
    assert wait_for(lambda: field.world.records)
    field.cable.lose_everything()
    first._transport.link.cut(TerminateCause.LOST_CARRIER)  # its goodbye is lost as well
    field.cable.heal()
    second = field.connect()

    assert request(second.open(), "/echo", b"again") == b"again"
    assert wait_for(field.world.stopped)
    assert field.world.alarms == []
    assert second.is_alive
    first.close()
    second.close()


def test_a_busy_link_of_64_kbit_is_slow_and_not_dead(field: Field) -> None:
    field.cable.limit("64kbit", queue_ms=400)
    patient = ClientSettings(probing=Probing(interval_s=2.0))
    body = random.Random(1).randbytes(24_000)

    tunnel = field.connect(patient)
    echoed = request(tunnel.open(), "/echo", body)

    assert echoed == body
    assert tunnel.is_alive
    tunnel.close()


def test_a_click_beside_a_full_upload_at_1_mbit_takes_less_than_1_5_s(field: Field) -> None:
    field.cable.limit("1mbit")
    tunnel = field.connect(ClientSettings())
    upload, click = tunnel.open(), tunnel.open()
    upload.sendall(b"POST /swallow HTTP/1.1\r\nContent-Length: 900000\r\n\r\n")
    uploading = threading.Thread(target=send_until_cut, args=(upload, 800_000), daemon=True)
    uploading.start()
    click.sendall(b"GET /zeros/0 HTTP/1.1\r\n\r\n")
    click.recv(1000)

    waits = []
    for _ in range(3):
        began = time.monotonic()
        click.sendall(b"GET /zeros/10 HTTP/1.1\r\n\r\n")
        click.recv(1000)
        waits.append(time.monotonic() - began)
    was_uploading = uploading.is_alive()
    tunnel.close()
    uploading.join(10)

    assert was_uploading
    assert max(waits) < 1.5, waits


@pytest.mark.parametrize("one_way_s", [0.15, 0.4])
def test_a_long_way_costs_few_round_trips(one_way_s: float) -> None:
    with (
        running_world() as world,
        delayed(world.address, one_way_s) as address,
    ):
        began = time.monotonic()
        with world.client(address=address).connect() as tunnel:
            connected = time.monotonic() - began
            began = time.monotonic()
            echoed = request(tunnel.open(), "/echo", bytes(50_000))
            answered = time.monotonic() - began

    assert echoed == bytes(50_000)
    assert connected < 2 * one_way_s * 6 + 1
    assert answered < 2 * one_way_s * 3 + 1


def test_149_nodes_that_come_back_together_are_all_served_within_30_s() -> None:
    with running_world() as world, ThreadPoolExecutor(NODES) as pool:
        began = time.monotonic()
        tunnels = list(pool.map(lambda number: persistent(world, number), range(NODES)))
        took = time.monotonic() - began
        alive = sum(tunnel.is_alive for tunnel in tunnels)
        list(pool.map(Tunnel.close, tunnels))

    assert alive == NODES
    assert took < 30


def send_until_cut(stream: TunnelChannel, size: int) -> None:
    with suppress(TunnelError):
        stream.sendall(bytes(size))


def persistent(world: World, number: int) -> Tunnel:
    """The tunnel of a node that tries again as nodes do, with full jitter."""
    device = f"12010300{number // 90 + 1:02d}{number % 90 + 1:02d}-01"
    client = world.client(world.identity(device, serial=100 + number))
    chance, schedule, pause = random.Random(number), RetrySchedule(), threading.Event()
    for failures in range(1, 20):
        try:
            return client.connect()
        except (TunnelError, LoginRefusedError):
            pause.wait(chance.random() * schedule.ceiling_ms(failures) / 1_000)
    raise AssertionError("refused for ever")
