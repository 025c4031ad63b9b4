"""The way to a hub tried step by step, so that a person on the telephone knows where it ends.

Each step rests on the one before; the first that fails is where to look.
"""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

from security.errors import SecurityError
from security.tunnel.client import ClientSettings, DeviceIdentity, Tunnel, TunnelClient, reach
from security.tunnel.errors import (
    HostKeyError,
    LoginRefusedError,
    ProxyError,
    TargetRefusedError,
    TunnelError,
)
from security.tunnel.keys import validity_of
from security.tunnel.proxies import Proxy
from security.tunnel.targets import Target

CLOCK_DOUBT_S: Final = 600
"""Beyond ten minutes certificates may be judged wrongly."""

RATE_BYTES: Final = 128 * 1024
"""16 s at 64 kbit/s: long enough to measure, short enough to wait for."""
RATE_S_MAX: Final = 60.0
RUNNING: Final = "running"
"""The one code that is neither `ok` nor a fault: the trial ends before the login."""

RATE_PATH: Final = "/sync/rate"
"""Where a hub takes and gives `RATE_BYTES` so that its children can measure."""

_PIECE: Final = 16 * 1024
_DAY_S: Final = 86_400
_CONNECT_S: Final = 15.0
_SHOWN_MAX: Final = 40
_HEAD: Final = re.compile(rb"HTTP/1\.[01] 200 .*?\r\nDate: ([^\r]{1,40})\r\n", re.DOTALL)
_BANNER_S: Final = 10.0
_BANNER_BYTES: Final = 255


