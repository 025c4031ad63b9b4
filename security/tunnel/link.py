"""One TCP connection under a tunnel: its counts, its last sign of life, and how it is cut."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock
from typing import Final

from security.tunnel.accounting import TerminateCause
from security.tunnel.errors import ListenError
from security.tunnel.netwatch import is_own_address

# How many connections the kernel may hold before they are accepted.
_BACKLOG: Final = 128

# How often an idle accept looks at the stop sign.
_ACCEPT_S: Final = 1.0


class LinkSocket:
    """What paramiko gets as its socket.

    It notes when the last byte came, because every byte is a sign of life; and it can be cut
    from any thread without waiting for one that is stuck in a write.
    """

    def __init__(self, connection: socket.socket, *, wake_s: float) -> None:
        """Take over a connected socket; `wake_s` is how often an idle reader looks around."""
        connection.settimeout(wake_s)
        self._connection = connection
        self._lock = Lock()
        self._closed = False  # paramiko reads this name
        self.cause: TerminateCause | None = None
        self.heard_at = time.monotonic()
        self.is_sending = False
        self.octets_in = 0
        self.octets_out = 0
        self.octets_in_max: int | None = None

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes.

        Raises:
            EOFError: The peer sent more than it may before its login.
        """
        received = self._connection.recv(size)
        if received:
            self.heard_at = time.monotonic()
            self.octets_in += len(received)
            if self.octets_in_max is not None and self.octets_in > self.octets_in_max:
                self.cut(TerminateCause.USER_ERROR)
                raise EOFError
        return received

    def send(self, content: bytes) -> int:
        """How many bytes of `content` the kernel took."""
        self.is_sending = True
        try:
            sent = self._connection.send(content)
        finally:
            self.is_sending = False
        self.octets_out += sent
        return sent

    def is_at_home(self) -> bool:
        """Whether this machine still has the address from which the connection was made."""
        try:
            name = self._connection.getsockname()
        except OSError:
            return False
        return is_own_address(str(name[0]))

    def silence_s(self) -> float:
        """The seconds since the last byte came."""
        return time.monotonic() - self.heard_at

    def cut(self, cause: TerminateCause) -> None:
        """End the connection at once, from any thread; the first cause given is the one noted.

        The thread that reads sees the end of the stream and cleans up; nothing is waited for.
        """
        with self._lock:
            self.cause = self.cause or cause
            if not self._closed:
                with suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Send no more, but let the peer read to the end: closing now could discard it."""
        with self._lock, suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the socket back to the system; a thread that waits on it is woken first."""
        with self._lock:
            if not self._closed:
                with suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)
                self._closed = True
                self._connection.close()

    def settimeout(self, timeout: float | None) -> None:
        """Keep our own waking interval: paramiko's ten times a second costs power."""

    def getpeername(self) -> object:
        """The address of the other end, as the system gives it."""
        return self._connection.getpeername()


def tune(
    connection: socket.socket, *, user_timeout_s: float, send_buffer_bytes: int | None
) -> None:
    """Set a TCP connection for a tunnel.

    A small send buffer keeps clicks quick beside an upload on a slow link; the user timeout
    makes the system give up a peer that acknowledges nothing (Linux only).
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if send_buffer_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = max(1, round(user_timeout_s * 1000))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes any free one.

    Raises:
        ListenError: The port is in use, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # On Windows SO_REUSEADDR would let two programs share the port.
    if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise ListenError(f"cannot listen on {host}:{port}: {reason}") from error
    return listener


def accept_each(
    listener: socket.socket,
    is_stopping: Event,
    take: Callable[[socket.socket, tuple[str, int]], None],
) -> None:
    """Hand over every connection and its peer until told to stop.

    Where a shutdown of the listener does not wake the accept, the stop sign is looked at once
    a second.
    """
    listener.settimeout(_ACCEPT_S)
    while not is_stopping.is_set():
        try:
            connection, peer = listener.accept()
        except TimeoutError:
            continue
        except OSError:
            # Woken to stop, or out of file handles: then wait, or this would spin.
            is_stopping.wait(_ACCEPT_S)
            continue
        take(connection, (peer[0], peer[1]))
