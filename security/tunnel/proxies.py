"""Ways out of a net that lets nobody out directly: HTTP CONNECT and SOCKS5."""

import base64
import os
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from security.tunnel.errors import ProxyError

PROXY_KINDS: Final = ("http", "socks5")

# The answer of a proxy is a few lines; one that talks longer is something else.
_HEAD_BYTES_MAX: Final = 8192
_CREDENTIALS_BYTES_MAX: Final = 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")
_NAME_BYTES_MAX: Final = 255
_LAX: Final = 0o077

# RFC 1928 and RFC 1929.
_VERSION: Final = 5
_NO_LOGIN: Final = 0
_WITH_PASSWORD: Final = 2
_CONNECT: Final = 1
_IPV4: Final = 1
_NAME: Final = 3
_IPV6: Final = 4
_REPLIES: Final = {
    1: "it failed",
    2: "its rules forbid the target",
    3: "the network cannot be reached",
    4: "the target cannot be reached",
    5: "the target refused the connection",
    6: "the way is too long",
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of a kind in `PROXY_KINDS`.

    `credentials` is a file of one line `user:password`, readable by its owner alone. The name
    of the hub is resolved by the proxy, as a node behind one often knows no names outside.
    """

    kind: str
    host: str
    port: int
    credentials: Path | None = None


def connect_through(proxy: Proxy, target: tuple[str, int], timeout_s: float) -> socket.socket:
    """A connection to the target through the proxy.

    Raises:
        ProxyError: The proxy cannot be reached, wants other credentials, or refuses the target.
    """
    credentials = _credentials(proxy.credentials) if proxy.credentials else None
    try:
        connection = socket.create_connection((proxy.host, proxy.port), timeout_s)
    except OSError as error:
        reason = error.strerror or str(error) or "no answer"
        raise ProxyError(f"proxy {proxy.host}:{proxy.port}: {reason}") from error
    ask = _ask_http if proxy.kind == "http" else _ask_socks
    try:
        ask(connection, target, credentials)
    except (OSError, EOFError) as error:
        connection.close()
        raise ProxyError(f"proxy {proxy.host}:{proxy.port} broke off: {error}") from error
    except ProxyError:
        connection.close()
        raise
    return connection


def _credentials(path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _LAX:
                raise ProxyError(f"{path} can be read by others: chmod 600 {path}")
            content = file.read(_CREDENTIALS_BYTES_MAX + 1)
        user, mark, password = content.decode().strip("\r\n").partition(":")
    except (OSError, UnicodeDecodeError) as error:
        raise ProxyError(f"{path}: the credentials of the proxy cannot be read") from error
    bad = not mark or "\n" in password or len(content) > _CREDENTIALS_BYTES_MAX
    if bad or max(len(user.encode()), len(password.encode())) > _NAME_BYTES_MAX:
        raise ProxyError(f"{path}: the credentials of the proxy are not one line user:password")
    return user, password


def _ask_http(
    connection: socket.socket, target: tuple[str, int], credentials: tuple[str, str] | None
) -> None:
    host = f"[{target[0]}]" if ":" in target[0] else target[0]
    lines = [f"CONNECT {host}:{target[1]} HTTP/1.1", f"Host: {host}:{target[1]}"]
    if credentials is not None:
        word = base64.b64encode(":".join(credentials).encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {word}")
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    # Byte by byte, because what follows the head belongs to the hub already.
    while not head.endswith(b"\r\n\r\n"):
        head += _exactly(connection, 1)
        if len(head) > _HEAD_BYTES_MAX:
            raise ProxyError("the proxy answers no HTTP")
    status = _STATUS.match(head)
    if status is None:
        raise ProxyError("the proxy answers no HTTP")
    if not status[1].startswith(b"2"):
        code = status[1].decode()
        raise ProxyError(f"the proxy refused the target: HTTP status {code}")


def _ask_socks(
    connection: socket.socket, target: tuple[str, int], credentials: tuple[str, str] | None
) -> None:
    method = _NO_LOGIN if credentials is None else _WITH_PASSWORD
    connection.sendall(bytes([_VERSION, 1, method]))
    version, chosen = _exactly(connection, 2)
    if version != _VERSION:
        raise ProxyError("the proxy answers no SOCKS5")
    if chosen != method:
        raise ProxyError("the proxy wants another kind of login")
    if credentials is not None:
        user, password = (part.encode() for part in credentials)
        connection.sendall(
            b"\1" + bytes([len(user)]) + user + bytes([len(password)]) + password
        )
        if _exactly(connection, 2)[1] != 0:
            raise ProxyError("the proxy does not accept the credentials")
    connection.sendall(bytes([_VERSION, _CONNECT, 0]) + _socks_address(target))
    _, reply, _, kind = _exactly(connection, 4)
    if reply != 0:
        raise ProxyError(f"the proxy refused the target: {_REPLIES.get(reply, 'it failed')}")
    length = {_IPV4: 4, _IPV6: 16}.get(kind)
    _exactly(connection, (_exactly(connection, 1)[0] if length is None else length) + 2)


def _socks_address(target: tuple[str, int]) -> bytes:
    host, port = target
    for family, kind in ((socket.AF_INET, _IPV4), (socket.AF_INET6, _IPV6)):
        try:
            packed = bytes([kind]) + socket.inet_pton(family, host)
        except OSError:
            continue
        return packed + struct.pack("!H", port)
    name = host.encode("idna")
    if len(name) > _NAME_BYTES_MAX:
        raise ProxyError("the name of the hub is too long for SOCKS5")
    return bytes([_NAME, len(name)]) + name + struct.pack("!H", port)


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise EOFError("it hung up")
        received += piece
    return received
