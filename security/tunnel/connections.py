"""Which device stands behind each connection that the hub's API sees.

The API sees every request come from loopback. What tells the devices apart is the local port
from which the gateway made the connection; the gateway owns that port while the connection
lives, so no other program of the machine can speak from it.
"""

from threading import Lock


class Connections:
    """The live connections of the gateway to the API, by their local address and port."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._devices: dict[tuple[str, int], str] = {}

    def add(self, address: str, port: int, device: str) -> None:
        """Note that `device` speaks from here; to be called before the first byte flows."""
        with self._lock:
            assert (address, port) not in self._devices
            self._devices[address, port] = device

    def remove(self, address: str, port: int) -> None:
        """Forget a connection; to be called before its socket is closed and its port free."""
        with self._lock:
            self._devices.pop((address, port), None)

    def device_of(self, address: str, port: int) -> str | None:
        """The device that speaks from this peer address and port; None if it is no tunnel."""
        with self._lock:
            return self._devices.get((address, port))

    def __len__(self) -> int:
        with self._lock:
            return len(self._devices)
