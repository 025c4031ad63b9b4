"""Certificates of devices below, given again on request for as long as nobody revoked them."""

import logging
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casebook.errors import PolicyError
from casebook.policy import CERTIFICATE_DAYS, Policy
from security.errors import KeyFileError, TrustError
from security.registry import Registry
from security.sshcert import issue_user_certificate
from sync.errors import StoreConflictError, StoreError
from sync.ports import Clock, Store
from web.opening import Installation

SERIAL_KEY = "ssh-serial"
"""Local document: the last serial that this hub gave."""

SERIAL_FILE = "ssh-serial"
"""Beside `config.toml`: the next serial when the network was made."""

SLACK_S = 24 * 3600
"""A certificate begins a day early: the clock of a device may be behind."""

PAUSE_S = 5.0
"""A device gets a certificate no oftener than this."""

_ATTEMPTS_MAX = 8
_DAY_S = 24 * 3600
_MS = 1_000
_log = logging.getLogger(__name__)


class Renewals:
    """Issues certificates to the devices that the registry names. For any thread."""

    def __init__(
        self,
        registry: Registry,
        store: Store,
        ca: Ed25519PrivateKey,
        clock: Clock,
        days: Callable[[], int],
    ) -> None:
        """Take the hub's SSH authority; `days` says how long a certificate holds."""
        self._registry = registry
        self._store = store
        self._ca = ca
        self._clock = clock
        self._days = days
        self._last: dict[str, float] = {}

    def begin_at(self, path: Path) -> None:
        """Give no serial below the one in a file, which counts those given when it was made.

        Raises:
            StoreError: The store cannot be written.
        """
        try:
            first = int(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return
        before = self._store.local(SERIAL_KEY)
        if _number(before) < first - 1:
            text = str(first - 1).encode()
            self._store.put([], {SERIAL_KEY: text}, expect={SERIAL_KEY: before})

    def issue(self, device: str) -> str:
        """Give a new certificate for the key that the registry states for a device.

        Raises:
            TrustError: The device is unknown or revoked, or asked a moment ago.
            StoreError: The serial could not be kept; nothing was issued.
        """
        known = self._registry.device(device)
        if not self._registry.is_active(device):
            raise TrustError(f"device {device} was revoked")
        now = self._clock.monotonic()
        if now - self._last.get(device, -PAUSE_S) < PAUSE_S:
            raise TrustError(f"device {device} has just got a certificate")
        serial = self._next_serial()
        self._last[device] = now
        now_s = self._clock.now_ms() // _MS
        valid_to = now_s + self._days() * _DAY_S
        line = issue_user_certificate(
            self._ca, known.ssh, device, serial, max(0, now_s - SLACK_S), valid_to
        )
        _log.info("certificate issued", extra={"device": device, "serial": serial})
        return line

    def answer(self, _body: bytes, device: str) -> bytes:
        """The certificate as a line; nothing where there is none to give."""
        try:
            return self.issue(device).encode("ascii")
        except (TrustError, StoreError) as error:
            _log.warning(
                "certificate not issued", extra={"device": device, "reason": str(error)}
            )
            return b""

    def _next_serial(self) -> int:
        """A serial never given before: kept before it is used, and not behind the clock.

        A store that was set back has forgotten serials; the clock has gone on.
        """
        for attempt in range(_ATTEMPTS_MAX):
            before = self._store.local(SERIAL_KEY)
            serial = max(_number(before) + 1, self._clock.now_ms())
            try:
                self._store.put(
                    [], {SERIAL_KEY: str(serial).encode()}, expect={SERIAL_KEY: before}
                )
            except StoreConflictError:
                if attempt == _ATTEMPTS_MAX - 1:
                    raise
            else:
                return serial
        raise AssertionError("a put neither succeeded nor failed")


def renewals_of(installation: Installation, clock: Clock) -> Renewals:
    """Return what issues certificates at a hub.

    Raises:
        KeyFileError: The keys of a hub are not there.
        StoreError: The store cannot be used.
    """
    settings, ca = installation.settings, installation.keys.ssh_ca
    if ca is None:
        raise KeyFileError(f"{settings.keys}: the keys of a hub are not there")

    def days() -> int:
        try:
            return installation.published.policy().whole(CERTIFICATE_DAYS)
        except PolicyError:
            _log.exception("the policy cannot be used")
            return Policy().whole(CERTIFICATE_DAYS)

    renewals = Renewals(installation.registry, installation.store, ca, clock, days)
    renewals.begin_at(settings.keys.parent / SERIAL_FILE)
    return renewals


def _number(value: bytes | None) -> int:
    return int(value) if value else 0
