"""Serve a WSGI application on loopback until the program is told to stop."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress.server import create_server

from sync.waitress_loop import WaitressLoop
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
        sockets: dict[int, Any] = {}
        self._server = create_server(
            application,
            map=sockets,
            sockets=[_bound(address)],
            threads=THREADS,
            max_request_body_size=BODY_BYTES_MAX,
            channel_timeout=CHANNEL_TIMEOUT_S,
            ident="postroad",
            clear_untrusted_proxy_headers=True,
        )
        self.port = int(self._server.effective_port)
        self._loop = WaitressLoop(self._server, sockets, use_poll=False)
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; what a request under way writes is finished, its page may be lost."""
        if self._thread.ident is None:
            self._loop.close()
        else:
            self._loop.stop()
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        self._loop.run(self._server.task_dispatcher.shutdown)


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
