"""A hub's gateway, a small API behind it, devices, and links that go bad, all on loopback."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from security.errors import TrustError
from security.sshcert import Certificate, issue_user_certificate, public_line
from security.tunnel import algorithms
from security.tunnel.accounting import CloneAlarm, SessionRecord, StatusType
from security.tunnel.admission import Admission, GatewaySettings, Reports
from security.tunnel.channel import TunnelChannel
from security.tunnel.client import ClientSettings, DeviceIdentity, TunnelClient
from security.tunnel.gateway import Gateway
from security.tunnel.keys import certified_key
from security.tunnel.targets import Caller, Target, address_of
from security.tunnel.trial import RATE_BYTES, RATE_PATH
from security.tunnel.watchdog import Probing
from security.tunnel.wire import LOGIN

DEVICE = "120103001001-01"
OTHER_DEVICE = "120103001002-01"

# 2026-11-23, as the hub's clock has it; certificates are made around it.
NOW = 1_795_400_000
DAY = 86_400

# Quick enough for a test, slow enough for a busy machine.
QUICK = Probing(interval_s=0.2, silent_intervals_max=5)
PATIENT = Probing(interval_s=5.0, silent_intervals_max=6)


def wait_for(condition: Callable[[], object], *, within_s: float = 10.0) -> bool:
    """Whether the condition comes to hold within the time."""
    pause = threading.Event()
    for _ in range(round(within_s / 0.01)):
        if condition():
            return True
        pause.wait(0.01)
    return bool(condition())


_ZEROS = bytes(1 << 18)


class EchoApi:
    """An HTTP server that gives back what it gets, and tells which device asks."""

    def __init__(self) -> None:
        self.server = _EchoServer()
        self.address = ("127.0.0.1", self.server.server_port)
        self.is_down = False
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}
        )

    @property
    def live(self) -> int:
        """How many connections of devices are being served."""
        return len(self.server.of_devices)

    def adopt(self, connection: socket.socket, caller: Caller) -> None:
        if self.is_down:
            raise ConnectionRefusedError("down for the test")
        self.server.of_devices[connection] = caller
        self.server.process_request(connection, caller)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


class _EchoServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _EchoRequest)
        self.of_devices: dict[object, Caller] = {}

    def handle_error(self, *_: object) -> None:
        """A device that hangs up in the middle is what many tests are about."""

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 (as its base)
        super().shutdown_request(request)
        self.of_devices.pop(request, None)


class _EchoRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        if self.path in {"/swallow", RATE_PATH}:
            pieces = iter(lambda: self.rfile.read1(1 << 18), b"")
            took = 0
            while took < size and (piece := next(pieces, b"")):
                took += len(piece)
            self._answer(str(took).encode())
        else:
            self._answer(self.rfile.read(size))

    def do_GET(self) -> None:
        if self.path == RATE_PATH:
            self.path = f"/zeros/{RATE_BYTES}"
        kind, _, argument = self.path.strip("/").partition("/")
        if kind == "zeros":
            self._answer(memoryview(_ZEROS)[: int(argument)], int(argument) // len(_ZEROS))
        else:
            caller: object = self.client_address
            told = (
                {"device": caller.device, "target": caller.target}
                if isinstance(caller, Caller)
                else None
            )
            self._answer(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes | memoryview, repeated: int = 0) -> None:
        """Answer with the body, which if repeated is the last piece behind as many of zeros."""
        rest = len(body) if not repeated else int(self.path.rpartition("/")[2]) % len(_ZEROS)
        self.send_response(200)
        self.send_header("Content-Length", str(len(_ZEROS) * repeated + rest))
        self.end_headers()
        with suppress(OSError):
            for _ in range(repeated):
                self.wfile.write(_ZEROS)
            self.wfile.write(body[:rest])


class Proxy:
    """A link between a device and the gateway that can be cut, or go silent in two ways.

    Deaf: it still takes what is sent, and passes nothing on, as a dead router behind a live
    modem. Frozen: it takes nothing any more, as a machine that hangs.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._is_deaf = threading.Event()
        self._is_closed = threading.Event()
        self._may_flow = threading.Event()
        self._may_flow.set()
        self.passed = 0
        self.address: tuple[str, int] = self._listener.getsockname()
        self._begin(self._accept)

    def deafen(self) -> None:
        """Swallow everything from now on."""
        self._is_deaf.set()

    def freeze(self) -> None:
        """Take nothing from now on."""
        self._may_flow.clear()

    def cut(self) -> None:
        """Break every connection."""
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed.set()
        self._may_flow.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)
        for connection in self._sockets:
            connection.close()

    def _begin(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._is_closed.is_set():
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                self._begin(self._relay, near, far)
                self._begin(self._relay, far, near)

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while self._may_flow.wait() and (piece := source.recv(16384)):
                if not self._is_deaf.is_set():
                    sink.sendall(piece)
                    self.passed += len(piece)
            sink.shutdown(socket.SHUT_WR)


@dataclass
class World:
    """One hub with its gateway, and everything to make devices for it."""

    api: EchoApi
    gateway: Any = field(init=False)
    """A `Gateway`, or that of OpenSSH; tests of one of them look inside."""
    address: tuple[str, int] = field(init=False)
    ca: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    host_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    records: list[SessionRecord] = field(default_factory=list)
    alarms: list[CloneAlarm] = field(default_factory=list)
    now: int = NOW
    revoked_serials: set[int] = field(default_factory=set)
    revoked_devices: set[str] = field(default_factory=set)
    """What the registry no longer accepts; the gateway asks at every login."""

    authorise_more: Callable[[str, Certificate], None] = lambda _device, _certificate: None

    def authorise(self, device: str, certificate: Certificate) -> None:
        self.authorise_more(device, certificate)
        if device in self.revoked_devices:
            raise TrustError("the device was revoked")

    def admission(self) -> Admission:
        return Admission(
            self.ca.public_key().public_bytes_raw(),
            self.authorise,
            lambda: self.now,
            lambda: self.revoked_serials,
        )

    def identity(self, device: str = DEVICE, **changes: int) -> DeviceIdentity:
        """A device with a certificate; `serial`, `valid_from`, `valid_to` can be changed."""
        key = Ed25519PrivateKey.generate()
        times = {
            "serial": 7,
            "valid_from": self.now - DAY,
            "valid_to": self.now + 30 * DAY,
        } | changes
        line = issue_user_certificate(self.ca, public_line(key.public_key()), device, **times)
        return DeviceIdentity(device, key, line)

    def client(
        self,
        identity: DeviceIdentity | None = None,
        *,
        address: tuple[str, int] | None = None,
        settings: ClientSettings | None = None,
    ) -> TunnelClient:
        return TunnelClient(
            [address or self.address],
            identity or self.identity(),
            [self.host_line()],
            settings or ClientSettings(probing=PATIENT),
        )

    def host_line(self) -> str:
        return public_line(self.host_key.public_key())

    def target(self, target: Target = Target.SYNC, serial: int = 7) -> tuple[str, int]:
        """What a device with this serial asks for to reach a target."""
        return address_of(self.ca.public_key().public_bytes_raw(), serial, target)

    def stopped(self) -> list[SessionRecord]:
        return [row for row in self.records if row.acct_status_type is StatusType.STOP]


@contextmanager
def running_world(**changes: object) -> Iterator[World]:
    """A world whose gateway has these settings changed; at the end no thread may be left.

    `targets`, `rate_bytes_s` and `on_session` take the place of what the gateway otherwise
    asks and tells.
    """
    before = set(threading.enumerate())
    admission = {
        name: changes.pop(name) for name in ("targets", "rate_bytes_s") if name in changes
    }
    on_session = changes.pop("on_session", None)
    with ExitStack() as stack:
        api = stack.enter_context(EchoApi())
        settings = GatewaySettings("127.0.0.1", 0, probing=PATIENT)
        world = World(api)
        world.gateway = Gateway(
            replace(settings, **changes),  # type: ignore[arg-type]  # the test names its fields
            world.host_key,
            replace(world.admission(), **admission),  # type: ignore[arg-type]  # as above
            api.adopt,
            Reports(on_session or world.records.append, world.alarms.append),  # type: ignore[arg-type]  # as above
        )
        stack.enter_context(world.gateway)
        world.address = world.gateway.address
        yield world
    assert wait_for(lambda: not _left(before)), _left(before)
    assert api.live == 0


def _left(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before]


def request(channel: TunnelChannel, path: str, body: bytes | None = None) -> bytes:
    """The body of the answer to one HTTP request over a stream, by the usual client."""
    connection = http.client.HTTPConnection("hub")
    connection.sock = channel
    connection.request("GET" if body is None else "POST", path, body)
    answer = connection.getresponse().read()
    connection.close()
    return answer


@contextmanager
def plain_client(world: World) -> Iterator[paramiko.Transport]:
    """An SSH client without our limits, as an attacker has it."""
    connection = socket.create_connection(world.address, 10)
    with paramiko.Transport(connection) as transport:
        security = transport.get_security_options()
        security.ciphers = algorithms.CIPHERS
        transport.start_client(timeout=10)
        yield transport
    transport.join(10)


@contextmanager
def logged_in(world: World) -> Iterator[paramiko.Transport]:
    identity = world.identity()
    with plain_client(world) as transport:
        transport.auth_publickey(LOGIN, certified_key(identity.key, identity.certificate))
        yield transport


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    with connection:
        while piece := connection.recv(1000):
            received += piece
    return received
