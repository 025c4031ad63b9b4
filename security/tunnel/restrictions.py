"""Proof, by trying, that a running gateway lets a device do what it must, and no more.

It plays the device and its attackers from outside, with the authority's key in hand, and so
works against every gateway: the embedded one, sshd, and one whose configuration was changed.
"""

import base64
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
)
from paramiko import (
    AuthenticationException,
    Channel,
    Ed25519Key,
    Message,
    SSHException,
    Transport,
)

from security.sshcert import issue_user_certificate, public_line
from security.tunnel import algorithms
from security.tunnel.keys import certified_key, signing_key
from security.tunnel.openssh.krl import NEVER_ISSUED
from security.tunnel.targets import Target, address_of
from security.tunnel.wire import LOGIN

_DAY_S: Final = 86_400
_PATIENCE_S: Final = 15.0
_HANDSHAKE_S: Final = 5.0
_ORIGIN: Final = ("127.0.0.1", 0)


@dataclass(frozen=True, slots=True)
class Subject:
    """The gateway under trial, and a device that it should let in.

    `serial` is one that no living session uses; `now` is unix seconds.
    """

    address: tuple[str, int]
    authority: Ed25519PrivateKey = field(repr=False)
    device: str
    serial: int
    now: int

    def reach(self, serial: int, target: Target) -> tuple[str, int]:
        """What a device with a serial asks for."""
        return address_of(self.authority.public_key().public_bytes_raw(), serial, target)


@dataclass(frozen=True, slots=True)
class Finding:
    """One trial: whether the gateway behaved, and what was seen if it did not."""

    name: str
    held: bool
    seen: str


class _Broken(Exception):  # noqa: N818 (it says what was found, and never leaves this module)
    """The gateway did something that it must not, or failed to do what it must."""


Trial = Callable[[Subject], None]


def prove(subject: Subject) -> Iterator[Finding]:
    """Carry out every trial; none is left out because another failed."""
    for name in TRIALS:
        yield prove_one(name, subject)


def prove_one(name: str, subject: Subject) -> Finding:
    """Carry out one trial of `TRIALS`."""
    try:
        TRIALS[name](subject)
    except _Broken as broken:
        return Finding(name, held=False, seen=str(broken))
    except (SSHException, EOFError, OSError) as error:
        return Finding(name, held=False, seen=f"{type(error).__name__}: {error}")
    return Finding(name, held=True, seen="")


@contextmanager
def _connection(
    subject: Subject, ciphers: tuple[str, ...] = algorithms.CIPHERS
) -> Iterator[Transport]:
    connection = socket.create_connection(subject.address, _PATIENCE_S)
    with Transport(connection) as transport:
        transport.banner_timeout = _PATIENCE_S
        transport.handshake_timeout = _HANDSHAKE_S
        transport.auth_timeout = _PATIENCE_S
        transport.get_security_options().ciphers = ciphers
        transport.start_client(timeout=_PATIENCE_S)
        yield transport


@contextmanager
def _device(subject: Subject) -> Iterator[Transport]:
    private = Ed25519PrivateKey.generate()
    line = issue_user_certificate(
        subject.authority,
        public_line(private.public_key()),
        subject.device,
        subject.serial,
        subject.now - _DAY_S,
        subject.now + _DAY_S,
    )
    with _connection(subject) as transport:
        try:
            transport.auth_publickey(LOGIN, certified_key(private, line))
        except AuthenticationException as error:
            raise _Broken("a good certificate is refused") from error
        yield transport


def _is_let_in(subject: Subject, key: Ed25519Key, login: str = LOGIN) -> bool:
    with _connection(subject) as transport:
        try:
            transport.auth_publickey(login, key)
        except (SSHException, EOFError):
            return False
        return transport.is_authenticated()


def _refused_login(make: Callable[[Subject], tuple[Ed25519Key, str]]) -> Trial:
    def trial(subject: Subject) -> None:
        key, login = make(subject)
        if _is_let_in(subject, key, login):
            raise _Broken("it was let in")

    return trial


@dataclass(frozen=True, slots=True)
class _Bent:
    """A certificate in which one thing is not as it should be."""

    kind: SSHCertificateType = SSHCertificateType.USER
    key_id: str | None = None
    principals: tuple[str, ...] | None = None
    critical: bytes | None = None
    serial: int | None = None
    since: int = -_DAY_S
    until: int = _DAY_S
    is_by_another: bool = False
    login: str = LOGIN

    def make(self, subject: Subject) -> tuple[Ed25519Key, str]:
        """The key with the certificate, and the name to log in under."""
        private = Ed25519PrivateKey.generate()
        name = self.key_id or subject.device
        builder = (
            SSHCertificateBuilder()
            .public_key(private.public_key())
            .serial(subject.serial if self.serial is None else self.serial)
            .type(self.kind)
            .key_id(name.encode())
            .valid_after(subject.now + self.since)
            .valid_before(subject.now + self.until)
            .add_extension(b"permit-port-forwarding", b"")
        )
        principals = (name,) if self.principals is None else self.principals
        if principals:
            builder = builder.valid_principals([one.encode() for one in principals])
        else:
            builder = builder.valid_for_all_principals()  # type: ignore[no-untyped-call]  # theirs
        if self.critical is not None:
            builder = builder.add_critical_option(self.critical, b"")
        authority = Ed25519PrivateKey.generate() if self.is_by_another else subject.authority
        line = builder.sign(authority).public_bytes().decode()
        key = signing_key(private)
        key.load_certificate(Message(base64.b64decode(line.split()[1])))
        return key, self.login


