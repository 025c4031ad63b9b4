"""Enrolment at the hub: tokens it has given, and machines that show one.

A token is a local document of the store: the public keys that are derived from its secret, and
how far it has come. Whoever shows a token first claims it with his keys, durably, before
anything is stated; the same machine may ask again until it has logged in with its certificate.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hub.guesses import Guesses
from hub.renewal import renewals_of
from security import fields
from security.encoding import decode_map, encode
from security.enrolment import Newcomer, Welcome, check_proof, read_request, seal_answer
from security.errors import SecurityError, TrustError
from security.sshcert import load_public_line, public_line
from security.statements import Device, encode_log
from security.suites import KEY_BYTES
from security.tokens import SECRET_BYTES, STATION_MAX, Token, pin_of
from security.tunnel.keys import line_blob
from sync.errors import SyncError
from sync.ports import Clock, RandomBytes
from web.enrolling import ANSWERED, REFUSED, WAITING
from web.opening import Installation

PREFIX = "enrol-token/"
"""Local documents: one for each token, named by the device that it is for."""

HOURS_MAX = 720
_ENTRY_BYTES_MAX = 4096
_HOUR_MS = 3_600_000
_MS = 1_000
_NAME = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """For which unit a token is, for how long, and whether a person looks at who shows it."""

    unit: str
    hours: int = 72
    needs_approval: bool = False
    replaces: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A token as the hub keeps it. `claim` is the hash of the keys that showed it first."""

    device: str
    ssh: str
    proof: bytes
    expires_ms: int
    needs_approval: bool = False
    replaces: str = ""
    claim: bytes = b""
    fingerprint: str = ""
    is_closed: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has shown it and a person has not said yes or no."""
        return bool(self.claim) and self.needs_approval and not self.is_closed

    def encoded(self) -> bytes:
        """The local document."""
        return encode(
            {
                "device": self.device,
                "ssh": self.ssh,
                "proof": self.proof,
                "expires": self.expires_ms,
                "approval": self.needs_approval,
                "replaces": self.replaces,
                "claim": self.claim,
                "fingerprint": self.fingerprint,
                "closed": self.is_closed,
            }
        )


class Enrolments:
    """Gives tokens and takes machines in. Safe to use from any thread."""

    def __init__(
        self, installation: Installation, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        """Take the hub; nothing is done yet."""
        self._installation = installation
        self._clock = clock
        self._random_bytes = random_bytes
        self._guesses = Guesses(clock.monotonic)
        self._lock = threading.Lock()

    def give(self, terms: Terms) -> Token:
        """Make a token for a unit directly below, with a station that was never given.

        Raises:
            TrustError: The unit does not stand here, or what it replaces is not its device.
            FormatError: An address is wrong.
            StoreError: Nothing was kept; there is no token.
        """
        self._check(terms)
        host = self._installation.keys.host
        if host is None:
            raise TrustError("this node is no hub")
        blob = line_blob(public_line(host.public_key()))
        with self._lock:
            token = Token(
                unit=terms.unit,
                station=self._next_station(terms.unit),
                expires_s=self._clock.now_ms() // _MS + terms.hours * _HOUR_MS // _MS,
                addresses=terms.addresses or self._addresses(),
                host_pin=pin_of(blob),
                root_pin=pin_of(self._installation.settings.root_key),
                secret=self._random_bytes(SECRET_BYTES),
            )
            given = Given(
                device=token.device,
                ssh=public_line(token.ssh_key.public_key()),
                proof=token.proof_key.public,
                expires_ms=token.expires_s * _MS,
                needs_approval=terms.needs_approval,
                replaces=terms.replaces,
            )
            self._keep(None, given)
        return token

    def authorise(self, device: str, ssh: str, address: str) -> None:
        """Let a login in that shows an open token.

        Raises:
            TrustError: It shows none, or its address has guessed too often.
        """
        self._guesses.check(address)
        given = self._find(device)
        if given is None or given.ssh != ssh:
            # A device that is known has another reason to be turned away than a guess.
            if not self._is_stated(device):
                self._guesses.failed(address)
            raise TrustError("no token fits this login")
        self._check_open(given)

    def is_open(self, device: str) -> bool:
        """Whether a login by token may go on."""
        given = self._find(device)
        now = self._clock.now_ms()
        return given is not None and not given.is_closed and now < given.expires_ms

    def close(self, device: str) -> None:
        """The device has come with its own certificate: its token is worth nothing from now."""
        given = self._find(device)
        if given is not None and not given.is_closed:
            with self._lock:
                self._keep(given, replace(given, is_closed=True))

    def answer(self, body: bytes, device: str) -> bytes:
        """What goes back through the tunnel; the reason of a refusal goes to the log."""
        try:
            newcomer = read_request(body)
            if newcomer.device != device:
                raise TrustError("the request is not for the token of this login")
            answer = self.take(body)
        except (SecurityError, SyncError) as error:
            _log.warning("not enrolled", extra={"device": device, "reason": str(error)})
            return REFUSED
        return WAITING if answer is None else ANSWERED + answer

    def take(self, raw: bytes, clerk: str = "") -> bytes | None:
        """Take a machine in by its request; None while a person has to approve it.

        Raises:
            SecurityError: It is refused.
            StoreError, CasebookError: Ask again; nothing was done by halves.
        """
        newcomer = read_request(raw)
        with self._lock:
            given = self._find(newcomer.device)
            if given is None:
                raise TrustError(f"there is no token for {newcomer.device}")
            check_proof(raw, given.proof)
            self._check_open(given)
            given = self._claimed(given, newcomer)
            if given.needs_approval:
                return None
            return self._welcome(newcomer, given, clerk)

    def queue(self) -> Iterator[Given]:
        """Machines that wait for a person."""
        found = self._installation.store.locals(PREFIX).values()
        return (given for given in map(_read, found) if given.is_waiting)

    def decide(self, device: str, fingerprint: str, *, yes: bool) -> Given:
        """Approve a machine that waits, or shut it out.

        Raises:
            TrustError: Nobody waits under this name with these keys.
            StoreError: Nothing was decided.
        """
        with self._lock:
            given = self._find(device)
            if given is None or not given.is_waiting or given.fingerprint != fingerprint:
                raise TrustError(f"no machine waits for {device[:_NAME]} with these keys")
            decided = replace(given, needs_approval=not yes, is_closed=not yes)
            self._keep(given, decided)
            return decided

    def _claimed(self, given: Given, newcomer: Newcomer) -> Given:
        """The token, bound to these keys before anything else is done with it."""
        claim = hashlib.sha256(
            encode((newcomer.signing, newcomer.reading, newcomer.ssh))
        ).digest()
        if given.claim == claim:
            return given
        if given.claim:
            raise TrustError(f"the token for {given.device} was used by another machine")
        claimed = replace(given, claim=claim, fingerprint=newcomer.fingerprint)
        self._keep(given, claimed)
        return claimed

    def _welcome(self, newcomer: Newcomer, given: Given, clerk: str) -> bytes:
        station = self._installation
        unit, number = newcomer.device.split("-")
        book = station.casebook
        if not self._is_stated(newcomer.device):
            keys = (newcomer.signing, newcomer.reading, newcomer.ssh)
            device = Device(newcomer.device, unit, int(number), *keys, None)
            station.registrar.welcome(device, given.replaces or None)
            facts = {"act": "enrol", "keys": newcomer.fingerprint, "replaces": given.replaces}
            book.journal.note("registry", clerk=clerk, object=device.id, facts=facts)
        # Also where an earlier answer was lost: what was granted is not granted again.
        book.grant_epoch(unit)
        return seal_answer(self._package(newcomer.device, unit), newcomer, station.keys.signing)

    def _package(self, device: str, unit: str) -> Welcome:
        station = self._installation
        settings = station.settings
        files = (settings.catalogue, settings.calendar, settings.divisions)
        try:
            catalogue, calendar, divisions = (path.read_bytes() for path in files)
        except OSError as error:
            raise TrustError(f"{error.filename}: {error.strerror}") from error
        return Welcome(
            hub=station.station.device,
            device=device,
            root_key=settings.root_key,
            certificate=renewals_of(station, self._clock).issue(device),
            addresses=self._addresses(),
            statements=encode_log(station.registry.statements([unit])),
            sets=(catalogue, calendar, divisions),
        )

    def _check(self, terms: Terms) -> None:
        registry, own = self._installation.registry, self._installation.station.unit
        unit = registry.unit(terms.unit)
        if unit.parent != own or unit.closed:
            raise TrustError(f"unit {unit.code} does not stand directly below this hub")
        if not 1 <= terms.hours <= HOURS_MAX:
            raise TrustError(f"a token holds 1 to {HOURS_MAX} hours")
        if terms.replaces and registry.device(terms.replaces).unit != unit.code:
            raise TrustError(f"{terms.replaces} is not a device of unit {unit.code}")

    def _check_open(self, given: Given) -> None:
        if given.is_closed:
            raise TrustError(f"the token for {given.device} was used or withdrawn")
        if self._clock.now_ms() >= given.expires_ms:
            raise TrustError(f"the token for {given.device} has expired")

    def _next_station(self, unit: str) -> int:
        """One more than any device or token of the unit ever had."""
        stated = [device.station for device in self._installation.registry.devices(unit)]
        names = self._installation.store.locals(f"{PREFIX}{unit}-")
        given = [int(name.rpartition("-")[2]) for name in names]
        station = max([0, *stated, *given]) + 1
        if station > STATION_MAX:
            raise TrustError(f"unit {unit} has used all its {STATION_MAX} stations")
        return station

    def _addresses(self) -> tuple[str, ...]:
        """Where units below dial in, as the registry says or else the settings."""
        unit = self._installation.registry.unit(self._installation.station.unit)
        gateway = self._installation.settings.gateway
        return unit.gateways[:4] or ((f"{gateway}",) if gateway else ())

    def _is_stated(self, device: str) -> bool:
        try:
            return bool(self._installation.registry.device(device))
        except TrustError:
            return False

    def _find(self, device: str) -> Given | None:
        raw = self._installation.store.local(PREFIX + device)
        return None if raw is None else _read(raw)

    def _keep(self, before: Given | None, given: Given) -> None:
        key = PREFIX + given.device
        expected = None if before is None else before.encoded()
        self._installation.store.put([], {key: given.encoded()}, expect={key: expected})


def _read(raw: bytes) -> Given:
    values = decode_map(raw, bytes_max=_ENTRY_BYTES_MAX)
    ssh = fields.text(values, "ssh", length_max=200)
    load_public_line(ssh)
    claim = values["claim"]
    return Given(
        device=fields.matched(values, "device", fields.DEVICE),
        ssh=ssh,
        proof=fields.octets(values, "proof", length=KEY_BYTES),
        expires_ms=fields.number(values, "expires"),
        needs_approval=values["approval"] is True,
        replaces=str(values["replaces"]),
        claim=claim if isinstance(claim, bytes) else b"",
        fingerprint=str(values["fingerprint"]),
        is_closed=values["closed"] is True,
    )
