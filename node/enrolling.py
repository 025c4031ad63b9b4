"""A new machine becomes a node: keys made here, a request to the hub, a folder that runs."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from casebook.people import Clerk
from cases.catalogue import load_catalogue
from cases.divisions import load_divisions
from cases.limits import load_calendar
from security.enrolment import Newcomer, Welcome, check_author, make_request, open_answer
from security.errors import KeyFileError, TrustError
from security.keystore import NodeKeys, write_certificate
from security.registry import Registry
from security.sshcert import public_line, read_lapsed_certificate
from security.statements import decode_log
from security.tokens import Token, format_token, login_certificate, parse_token, pin_of
from security.tokens import split_address as split
from security.tunnel.client import DeviceIdentity, TunnelClient
from security.tunnel.keys import Pin, line_blob
from security.tunnel.targets import Target
from sync.ports import Clock, RandomBytes
from sync.transports.http import HttpTransport
from web.accounts import Accounts, Login, format_accounts
from web.enrolling import ANSWERED, CONTENT_TYPE, PATH, WAITING
from web.errors import SettingsError
from web.passwords import SALT_BYTES, make_phc, random_password
from web.settings import PasswordCost
from web.texts import Texts

TOKEN_FILE = "enrolment-token"  # noqa: S105 - the name of a file
"""In the new folder until the machine is enrolled."""

POSTS = ("w1", "w2")
INTERVAL_S = 5
APPROVAL_POLL_S = 3.0
_COST = PasswordCost(memory_kib=1024, passes=3)
_SETS = ("catalogue.yaml", "calendar.toml", "divisions.csv")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the new node shows its pages, and where those of its hub."""

    host: str = "127.0.0.1"
    pages: int = 20000
    door: int = 20001


class NewNode:
    """One folder on its way to an installation; may be gone on with after any interruption."""

    def __init__(self, folder: Path, clock: Clock, random_bytes: RandomBytes) -> None:
        """Take the folder, which need not exist."""
        self._folder = folder
        self._clock = clock
        self._random_bytes = random_bytes

    def begin(self, token: Token) -> bytes:
        """Make the keys, which never leave this machine, and give the request.

        Raises:
            SettingsError: The folder holds something else.
            KeyFileError: The keys cannot be made.
        """
        path = self._folder / TOKEN_FILE
        if not path.exists():
            if self._folder.exists() and any(self._folder.iterdir()):
                raise SettingsError(f"{self._folder}: not an empty folder")
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, format_token(token).encode())
        elif parse_token(path.read_text(encoding="ascii")) != token:
            raise SettingsError(f"{self._folder}: was begun with another token")
        if not (self._folder / "keys").exists():
            NodeKeys.create(self._folder / "keys", {}, random_bytes=self._random_bytes)
        keys = self._keys()
        return make_request(newcomer_of(token, keys), token.proof_key, keys.signing)

    def token(self) -> Token:
        """The token that the folder was begun with.

        Raises:
            SettingsError: It was not begun.
        """
        try:
            return parse_token((self._folder / TOKEN_FILE).read_text(encoding="ascii"))
        except OSError as error:
            raise SettingsError(f"{self._folder}: no enrolment was begun here") from error

    def finish(self, raw: bytes, ports: Ports) -> None:
        """Check an answer from the city root down, and write the installation.

        Raises:
            SecurityError: The answer is not from the hub of the token, or not for this machine.
            CaseError: One of its sets is none.
            OSError: The folder cannot be written.
        """
        token, keys = self.token(), self._keys()
        welcome, encoded, signature = open_answer(raw, token.device, keys.reading)
        registry = _checked(welcome, token, newcomer_of(token, keys))
        hub = registry.device(welcome.hub)
        check_author(encoded, signature, hub.signing)
        _check_sets(welcome.sets)
        write_certificate(self._folder / "keys", welcome.certificate)
        self._write_files(token, welcome, ports, hub.unit)
        (self._folder / TOKEN_FILE).unlink()

    def _keys(self) -> NodeKeys:
        return NodeKeys.load(self._folder / "keys")

    def _write_files(self, token: Token, welcome: Welcome, ports: Ports, hub: str) -> None:
        (self._folder / "data").mkdir(mode=0o700, exist_ok=True)
        _write(self._folder / "registry.prl", welcome.statements)
        for name, content in zip(_SETS, welcome.sets, strict=True):
            _write(self._folder / name, content)
        accounts, lines = _accounts(token.unit, self._random_bytes)
        _write(self._folder / "accounts.json", format_accounts(accounts))
        _write(self._folder / "logins.txt", lines.encode())
        # The settings last: a folder with them is whole.
        _write(self._folder / "config.toml", _settings(token, welcome, ports, hub))


def newcomer_of(token: Token, keys: NodeKeys) -> Newcomer:
    """The public keys of a machine, under the name that its token gives it."""
    ssh = public_line(keys.ssh.public_key())
    return Newcomer(token.device, keys.signing.public, keys.reading.public, ssh)


