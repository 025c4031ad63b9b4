"""One stream through a tunnel, to be used like a connected socket."""

import io
import socket
from collections.abc import Callable

from paramiko import Channel, SSHException

from security.tunnel.errors import TunnelError
from security.tunnel.wire import PIECE_BYTES


class TunnelChannel:
    """A stream with the methods of a socket that HTTP clients use.

    A stream that the other end finished reads as ended; one that was broken off, or whose link
    was lost, raises TunnelError, so that half an answer never passes for a whole one. A timeout
    raises TimeoutError, as sockets do.
    """

    def __init__(self, channel: Channel, is_link_alive: Callable[[], bool]) -> None:
        self._channel = channel
        self._is_link_alive = is_link_alive
        self._readers = 0
        self._is_closed_here = False
        self._is_gone = False

    @property
    def closed(self) -> bool:
        """Nothing more can be sent, and nothing more will come."""
        return self._channel.closed

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; none if the other end has finished.

        Raises:
            TunnelError: The link was lost.
            TimeoutError: Nothing came within the timeout.
        """
        try:
            received = self._channel.recv(size)
        except TimeoutError:
            raise
        except (OSError, EOFError, SSHException) as error:
            raise TunnelError(
                "the stream through the tunnel broke off while receiving"
            ) from error
        if not received and not self._channel.eof_received and not self._is_gone:
            raise TunnelError("the stream through the tunnel broke off while receiving")
        return received

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Fill the buffer with what is there; the number of bytes, 0 at the end."""
        received = self.recv(len(buffer))
        buffer[: len(received)] = received
        return len(received)

    def send(self, content: bytes | bytearray | memoryview) -> int:
        """Send the beginning of `content`; how many bytes were taken.

        Raises:
            TunnelError: The link was lost, or the other end has closed the stream.
            TimeoutError: The other end took nothing within the timeout.
        """
        try:
            sent = self._channel.send(bytes(memoryview(content)[:PIECE_BYTES]))
        except TimeoutError:
            raise
        except (OSError, EOFError, SSHException) as error:
            raise TunnelError(
                "the stream through the tunnel broke off while sending"
            ) from error
        if not self._is_link_alive() or (content and not sent):
            raise TunnelError("the stream through the tunnel broke off while sending")
        return sent

    def sendall(self, content: bytes | bytearray | memoryview) -> None:
        """Send everything, waiting for the other end to take it; raises as `send` does."""
        rest = memoryview(content).cast("B")
        while rest:
            rest = rest[self.send(rest) :]

    def settimeout(self, timeout_s: float | None) -> None:
        """Limit each call by so many seconds; None waits for as long as the link lives."""
        self._channel.settimeout(timeout_s)

    def gettimeout(self) -> float | None:
        """The limit of each call in seconds."""
        return self._channel.gettimeout()

    def shutdown(self, how: int) -> None:
        """Tell the other end that nothing more will be sent; reading goes on with SHUT_WR."""
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            self.shutdown_write()
        if how in (socket.SHUT_RD, socket.SHUT_RDWR):
            self._channel.shutdown_read()

    def shutdown_write(self) -> None:
        """Tell the other end that nothing more will be sent.

        Raises:
            TunnelError: The link was lost.
        """
        try:
            self._channel.shutdown_write()
        except (OSError, EOFError, SSHException) as error:
            raise TunnelError("the stream through the tunnel broke off") from error

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:
        """A buffered reader of the stream, as HTTP clients read responses; `rb` only.

        The stream stays open until both it and its readers are closed, as with sockets.
        """
        if mode not in ("r", "rb"):
            raise ValueError(f"a tunnel stream is read with mode rb, not {mode}")
        self._readers += 1
        size = buffering if buffering > 0 else io.DEFAULT_BUFFER_SIZE
        return io.BufferedReader(_ChannelReader(self), size)

    def close(self) -> None:
        """Close the stream, now or when its last reader is closed."""
        self._is_closed_here = True
        if self._readers == 0:
            self._close_now()

    def reset(self) -> None:
        """Break the stream off: the other end gets an error instead of a proper end.

        Readers of it that are still open get an error too.
        """
        if not self._channel.closed:
            # SSH tells the end of the content and the end of the channel in two messages.
            self._channel.eof_sent = 1
            self._close_channel()

    def _reader_closed(self) -> None:
        self._readers -= 1
        if self._readers == 0 and self._is_closed_here:
            self._close_now()

    def _close_now(self) -> None:
        self._is_gone = True
        self._close_channel()

    def _close_channel(self) -> None:
        try:
            self._channel.close()
        except (OSError, EOFError, SSHException):
            return  # the link is gone, and the stream with it


class _ChannelReader(io.RawIOBase):
    def __init__(self, channel: TunnelChannel) -> None:
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as RawIOBase calls it
        return self._channel.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._channel._reader_closed()  # noqa: SLF001 (two halves of one thing)
