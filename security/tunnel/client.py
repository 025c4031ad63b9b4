"""The device's end of a tunnel: dial, check the hub, log in, open streams."""

import logging
import socket
import time
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko import ChannelException, Ed25519Key, SSHException
from paramiko.common import OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

from security.errors import SecurityError
from security.tunnel.accounting import TerminateCause
from security.tunnel.channel import TunnelChannel
from security.tunnel.errors import (
    HostKeyError,
    LoginRefusedError,
    TargetRefusedError,
    TunnelError,
)
from security.tunnel.keys import Pin, certified_key, line_blob, targets_of
from security.tunnel.link import LinkSocket, tune
from security.tunnel.proxies import Proxy, connect_through
from security.tunnel.targets import Target
from security.tunnel.watchdog import Probing, Watchdog
from security.tunnel.wire import LOGIN, WireTransport

_log = logging.getLogger(__name__)

# A packet counts when its last byte is here. When a link is cut, what came of a packet is lost;
# so those of exchanges are as small as SSH allows.
_EXCHANGE_PACKET_BYTES: Final = 4096

# The farewell of a tunnel may wait this long for a stalled link, and its threads as long again.
_CLOSE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who dials: the device id, its private key, and the certificate line for that key."""

    device: str
    key: Ed25519PrivateKey = field(repr=False)
    certificate: str


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Limits of one tunnel.

    The window is about twice what a village link holds in flight: paramiko's default of 2 MiB
    makes a click wait 18 s behind an upload at 1 Mbit/s, this one about 1 s.
    """

    connect_timeout_s: float = 15.0
    login_timeout_s: float = 30.0
    open_timeout_s: float = 60.0
    window_bytes: int = 128 * 1024
    send_buffer_bytes: int = 64 * 1024
    user_timeout_s: float = 60.0
    doubt_s: float = 10.0
    """How long a link has to show a sign of life after the network has changed."""
    probing: Probing = field(default_factory=Probing)
    proxy: Proxy | None = None


def reach(address: tuple[str, int], proxy: Proxy | None, timeout_s: float) -> socket.socket:
    """A TCP connection to a hub, through the proxy if there is one.

    Raises:
        TunnelError: Nothing answers there in time.
        ProxyError: The proxy stands in the way.
    """
    if proxy is not None:
        return connect_through(proxy, address, timeout_s)
    try:
        return socket.create_connection(address, timeout_s)
    except OSError as error:
        raise TunnelError(error.strerror or str(error) or "no answer") from error


class TunnelClient:
    """Makes tunnels to one hub, which may be reached at several addresses."""

    def __init__(
        self,
        addresses: Sequence[tuple[str, int]],
        identity: DeviceIdentity,
        host_keys: Sequence[str] | Pin,
        settings: ClientSettings | None = None,
    ) -> None:
        """Take the addresses in the order to try, and the pinned host keys as OpenSSH lines.

        A fingerprint does in place of a host key.

        Raises:
            FormatError: The certificate is not one for the key, or a host key is not readable.
        """
        assert addresses
        self._addresses = tuple(addresses)
        self._device = identity.device
        self._key = certified_key(identity.key, identity.certificate)
        self._targets = targets_of(identity.certificate)
        self._pinned: Container[bytes] = (
            host_keys
            if isinstance(host_keys, Pin)
            else frozenset(line_blob(line) for line in host_keys)
        )
        self._settings = settings or ClientSettings()

    def connect(self) -> "Tunnel":
        """A tunnel through the first address that works; the addresses are tried in turn.

        Raises:
            TunnelError: No address answered in time: try again later.
            HostKeyError: One that answered is not the hub, and no other address worked.
            LoginRefusedError: The hub answered and refused the device.
        """
        refused: SecurityError | None = None
        reasons = []
        for host, port in self._addresses:
            try:
                return self._connect_to(host, port)
            except TunnelError as error:
                reasons.append(f"{host}:{port}: {error}")
            except (HostKeyError, LoginRefusedError) as error:
                refused = refused or error
        if refused is not None:
            raise refused
        raise TunnelError("the hub cannot be reached: " + "; ".join(reasons))

    def _connect_to(self, host: str, port: int) -> "Tunnel":
        settings = self._settings
        connection = reach((host, port), settings.proxy, settings.connect_timeout_s)
        tune(
            connection,
            user_timeout_s=settings.user_timeout_s,
            send_buffer_bytes=settings.send_buffer_bytes,
        )
        link = LinkSocket(connection, wake_s=settings.probing.wake_s)
        transport = _ClientTransport(link, settings, self._pinned)
        try:
            transport.exchange_keys(settings.connect_timeout_s)
            transport.log_in(self._device, self._key, settings.login_timeout_s)
        except SecurityError:
            transport.end(TerminateCause.USER_REQUEST)
            raise
        return Tunnel(transport, settings, (host, port), self._targets)


