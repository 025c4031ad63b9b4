"""The sessions of sshd, as its log and the kernel tell of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from security.tunnel.accounting import SessionRecord, StatusType, TerminateCause
from security.tunnel.openssh.loglines import (
    ChildStarted,
    Connected,
    Ending,
    LoggedIn,
    LoginFailed,
    TargetRefused,
    Transferred,
)
from security.tunnel.openssh.sockets import connection

# A TCP connection that is on its way from another address may still deliver what was sent
# before the newer login; only what comes after this time proves that somebody is there.
_SETTLING_S: Final = 2.0

_CONNECTIONS_MAX: Final = 4096
"""Connections without a login that are remembered; sshd itself allows far fewer."""


@dataclass(slots=True)
class Session:
    """One connection of a device that has logged in."""

    device: str
    serial: int
    peer: tuple[str, int]
    local: tuple[str, int]
    pid: int
    session_id: str
    opened_before: int
    began: float = field(default_factory=time.monotonic)
    child: int | None = None
    refused: int = 0
    octets_in: int = 0
    octets_out: int = 0
    cause: TerminateCause | None = None
    newer: "Session | None" = None
    taken_over_at: float = 0.0
    octets_at_take_over: int | None = None

    def note(self, event: object) -> None:
        """Take in what the log tells of the session."""
        match event:
            case ChildStarted(pid):
                self.child = pid
            case TargetRefused():
                self.refused += 1
            case Transferred(octets_in, octets_out):
                self.octets_in = max(self.octets_in, octets_in)
                self.octets_out = max(self.octets_out, octets_out)
            case Ending(cause):
                # After a goodbye sshd tells no octets, and its socket is soon gone.
                self.measure()
                self.cause = self.cause or cause
            case _:
                pass

    def measure(self) -> bool:
        """Ask the kernel for the octets; False if the connection is no more."""
        state = connection(self.local, self.peer)
        if state is None:
            return False
        self.octets_in = max(self.octets_in, state.octets_in)
        self.octets_out = max(self.octets_out, state.octets_out)
        return state.is_open

    def proved_alive(self) -> bool:
        """Whether the device has sent anything here since it logged in elsewhere."""
        if self.newer is None or time.monotonic() < self.taken_over_at + _SETTLING_S:
            return False
        if self.octets_at_take_over is None:
            self.octets_at_take_over = self.octets_in
        return self.octets_in > self.octets_at_take_over

    def record(
        self, status: StatusType, now: int, opened: int, cause: TerminateCause | None = None
    ) -> SessionRecord:
        """The accounting row as of now; `opened` counts all streams of the device so far."""
        return SessionRecord(
            acct_status_type=status,
            acct_session_id=self.session_id,
            user_name=self.device,
            certificate_serial=self.serial,
            calling_station_id=f"{self.peer[0]}:{self.peer[1]}",
            event_timestamp=now,
            acct_session_time=int(time.monotonic() - self.began),
            acct_input_octets=self.octets_in,
            acct_output_octets=self.octets_out,
            acct_terminate_cause=cause,
            channels_opened=opened - self.opened_before,
            channels_refused=self.refused,
            algorithms="ssh-ed25519 aes-gcm@openssh.com",
        )


class SessionBook:
    """Who is connected, by the process that tells; for one thread.

    Args of the constructor: `now` is unix seconds.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._connections: dict[int, Connected] = {}
        self._doubts: dict[int, str] = {}
        self._sessions: dict[int, Session] = {}
        self._children: dict[int, Session] = {}

    def connected(self, pid: int, event: Connected) -> None:
        """Remember where a connection comes from, until it logs in or is forgotten."""
        self._connections[pid] = event
        if len(self._connections) > _CONNECTIONS_MAX:
            self._forget_connection(next(iter(self._connections)))

    def logged_in(self, pid: int, event: LoggedIn, opened: int) -> Session | None:
        """The session that begins; None if its connection is not known."""
        connection = self._forget_connection(pid)
        if connection is None:
            return None
        now = self._now()
        session = Session(
            device=event.device,
            serial=event.serial,
            peer=connection.peer,
            local=connection.local,
            pid=pid,
            session_id=f"{now:08x}{pid:08x}{connection.peer[1]:04x}",
            opened_before=opened,
        )
        self._sessions[pid] = session
        return session

    def told_by(self, pid: int, event: object) -> Session | None:
        """The session of a process, with the event noted in it."""
        session = self._sessions.get(pid) or self._children.get(pid)
        if session is not None:
            session.note(event)
            if isinstance(event, ChildStarted):
                self._children[event.pid] = session
        return session

    def forget(self, session: Session) -> bool:
        """Take a session out; False if it was out already."""
        if session.child is not None:
            self._children.pop(session.child, None)
        return self._sessions.pop(session.pid, None) is not None

    def refused(self, pid: int, event: LoginFailed) -> tuple[str, str] | None:
        """The peer and the first reason, when a login has failed for good."""
        self._doubts.setdefault(pid, event.reason)
        reason = self._doubts[pid]
        connection = self._forget_connection(pid) if event.is_final else None
        return (connection.peer[0], reason) if connection else None

    def _forget_connection(self, pid: int) -> Connected | None:
        self._doubts.pop(pid, None)
        return self._connections.pop(pid, None)

    def current(self, device: str) -> Session | None:
        """The session of a device that no newer one has taken over."""
        live = [one for one in self._sessions.values() if one.device == device]
        return next((one for one in live if one.newer is None), None)

    def everybody(self) -> tuple[Session, ...]:
        """All sessions."""
        return tuple(self._sessions.values())
