"""Serve a WSGI application on loopback, and to devices that a gateway hands over."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from security.tunnel.targets import Caller
from sync.couchdb_http.server import Admission, CouchServer
from sync.wallclock import WallClock
from web.errors import SettingsError
from web.settings import Address

THREADS = 8
"""Pages and exchanges at a time; each waits mostly for the disk."""

BODY_BYTES_MAX = 16 << 20
_JOIN_S = 5.0
_ADMISSION = Admission(BODY_BYTES_MAX)

CALLER = "postroad.caller"
"""Where a request holds the `Caller` behind it; absent for programs of this machine.

A request cannot set it: what it sends as headers stands under names that begin with HTTP.
"""


class PageServer:
    """A server in a thread of its own, bound when it is made.

    Clients that trickle or stand still hold up nobody (`sync.couchdb_http.server`).

    Args of the constructor: `address` is where it listens, `application` what answers;
    `waiting` is how many of its answers may wait for something to happen, each with a thread.

    Raises:
        SettingsError: The address is in use or not one of this machine.
    """

    def __init__(
        self, address: Address, application: Callable[..., Any], *, waiting: int = 0
    ) -> None:
        """Bind, so that an occupied port is reported before anything else starts."""
        self._server = CouchServer(
            application,
            lambda _method, _target, _headers: _ADMISSION,
            WallClock(),
            _bound(address),
            workers=THREADS + waiting,
        )
        self.port = self._server.port
        self._thread = threading.Thread(target=self._server.run, name="pages", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def adopt(self, connection: socket.socket, caller: Caller) -> None:
        """Answer a device on a connection that its gateway hands over; from any thread.

        Raises:
            OSError: The server has stopped, and the connection stays with its owner.
        """
        self._server.adopt(connection, {CALLER: caller})

    def stop(self) -> None:
        """Answer no more; what a request under way writes is finished, its page may be lost."""
        self._server.close()
        if self._thread.ident is None:
            self._server.run()  # only to close its sockets
        else:
            self._thread.join(_JOIN_S)


def _bound(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {address}: {error.strerror}",
            hint="Stop the other program that uses the port, or choose another port.",
        ) from error
    return listener