class Tunnel:
    """One live link to the hub. Streams may be opened from any thread."""

    def __init__(
        self,
        transport: "_ClientTransport",
        settings: ClientSettings,
        address: tuple[str, int],
        targets: Mapping[Target, tuple[str, int]],
    ) -> None:
        """Begin to watch over a link that has logged in; made by `TunnelClient.connect`."""
        self.address: Final = address
        self._transport = transport
        self._settings = settings
        self._targets = targets
        self._lock = Lock()
        self._closing_at: float | None = None
        self._doubted_at: float | None = None
        self._watchdog = Watchdog(f"tunnel-watchdog-{address[0]}:{address[1]}")
        self._watchdog.watch(self)
        self._watchdog.start()
        transport.stop_at_end(self._watchdog)
        transport.begin_probing()

    @property
    def is_alive(self) -> bool:
        """The link has not ended as far as is known; a dead one is found by the watchdog."""
        return self._transport.is_active()

    def open(
        self, target: Target = Target.SYNC, *, timeout_s: float | None = None
    ) -> TunnelChannel:
        """A new stream to the hub's API or pages; `timeout_s` limits the wait for the answer.

        A hub that does not answer in time is treated as lost, and the whole tunnel is ended:
        a late answer would leave a stream open that nobody owns.

        Raises:
            TunnelError: The link is lost, or the hub cannot serve at the moment.
            TargetRefusedError: The hub lets nobody reach this target.
        """
        limit = self._settings.open_timeout_s if timeout_s is None else timeout_s
        give_up_at = time.monotonic() + limit
        try:
            channel = self._transport.open_channel(
                "direct-tcpip",
                self._targets[target],
                ("127.0.0.1", 0),
                max_packet_size=_EXCHANGE_PACKET_BYTES if target is Target.SYNC else None,
                timeout=limit,
            )
        except ChannelException as error:
            if error.code == OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED:
                raise TargetRefusedError(
                    f"the hub does not let this device reach its {target}"
                ) from error
            raise TunnelError("the hub cannot serve another stream at the moment") from error
        except (SSHException, EOFError, OSError) as error:
            if time.monotonic() >= give_up_at:
                self._transport.link.cut(TerminateCause.LOST_CARRIER)
            raise TunnelError("the hub did not open a stream: the link may be lost") from error
        return TunnelChannel(channel, self._transport.is_active)

    def doubt(self) -> None:
        """Look at once whether the link still works, because the network has changed.

        A link whose own address is gone is cut now; any other must show a sign of life within
        seconds. Never waits.
        """
        if not self._transport.link.is_at_home():
            self._transport.link.cut(TerminateCause.LOST_CARRIER)
            return
        self._doubted_at = time.monotonic()
        self._transport.demand_proof()
        self._watchdog.look_again()

    def close(self) -> None:
        """End the tunnel and its streams, and wait for its threads; harmless when repeated."""
        with self._lock:
            first = self._closing_at is None
            self._closing_at = self._closing_at or time.monotonic()
        self._watchdog.look_again()
        if first:
            self._transport.bid_farewell()
        self._transport.end(TerminateCause.USER_REQUEST)
        self._watchdog.join(_CLOSE_S)

    def seconds_left(self) -> float:
        """The time until the watchdog cuts the link, should nothing be heard until then."""
        silence = self._transport.link.silence_s()
        left = self._settings.probing.silence_max_s - silence
        if self._doubted_at is not None:
            in_doubt = time.monotonic() - self._doubted_at
            if silence < in_doubt:
                self._doubted_at = None  # something was heard since
            else:
                left = min(left, self._settings.doubt_s - in_doubt)
        if self._closing_at is not None:
            left = min(left, self._closing_at + _CLOSE_S - time.monotonic())
        return left

    def expire(self) -> None:
        """Cut the link; called by the watchdog."""
        _log.warning(
            "tunnel cut by the watchdog",
            extra={"address": self.address, "silence_s": self._transport.link.silence_s()},
        )
        self._transport.link.cut(TerminateCause.LOST_CARRIER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _WrongHostKeyError(SSHException):
    pass


class _ClientTransport(WireTransport):
    """The connection of one tunnel; no error of paramiko leaves its methods."""

    def __init__(
        self, link: LinkSocket, settings: ClientSettings, pinned: Container[bytes]
    ) -> None:
        super().__init__(link, window_bytes=settings.window_bytes, probing=settings.probing)
        self._pinned = pinned
        self._end_lock = Lock()
        self._has_ended = False
        self._watchdog: Watchdog | None = None

    def exchange_keys(self, timeout_s: float) -> None:
        """Agree on keys with a machine that holds a pinned host key."""
        done = Event()
        self.banner_timeout = timeout_s
        self.start_client(event=done)
        if not done.wait(timeout_s):
            raise TunnelError("no SSH answer in time")
        if not self.is_active():
            error = self.get_exception()
            if isinstance(error, _WrongHostKeyError):
                raise HostKeyError("the machine that answered holds another key than the hub")
            raise TunnelError("the key exchange failed") from error

    def log_in(self, device: str, key: Ed25519Key, timeout_s: float) -> None:
        """Log in with the certificate of the key."""
        done = Event()
        try:
            self.auth_publickey(LOGIN, key, event=done)
        except (SSHException, EOFError, OSError) as error:
            raise TunnelError("the link was lost before the login") from error
        if not done.wait(timeout_s):
            raise TunnelError("the login was not answered in time")
        if not self.is_active():
            raise TunnelError("the link was lost during the login")
        if not self.is_authenticated():
            raise LoginRefusedError(f"the hub does not accept the device {device}")

    def stop_at_end(self, watchdog: Watchdog) -> None:
        """Stop the watchdog when the connection ends, or now if it has ended."""
        with self._end_lock:
            self._watchdog = watchdog
            if self._has_ended:
                watchdog.stop()

    def bid_farewell(self) -> None:
        """Say goodbye if the link still takes it, and let the hub hang up."""
        with suppress(SSHException, EOFError, OSError):
            self.say_goodbye()
        self.link.finish()
        self.join(_CLOSE_S)

    def end(self, cause: TerminateCause) -> None:
        """Cut the connection and wait for its thread."""
        self.link.cut(cause)
        self.join(_CLOSE_S)

    def ended(self) -> None:
        """Let the watchdog go too."""
        with self._end_lock:
            self._has_ended = True
            if self._watchdog is not None:
                self._watchdog.stop()

    def _verify_key(self, host_key: bytes, signature: bytes) -> None:
        """Refuse any key that is not pinned, here where also later key exchanges come by."""
        if host_key not in self._pinned:
            raise _WrongHostKeyError("not a pinned host key")
        super()._verify_key(host_key, signature)  # type: ignore[misc]  # not in the stubs