def _stolen(subject: Subject) -> tuple[Ed25519Key, str]:
    """The certificate of somebody else, signed with a key of one's own."""
    theirs, login = _Bent().make(subject)
    key = signing_key(Ed25519PrivateKey.generate())
    blob: Any = theirs.public_blob
    key.load_certificate(Message(blob.key_blob))
    return key, login


def _bare(_subject: Subject) -> tuple[Ed25519Key, str]:
    return signing_key(Ed25519PrivateKey.generate()), LOGIN


def _reaches(target: Target) -> Trial:
    def trial(subject: Subject) -> None:
        with _device(subject) as transport:
            address = subject.reach(subject.serial, target)
            try:
                transport.open_channel("direct-tcpip", address, _ORIGIN, timeout=_PATIENCE_S)
            except SSHException as error:
                raise _Broken(f"what it may reach is not there: {error}") from error

    return trial


def _refused_channel(
    kind: str, choose: Callable[[Subject], tuple[str, int]] | None = None
) -> Trial:
    def trial(subject: Subject) -> None:
        with _device(subject) as transport:
            wanted = choose(subject) if choose else None
            try:
                transport.open_channel(kind, wanted, _ORIGIN, timeout=_PATIENCE_S)
            except (SSHException, EOFError):  # refused, or thrown out for asking
                return
            raise _Broken("it was opened")

    return trial


def _starts_nothing(ask: Callable[[Channel], object]) -> Trial:
    """A session channel may be opened by a bad gateway; it must then start nothing."""

    def trial(subject: Subject) -> None:
        with _device(subject) as transport:
            try:
                channel = transport.open_session(timeout=_PATIENCE_S)
                ask(channel)
            except (SSHException, EOFError):
                return
            raise _Broken("it was started")

    return trial


def _no_stream_local(subject: Subject) -> None:
    with _device(subject) as transport, suppress(SSHException, EOFError):
        transport.open_channel("direct-streamlocal@openssh.com", timeout=_PATIENCE_S)
        raise _Broken("it was opened")


def _no_reverse_forward(subject: Subject) -> None:
    with _device(subject) as transport, suppress(SSHException):
        transport.request_port_forward("127.0.0.1", 0)
        raise _Broken("the gateway listens for the device")


def _no_password(subject: Subject) -> None:
    with _connection(subject) as transport:
        with suppress(SSHException, EOFError):
            transport.auth_password(LOGIN, "postroad", fallback=False)
        if transport.is_authenticated():
            raise _Broken("it was let in")


def _no_anonymous(subject: Subject) -> None:
    with _connection(subject) as transport:
        with suppress(SSHException, EOFError):
            transport.auth_none(LOGIN)
        if transport.is_authenticated():
            raise _Broken("it was let in")


def _no_questions(subject: Subject) -> None:
    with _connection(subject) as transport:
        with suppress(SSHException, EOFError):
            transport.auth_interactive(LOGIN, lambda *_: [])
        if transport.is_authenticated():
            raise _Broken("it was let in")


def _no_weak_cipher(subject: Subject) -> None:
    with suppress(SSHException, EOFError), _connection(subject, ("aes256-ctr", "aes128-cbc")):
        raise _Broken("it speaks another cipher than AES-GCM")


_OTHER: Final = "999999999999-98"

TRIALS: Final[Mapping[str, Trial]] = {
    "exchanges": _reaches(Target.SYNC),
    "pages": _reaches(Target.PAGES),
    "shell": _starts_nothing(lambda channel: channel.invoke_shell()),
    "exec": _starts_nothing(lambda channel: channel.exec_command("id")),
    "subsystem": _starts_nothing(lambda channel: channel.invoke_subsystem("sftp")),
    "terminal": _starts_nothing(lambda channel: channel.get_pty()),
    "x11": _refused_channel("x11"),
    "agent": _refused_channel("auth-agent@openssh.com"),
    "tun": _refused_channel("tun@openssh.com"),
    "local-socket": _no_stream_local,
    "other-target": _refused_channel("direct-tcpip", lambda _: ("127.0.0.1", 22)),
    "other-device": _refused_channel(
        "direct-tcpip", lambda subject: subject.reach(subject.serial + 1, Target.SYNC)
    ),
    "other-port": _refused_channel(
        "direct-tcpip", lambda subject: (subject.reach(subject.serial, Target.SYNC)[0], 22)
    ),
    "reverse-forward": _no_reverse_forward,
    "bare-key": _refused_login(_bare),
    "stolen-certificate": _refused_login(_stolen),
    "other-authority": _refused_login(_Bent(is_by_another=True).make),
    "expired": _refused_login(_Bent(until=-1).make),
    "not-yet-valid": _refused_login(_Bent(since=3600).make),
    "other-principal": _refused_login(_Bent(principals=(_OTHER,)).make),
    "two-principals": _refused_login(_Bent(principals=(_OTHER, LOGIN)).make),
    "every-principal": _refused_login(_Bent(principals=()).make),
    "unknown-device": _refused_login(_Bent(key_id=_OTHER).make),
    "host-certificate": _refused_login(_Bent(kind=SSHCertificateType.HOST).make),
    "critical-option": _refused_login(_Bent(critical=b"unknown@postroad").make),
    "revoked-serial": _refused_login(_Bent(serial=NEVER_ISSUED).make),
    "root": _refused_login(_Bent(login="root").make),
    "password": _no_password,
    "no-authentication": _no_anonymous,
    "questions": _no_questions,
    "weak-cipher": _no_weak_cipher,
}
"""Every trial by its name, in order; the first two are what a device must be able to do."""
