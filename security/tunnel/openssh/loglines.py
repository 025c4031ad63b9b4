"""What the lines mean that sshd writes at LogLevel VERBOSE; pure.

The wording is that of OpenSSH 9.2 to 9.9, compared by a test against the sshd of the machine.
"""

import re
from dataclasses import dataclass
from typing import Final

from security.tunnel.accounting import TerminateCause

LINE_LENGTH_MAX: Final = 4096
"""A datagram to the system log is shorter; a longer one is cut."""

_SERIAL_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Connected:
    """A TCP connection was accepted, from `peer` at the gateway's own end `local`."""

    peer: tuple[str, int]
    local: tuple[str, int]


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A device proved that it holds the key of its certificate."""

    device: str
    serial: int


@dataclass(frozen=True, slots=True)
class ChildStarted:
    """The process that serves the session, with no rights but those of its account."""

    pid: int


@dataclass(frozen=True, slots=True)
class TargetRefused:
    """A device asked for an address that it may not reach."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """The octets of a whole session, as the gateway saw them."""

    octets_in: int
    octets_out: int


@dataclass(frozen=True, slots=True)
class Ending:
    """The session is about to end, for this reason."""

    cause: TerminateCause


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is closed."""


@dataclass(frozen=True, slots=True)
class LoginFailed:
    """A login was refused; unless `is_final`, the peer may try again."""

    reason: str
    is_final: bool


Event = (
    Connected
    | LoggedIn
    | ChildStarted
    | TargetRefused
    | Transferred
    | Ending
    | Ended
    | LoginFailed
)

_HEAD: Final = re.compile(r"<\d{1,3}>.{15} sshd(?:-session)?\[\d+\]: (.*)\Z", re.DOTALL)
_CONNECTED: Final = re.compile(
    r"Connection from (\S{1,64}) port (\d{1,5}) on (\S{1,64}) port (\d{1,5})\b"
)
_LOGGED_IN: Final = re.compile(
    r"Accepted publickey for \S{1,64} from \S{1,64} port \d{1,5} ssh2: ED25519-CERT \S{1,64} "
    r"ID (\S{1,64}) \(serial (\d{1,20})\) CA ED25519 \S{1,64}\Z"
)
_CHILD: Final = re.compile(r"User child is on pid (\d{1,10})\Z")
_TRANSFERRED: Final = re.compile(r"Transferred: sent (\d{1,19}), received (\d{1,19}) bytes\Z")
_DOUBT: Final = re.compile(
    r"(?:error: )?(Certificate (?:invalid|does not).*|.*revoked by file.*|User .* not allowed.*"
    r"|Refusing certificate.*|cert: .*)\Z",
    re.DOTALL,
)
_NO_LOGIN: Final = re.compile(
    r"(?:fatal: |error: )?((?:Connection (?:closed|reset) by|Disconnected from"
    r"|Received disconnect from|Unable to negotiate|banner exchange|ssh_dispatch_run_fatal"
    r"|Disconnecting|kex_exchange_identification|Timeout before authentication).*)\Z",
    re.DOTALL,
)
_BEFORE_LOGIN: Final = (
    "banner exchange",
    "error: kex_exchange_identification",
    "fatal: Timeout before authentication",
)
_BEGINNINGS: Final[tuple[tuple[str, Event], ...]] = (
    ("Closing connection to ", Ended()),
    ("Received request from ", TargetRefused()),
    ("refused local port forward", TargetRefused()),
    ("Received disconnect from ", Ending(TerminateCause.USER_REQUEST)),
    ("Timeout, client not responding", Ending(TerminateCause.LOST_CARRIER)),
    ("Connection reset by ", Ending(TerminateCause.LOST_CARRIER)),
    ("Connection closed by ", Ending(TerminateCause.LOST_CARRIER)),
    ("Read error from remote host", Ending(TerminateCause.LOST_CARRIER)),
    ("terminating inactive connection", Ending(TerminateCause.IDLE_TIMEOUT)),
    ("Exiting on signal", Ending(TerminateCause.ADMIN_RESET)),
    ("Connection corrupted", Ending(TerminateCause.USER_ERROR)),
    ("ssh_dispatch_run_fatal", Ending(TerminateCause.LOST_CARRIER)),
)


def read_datagram(datagram: bytes) -> Event | None:
    """The event that a message to the system log tells of; None if it tells of none."""
    text = datagram[:LINE_LENGTH_MAX].decode("utf-8", "replace").rstrip("\r\n\0")
    found = _HEAD.match(text)
    return read_line(found[1]) if found else None


def read_line(text: str) -> Event | None:
    """The event that one line of sshd tells of, without the head of the system log."""
    if found := _CONNECTED.match(text):
        return Connected((found[1], int(found[2])), (found[3], int(found[4])))
    if found := _LOGGED_IN.match(text):
        return LoggedIn(found[1], int(found[2]))
    if found := _CHILD.match(text):
        return ChildStarted(int(found[1]))
    if found := _TRANSFERRED.match(text):
        return Transferred(octets_in=int(found[2]), octets_out=int(found[1]))
    if found := _DOUBT.match(text):
        return LoginFailed(found[1], is_final=False)
    if (found := _NO_LOGIN.match(text)) and _is_before_login(text):
        return LoginFailed(found[1], is_final=True)
    for beginning, event in _BEGINNINGS:
        if text.startswith(beginning):
            return event
    return None


def _is_before_login(text: str) -> bool:
    return text.endswith("[preauth]") or text.startswith(_BEFORE_LOGIN)