def ask_hub(token: Token, request: bytes, clock: Clock) -> bytes | None:
    """Dial the hub of a token and ask once; None while a person has to approve.

    Raises:
        HostKeyError: The machine that answered is not the hub of the token.
        LoginRefusedError: The token is not open there.
        TrustError: The hub refused the request.
        TunnelError, SyncError: The link failed; ask again.
    """
    identity = DeviceIdentity(token.device, token.ssh_key, login_certificate(token))
    addresses = [split(each) for each in token.addresses]
    tunnel = TunnelClient(addresses, identity, Pin(token.host_pin)).connect()
    with tunnel:
        transport = HttpTransport(
            lambda: tunnel.open(Target.SYNC), clock, path=PATH, content_type=CONTENT_TYPE
        )
        try:
            answer = transport.ask(request)
        finally:
            transport.close()
    if answer.startswith(ANSWERED):
        return answer.removeprefix(ANSWERED)
    if answer == WAITING:
        return None
    raise TrustError(
        "the hub did not enrol this machine", hint="The log of the hub says why; ask there."
    )


def ask_until(
    token: Token, request: bytes, clock: Clock, waits: Callable[[], object], limit_s: float
) -> bytes | None:
    """Ask until a person has approved; `waits` is called once. None when the time is over.

    Raises:
        SecurityError, SyncError: As `ask_hub`.
    """
    deadline, pause = clock.monotonic() + limit_s, threading.Event()
    answer = ask_hub(token, request, clock)
    if answer is None:
        waits()
    while answer is None and clock.monotonic() < deadline:
        pause.wait(APPROVAL_POLL_S)
        answer = ask_hub(token, request, clock)
    return answer


def _checked(welcome: Welcome, token: Token, own: Newcomer) -> Registry:
    """The registry of an answer, if it is that of the token and names this machine's keys."""
    if pin_of(welcome.root_key) != token.root_pin:
        raise TrustError("the answer is of another network than the token")
    registry = Registry(welcome.root_key)
    registry.apply_all(decode_log(welcome.statements))
    stated, hub = registry.device(token.device), registry.device(welcome.hub)
    if (stated.signing, stated.reading, stated.ssh) != (own.signing, own.reading, own.ssh):
        raise TrustError("the registry states other keys for this machine")
    if not registry.is_active(hub.id) or registry.unit(token.unit).parent != hub.unit:
        raise TrustError("the answer is not by the unit above")
    if hub.host is None or pin_of(line_blob(hub.host)) != token.host_pin:
        raise TrustError("the answer is by another hub than that of the token")
    certificate = read_lapsed_certificate(welcome.certificate)
    if (certificate.device, certificate.ssh) != (token.device, own.ssh):
        raise TrustError("the certificate is for another device or key")
    return registry


def _check_sets(sets: tuple[bytes, bytes, bytes]) -> None:
    try:
        catalogue, calendar, divisions = (each.decode() for each in sets)
    except UnicodeDecodeError as error:
        raise TrustError("a set of the hub is not UTF-8 text") from error
    load_catalogue(catalogue)
    load_calendar(calendar)
    load_divisions(divisions, _SETS[2])


def _accounts(unit: str, random_bytes: RandomBytes) -> tuple[Accounts, str]:
    """Two logins at the window with initial passwords, and the list to hand out."""
    title = Texts("zh").text("clerk.window")
    logins, lines = [], ["user\tpassword\trole\tname"]
    for number, post in enumerate(POSTS, 1):
        clerk = Clerk(f"{unit}-{post}", f"{title}{number}", ("window",), unit)
        password = random_password(random_bytes)
        phc = make_phc(password, _COST, random_bytes(SALT_BYTES))
        logins.append(Login(clerk, phc, initial=True))
        lines.append("\t".join((clerk.user, password, clerk.roles[0], clerk.name)))
    return Accounts(unit, logins), "\n".join(lines) + "\n"


def _settings(token: Token, welcome: Welcome, ports: Ports, hub: str) -> bytes:
    tables: dict[str, dict[str, object]] = {
        "node": {
            "unit": token.unit,
            "device": token.device,
            "root_key": welcome.root_key.hex(),
            "data": "data",
            "keys": "keys",
            "registry": "registry.prl",
            "accounts": "accounts.json",
            "catalogue": "catalogue.yaml",
            "calendar": "calendar.toml",
            "divisions": "divisions.csv",
        },
        "pages": {"host": ports.host, "port": ports.pages},
        "upstream": {
            "unit": hub,
            "addresses": list(token.addresses),
            "interval_s": INTERVAL_S,
            "door": f"127.0.0.1:{ports.door}",
        },
    }
    return tomli_w.dumps(tables).encode()


def _write(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it, so that a power cut leaves no half of it."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
