"""Small proxies as offices have them: HTTP CONNECT and SOCKS5, with and without a password."""

import base64
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class OfficeProxy:
    """What a proxy was asked, and how it answers."""

    kind: str
    login: tuple[str, str] | None = None
    refuses: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)
    address: tuple[str, int] = ("", 0)

    def serve(self, near: socket.socket) -> None:
        ask = self._http if self.kind == "http" else self._socks
        with near, suppress(OSError, EOFError):
            target = ask(near)
            if target is None:
                return
            self.asked.append(target)
            with socket.create_connection(target, 5) as far:
                back = threading.Thread(target=_relay, args=(far, near), daemon=True)
                back.start()
                _relay(near, far)
                back.join(10)

    def _http(self, near: socket.socket) -> tuple[str, int] | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += _exactly(near, 1)
        lines = head.decode().split("\r\n")
        host, _, port = lines[0].split()[1].rpartition(":")
        wanted = "" if self.login is None else _basic(self.login)
        given = next((line for line in lines if line.startswith("Proxy-Authorization")), "")
        if self.login is not None and given != f"Proxy-Authorization: {wanted}":
            near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return None
        if self.refuses:
            near.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            return None
        near.sendall(b"HTTP/1.1 200 Connection established\r\nVia: office\r\n\r\n")
        return host, int(port)

    def _socks(self, near: socket.socket) -> tuple[str, int] | None:
        _, count = _exactly(near, 2)
        methods = _exactly(near, count)
        wanted = 0 if self.login is None else 2
        near.sendall(bytes([5, wanted if wanted in methods else 255]))
        if wanted not in methods:
            return None
        if self.login is not None:
            _exactly(near, 1)
            given = tuple(_exactly(near, _exactly(near, 1)[0]).decode() for _ in range(2))
            near.sendall(bytes([1, given != self.login]))
            if given != self.login:
                return None
        _, _, _, kind = _exactly(near, 4)
        host = (
            socket.inet_ntoa(_exactly(near, 4))
            if kind == 1
            else _exactly(near, _exactly(near, 1)[0]).decode()
        )
        (port,) = struct.unpack("!H", _exactly(near, 2))
        near.sendall(bytes([5, 2 if self.refuses else 0, 0, 1]) + bytes(6))
        return None if self.refuses else (host, port)


@contextmanager
def office_proxy(
    kind: str, *, login: tuple[str, str] | None = None, refuses: bool = False
) -> Iterator[OfficeProxy]:
    proxy = OfficeProxy(kind, login, refuses)
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.address = listener.getsockname()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    thread = threading.Thread(target=proxy.serve, args=(near,), daemon=True)
                    threads.append(thread)
                    thread.start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *threads):
        thread.join(10)


def _relay(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def _exactly(near: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = near.recv(size - len(received))
        if not piece:
            raise EOFError
        received += piece
    return received


def _basic(login: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(login).encode()).decode()
