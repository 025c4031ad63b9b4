"""What is recorded of every session, under the names of RFC 2866 that auditors know."""

from dataclasses import dataclass
from enum import StrEnum


class StatusType(StrEnum):
    """Acct-Status-Type, RFC 2866 section 5.1."""

    START = "Start"
    INTERIM_UPDATE = "Interim-Update"
    STOP = "Stop"


class TerminateCause(StrEnum):
    """Acct-Terminate-Cause, RFC 2866 section 5.10: the values that a tunnel can have."""

    USER_REQUEST = "User-Request"
    """The device said goodbye."""
    LOST_CARRIER = "Lost-Carrier"
    """The link broke, or nothing was heard for too long."""
    IDLE_TIMEOUT = "Idle-Timeout"
    """Nothing was asked for longer than the gateway keeps an idle session."""
    SESSION_TIMEOUT = "Session-Timeout"
    """The login was not finished in time; such a session has no record, only a log line."""
    ADMIN_RESET = "Admin-Reset"
    """The device was revoked, or an operator ended its session."""
    ADMIN_REBOOT = "Admin-Reboot"
    """The gateway was stopped."""
    PORT_PREEMPTED = "Port-Preempted"
    """Another session of the same device took over while this one still answered."""
    USER_ERROR = "User-Error"
    """The peer broke the protocol or a limit."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One row about one session of a device that has logged in.

    `event_timestamp` is unix seconds of the hub's clock; `acct_session_time` is seconds by a
    steady clock. Octets are counted on the wire, encryption included: input is what the device
    sent. `acct_session_id` is the first half of the SSH session id, in hex.
    """

    acct_status_type: StatusType
    acct_session_id: str
    user_name: str
    certificate_serial: int
    calling_station_id: str
    event_timestamp: int
    acct_session_time: int
    acct_input_octets: int
    acct_output_octets: int
    acct_terminate_cause: TerminateCause | None
    channels_opened: int
    channels_refused: int
    algorithms: str


@dataclass(frozen=True, slots=True)
class CloneAlarm:
    """Two machines answered under the name of one device at the same time.

    The older session proved that it was alive after the newer one had logged in, so this is no
    reconnect after a dead link: a key was copied, or one machine runs the program twice.
    """

    device: str
    older_session_id: str
    older_peer: str
    newer_session_id: str
    newer_peer: str
