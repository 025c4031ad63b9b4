"""Carries bytes between a channel of a tunnel and a TCP connection, both ways at once."""

import socket
from contextlib import suppress
from threading import Event, Thread
from typing import Final

from security.tunnel.channel import TunnelChannel
from security.tunnel.errors import TunnelError
from security.tunnel.wire import PIECE_BYTES

# What a stream and a TCP connection raise when their other end is gone.
_BROKEN: Final = (OSError, TunnelError)


class Pump:
    """Two directions, two threads, no more than one piece of 32 KiB held in each.

    The end of one direction is passed on as such and the other goes on; an error in one breaks
    off both, and is seen as an error at the other end of the tunnel. A slow reader
    holds the writer up through the window and the socket buffers, so that nothing piles up.
    """

    def __init__(
        self,
        stream: TunnelChannel,
        connection: socket.socket,
        name: str,
        rate_bytes_s: int | None = None,
    ) -> None:
        """Take over both ends; `name` is that of the thread for one direction.

        `rate_bytes_s` limits each direction; None: as fast as it goes.
        """
        self._rate_bytes_s = rate_bytes_s
        self._stream = stream
        self._connection = connection
        self._is_aborted = Event()
        self._back = Thread(target=self._from_connection, name=name, daemon=True)

    def run(self) -> None:
        """Carry until both directions have ended; leaves both ends to be closed."""
        try:
            self._back.start()
        except RuntimeError:  # the system gives no more threads
            self.abort()
            return
        self._from_stream()
        self._back.join()

    def abort(self) -> None:
        """End both directions soon, from any thread; never waits for the tunnel."""
        self._is_aborted.set()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close both ends; the TCP connection first, as the channel may wait for the link."""
        self._connection.close()
        self._stream.close()

    def _from_stream(self) -> None:
        try:
            while piece := self._stream.recv(PIECE_BYTES):
                self._connection.sendall(piece)
                self._rest_after(piece)
            if self._stream.closed:
                self.abort()
            else:
                self._connection.shutdown(socket.SHUT_WR)
        except _BROKEN:
            self.abort()

    def _from_connection(self) -> None:
        try:
            while piece := self._connection.recv(PIECE_BYTES):
                self._stream.sendall(piece)
                self._rest_after(piece)
            if not self._is_aborted.is_set():
                self._stream.shutdown_write()
        except _BROKEN:
            self.abort()
        if self._is_aborted.is_set():
            # The other direction may wait in the stream; this wakes it.
            self._stream.reset()

    def _rest_after(self, piece: bytes) -> None:
        if self._rate_bytes_s is not None:
            self._is_aborted.wait(len(piece) / self._rate_bytes_s)