@dataclass(frozen=True, slots=True)
class Step:
    """How one step went: `code` is `ok` or what is wrong, `seen` fills the words for it."""

    name: str
    code: str
    seen: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether the way goes on from here."""
        return self.code == "ok"


@dataclass(frozen=True, slots=True)
class Way:
    """What is tried: addresses in order, who dials, the pinned keys, and this machine's clock.

    `now` gives unix seconds. While the program `is_running`, nobody logs in: the hub would take
    the trial for a second machine and raise the alarm.
    """

    addresses: Sequence[tuple[str, int]]
    identity: DeviceIdentity
    host_keys: Sequence[str]
    settings: ClientSettings
    now: Callable[[], int]
    is_running: bool = False


def try_way(way: Way) -> Iterator[Step]:
    """Try each step until one fails that no other address makes up for.

    Raises:
        FormatError: The certificate is not one for the key.
    """
    reached = []
    for step in try_reach(way.addresses, way.settings.proxy):
        yield step
        if step.is_ok and step.name in {"tcp", "proxy"}:
            reached.append((str(step.seen["host"]), int(str(step.seen["port"]))))
    if not reached:
        return
    certificate = _certificate(way)
    yield certificate
    if certificate.is_ok and way.is_running:
        yield Step("login", RUNNING)
    elif certificate.is_ok:
        yield from _tunnel(way, reached)


def try_reach(addresses: Sequence[tuple[str, int]], proxy: Proxy | None) -> Iterator[Step]:
    """Resolve and connect to each address, and see whether what answers speaks SSH."""
    several = len(addresses) > 1
    if proxy is not None:
        # The proxy resolves the names of hubs, so its own is the one that matters here.
        yield _name(proxy.host, proxy.port, several=False)
    for host, port in addresses:
        if proxy is None:
            named = _name(host, port, several=several)
            yield named
            if not named.is_ok:
                continue
        seen: dict[str, object] = {"host": host, "port": port, "is_one_of_several": several}
        yield _reach((host, port), proxy, seen)


def _name(host: str, port: int, *, several: bool) -> Step:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        seen = {"host": host, "why": str(error), "is_one_of_several": several}
        return Step("name", "unknown", seen)
    return Step("name", "ok", {"host": host, "address": str(found[0][4][0])})


def _reach(address: tuple[str, int], proxy: Proxy | None, seen: dict[str, object]) -> Step:
    began = time.monotonic()
    try:
        with reach(address, proxy, _CONNECT_S) as connection:
            took_ms = round((time.monotonic() - began) * 1_000)
            banner = _banner(connection)
    except ProxyError as error:
        return Step("proxy", "failed", seen | {"why": str(error)})
    except TunnelError as error:
        code = "refused" if isinstance(error.__cause__, ConnectionRefusedError) else "silent"
        return Step("tcp", code, seen | {"why": str(error)})
    if not banner.startswith("SSH-2.0-"):
        return Step("tcp", "no_ssh", seen | {"why": banner[:_SHOWN_MAX] or "-"})
    return Step("proxy" if proxy else "tcp", "ok", seen | {"ms": took_ms, "banner": banner})


def _banner(connection: socket.socket) -> str:
    connection.settimeout(_BANNER_S)
    with contextlib.suppress(OSError):
        return connection.recv(_BANNER_BYTES).split(b"\n")[0].decode("ascii", "replace").strip()
    return ""


def _certificate(way: Way) -> Step:
    """Look at the certificate by the clock of this machine."""
    valid_from, valid_to = validity_of(way.identity.certificate)
    now = way.now()
    days = (valid_to - now) // _DAY_S
    seen = {"device": way.identity.device, "days": days}
    if now < valid_from:
        return Step("certificate", "early", seen)
    if now >= valid_to:
        return Step("certificate", "ended", seen | {"days": -days})
    return Step("certificate", "ok", seen)


def _tunnel(way: Way, reached: Sequence[tuple[str, int]]) -> Iterator[Step]:
    began = time.monotonic()
    try:
        client = TunnelClient(reached, way.identity, way.host_keys, way.settings)
        tunnel = client.connect()
    except HostKeyError:
        yield Step("host_key", "wrong")
        return
    except LoginRefusedError:
        yield Step("host_key", "ok")
        yield Step("login", "refused", {"device": way.identity.device})
        return
    except SecurityError as error:
        yield Step("login", "lost", {"why": str(error)})
        return
    with tunnel:
        took_ms = round((time.monotonic() - began) * 1_000)
        yield Step("host_key", "ok")
        yield Step("login", "ok", {"ms": took_ms})
        yield from _streams(tunnel, way.now)


def _streams(tunnel: Tunnel, now: Callable[[], int]) -> Iterator[Step]:
    """Whether exchanges can be reached, and how fast bytes go up and down."""
    try:
        stream = tunnel.open(Target.SYNC)
    except TargetRefusedError:
        yield Step("target", "refused")
        return
    except TunnelError as error:
        yield Step("target", "lost", {"why": str(error)})
        return
    stream.close()
    yield Step("target", "ok")
    try:
        up, hub_now = _timed(tunnel, b"POST", RATE_BYTES)
        down, _ = _timed(tunnel, b"GET", 0)
    except (SecurityError, OSError, ValueError) as error:
        yield Step("rate", "lost", {"why": str(error)})
        return
    ahead = now() - hub_now
    minutes = {"minutes": abs(ahead) // 60}
    if abs(ahead) < CLOCK_DOUBT_S:
        yield Step("clock", "ok", {"seconds": ahead})
    else:
        yield Step("clock", "ahead" if ahead > 0 else "behind", minutes)
    yield Step("rate", "ok", {"up_kbit": up, "down_kbit": down})


def _timed(tunnel: Tunnel, method: bytes, size: int) -> tuple[int, int]:
    """Kilobits per second of one request, and the hub's clock in unix seconds.

    Raises:
        TunnelError, TimeoutError: The link broke, or is slower than the time allows.
        ValueError: The hub measures no rates.
    """
    stream = tunnel.open(Target.SYNC)
    stream.settimeout(RATE_S_MAX)
    try:
        began = time.monotonic()
        head = b"%b %b HTTP/1.0\r\nContent-Length: %d\r\n\r\n"
        stream.sendall(head % (method, RATE_PATH.encode(), size))
        for _ in range(size // _PIECE):
            stream.sendall(bytes(_PIECE))
        answer = b""
        while len(answer) <= 2 * RATE_BYTES and (piece := stream.recv(_PIECE)):
            answer += piece
        took_s = max(time.monotonic() - began, 0.001)
    finally:
        stream.close()
    found = _HEAD.match(answer)
    if found is None:
        raise ValueError("the hub measures no rates")
    hub_now = int(parsedate_to_datetime(found[1].decode("ascii")).timestamp())
    return round(RATE_BYTES * 8 / 1_000 / took_s), hub_now
