"""Signing keys and reading keys of devices and units, which never show their secret half."""

from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from security import suites
from security.errors import FormatError, OpenError, SignatureError


class Signer(Protocol):
    """Whatever can sign: a key in memory, a token, a key service."""

    @property
    def public(self) -> bytes:
        """The 32 bytes that `verify` takes."""

    def sign(self, domain: bytes, message: bytes) -> bytes:
        """Sign `message` under `domain`; 64 bytes."""


class NoteSigner(Protocol):
    """Whatever can sign the text of a note, which holds no zero byte."""

    @property
    def public(self) -> bytes:
        """The 32 bytes that `verify_text` takes."""

    def sign_text(self, text: bytes) -> bytes:
        """Sign a text as it is; 64 bytes."""


class SigningKey:
    """An Ed25519 key (RFC 8032) held in memory."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: bytes = private.public_key().public_bytes_raw()

    @classmethod
    def from_private(cls, private: bytes) -> Self:
        """Make the key from its 32 secret bytes, which come from the port for random bytes."""
        _check_length(private)
        return cls(Ed25519PrivateKey.from_private_bytes(private))

    def private_bytes(self) -> bytes:
        """The 32 secret bytes; for the key store alone."""
        return self._private.private_bytes_raw()

    def sign(self, domain: bytes, message: bytes) -> bytes:
        """Sign `message` under `domain`; 64 bytes, the same for the same input."""
        return self._private.sign(_signed(domain, message))

    def sign_text(self, text: bytes) -> bytes:
        """Sign a text without a domain, as signed notes ask; 64 bytes.

        Raises:
            FormatError: The text holds a zero byte, so that it might stand for another message.
        """
        if b"\0" in text:
            raise FormatError("a text that is signed as it is holds no zero byte")
        return self._private.sign(text)

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()})"


class ReadingKey:
    """An X25519 key to which case keys are sealed."""

    __slots__ = ("_private", "public")

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private
        self.public: bytes = private.public_key().public_bytes_raw()

    @classmethod
    def from_private(cls, private: bytes) -> Self:
        """Make the key from its 32 secret bytes, which come from the port for random bytes."""
        _check_length(private)
        return cls(X25519PrivateKey.from_private_bytes(private))

    def private_bytes(self) -> bytes:
        """The 32 secret bytes; for the key store alone."""
        return self._private.private_bytes_raw()

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Give back what `seal_to` sealed to this key under the same `info`.

        Raises:
            OpenError: It was sealed to another key, under another `info`, or was changed.
        """
        try:
            return suites.HPKE.decrypt(sealed, self._private, info)
        except (InvalidTag, ValueError) as error:
            raise OpenError("the sealed key does not open") from error

    def __repr__(self) -> str:
        return f"ReadingKey(public={self.public.hex()})"


def verify(public: bytes, domain: bytes, message: bytes, signature: bytes) -> None:
    """Return if `signature` is by `public` over `message` under `domain`.

    Raises:
        SignatureError: It is not.
    """
    _verify(public, _signed(domain, message), signature)


def verify_text(public: bytes, text: bytes, signature: bytes) -> None:
    """Return if `signature` is by `public` over a text as it is.

    Raises:
        SignatureError: It is not, or the text holds a zero byte.
    """
    if b"\0" in text:
        raise SignatureError("a text that is signed as it is holds no zero byte")
    _verify(public, text, signature)


def seal_to(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Seal to the reading key `public`: HPKE base mode, 48 bytes longer than `plaintext`.

    HPKE proves nothing about the sender, so that whatever carries the result must be signed.

    Raises:
        FormatError: `public` is not a usable X25519 key.
    """
    try:
        key = X25519PublicKey.from_public_bytes(public)
        return suites.HPKE.encrypt(plaintext, key, info)
    except ValueError as error:
        raise FormatError("the reading key is not usable") from error


def _verify(public: bytes, signed: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the signature is not by the expected key") from error


def _signed(domain: bytes, message: bytes) -> bytes:
    # The zero byte ends the domain, so that no domain is the beginning of another's message.
    return domain + b"\0" + message


def _check_length(private: bytes) -> None:
    if len(private) != suites.KEY_BYTES:
        raise FormatError(f"a secret key has {suites.KEY_BYTES} bytes, not {len(private)}")
