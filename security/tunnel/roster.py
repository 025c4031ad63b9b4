"""Who is connected to a gateway, and how many more may be."""

from collections import Counter
from threading import Condition
from typing import Generic, TypeVar

from security.tunnel.admission import GatewaySettings

Session = TypeVar("Session")


class Roster(Generic[Session]):
    """The sessions of one gateway, under its limits. Safe to use from any thread."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._changed = Condition()
        self._pending: dict[Session, str] = {}
        self._devices: dict[Session, str] = {}
        self._current: dict[str, Session] = {}
        self._channels = 0

    def enter(self, session: Session, host: str) -> bool:
        """Note a new connection from `host`; False if a limit forbids it."""
        limits = self._settings
        with self._changed:
            from_host = Counter(self._pending.values())[host]
            is_full = (
                len(self._pending) + len(self._devices) >= limits.sessions_max
                or len(self._pending) >= limits.pending_max
                or from_host >= limits.pending_per_address_max
            )
            if not is_full:
                self._pending[session] = host
            return not is_full

    def admit(self, session: Session, device: str) -> Session | None:
        """Make it the session of its device; the one that was it before is given back."""
        with self._changed:
            self._pending.pop(session, None)
            self._devices[session] = device
            older = self._current.get(device)
            self._current[device] = session
            return older

    def leave(self, session: Session) -> None:
        """Forget a session that has ended."""
        with self._changed:
            self._pending.pop(session, None)
            device = self._devices.pop(session, None)
            if device is not None and self._current.get(device) is session:
                del self._current[device]
            self._changed.notify_all()

    def everybody(self) -> tuple[Session, ...]:
        """All sessions, with and without login."""
        with self._changed:
            return (*self._pending, *self._devices)

    def of_device(self, device: str) -> tuple[Session, ...]:
        """The sessions of one device: one, or for a moment the one that was taken over too."""
        with self._changed:
            return tuple(session for session, name in self._devices.items() if name == device)

    def take_channel(self) -> bool:
        """Count one more open stream; False if there are too many."""
        with self._changed:
            is_free = self._channels < self._settings.channels_max
            self._channels += is_free
            return is_free

    def give_channel(self) -> None:
        """Count one open stream less."""
        with self._changed:
            self._channels -= 1
            self._changed.notify_all()

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until nobody and no stream is left; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._pending or self._devices or self._channels), timeout_s
            )
