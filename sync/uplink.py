"""The one tunnel to the hub above, shared by sync and by whoever opens the hub's pages.

It is dialled when somebody needs it and kept until it dies: a connection costs four round trips
on a link where each may take a second.
"""

import threading

from security.errors import SecurityError
from security.tunnel.channel import TunnelChannel
from security.tunnel.client import Tunnel, TunnelClient
from security.tunnel.errors import TunnelError
from security.tunnel.targets import Target
from sync.errors import RefusedError, TransportError


class Uplink:
    """Gives streams to the hub, dialling when there is no live tunnel; for any thread."""

    def __init__(self, client: TunnelClient) -> None:
        """Take the dialler; nothing is dialled yet."""
        self._client = client
        self._tunnel: Tunnel | None = None
        self._lock = threading.Lock()
        self._closed = False
        self.dials = 0
        """How many tunnels were made so far."""

    @property
    def is_up(self) -> bool:
        """Whether a tunnel is there and not known to be dead."""
        tunnel = self._tunnel
        return tunnel is not None and tunnel.is_alive

    def tunnel(self) -> Tunnel:
        """Return the live tunnel, dialling one if there is none.

        Raises:
            TunnelError: No address answers, or the uplink is closed.
            HostKeyError: The machine that answered is not the hub.
            LoginRefusedError: The hub refused this device.
        """
        with self._lock:
            if self._closed:
                raise TunnelError("the program is stopping")
            if self._tunnel is None or not self._tunnel.is_alive:
                if self._tunnel is not None:
                    self._tunnel.close()
                self._tunnel = None
                self._tunnel = self._client.connect()
                self.dials += 1
            return self._tunnel

    def replace(self, client: TunnelClient) -> None:
        """Dial with this from now on; a tunnel that is up is ended."""
        with self._lock:
            self._client = client
            tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            tunnel.close()

    def stream(self) -> TunnelChannel:
        """Return a new stream for exchanges with the hub, in the words of sync.

        Raises:
            TransportError: There is no link at the moment: try again.
            RefusedError: The hub is not the pinned one (`host_key`) or does not accept this
                device (`login_refused`); trying again at once is of no use.
        """
        try:
            return self.tunnel().open(Target.SYNC)
        except TunnelError as error:
            raise TransportError(str(error)) from error
        except SecurityError as error:
            raise RefusedError(_code(error), str(error), hint=error.hint) from error

    def network_changed(self) -> None:
        """Look whether the tunnel survived a change of the network; never waits."""
        tunnel = self._tunnel
        if tunnel is not None and tunnel.is_alive:
            tunnel.doubt()

    def close(self) -> None:
        """End the tunnel; every later call raises."""
        with self._lock:
            self._closed = True
            if self._tunnel is not None:
                self._tunnel.close()


def _code(error: SecurityError) -> str:
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
