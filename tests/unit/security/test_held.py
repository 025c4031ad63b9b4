"""Who says that it holds a feed has signed it, and means that feed and place."""

from dataclasses import replace

import pytest

from security.errors import FormatError, SecurityError, SignatureError
from security.held import Held, read_held, sign_held
from security.registry import sign_statement
from tests.golden.samples import (
    DEVICE,
    OTHER_DEVICE_KEY,
    STREET,
    above,
    revoke_fields,
    sample_registry,
    secret,
    signing_key,
)

HOLDER = f"{STREET}-01"
HELD = Held(HOLDER, DEVICE, 0, 41, secret("record 41"), 1_795_395_900_000)


def test_a_word_comes_back_as_it_was_signed() -> None:
    raw = sign_held(HELD, signing_key(HOLDER))

    assert read_held(raw, sample_registry()) == HELD
    assert len(raw) < 180


def test_a_word_by_somebody_else_is_refused() -> None:
    with pytest.raises(SignatureError):
        read_held(sign_held(HELD, OTHER_DEVICE_KEY), sample_registry())


def test_every_changed_byte_is_noticed() -> None:
    raw, registry = sign_held(HELD, signing_key(HOLDER)), sample_registry()

    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(SecurityError):
            read_held(bytes(changed), registry)


def test_the_word_of_a_revoked_device_counts_no_more() -> None:
    registry = sample_registry()
    registry.apply(sign_statement(revoke_fields(registry, HOLDER, 5), above(STREET)))

    with pytest.raises(FormatError, match="revoked"):
        read_held(sign_held(HELD, signing_key(HOLDER)), registry)


@pytest.mark.parametrize(
    "held",
    [
        replace(HELD, seq=0),
        replace(HELD, device="120103001001"),
        replace(HELD, hash=bytes(31)),
        replace(HELD, incarnation=2**32),
        replace(HELD, at_ms=-1),
    ],
)
def test_a_word_out_of_bounds_is_refused(held: Held) -> None:
    with pytest.raises(FormatError):
        read_held(sign_held(held, signing_key(HOLDER)), sample_registry())


@pytest.mark.parametrize("raw", [b"", bytes(64), bytes(200), b"x" * 5_000])
def test_bytes_that_are_no_word_are_refused(raw: bytes) -> None:
    with pytest.raises(FormatError):
        read_held(raw, sample_registry())
