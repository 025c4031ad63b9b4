"""Keys sign, open, and keep their secrets."""

import pickle

import pytest

from security.errors import FormatError, OpenError, SignatureError
from security.signing import ReadingKey, SigningKey, seal_to, verify
from tests.golden.samples import DEVICE_KEY, OTHER_DEVICE_KEY, reading_key

MESSAGE = b"20 pages received"
DOMAIN = b"postroad/record/v1"


def test_the_signature_of_the_rfc_is_ours_too() -> None:
    # RFC 8032, 7.1, test 1: the public key of this secret.
    secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"

    key = SigningKey.from_private(bytes.fromhex(secret))

    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.public.hex() == public


def test_a_signature_holds_for_its_key_domain_and_message() -> None:
    signature = DEVICE_KEY.sign(DOMAIN, MESSAGE)

    verify(DEVICE_KEY.public, DOMAIN, MESSAGE, signature)


@pytest.mark.parametrize(
    ("public", "domain", "message"),
    [
        (OTHER_DEVICE_KEY.public, DOMAIN, MESSAGE),
        (DEVICE_KEY.public, b"postroad/receipt/v1", MESSAGE),
        (DEVICE_KEY.public, DOMAIN, MESSAGE + b"!"),
        (DEVICE_KEY.public, DOMAIN + b"\0" + MESSAGE[:1], MESSAGE[1:]),
        (b"short", DOMAIN, MESSAGE),
    ],
)
def test_a_signature_holds_for_nothing_else(
    public: bytes, domain: bytes, message: bytes
) -> None:
    signature = DEVICE_KEY.sign(DOMAIN, MESSAGE)

    with pytest.raises(SignatureError):
        verify(public, domain, message, signature)


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63), bytes(65), b"\xff" * 64])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(DEVICE_KEY.public, DOMAIN, MESSAGE, signature)


def test_a_signature_with_a_scalar_beyond_the_order_is_refused() -> None:
    # RFC 8032, 5.1.7: accepting s + L would give a second signature to the same message.
    order = 2**252 + 27742317777372353535851937790883648493
    signature = DEVICE_KEY.sign(DOMAIN, MESSAGE)
    scalar = int.from_bytes(signature[32:], "little") + order
    second = signature[:32] + scalar.to_bytes(32, "little")

    with pytest.raises(SignatureError):
        verify(DEVICE_KEY.public, DOMAIN, MESSAGE, second)


def test_what_is_sealed_to_a_key_opens_with_it() -> None:
    key = reading_key("street")

    sealed = seal_to(key.public, b"case key", b"context")

    assert key.open(sealed, b"context") == b"case key"
    assert len(sealed) == len(b"case key") + 48


@pytest.mark.parametrize(
    ("name", "info", "change"),
    [("other", b"context", 0), ("street", b"other", 0), ("street", b"context", 1)],
)
def test_a_sealed_key_opens_with_nothing_else(name: str, info: bytes, change: int) -> None:
    sealed = bytearray(seal_to(reading_key("street").public, b"case key", b"context"))
    sealed[-1] ^= change

    with pytest.raises(OpenError, match=r"^the sealed key does not open$"):
        reading_key(name).open(bytes(sealed), info)


@pytest.mark.parametrize("sealed", [b"", bytes(31), bytes(48), bytes(80), b"\xff" * 80])
def test_arbitrary_bytes_do_not_open(sealed: bytes) -> None:
    with pytest.raises(OpenError):
        reading_key("street").open(sealed, b"")


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\x01" + bytes(31)])
def test_nothing_is_sealed_to_a_weak_or_broken_key(public: bytes) -> None:
    with pytest.raises(FormatError):
        seal_to(public, b"case key", b"")


@pytest.mark.parametrize("kind", [SigningKey, ReadingKey])
def test_a_key_shows_its_public_half_alone(kind: type[SigningKey | ReadingKey]) -> None:
    secret = bytes(range(32))

    key = kind.from_private(secret)

    assert key.public.hex() in repr(key)
    assert secret.hex() not in repr(key)
    assert str(secret) not in repr(key)


@pytest.mark.parametrize("kind", [SigningKey, ReadingKey])
def test_a_key_cannot_be_pickled_by_accident(kind: type[SigningKey | ReadingKey]) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(kind.from_private(bytes(32)))


@pytest.mark.parametrize("kind", [SigningKey, ReadingKey])
def test_a_secret_of_another_length_is_refused(kind: type[SigningKey | ReadingKey]) -> None:
    with pytest.raises(FormatError):
        kind.from_private(bytes(31))
