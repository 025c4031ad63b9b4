"""One link between a unit and the unit above, as a proxy whose weather can be made.

The child dials the proxy, the proxy dials the parent's gateway. Bytes pass as they are, are
counted each way, and may be held back, cut off in the middle, or refused.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import Literal

from postroad.demo.errors import DemoError

Weather = Literal["up", "down", "stalled"]

PIECE_BYTES = 16 * 1024
_LOOK_S = 0.2
_DIAL_S = 5.0
_BACKLOG = 16


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a link carried so far; `up` is from the child to the parent."""

    up: int
    down: int
    connections: int
    cuts: int
    drops: int
    stalls: int


class Link:
    """A TCP proxy on loopback, listening from its construction, passing bytes from `start`.

    Raises:
        DemoError: The port cannot be listened on.
    """

    def __init__(self, child: str, address: tuple[str, int], target: tuple[str, int]) -> None:
        self.child = child
        self.address = address
        self._target = target
        self._lock = threading.Lock()
        self._weather: Weather = "up"
        self._flowing = threading.Event()
        self._flowing.set()
        self._closing = False
        self._connections: list[_Connection] = []
        self._passed = [0, 0]
        self._opened = self._cuts = self._drops = self._stalls = 0
        self._left: int | None = None
        self._listener = _listen(address)
        self._thread = threading.Thread(target=self._accept, name="link", daemon=True)

    @property
    def weather(self) -> Weather:
        """Whether bytes pass, are held back, or the link is down."""
        return self._weather

    @property
    def traffic(self) -> Traffic:
        """What the link carried so far."""
        with self._lock:
            up, down = self._passed
            return Traffic(up, down, self._opened, self._cuts, self._drops, self._stalls)

    def start(self) -> None:
        """Begin to pass bytes."""
        self._thread.start()

    def take_down(self) -> None:
        """End every connection and refuse new ones; harmless when it is down already."""
        with self._lock:
            if self._weather != "down":
                self._drops += 1
            self._weather = "down"
        self._flowing.set()
        self._end_all()

    def bring_up(self) -> None:
        """Let bytes pass again, those held back first."""
        with self._lock:
            self._weather = "up"
        self._flowing.set()

    def stall(self) -> None:
        """Hold all bytes back while connections stay open, as a radio link in a tunnel does."""
        with self._lock:
            if self._weather == "up":
                self._weather = "stalled"
                self._stalls += 1
                self._flowing.clear()

    def cut_after(self, count: int) -> None:
        """End every connection once after `count` more bytes, whichever way they go."""
        with self._lock:
            self._left = count

    def close(self) -> None:
        """End everything and free the port."""
        self._closing = True
        self._flowing.set()
        with contextlib.suppress(OSError):
            # Closing alone would leave the thread in `accept`.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._end_all()
        if self._thread.ident is not None:
            self._thread.join(_DIAL_S)

    def _accept(self) -> None:
        while not self._closing:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._weather == "down" or self._closing:
                _refuse(near)
                continue
            try:
                far = socket.create_connection(self._target, _DIAL_S)
            except OSError:
                _refuse(near)
                continue
            self._join(near, far)

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        connection = _Connection(self, near, far)
        with self._lock:
            self._opened += 1
            self._connections.append(connection)
        connection.start()
        # It may have gone down between the look above and the entry in the list.
        if self._weather == "down" or self._closing:
            connection.end()

    def _end_all(self) -> None:
        with self._lock:
            ending, self._connections = self._connections, []
        for connection in ending:
            connection.end()

    def _forget(self, connection: _Connection) -> None:
        with self._lock:
            if connection in self._connections:
                self._connections.remove(connection)

    def _wait_to_flow(self) -> None:
        while not self._flowing.wait(_LOOK_S):
            if self._closing:
                return

    def _allow(self, count: int, way: int) -> tuple[int, bool]:
        """Count bytes that are about to pass; also tell whether the link is cut behind them."""
        with self._lock:
            is_cut = self._left is not None and count >= self._left
            allowed = self._left if is_cut and self._left is not None else count
            if self._left is not None:
                self._left = None if is_cut else self._left - allowed
            self._cuts += is_cut
            self._passed[way] += allowed
        return allowed, is_cut


class _Connection:
    """Two sockets and two threads, one each way; the last thread to end closes both sockets."""

    def __init__(self, link: Link, near: socket.socket, far: socket.socket) -> None:
        self._link = link
        self._sockets = (near, far)
        for each in self._sockets:
            each.settimeout(None)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._running = len(self._sockets)
        self._lock = threading.Lock()

    def start(self) -> None:
        near, far = self._sockets
        for way, (source, sink) in enumerate(((near, far), (far, near))):
            pump = threading.Thread(
                target=self._pump, args=(source, sink, way), name="pump", daemon=True
            )
            pump.start()

    def end(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _pump(self, source: socket.socket, sink: socket.socket, way: int) -> None:
        try:
            while piece := source.recv(PIECE_BYTES):
                self._link._wait_to_flow()  # noqa: SLF001 - the two classes are one thing
                allowed, is_cut = self._link._allow(len(piece), way)  # noqa: SLF001
                sink.sendall(piece[:allowed])
                if is_cut:
                    self._link._end_all()  # noqa: SLF001
                    break
        except OSError:
            # One end is gone; the other learns it below.
            pass
        self.end()
        with self._lock:
            self._running -= 1
            is_last = not self._running
        if is_last:
            for each in self._sockets:
                each.close()
            self._link._forget(self)  # noqa: SLF001


def _listen(address: tuple[str, int]) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise DemoError("demo.port_taken", port=address[1]) from error
    listener.listen(_BACKLOG)
    return listener


def _refuse(near: socket.socket) -> None:
    with contextlib.suppress(OSError):
        near.shutdown(socket.SHUT_RDWR)
    near.close()
