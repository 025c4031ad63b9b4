"""A channel that keeps to a rate, in both directions together."""

import threading
from collections.abc import Callable
from typing import Protocol

from sync.transports.http import Channel

PIECE_BYTES = 8 << 10


class Bucket(Protocol):
    """From what bytes are taken: a `TokenBucket`, or what shares one among threads."""

    def take(self, count: int, now_s: float) -> float:
        """Take bytes and give the seconds to wait before anything else passes."""
        ...


class PacedChannel:
    """Another channel, slowed down to what a bucket allows; fulfils `Channel`."""

    def __init__(self, inner: Channel, bucket: Bucket, monotonic: Callable[[], float]) -> None:
        """Take a channel and the bucket that all channels of the link share."""
        self._inner = inner
        self._bucket = bucket
        self._monotonic = monotonic
        self._closed = threading.Event()

    def sendall(self, data: bytes, /) -> object:
        """Send all bytes, waiting before each piece until it is due."""
        for begin in range(0, len(data), PIECE_BYTES):
            piece = data[begin : begin + PIECE_BYTES]
            self._inner.sendall(piece)
            self._wait_for(len(piece))
        return None

    def recv(self, count: int, /) -> bytes:
        """At most `count` bytes, and never a piece too large to be waited for."""
        piece = self._inner.recv(min(count, PIECE_BYTES))
        self._wait_for(len(piece))
        return piece

    def settimeout(self, seconds: float | None, /) -> object:
        """How long one call of the channel below may be silent."""
        return self._inner.settimeout(seconds)

    def close(self) -> object:
        """Release the channel; who waits stops waiting."""
        self._closed.set()
        return self._inner.close()

    def _wait_for(self, count: int) -> None:
        seconds = self._bucket.take(count, self._monotonic())
        if seconds > 0:
            self._closed.wait(seconds)
