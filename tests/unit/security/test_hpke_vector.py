"""What reading keys open is HPKE as RFC 9180 writes it, and not only what we seal ourselves.

The sender below follows the text of the RFC step by step. Vector A.1.1 fixes its key schedule;
our suite differs from that vector in the AEAD alone.
"""

import hashlib
import hmac
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.errors import OpenError
from security.signing import ReadingKey

EPHEMERAL = "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"
RECIPIENT = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"
INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
AES_128_GCM = (1, 16)
AES_256_GCM = (2, 32)


@dataclass(frozen=True)
class Schedule:
    encapsulated: bytes
    key: bytes
    nonce: bytes


def labeled_extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + key, hashlib.sha256)


def labeled_expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    text = length.to_bytes(2) + b"HPKE-v1" + suite + label + info
    # One block of HKDF-Expand is enough: no length here is above 32.
    return hmac.digest(key, text + b"\x01", hashlib.sha256)[:length]


def schedule(aead: tuple[int, int], info: bytes) -> Schedule:
    identifier, key_bytes = aead
    ephemeral = X25519PrivateKey.from_private_bytes(bytes.fromhex(EPHEMERAL))
    recipient = X25519PrivateKey.from_private_bytes(bytes.fromhex(RECIPIENT)).public_key()
    encapsulated = ephemeral.public_key().public_bytes_raw()
    kem = b"KEM" + (0x20).to_bytes(2)
    shared = labeled_expand(
        kem,
        labeled_extract(kem, b"", b"eae_prk", ephemeral.exchange(recipient)),
        b"shared_secret",
        encapsulated + recipient.public_bytes_raw(),
        32,
    )
    suite = b"HPKE" + (0x20).to_bytes(2) + (1).to_bytes(2) + identifier.to_bytes(2)
    context = (
        b"\x00"
        + labeled_extract(suite, b"", b"psk_id_hash", b"")
        + labeled_extract(suite, b"", b"info_hash", info)
    )
    secret = labeled_extract(suite, shared, b"secret", b"")
    return Schedule(
        encapsulated,
        labeled_expand(suite, secret, b"key", context, key_bytes),
        labeled_expand(suite, secret, b"base_nonce", context, 12),
    )


def test_the_sender_of_this_test_reproduces_the_vector() -> None:
    made = schedule(AES_128_GCM, INFO)

    assert made.key.hex() == "4531685d41d65f03dc48f6b8302c05b0"
    assert made.nonce.hex() == "56d890e5accaaf011cff4b7d"


def test_a_reading_key_opens_what_a_sender_by_the_rfc_sealed() -> None:
    made = schedule(AES_256_GCM, INFO)
    sealed = made.encapsulated + AESGCM(made.key).encrypt(made.nonce, b"case key", b"")

    opened = ReadingKey.from_private(bytes.fromhex(RECIPIENT)).open(sealed, INFO)

    assert opened == b"case key"


def test_a_reading_key_opens_no_other_suite() -> None:
    made = schedule(AES_128_GCM, INFO)
    sealed = made.encapsulated + AESGCM(made.key).encrypt(made.nonce, b"case key", b"")

    with pytest.raises(OpenError):
        ReadingKey.from_private(bytes.fromhex(RECIPIENT)).open(sealed, INFO)


def test_the_public_half_is_that_of_the_vector() -> None:
    key = ReadingKey.from_private(bytes.fromhex(RECIPIENT))

    public = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"
    assert key.public.hex() == public
    assert X25519PublicKey.from_public_bytes(key.public).public_bytes_raw().hex() == public
