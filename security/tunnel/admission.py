"""Whom a gateway lets in, within which limits, and whom it tells."""

import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from security.errors import TrustError
from security.sshcert import Certificate
from security.tunnel.accounting import CloneAlarm, SessionRecord
from security.tunnel.targets import Caller, Target
from security.tunnel.watchdog import Probing


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where a gateway listens and the limits it holds.

    One gateway serves at most about 500 tunnels: each costs one thread and each open stream
    two. Offices behind one address share it, so the limit per address is on unfinished logins
    only.
    """

    host: str
    port: int
    window_bytes: int = 128 * 1024
    login_deadline_s: float = 30.0
    sessions_max: int = 500
    pending_max: int = 64
    pending_per_address_max: int = 32
    channels_max: int = 512
    channels_per_session_max: int = 16
    user_timeout_s: float = 60.0
    proof_s: float = 10.0
    """How long a session that was taken over has to prove that it is still alive."""
    probing: Probing = field(default_factory=Probing)


Entrance = Callable[[socket.socket, Caller], None]
"""The door of the hub's API for devices: takes over a connected socket and who speaks on it.

A gateway hands connections over inside the process. The API knows a device by this alone,
never by an address, so that no other program of the machine can pass for one. Raises OSError,
with the socket left to its owner, if nobody serves.
"""


def _every_target(_device: str) -> Collection[Target]:
    return tuple(Target)


def _no_limit(_device: str) -> int | None:
    return None


def _nothing_revoked() -> Collection[int]:
    return ()


def _nobody_lapsed(_device: str, _ssh: str) -> None:
    """Let nobody in whose certificate does not count."""
    raise TrustError("the certificate does not count")


def _nobody_new(_device: str, _ssh: str, _address: str) -> None:
    """Enrol nobody at this gateway."""
    raise TrustError("nobody is enrolled here")


@dataclass(frozen=True, slots=True)
class Admission:
    """What decides about a login.

    `authorise` gets the device id and its checked certificate and raises TrustError to refuse;
    it is called in the threads of the sessions and must not take long. `authorise_lapsed` gets
    the device id and the SSH line that a certificate names which ended or is of another
    authority, and raises TrustError unless this device may ask for a new one.
    `authorise_newcomer` gets the same of a token's certificate, and the address that calls, and
    raises TrustError unless that token is open. `now` is unix
    seconds, `ca_public` the 32 bytes of the hub's SSH authority. `targets` are those that a
    device may reach, `rate_bytes_s` limits each direction of each of its streams.
    """

    ca_public: bytes
    authorise: Callable[[str, Certificate], None]
    now: Callable[[], int]
    revoked_serials: Callable[[], Collection[int]] = _nothing_revoked
    authorise_lapsed: Callable[[str, str], None] = _nobody_lapsed
    authorise_newcomer: Callable[[str, str, str], None] = _nobody_new
    targets: Callable[[str], Collection[Target]] = _every_target
    rate_bytes_s: Callable[[str], int | None] = _no_limit


def _ignore_record(_record: SessionRecord) -> None:
    """Keep no accounting."""


def _ignore_alarm(_alarm: CloneAlarm) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Reports:
    """Who is told of sessions and of clones; called in the threads of the sessions.

    `on_session` raises RecordingError if the row cannot be recorded; a session whose start
    cannot be recorded is ended: there is no use without accounting.
    """

    on_session: Callable[[SessionRecord], None] = _ignore_record
    on_clone: Callable[[CloneAlarm], None] = _ignore_alarm


class DeviceGateway(Protocol):
    """What lets devices in, whichever program does the cryptography."""

    def start(self) -> None:
        """Begin to accept devices."""

    def stop(self) -> None:
        """Accept no more and end all sessions."""

    def sessions(self) -> tuple[SessionRecord, ...]:
        """The live sessions as interim rows."""

    def close_device(self, device: str) -> bool:
        """End the session of a device at once; False if it had none."""
