"""A link on loopback with a rate, a round trip and cuts, shared by all connections.

Bytes of each direction pass one after another at the rate of the link and arrive half a round
trip later. A connection costs a round trip before its first byte, as on a real link. A cut
resets every connection at once, and what was on its way is lost. The link holds back whoever
sends faster; it never loses a byte between two cuts.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_PIECE = 1_400
_HELD_S = 0.25
"""What may wait at the entrance of the link before the sender is held back."""
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a link is: bits a second each way, round trip, and when it is cut.

    `cut_bytes` counts both directions together; `cut_s` is a time. 0 is never.
    """

    bits_per_s: float = 0
    round_trip_s: float = 0.0
    cut_bytes: int = 0
    cut_s: float = 0.0


class Relay:
    """Passes connections on to a port in a thread of its own, and counts what it carries."""

    def __init__(self, port: int, shape: Shape) -> None:
        """Take the target and the shape; `with` starts it."""
        self._target = port
        self._shape = shape
        self._free_at = {"up": 0.0, "down": 0.0}
        self._since_cut = 0
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0
        self.up = self.down = self.cuts = self.opened = 0
        self.lost = 0

    @property
    def carried(self) -> int:
        """Bytes that were put on the link, both ways, also those that a cut lost."""
        return self.up + self.down

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, limit=1 << 14)
        self.port = self._server.sockets[0].getsockname()[1]
        if self._shape.cut_s:
            self._loop.call_later(self._shape.cut_s, self._cut_by_time)

    async def _close(self) -> None:
        assert self._server is not None, "it was opened"
        self._server.close()
        for connection in tuple(self._connections):
            connection.reset()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, near: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        _narrow(writer)
        try:
            await asyncio.sleep(self._shape.round_trip_s)
            far, far_writer = await asyncio.open_connection(
                "127.0.0.1", self._target, limit=1 << 14
            )
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        connection = _Connection(writer, far_writer)
        self._connections.add(connection)
        ways = (
            self._carry("up", near, far_writer, connection),
            self._carry("down", far, writer, connection),
        )
        try:
            await asyncio.gather(*ways)
        except asyncio.CancelledError:
            connection.reset()
        finally:
            self._connections.discard(connection)
            connection.close()

    async def _carry(
        self,
        way: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: "_Connection",
    ) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(queue, writer, connection))
        try:
            while piece := await self._read(reader):
                if connection.is_reset:
                    break
                queue.put_nowait((await self._enter(way, len(piece)), piece))
            queue.put_nowait((self._loop.time() + self._shape.round_trip_s / 2, b""))
            await delivering
        finally:
            delivering.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(_PIECE)
        except OSError:
            return b""

    async def _enter(self, way: str, length: int) -> float:
        """Put bytes on the link; gives when they arrive."""
        now = self._loop.time()
        setattr(self, way, getattr(self, way) + length)
        if not self._shape.bits_per_s:
            return now + self._shape.round_trip_s / 2
        start = max(now, self._free_at[way])
        self._free_at[way] = end = start + length * 8 / self._shape.bits_per_s
        if end - now > _HELD_S:
            await asyncio.sleep(end - now - _HELD_S)
        return end + self._shape.round_trip_s / 2

    async def _deliver(
        self,
        queue: "asyncio.Queue[tuple[float, bytes]]",
        writer: asyncio.StreamWriter,
        connection: "_Connection",
    ) -> None:
        while True:
            due, piece = await queue.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if connection.is_reset:
                return
            if not piece:
                with contextlib.suppress(OSError, RuntimeError):
                    writer.write_eof()
                return
            writer.write(piece)
            with contextlib.suppress(OSError):
                await writer.drain()
            self._count(len(piece))

    def _count(self, length: int) -> None:
        self._since_cut += length
        if self._shape.cut_bytes and self._since_cut >= self._shape.cut_bytes:
            self._cut()

    def _cut_by_time(self) -> None:
        self._cut()
        self._loop.call_later(self._shape.cut_s, self._cut_by_time)

    def _cut(self) -> None:
        self._since_cut = 0
        self.cuts += 1
        self._free_at = {"up": 0.0, "down": 0.0}
        for connection in tuple(self._connections):
            connection.reset()


class _Connection:
    """Both ends of one connection through the link."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self._ends = (near, far)
        self.is_reset = False
        _narrow(far)

    def reset(self) -> None:
        """Break it off as a dead link does; both ends are told."""
        self.is_reset = True
        for end in self._ends:
            end.transport.abort()

    def close(self) -> None:
        """Let both ends go."""
        for end in self._ends:
            end.close()


def _narrow(writer: asyncio.StreamWriter) -> None:
    """Keep what waits in this machine small, yet above what loopback sends in one piece."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
