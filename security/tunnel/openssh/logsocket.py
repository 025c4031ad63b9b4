"""The system log of sshd, read by the hub: who wrote a line, the kernel says.

The unit of sshd sees this socket as its /dev/log.
"""

import socket
import struct
from pathlib import Path
from typing import Final, NamedTuple

from security.tunnel.openssh.loglines import LINE_LENGTH_MAX, Event, read_datagram
from security.tunnel.openssh.porter import bound

SOCKET_NAME: Final = "log.sock"

_CREDENTIALS: Final = struct.Struct("3i")


class Told(NamedTuple):
    """One event, and the process and account that told it."""

    pid: int
    uid: int
    event: Event


class LogSocket:
    """Receives what sshd logs."""

    def __init__(self, folder: Path, wait_s: float) -> None:
        """Listen in the folder; `wait_s` is how long one `read` waits.

        Raises:
            ListenError: The socket cannot be made there.
        """
        self._socket = bound(folder / SOCKET_NAME, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.settimeout(wait_s)

    def read(self) -> Told | None:
        """The next event; None if nothing came in time, or what came tells of none."""
        try:
            datagram, ancillary, _, _ = self._socket.recvmsg(
                LINE_LENGTH_MAX, socket.CMSG_SPACE(_CREDENTIALS.size)
            )
        except OSError:
            return None
        event = read_datagram(datagram)
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS and event:
                pid, uid, _ = _CREDENTIALS.unpack(content[: _CREDENTIALS.size])
                return Told(pid, uid, event)
        return None

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
