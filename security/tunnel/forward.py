"""A local door to the hub's pages: a loopback port whose connections go through the tunnel."""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread
from types import TracebackType
from typing import Final, Self

from security.errors import SecurityError
from security.tunnel.client import Tunnel
from security.tunnel.link import accept_each, listen
from security.tunnel.pump import Pump
from security.tunnel.targets import Target

_log = logging.getLogger(__name__)

# A page and its parts take a browser six connections; a clerk has a few windows open.
_CONNECTIONS_MAX: Final = 32

# How long closing waits for each thread.
_JOIN_S: Final = 5.0


class LocalForward:
    """Lets the programs of this machine reach the hub's pages while a tunnel is there.

    Whoever connects reaches the pages and nothing else, above all not the exchanges that speak
    for the device; the pages ask for the clerk's login themselves. Without a tunnel a
    connection is closed at once.
    """

    def __init__(
        self,
        tunnel: Callable[[], Tunnel],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        connections_max: int = _CONNECTIONS_MAX,
    ) -> None:
        """Listen on a loopback address; `tunnel` gives the live one or raises TunnelError.

        Raises:
            ListenError: The port is in use.
        """
        self._tunnel = tunnel
        self._connections_max = connections_max
        self._lock = Lock()
        self._live: dict[Thread, Pump | None] = {}
        self._is_stopping = Event()
        self._listener = listen(host, port)
        self.address: Final[tuple[str, int]] = self._listener.getsockname()[:2]
        self._thread = Thread(target=self._accept, name="forward-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening, end every connection, and wait for the threads."""
        self._is_stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)
        self._listener.close()
        with self._lock:
            live = dict(self._live)
        for pump in live.values():
            if pump is not None:
                pump.abort()
        for thread in live:
            thread.join(_JOIN_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        accept_each(self._listener, self._is_stopping, self._take)

    def _take(self, connection: socket.socket, _peer: tuple[str, int]) -> None:
        thread = Thread(
            target=self._carry, args=(connection,), name="forward-connection", daemon=True
        )
        with self._lock:
            is_full = len(self._live) >= self._connections_max
            if not is_full:
                self._live[thread] = None
        if is_full:
            _log.warning("local connection refused: too many at once")
            connection.close()
            return
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            self._forget(thread)
            connection.close()

    def _forget(self, thread: Thread) -> None:
        with self._lock:
            self._live.pop(thread, None)

    def _carry(self, connection: socket.socket) -> None:
        thread = current_thread()
        try:
            stream = self._tunnel().open(Target.PAGES)
        except SecurityError as error:
            _log.info("local connection refused: no tunnel", extra={"reason": str(error)})
            connection.close()
            self._forget(thread)
            return
        connection.settimeout(None)
        pump = Pump(stream, connection, "forward-back")
        with self._lock:
            self._live[thread] = pump
        if self._is_stopping.is_set():
            pump.abort()
        try:
            pump.run()
        finally:
            pump.close()
            self._forget(thread)
