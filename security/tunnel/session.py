"""One connection of a device to the gateway, from its TCP accept to its last record."""

import logging
import socket
import time
from dataclasses import asdict
from threading import Event, Lock, Thread, current_thread
from typing import Final

from paramiko import Channel, PKey, ServerInterface
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_SUCCEEDED,
)

from security.errors import TrustError
from security.sshcert import Certificate
from security.tunnel.accounting import CloneAlarm, SessionRecord, StatusType, TerminateCause
from security.tunnel.admission import GatewaySettings
from security.tunnel.channel import TunnelChannel
from security.tunnel.errors import RecordingError
from security.tunnel.keys import line_blob
from security.tunnel.lapsed import checked_login
from security.tunnel.link import LinkSocket, tune
from security.tunnel.premises import Premises
from security.tunnel.pump import Pump
from security.tunnel.targets import Caller, Target, target_at
from security.tunnel.wire import LOGIN, WireTransport

_log = logging.getLogger(__name__)

# A whole login takes about 6 KiB; whoever sends more before it has other intentions.
_OCTETS_BEFORE_LOGIN_MAX: Final = 64 * 1024

# So much of a name that somebody merely claims goes into the log.
_CLAIM_LENGTH_MAX: Final = 64


class GatewaySession(ServerInterface):
    """Lets one device in by its certificate, and to the hub's API only.

    Whatever is not allowed here, the base class refuses: passwords, no authentication, shells,
    commands, subsystems, agents, X11, environment, reverse forwarding.
    """

    def __init__(
        self, premises: Premises, connection: socket.socket, peer: tuple[str, int]
    ) -> None:
        self._premises = premises
        self._peer, self._address = f"{peer[0]}:{peer[1]}", peer[0]
        settings = premises.settings
        tune(connection, user_timeout_s=settings.user_timeout_s, send_buffer_bytes=None)
        self.link = LinkSocket(connection, wake_s=settings.probing.wake_s)
        self.link.octets_in_max = _OCTETS_BEFORE_LOGIN_MAX
        self._transport = _ServerTransport(self.link, self, settings)
        self._transport.add_server_key(premises.host_key)
        self._accepted_at = time.monotonic()
        self._logged_in_at: float | None = None
        self._certificate: Certificate | None = None
        self._lapsed_targets: dict[Target, tuple[str, int]] | None = None
        self._newcomer = ""
        self._claimed = ""
        self._refusal = ""
        self._newer: GatewaySession | None = None
        self._proof_until = 0.0
        self._lock = Lock()
        self._waiting: dict[int, socket.socket] = {}
        self._pumps: dict[Thread, Pump] = {}
        self._rate_bytes_s: int | None = None
        self._channels_opened = 0
        self._channels_refused = 0

    @property
    def session_id(self) -> str:
        """The name of the session in the accounting: half of the SSH session id, in hex."""
        return (self._transport.session_id or b"")[:16].hex()

    def start(self) -> None:
        """Begin the key exchange in a thread of its own.

        Raises:
            RuntimeError: The system gives no more threads.
        """
        self._premises.watchdog.watch(self)
        self._transport.start_server(event=Event(), server=self)

    def join(self, timeout_s: float) -> None:
        """Wait for the thread of a session that was cut."""
        self._transport.join(timeout_s)

    def record(
        self, status: StatusType, cause: TerminateCause | None = None
    ) -> SessionRecord | None:
        """The accounting row as of now; None before the login."""
        if self._certificate is None or self._logged_in_at is None:
            return None
        return SessionRecord(
            acct_status_type=status,
            acct_session_id=self.session_id,
            user_name=self._certificate.device,
            certificate_serial=self._certificate.serial,
            calling_station_id=self._peer,
            event_timestamp=self._premises.admission.now(),
            acct_session_time=int(time.monotonic() - self._logged_in_at),
            acct_input_octets=self.link.octets_in,
            acct_output_octets=self.link.octets_out,
            acct_terminate_cause=cause,
            channels_opened=self._channels_opened,
            channels_refused=self._channels_refused,
            algorithms=self._transport.algorithm_names,
        )

    # What the watchdog asks.

    def seconds_left(self) -> float:
        """The time until the login must be finished, or a byte be heard."""
        settings, now = self._premises.settings, time.monotonic()
        if self._logged_in_at is None:
            return self._accepted_at + settings.login_deadline_s - now
        left = settings.probing.silence_max_s - self.link.silence_s()
        return left if self._newer is None else min(left, self._proof_until - now)

    def expire(self) -> None:
        """Cut a session that ran out of time."""
        is_live = self._logged_in_at is not None
        self.link.cut(
            TerminateCause.LOST_CARRIER if is_live else TerminateCause.SESSION_TIMEOUT
        )

    # What paramiko asks, in the thread of the session.

    def get_allowed_auths(self, username: str) -> str:
        """Certificates are public keys to SSH."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: PKey) -> int:
        """Accept a certificate of ours; paramiko checks afterwards that its key signs."""
        self._claimed = username[:_CLAIM_LENGTH_MAX]
        self._certificate = None
        try:
            if username != LOGIN:
                raise TrustError("a login under another name")
            if key.public_blob is None:
                raise TrustError("a bare key without a certificate")
            certificate, self._lapsed_targets, self._newcomer = checked_login(
                key.public_blob.key_blob, self._premises.admission, self._address
            )
            if line_blob(certificate.ssh) != key.asbytes():
                raise TrustError("the certificate was read in two ways")
            self._authorise(certificate)
        except TrustError as error:
            self._refusal = str(error)
            return AUTH_FAILED
        self._certificate = certificate
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """No sessions, so no shell, no command, no subsystem."""
        self._channels_refused += 1
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        """Reach the API before saying yes, so that one that is down is reported so."""
        reason, certificate = OPEN_SUCCEEDED, self._certificate
        assert certificate is not None
        target = self._permitted(certificate, destination)
        if target is None:
            reason = OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        elif not self._reserve_channel():
            reason = OPEN_FAILED_RESOURCE_SHORTAGE
        else:
            try:
                is_lapsed = self._lapsed_targets is not None
                caller = Caller(certificate.device, target, is_lapsed, self._newcomer)
                self._waiting[chanid] = self._connect_to_api(caller)
            except OSError:
                self._premises.roster.give_channel()
                reason = OPEN_FAILED_CONNECT_FAILED
        if reason == OPEN_SUCCEEDED:
            self._channels_opened += 1
        else:
            self._channels_refused += 1
        return reason

    def _permitted(
        self, certificate: Certificate, destination: tuple[str, int]
    ) -> Target | None:
        if self._lapsed_targets is not None:
            is_own = destination == self._lapsed_targets[Target.SYNC]
            return Target.SYNC if is_own else None
        admission = self._premises.admission
        target = target_at(admission.ca_public, certificate.serial, destination)
        try:
            return target if target in admission.targets(certificate.device) else None
        except TrustError:  # it has lost its right since the login
            return None

    def _authorise(self, certificate: Certificate) -> None:
        admission = self._premises.admission
        if self._lapsed_targets is None:
            admission.authorise(certificate.device, certificate)
        elif self._newcomer:
            admission.authorise_newcomer(certificate.device, self._newcomer, self._address)
        else:
            admission.authorise_lapsed(certificate.device, certificate.ssh)

    # What our transport tells, in the thread of the session.

    def logged_in(self) -> None:
        """The login is complete: this session is now the one of its device."""
        premises, certificate = self._premises, self._certificate
        assert certificate is not None
        self.link.octets_in_max = None
        self._logged_in_at = time.monotonic()
        older = premises.roster.admit(self, certificate.device)
        started = self.record(StatusType.START)
        assert started is not None
        try:
            # A revocation may have come since the check, and missed a session not yet listed.
            self._authorise(certificate)
            if self._lapsed_targets is None:
                self._rate_bytes_s = premises.admission.rate_bytes_s(certificate.device)
            premises.reports.on_session(started)
        except (RecordingError, TrustError) as error:
            self._refuse_late(str(error))
            return
        self._transport.begin_probing()
        premises.watchdog.look_again()
        if older is not None:
            older.taken_over(self)

    def channel_opened(self, channel: Channel) -> None:
        """The device knows that its stream is open: carry it."""
        connection = self._waiting.pop(channel.chanid)
        stream = TunnelChannel(channel, self._transport.is_active)
        pump = Pump(stream, connection, "gateway-back", self._rate_bytes_s)
        thread = Thread(target=self._carry, args=(pump,), name="gateway-carry", daemon=True)
        with self._lock:
            self._pumps[thread] = pump
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            self._finish(thread)

    def proved_alive(self) -> None:
        """The device answers here although it has logged in elsewhere: there are two of it."""
        if self._newer is None or self._certificate is None:
            return
        self._premises.reports.on_clone(
            CloneAlarm(
                device=self._certificate.device,
                older_session_id=self.session_id,
                older_peer=self._peer,
                newer_session_id=self._newer.session_id,
                newer_peer=self._newer._peer,  # noqa: SLF001 (its own kind)
            )
        )
        self.link.cut(TerminateCause.PORT_PREEMPTED)

    def ended(self) -> None:
        """The connection is over: give everything back, and write the last row."""
        premises = self._premises
        for connection in self._waiting.values():
            connection.close()
            premises.roster.give_channel()
        self._abort_pumps()
        premises.watchdog.forget(self)
        cause = self._transport.end_cause()
        stopped = self.record(StatusType.STOP, cause)
        try:
            if stopped is not None:
                premises.reports.on_session(stopped)
        except RecordingError as error:
            _log.error("the end of a session was not recorded", extra={"reason": str(error)})
        finally:
            premises.roster.leave(self)
            self._log_end(stopped, cause)

    # From other sessions and from ourselves.

    def taken_over(self, newer: "GatewaySession") -> None:
        """Another session of the same device is the one now; end this one.

        Its streams end at once. The connection stays for a moment, to see whether somebody
        still answers: then the device exists twice. A dead link does not answer, so that a
        plain reconnect raises no alarm. Nothing here waits for this connection.
        """
        self._proof_until = time.monotonic() + self._premises.settings.proof_s
        self._newer = newer
        self._abort_pumps()
        self._transport.demand_proof()
        self._premises.watchdog.look_again()

    def _refuse_late(self, reason: str) -> None:
        self._refusal = reason
        self._logged_in_at = None
        self.link.cut(TerminateCause.ADMIN_RESET)

    def _reserve_channel(self) -> bool:
        with self._lock:
            open_here = len(self._pumps) + len(self._waiting)
        return (
            self._newer is None
            and open_here < self._premises.settings.channels_per_session_max
            and self._premises.roster.take_channel()
        )

    def _connect_to_api(self, caller: Caller) -> socket.socket:
        """Our end of a pair whose other end the API gets together with its caller."""
        ours, theirs = socket.socketpair()
        try:
            self._premises.entrance(theirs, caller)
        except OSError:
            ours.close()
            theirs.close()
            raise
        return ours

    def _carry(self, pump: Pump) -> None:
        try:
            pump.run()
        finally:
            self._finish(current_thread())

    def _finish(self, thread: Thread) -> None:
        with self._lock:
            pump = self._pumps.pop(thread)
        pump.close()
        self._premises.roster.give_channel()

    def _abort_pumps(self) -> None:
        with self._lock:
            pumps = tuple(self._pumps.values())
        for pump in pumps:
            pump.abort()

    def _log_end(self, stopped: SessionRecord | None, cause: TerminateCause) -> None:
        if stopped is None:
            reason = self._refusal or f"no login: {cause}"
            _log.warning(
                "tunnel login refused",
                extra={"peer": self._peer, "claimed": self._claimed, "reason": reason},
            )
        else:
            _log.info("tunnel session ended", extra=asdict(stopped))


class _ServerTransport(WireTransport):
    """The connection of one session, telling the session what happens to it."""

    def __init__(
        self, link: LinkSocket, session: GatewaySession, settings: GatewaySettings
    ) -> None:
        super().__init__(link, window_bytes=settings.window_bytes, probing=settings.probing)
        self._session = session

    def ended(self) -> None:
        """Tell the session."""
        self._session.ended()

    def proved_alive(self) -> None:
        """Tell the session."""
        self._session.proved_alive()

    def _auth_trigger(self) -> None:
        super()._auth_trigger()  # type: ignore[misc]  # not in the stubs
        self._session.logged_in()

    def _queue_incoming_channel(self, channel: Channel) -> None:
        """Called once the device was told yes; nobody has to wait in `accept`."""
        self._session.channel_opened(channel)
