"""Serve a WSGI application on loopback until the program is told to stop."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from web.errors import SettingsError
from web.settings import Address

THREADS = 8
"""Pages and exchanges at a time; each waits mostly for the disk."""

BODY_BYTES_MAX = 16 << 20
CHANNEL_TIMEOUT_S = 120
_JOIN_S = 5.0


class PageServer:
    """A waitress server in a thread of its own, bound when it is made.

    Raises:
        SettingsError: The address is in use or not one of this machine.
    """

    def __init__(self, address: Address, application: Callable[..., Any]) -> None:
        """Bind, so that an occupied port is reported before anything else starts."""
        self._map: dict[int, Any] = {}
        self._server = create_server(
            application,
            map=self._map,
            sockets=[_bound(address)],
            threads=THREADS,
            max_request_body_size=BODY_BYTES_MAX,
            channel_timeout=CHANNEL_TIMEOUT_S,
            ident="postroad",
            clear_untrusted_proxy_headers=True,
        )
        self.port = int(self._server.effective_port)
        self._ending = threading.Lock()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; what a request under way writes is finished, its page may be lost."""
        # Under the lock the trigger cannot be closed between the sign and the wake-up: its
        # file handle might belong to somebody else by then.
        with self._ending:
            if not self._is_stopping:
                self._is_stopping = True
                self._server.trigger.pull_trigger()
        if self._thread.ident is None:
            wasyncore.close_all(self._map)
        else:
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            while self._map and not self._is_stopping:
                wasyncore.loop(timeout=1, map=self._map, count=1)
        finally:
            with self._ending:
                self._is_stopping = True
                wasyncore.close_all(self._map)
            self._server.task_dispatcher.shutdown()


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
