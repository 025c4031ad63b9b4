"""The lines of sshd, as OpenSSH 9.2 writes them, and what follows from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.tunnel.accounting import TerminateCause
from security.tunnel.openssh.loglines import (
    ChildStarted,
    Connected,
    Ended,
    Ending,
    LoggedIn,
    LoginFailed,
    TargetRefused,
    Transferred,
    read_datagram,
    read_line,
)

ACCEPTED = (
    "Accepted publickey for postroad-tunnel from 192.0.2.7 port 48090 ssh2: ED25519-CERT "
    "SHA256:2BYsB8LBc+yexquwwxiW+Rkpfm7Ps7WPLVWR49a+3XU ID 120103001001-01 (serial 7) "
    "CA ED25519 SHA256:uwl8qkwH0XFVgZH0nt0U6U7kK2xGT9zT2qAVM8EWThc"
)

LINES = {
    'Connection from 192.0.2.7 port 48090 on 192.0.2.1 port 8622 rdomain ""': Connected(
        ("192.0.2.7", 48090), ("192.0.2.1", 8622)
    ),
    'Connection from 2001:db8::7 port 48090 on 2001:db8::1 port 8622 rdomain ""': Connected(
        ("2001:db8::7", 48090), ("2001:db8::1", 8622)
    ),
    ACCEPTED: LoggedIn("120103001001-01", 7),
    "User child is on pid 7194": ChildStarted(7194),
    "Received request from 192.0.2.7 port 48096 to connect to host 127.0.0.1 port 22, but the "
    "request was denied.": TargetRefused(),
    "Transferred: sent 3612, received 4248 bytes": Transferred(octets_in=4248, octets_out=3612),
    "Closing connection to 192.0.2.7 port 48090": Ended(),
    "Received disconnect from 192.0.2.7 port 48090:11: goodbye": Ending(
        TerminateCause.USER_REQUEST
    ),
    "Timeout, client not responding from user postroad-tunnel 192.0.2.7 port 48090": Ending(
        TerminateCause.LOST_CARRIER
    ),
    "terminating inactive connection from user postroad-tunnel 192.0.2.7 port 1": Ending(
        TerminateCause.IDLE_TIMEOUT
    ),
    "error: Certificate invalid: expired": LoginFailed(
        "Certificate invalid: expired", is_final=False
    ),
    "fatal: Timeout before authentication for 192.0.2.7 port 5": LoginFailed(
        "Timeout before authentication for 192.0.2.7 port 5", is_final=True
    ),
    "Connection closed by authenticating user postroad-tunnel 192.0.2.7 port 5 [preauth]": (
        LoginFailed(
            "Connection closed by authenticating user postroad-tunnel 192.0.2.7 port 5 "
            "[preauth]",
            is_final=True,
        )
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_tells_what_happened(line: str) -> None:
    assert read_line(line) == LINES[line]
    assert read_datagram(f"<38>Nov 22 00:25:19 sshd[7188]: {line}\n".encode()) == LINES[line]


@pytest.mark.parametrize(
    "line",
    [
        "Server listening on 127.0.0.1 port 22822.",
        "Postponed publickey for postroad-tunnel from 192.0.2.7 port 48090 ssh2 [preauth]",
        "Failed publickey for postroad-tunnel from 192.0.2.7 port 1 ssh2: ED25519 SHA256:x",
        ACCEPTED.replace("ED25519-CERT", "ED25519"),
        ACCEPTED + " and more",
        "",
    ],
)
def test_any_other_line_tells_nothing(line: str) -> None:
    assert read_line(line) is None


def test_a_name_that_a_stranger_chose_starts_no_session() -> None:
    line = f"Invalid user {ACCEPTED} from 192.0.2.9 port 7"

    assert read_line(line) is None


@given(st.binary(max_size=500))
def test_any_bytes_are_read_without_harm(datagram: bytes) -> None:
    read_datagram(datagram)
