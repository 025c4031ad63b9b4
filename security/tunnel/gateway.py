"""The hub's end of the tunnels: an SSH server for certificates of ours and one target."""

import logging
import socket
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from security.tunnel.accounting import SessionRecord, StatusType, TerminateCause
from security.tunnel.admission import Admission, Entrance, GatewaySettings, Reports
from security.tunnel.keys import signing_key
from security.tunnel.link import accept_each, listen
from security.tunnel.premises import Premises
from security.tunnel.roster import Roster
from security.tunnel.session import GatewaySession
from security.tunnel.watchdog import Watchdog

_log = logging.getLogger(__name__)

# How long a stop waits for threads that were told to end.
_STOP_S: Final = 10.0


class Gateway:
    """Accepts tunnels of devices and connects their streams to the hub's API.

    The bind is done when it is made, so that an occupied port is reported before anything
    else starts; `start` begins to accept.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        host_key: Ed25519PrivateKey,
        admission: Admission,
        entrance: Entrance,
        reports: Reports | None = None,
    ) -> None:
        """Listen at the address of the settings.

        Raises:
            ListenError: The port is in use, or the address is not one of this machine.
        """
        self._roster: Roster[GatewaySession] = Roster(settings)
        self._watchdog = Watchdog("gateway-watchdog")
        self._premises = Premises(
            settings=settings,
            admission=admission,
            reports=reports or Reports(),
            entrance=entrance,
            host_key=signing_key(host_key),
            roster=self._roster,
            watchdog=self._watchdog,
        )
        self._is_stopping = Event()
        self._listener = listen(settings.host, settings.port)
        bound = self._listener.getsockname()
        self.address: Final[tuple[str, int]] = (bound[0], bound[1])
        self._thread = Thread(target=self._accept, name="gateway-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept tunnels."""
        self._watchdog.start()
        self._thread.start()

    def sessions(self) -> tuple[SessionRecord, ...]:
        """The live sessions as interim rows of the accounting, to ask for now and then."""
        rows = (
            session.record(StatusType.INTERIM_UPDATE) for session in self._roster.everybody()
        )
        return tuple(row for row in rows if row is not None)

    def close_device(self, device: str) -> bool:
        """End the session of a device at once; False if it had none.

        After a revocation: revoke first, then call this, and no session slips through.
        """
        sessions = self._roster.of_device(device)
        for session in sessions:
            session.link.cut(TerminateCause.ADMIN_RESET)
        return bool(sessions)

    def stop(self) -> None:
        """Accept no more, end all sessions, and wait for the threads."""
        self._is_stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        self._listener.close()
        sessions = self._roster.everybody()
        for session in sessions:
            session.link.cut(TerminateCause.ADMIN_REBOOT)
        for session in sessions:
            session.join(_STOP_S)
        if not self._roster.wait_empty(_STOP_S):
            _log.warning("gateway stopped with streams that did not end")
        self._watchdog.stop()
        self._watchdog.join(_STOP_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _accept(self) -> None:
        accept_each(self._listener, self._is_stopping, self._take)

    def _take(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        try:
            session = GatewaySession(self._premises, connection, peer)
        except OSError:  # the peer is gone already
            connection.close()
            return
        if not self._roster.enter(session, peer[0]):
            _log.warning("tunnel connection refused: too many", extra={"peer": peer[0]})
            session.link.close()
            return
        try:
            session.start()
        except RuntimeError:  # the system gives no more threads
            _log.warning("tunnel connection refused: no more threads", extra={"peer": peer[0]})
            session.link.close()
            session.ended()
