"""Serve a WSGI application on loopback, and to devices that a gateway hands over."""

import select
import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask

from security.tunnel.targets import Caller
from sync.waitress_loop import WaitressLoop
from web.errors import SettingsError
from web.settings import Address

THREADS = 8
"""Pages and exchanges at a time; each waits mostly for the disk."""

BODY_BYTES_MAX = 16 << 20
CHANNEL_TIMEOUT_S = 120
_JOIN_S = 5.0

CALLER = "postroad.caller"
"""Where a request holds the `Caller` behind it; absent for programs of this machine.

A request cannot set it: what it sends as headers stands under names that begin with HTTP.
"""


class PageServer:
    """A waitress server in a thread of its own, bound when it is made.

    Raises:
        SettingsError: The address is in use or not one of this machine.
    """

    def __init__(self, address: Address, application: Callable[..., Any]) -> None:
        """Bind, so that an occupied port is reported before anything else starts."""
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            application,
            map=self._sockets,
            sockets=[_bound(address)],
            threads=THREADS,
            max_request_body_size=BODY_BYTES_MAX,
            channel_timeout=CHANNEL_TIMEOUT_S,
            ident="postroad",
            clear_untrusted_proxy_headers=True,
        )
        self.port = int(self._server.effective_port)
        # Hundreds of tunnels have more file handles than `select` can take.
        self._loop = WaitressLoop(self._server, self._sockets, use_poll=hasattr(select, "poll"))
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def adopt(self, connection: socket.socket, caller: Caller) -> None:
        """Answer a device on a connection that its gateway hands over; from any thread.

        Raises:
            OSError: The server has stopped, and the connection stays with its owner.
        """

        def begin() -> None:
            try:
                _DeviceChannel(self._server, connection, caller, self._sockets)
            except OSError:  # the device has hung up in between
                connection.close()

        if not self._loop.call(begin):
            raise ConnectionRefusedError("the pages are being stopped")

    def stop(self) -> None:
        """Answer no more; what a request under way writes is finished, its page may be lost."""
        if self._thread.ident is None:
            self._loop.close()
        else:
            self._loop.stop()
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        self._loop.run(self._server.task_dispatcher.shutdown)


class _DeviceTask(WSGITask):  # type: ignore[misc]  # waitress carries no types
    """One request of a device."""

    def get_environment(self) -> dict[str, Any]:
        """The environment of the request with the caller in it."""
        environ: dict[str, Any] = super().get_environment()
        environ[CALLER] = self.channel.caller
        return environ


class _DeviceChannel(HTTPChannel):  # type: ignore[misc]  # as above
    """One connection of a device."""

    task_class = _DeviceTask

    def __init__(
        self,
        server: Any,  # noqa: ANN401
        connection: socket.socket,
        caller: Caller,
        sockets: dict[int, Any],
    ) -> None:
        self.caller = caller
        super().__init__(server, connection, ("127.0.0.1", 0), server.adj, map=sockets)


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
