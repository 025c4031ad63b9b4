"""Keys and certificates in the shapes that paramiko wants, checked on the way."""

import base64
import binascii
from dataclasses import dataclass
from io import StringIO

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    SSHCertificate,
    load_ssh_public_identity,
)
from paramiko import Ed25519Key
from paramiko.message import Message

from security.errors import FormatError
from security.tokens import pin_of
from security.tunnel.targets import Target, address_of

# A certificate of ours has about 500 bytes; a line beyond this is no key line.
_LINE_LENGTH_MAX = 8192


@dataclass(frozen=True, slots=True)
class Pin:
    """A host key of which the 128-bit fingerprint alone is known, as in a token."""

    fingerprint: bytes

    def __contains__(self, blob: object) -> bool:
        """Whether a binary key has this fingerprint."""
        return isinstance(blob, bytes) and pin_of(blob) == self.fingerprint


def signing_key(private: Ed25519PrivateKey) -> Ed25519Key:
    """The private key as paramiko signs with it."""
    text = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return Ed25519Key.from_private_key(StringIO(text))


def certified_key(private: Ed25519PrivateKey, certificate: str) -> Ed25519Key:
    """The private key with its certificate, ready to log in.

    Raises:
        FormatError: The line is no certificate, or certifies another key.
    """
    blob = line_blob(certificate)
    try:
        identity = load_ssh_public_identity(certificate.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError("the device certificate cannot be read") from error
    if not isinstance(identity, SSHCertificate):
        raise FormatError("the device certificate is a bare key, not a certificate")
    if _raw(identity.public_key()) != _raw(private.public_key()):
        raise FormatError("the device certificate belongs to another key")
    key = signing_key(private)
    key.load_certificate(Message(blob))
    return key


def targets_of(certificate: str) -> dict[Target, tuple[str, int]]:
    """The addresses under which the holder of a certificate asks its hub for streams.

    Raises:
        FormatError: The line is no certificate by an Ed25519 authority.
    """
    try:
        read = load_ssh_public_identity(certificate.encode())
        issuer = read.signature_key() if isinstance(read, SSHCertificate) else None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError("the device certificate cannot be read") from error
    if not isinstance(read, SSHCertificate) or not isinstance(issuer, Ed25519PublicKey):
        raise FormatError("the device certificate is not by an Ed25519 authority")
    ca_public = issuer.public_bytes_raw()
    return {target: address_of(ca_public, read.serial, target) for target in Target}


def validity_of(certificate: str) -> tuple[int, int]:
    """The first second of a certificate and the first after it, in unix seconds.

    Raises:
        FormatError: The line is no certificate.
    """
    try:
        read = load_ssh_public_identity(certificate.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError("the device certificate cannot be read") from error
    if not isinstance(read, SSHCertificate):
        raise FormatError("the device certificate is a bare key, not a certificate")
    return read.valid_after, read.valid_before


def line_blob(line: str) -> bytes:
    """The binary key of one OpenSSH public line (`kind base64 comment`).

    Raises:
        FormatError: The line is too long or not of that form.
    """
    words = line.split(None, 2) if len(line) <= _LINE_LENGTH_MAX else []
    try:
        kind, encoded = words[0], words[1]
        blob = base64.b64decode(encoded, validate=True)
    except (IndexError, binascii.Error) as error:
        raise FormatError("this is not an OpenSSH public key line") from error
    name = kind.encode()
    if not blob.startswith(len(name).to_bytes(4, "big") + name):
        raise FormatError("an OpenSSH public key line contradicts itself")
    return blob


def _raw(key: object) -> bytes:
    if not hasattr(key, "public_bytes"):
        return b""
    raw = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert isinstance(raw, bytes)
    return raw
