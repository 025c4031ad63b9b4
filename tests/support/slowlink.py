"""A link with delay: bytes arrive whole and in order, only later, each way."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 16_384
_IN_FLIGHT_MAX = 4_096

Flight = queue.Queue[tuple[float, bytes]]


@contextmanager
def delayed(target: tuple[str, int], one_way_s: float) -> Iterator[tuple[str, int]]:
    """The address of a relay to the target that holds every byte back for so long."""
    relay = _Relay(target, one_way_s)
    try:
        yield relay.start()
    finally:
        relay.stop()


class _Relay:
    def __init__(self, target: tuple[str, int], one_way_s: float) -> None:
        self._target = target
        self._one_way_s = one_way_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> tuple[str, int]:
        self._begin(threading.Thread(target=self._accept, daemon=True))
        address: tuple[str, int] = self._listener.getsockname()[:2]
        return address

    def stop(self) -> None:
        for end in (self._listener, *self._sockets):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for end in (self._listener, *self._sockets):
            end.close()

    def _begin(self, thread: threading.Thread) -> None:
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target, 10)
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._sockets.append(end)
                for ends in ((near, far), (far, near)):
                    self._connect(*ends)

    def _connect(self, source: socket.socket, sink: socket.socket) -> None:
        flight: Flight = queue.Queue(_IN_FLIGHT_MAX)
        for target, end in ((self._take, source), (self._deliver, sink)):
            self._begin(threading.Thread(target=target, args=(end, flight), daemon=True))

    def _take(self, source: socket.socket, flight: Flight) -> None:
        piece = b"?"
        while piece:
            try:
                piece = source.recv(_PIECE)
            except OSError:
                piece = b""
            flight.put((time.monotonic() + self._one_way_s, piece))

    def _deliver(self, sink: socket.socket, flight: Flight) -> None:
        pause = threading.Event()
        with suppress(OSError):
            while True:
                due, piece = flight.get()
                pause.wait(max(0.0, due - time.monotonic()))
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(piece)
