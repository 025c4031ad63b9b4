"""SSH certificates of devices: issued by a hub, and checked by it at every log-in.

SSH libraries hand a certificate over unchecked. Here every rule is checked: the type, the
issuer, the signature, the principal, the time, the options and the revocations.
"""

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_public_identity,
    load_ssh_public_key,
)

from security.errors import FormatError, TrustError
from security.fields import DEVICE
from security.statements import SSH_LINE

KIND = "ssh-ed25519-cert-v01@openssh.com"

_EXTENSION = b"permit-port-forwarding"
_LINE_LENGTH_MAX = 8192
"""Ours have about 700 characters; a certificate may carry options that we refuse anyway."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a checked certificate says: this device, with the key `ssh`, before `valid_to`."""

    device: str
    serial: int
    valid_to: int
    ssh: str


def issue_user_certificate(
    ca: Ed25519PrivateKey,
    public: str,
    device: str,
    serial: int,
    valid_from: int,
    valid_to: int,
) -> str:
    """Certify a device's SSH key for port forwarding and nothing else.

    Args:
        ca: The hub's SSH authority.
        public: The device's `ssh-ed25519` line.
        device: The device id; key id and only principal.
        serial: 1 and up, never used before by this authority.
        valid_from: First second of validity, Unix time.
        valid_to: First second after it.

    Returns:
        The certificate as an OpenSSH line.

    Raises:
        FormatError: An argument is not well-formed.
    """
    if DEVICE.fullmatch(device) is None or serial < 1 or not 0 <= valid_from < valid_to:
        raise FormatError("a certificate needs a device id, a serial from 1, and a time span")
    try:
        builder = (
            SSHCertificateBuilder()
            .public_key(load_public_line(public))
            .type(SSHCertificateType.USER)
            .key_id(device.encode("ascii"))
            .valid_principals([device.encode("ascii")])
            .serial(serial)
            .valid_after(valid_from)
            .valid_before(valid_to)
            .add_extension(_EXTENSION, b"")
        )
        return builder.sign(ca).public_bytes().decode("ascii")
    except ValueError as error:
        raise FormatError("the serial or a time is too large for a certificate") from error


def issue_host_certificate(
    ca: Ed25519PrivateKey,
    public: str,
    names: Sequence[str],
    valid_from: int,
    valid_to: int,
) -> str:
    """Certify the host key of a gateway for the names under which it is reached.

    Devices pin the plain key through the registry; the certificate serves `ssh` of a technician
    who trusts the authority (`@cert-authority`).

    Raises:
        FormatError: An argument is not well-formed.
    """
    if not names or not 0 <= valid_from < valid_to:
        raise FormatError("a host certificate needs a name and a time span")
    try:
        builder = (
            SSHCertificateBuilder()
            .public_key(load_public_line(public))
            .type(SSHCertificateType.HOST)
            .key_id(names[0].encode())
            .valid_principals([name.encode() for name in names])
            .valid_after(valid_from)
            .valid_before(valid_to)
        )
        return builder.sign(ca).public_bytes().decode("ascii")
    except ValueError as error:
        raise FormatError("a time is too large for a certificate") from error


def check_user_certificate(
    certificate: str | bytes,
    ca_public: bytes,
    now: int,
    revoked_serials: Collection[int],
) -> Certificate:
    """Check a certificate that somebody logs in with.

    The device is its only principal and its key id. The caller has seen to it, or will, that
    the client holds the private key.

    Args:
        certificate: An OpenSSH line, or the binary certificate inside one.
        ca_public: The 32 bytes of the hub's SSH authority.
        now: Unix time in seconds.
        revoked_serials: Serials of this authority that are no longer accepted.

    Raises:
        TrustError: One of the rules does not hold.
    """
    read = _load(certificate)
    if read.type is not SSHCertificateType.USER:
        raise TrustError("the certificate is not that of a user")
    _check_issuer(read, ca_public)
    device = _device_of(read)
    if not read.valid_after <= now < read.valid_before:
        raise TrustError("the certificate is not valid at this time")
    if read.critical_options:
        raise TrustError("the certificate has an option that is not known")
    if read.serial < 1 or read.serial in revoked_serials:
        raise TrustError("the certificate was revoked")
    key = read.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise TrustError("the certificate is not for an Ed25519 key")
    return Certificate(device, read.serial, read.valid_before, public_line(key))


def read_lapsed_certificate(certificate: str | bytes) -> Certificate:
    """Read a certificate that does not count any more: ended, or of a former authority.

    It names a device and its key; whether they belong together is for the registry to say, and
    whether the client holds the key for whoever called.

    Raises:
        TrustError: It is not a certificate of a device for an Ed25519 key.
    """
    read = _load(certificate)
    if read.type is not SSHCertificateType.USER:
        raise TrustError("the certificate is not that of a user")
    key = read.public_key()
    if not isinstance(key, Ed25519PublicKey) or read.serial < 1:
        raise TrustError("the certificate is not for an Ed25519 key")
    return Certificate(_device_of(read), read.serial, read.valid_before, public_line(key))


def validity_of(certificate: str) -> tuple[int, int]:
    """Give the first second in which a certificate holds, and the first in which it does not.

    Raises:
        TrustError: It cannot be read.
    """
    read = _load(certificate)
    return read.valid_after, read.valid_before


def certificate_line(certificate: bytes) -> str:
    """Give the OpenSSH line of a binary certificate."""
    return _line(certificate).decode("ascii")


def public_line(key: Ed25519PublicKey) -> str:
    """Give the OpenSSH line of a key, without a comment."""
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def load_public_line(line: str) -> Ed25519PublicKey:
    """Read an OpenSSH line that `public_line` wrote.

    Raises:
        FormatError: It is no `ssh-ed25519` line, or has a comment.
    """
    if SSH_LINE.fullmatch(line) is None:
        raise FormatError("this is not an ssh-ed25519 line without a comment")
    try:
        key = load_ssh_public_key(line.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError("this is not a usable ssh-ed25519 line") from error
    assert isinstance(key, Ed25519PublicKey)
    return key


def _load(certificate: str | bytes) -> SSHCertificate:
    try:
        line = (
            certificate.encode("ascii") if isinstance(certificate, str) else _line(certificate)
        )
        if len(line) > _LINE_LENGTH_MAX or not line.startswith(KIND.encode("ascii") + b" "):
            raise TrustError("this is not a certificate of an Ed25519 key")
        read = load_ssh_public_identity(line)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TrustError("the certificate cannot be read") from error
    assert isinstance(read, SSHCertificate)
    return read


def _line(blob: bytes) -> bytes:
    return KIND.encode("ascii") + b" " + base64.b64encode(blob)


def _device_of(read: SSHCertificate) -> str:
    try:
        device = read.key_id.decode("ascii")
    except UnicodeDecodeError as error:
        raise TrustError("the certificate is for no device") from error
    if DEVICE.fullmatch(device) is None or read.valid_principals != [read.key_id]:
        raise TrustError("the certificate is not for one device alone")
    return device


def _check_issuer(read: SSHCertificate, ca_public: bytes) -> None:
    try:
        issuer = read.signature_key()
        if not isinstance(issuer, Ed25519PublicKey) or issuer.public_bytes_raw() != ca_public:
            raise TrustError("the certificate is by another authority")
        read.verify_cert_signature()
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise TrustError("the certificate is not signed by its authority") from error
