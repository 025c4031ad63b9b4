"""The loopback addresses at which sshd delivers the streams of devices that may be here."""

import logging
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Final

from security.tunnel.admission import Entrance
from security.tunnel.link import listen
from security.tunnel.openssh.sockets import connection as connection_between
from security.tunnel.targets import Caller, Target, address_of

_log = logging.getLogger(__name__)

# How long an address stays without a session: longer than a login may take.
_IDLE_S: Final = 60.0

_LOOK_S: Final = 1.0

# Of asm-generic/socket.h; Python has no name for it.
_SO_MAX_PACING_RATE: Final = 47


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How many streams one device may have at once, and how fast each may go down."""

    streams_max: int
    rate_bytes_s: Callable[[str], int | None]


class _Lent(socket.socket):
    """A connection that tells when whoever took it over has closed it."""

    returned: Callable[[], None]

    def close(self) -> None:
        if self.fileno() >= 0:
            super().close()
            self.returned()


@dataclass(slots=True)
class _Place:
    """One address of one certificate."""

    caller: Caller
    serial: int
    used_at: float
    listener: socket.socket = field(repr=False)


class Listeners:
    """Listens for each certificate that was admitted, and hands its streams to the API.

    Two things together name the device: the address, which sshd permits to it alone, and the
    account of the connecting process, which must be that of sshd's session processes.
    """

    def __init__(
        self, ca_public: bytes, account_uid: int, entrance: Entrance, limits: StreamLimits
    ) -> None:
        """Take the account of sshd's sessions and the limits of one device."""
        self._ca_public = ca_public
        self._account_uid = account_uid
        self._entrance = entrance
        self._streams_max = limits.streams_max
        self._rate_bytes_s = limits.rate_bytes_s
        self._lock = Lock()
        self._selector = selectors.DefaultSelector()
        self._places: dict[tuple[str, int], tuple[_Place, ...]] = {}
        self._streams: dict[str, set[_Lent]] = {}
        self._opened: dict[str, int] = {}
        self._is_stopping = False
        self._thread = Thread(target=self._run, name="openssh-streams", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def stop(self) -> None:
        """Listen nowhere any more and end every stream."""
        self._is_stopping = True
        if self._thread.ident is not None:
            self._thread.join(_LOOK_S * 5)
        with self._lock:
            devices = {device for device, _ in self._places} | set(self._streams)
        for device in devices:
            self.shut(device)
        self._selector.close()

    def open(self, device: str, serial: int) -> dict[Target, tuple[str, int]]:
        """Listen at the addresses of a certificate; harmless when repeated.

        Raises:
            ListenError: Another certificate or program has one of the addresses.
        """
        addresses = {target: address_of(self._ca_public, serial, target) for target in Target}
        with self._lock:
            places = self._places.get((device, serial))
            if places is None:
                places = self._listen(device, serial, addresses)
                self._places[device, serial] = places
            for place in places:
                place.used_at = time.monotonic()
        return addresses

    def keep(self, device: str, serial: int) -> None:
        """Note that a session with this certificate lives."""
        with self._lock:
            for place in self._places.get((device, serial), ()):
                place.used_at = time.monotonic()

    def shut(self, device: str) -> None:
        """Listen for a device no more and end its streams, at once."""
        with self._lock:
            for key in [key for key in self._places if key[0] == device]:
                self._drop(key)
            streams = tuple(self._streams.get(device, ()))
        for stream in streams:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # ended by itself

    def opened(self, device: str) -> int:
        """How many streams a device has opened here so far."""
        with self._lock:
            return self._opened.get(device, 0)

    def _listen(
        self, device: str, serial: int, addresses: dict[Target, tuple[str, int]]
    ) -> tuple[_Place, ...]:
        places: list[_Place] = []
        try:
            for target, address in addresses.items():
                listener = listen(*address)
                listener.settimeout(0)
                place = _Place(Caller(device, target), serial, time.monotonic(), listener)
                places.append(place)
                self._selector.register(listener, selectors.EVENT_READ, place)
        except BaseException:
            self._close(places)
            raise
        return tuple(places)

    def _drop(self, key: tuple[str, int]) -> None:
        self._close(self._places.pop(key))

    def _close(self, places: "tuple[_Place, ...] | list[_Place]") -> None:
        for place in places:
            if place.listener in self._selector.get_map():
                self._selector.unregister(place.listener)
            place.listener.close()

    def _run(self) -> None:
        while not self._is_stopping:
            for key, _ in self._selector.select(_LOOK_S):
                self._accept(key.data)
            too_old = time.monotonic() - _IDLE_S
            with self._lock:
                for key_ in [k for k, p in self._places.items() if p[0].used_at < too_old]:
                    self._drop(key_)

    def _accept(self, place: _Place) -> None:
        try:
            connection, peer = place.listener.accept()
        except (
            OSError
        ):  # hung up already, or no file handle is left: the next round tries again
            return
        state = connection_between((peer[0], peer[1]), connection.getsockname()[:2])
        device = place.caller.device
        if state is None or not state.is_open or state.uid != self._account_uid:
            uid = None if state is None else state.uid
            _log.warning("a program is no device", extra={"device": device, "uid": uid})
            connection.close()
            return
        self._hand_over(connection, place)

    def _hand_over(self, connection: socket.socket, place: _Place) -> None:
        device = place.caller.device
        lent = _Lent(fileno=connection.detach())
        lent.returned = lambda: self._forget(device, lent)
        with self._lock:
            streams = self._streams.setdefault(device, set())
            is_full = len(streams) >= self._streams_max
            if not is_full:
                streams.add(lent)
                self._opened[device] = self._opened.get(device, 0) + 1
        try:
            if is_full:
                raise ConnectionRefusedError("the device has too many streams")
            lent.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            rate = self._rate_bytes_s(device)
            if rate is not None:
                # What goes down; what comes up, sshd passes on as fast as it comes.
                lent.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, rate)
            self._entrance(lent, place.caller)
        except OSError as error:
            _log.info("stream refused", extra={"device": device, "reason": str(error)})
            lent.close()

    def _forget(self, device: str, lent: _Lent) -> None:
        with self._lock:
            streams = self._streams.get(device, set())
            streams.discard(lent)
            if not streams:
                self._streams.pop(device, None)
