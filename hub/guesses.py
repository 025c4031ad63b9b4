"""How often an address has shown a token that does not exist."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from security.errors import TrustError

GUESSES_MAX = 10
"""So many within the window; then the address waits until the oldest is over."""

WINDOW_S = 60.0
ADDRESSES_MAX = 1_000
"""So many addresses are remembered; the one that guessed longest ago is forgotten first."""


class Guesses:
    """Slows down whoever tries secrets. Safe to use from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Take a clock in seconds."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Return if the address may try.

        Raises:
            TrustError: It has failed too often within the window.
        """
        with self._lock:
            times = self._failed.get(address, deque())
            while times and times[0] <= self._monotonic() - WINDOW_S:
                times.popleft()
            if len(times) >= GUESSES_MAX:
                raise TrustError("too many wrong tokens from this address")

    def failed(self, address: str) -> None:
        """Note one that was wrong."""
        with self._lock:
            times = self._failed.setdefault(address, deque(maxlen=GUESSES_MAX))
            times.append(self._monotonic())
            self._failed.move_to_end(address)
            while len(self._failed) > ADDRESSES_MAX:
                self._failed.popitem(last=False)
