"""A link with a rate keeps to it on a real socket, in both directions together."""

import socket
import threading
import time

from sync.protocol.linkpolicy import bucket_of
from sync.transports.pacing import PacedChannel

RATE_KIB_S = 512
EACH_WAY = 320 << 10
PIECE = 16 << 10


def echo(far: socket.socket) -> None:
    while piece := far.recv(PIECE):
        far.sendall(piece)


def test_a_real_link_carries_no_more_than_its_rate_both_ways_together() -> None:
    near, far = socket.socketpair()
    near.settimeout(10)
    other = threading.Thread(target=echo, args=(far,))
    other.start()
    channel = PacedChannel(near, bucket_of(RATE_KIB_S, time.monotonic()), time.monotonic)
    began = time.monotonic()

    for _ in range(EACH_WAY // PIECE):
        channel.sendall(bytes(PIECE))
        left = PIECE
        while left:
            left -= len(channel.recv(left))
    took_s = time.monotonic() - began
    near.shutdown(socket.SHUT_WR)
    other.join(10)
    channel.close()
    far.close()

    ideal_s = 2 * EACH_WAY / (RATE_KIB_S << 10)
    assert 0.95 * ideal_s <= took_s
    assert took_s <= 3 * ideal_s  # the machine may be busy; the rate may not be exceeded


def test_who_waits_for_a_rate_stops_waiting_when_the_link_is_closed() -> None:
    near, far = socket.socketpair()
    channel = PacedChannel(near, bucket_of(1, time.monotonic()), time.monotonic)
    sender = threading.Thread(target=channel.sendall, args=(bytes(8 << 10),))
    sender.start()
    far.recv(1)

    channel.close()
    sender.join(5)
    far.close()

    assert not sender.is_alive()
