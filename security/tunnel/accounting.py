"""What is recorded of every session, under the names of RFC 2866 that auditors know."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class StatusType(StrEnum):
    """Acct-Status-Type, RFC 2866 section 5.1."""

    START = "Start"
    INTERIM_UPDATE = "Interim-Update"
    STOP = "Stop"
    ACCOUNTING_ON = "Accounting-On"
    """The gateway began to work: sessions without a stop before this row have ended."""
    ACCOUNTING_OFF = "Accounting-Off"
    """The gateway stopped in order."""


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

    @property
    def unit(self) -> str:
        """The unit of the device, which its id begins with; empty for the gateway itself."""
        return self.user_name.partition("-")[0]


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


GIGAWORD: Final = 2**32
"""What one Gigaword attribute counts, RFC 2869 section 5.1: octet counters have 32 bits."""


def gateway_record(status: StatusType, session_id: str, now: int) -> SessionRecord:
    """The row about the gateway itself: Accounting-On when it starts, -Off when it stops."""
    return SessionRecord(
        acct_status_type=status,
        acct_session_id=session_id,
        user_name="",
        certificate_serial=0,
        calling_station_id="",
        event_timestamp=now,
        acct_session_time=0,
        acct_input_octets=0,
        acct_output_octets=0,
        acct_terminate_cause=None,
        channels_opened=0,
        channels_refused=0,
        algorithms="",
    )


def attributes(record: SessionRecord) -> dict[str, str | int]:
    """A row under the names of RFC 2866 and 2869; what they have no name for is ours."""
    cause = record.acct_terminate_cause
    input_words, input_octets = divmod(record.acct_input_octets, GIGAWORD)
    output_words, output_octets = divmod(record.acct_output_octets, GIGAWORD)
    return {
        "Event-Timestamp": record.event_timestamp,
        "Acct-Status-Type": record.acct_status_type.value,
        "Acct-Session-Id": record.acct_session_id,
        "User-Name": record.user_name,
        "Calling-Station-Id": record.calling_station_id,
        "Acct-Session-Time": record.acct_session_time,
        "Acct-Input-Octets": input_octets,
        "Acct-Input-Gigawords": input_words,
        "Acct-Output-Octets": output_octets,
        "Acct-Output-Gigawords": output_words,
        "Acct-Terminate-Cause": cause.value if cause else "",
        "Postroad-Unit": record.unit,
        "Postroad-Certificate-Serial": record.certificate_serial,
        "Postroad-Algorithms": record.algorithms,
        "Postroad-Channels-Opened": record.channels_opened,
        "Postroad-Channels-Refused": record.channels_refused,
    }
