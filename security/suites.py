"""The cryptographic suite in use: which algorithms, and how keys grow from keys.

Suite 1 is AES-256-GCM, HKDF-SHA256, Ed25519 and HPKE (RFC 9180) with X25519. The number stands
in every header, so that another suite can be added without guessing at old records.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from security.errors import FormatError, OpenError

RandomBytes = Callable[[int], bytes]
"""The port for random bytes, as keys need them."""

SUITE_1 = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
HASH_BYTES = 32
SIGNATURE_BYTES = 64

HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """Derive `length` bytes from a uniformly random key (HKDF-Expand, RFC 5869, 2.3)."""
    if len(key) != KEY_BYTES:
        raise FormatError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(key)


def seal(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Give ciphertext and tag; the caller sees to it that a key and nonce meet only once."""
    return AESGCM(key).encrypt(nonce, plaintext, associated)


def open_sealed(key: bytes, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
    """Give back what `seal` was given.

    Raises:
        OpenError: The key, the nonce, the ciphertext or the associated bytes differ.
    """
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, associated)
    except (InvalidTag, ValueError) as error:
        raise OpenError("the sealed part does not open") from error
