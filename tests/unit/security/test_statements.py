"""The form of statements and of the file that carries them: total, strict, bounded."""

import pytest

from security.errors import FormatError, TrustError
from security.registry import (
    Registry,
    decode_log,
    encode_log,
    parse_statement,
    sign_statement,
)
from security.statements import STATEMENTS_MAX
from tests.golden.samples import (
    OTHER_VILLAGE,
    SSH_LINE,
    STREET,
    UNITS,
    VILLAGE,
    above,
    device_fields,
)
from tests.support.registries import state

OTHER_STREET = "120103003000"


def test_every_changed_byte_of_a_statement_is_refused(registry: Registry) -> None:
    raw = sign_statement(device_fields(registry, VILLAGE, 2), above(VILLAGE))
    before = state(registry)

    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 0x01
        with pytest.raises((FormatError, TrustError)):
            registry.apply(bytes(changed))

    assert state(registry) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "12"},
        {"n": -1},
        {"n": "0"},
        {"n": 0},
        {"prev": bytes(32)},
        {"prev": bytes(31)},
        {"kind": "Device"},
        {"station": 0, "device": f"{VILLAGE}-00"},
        {"station": 100, "device": f"{VILLAGE}-100"},
        {"device": f"{VILLAGE}-03"},
        {"device": f"{OTHER_VILLAGE}-02"},
        {"signing": bytes(31)},
        {"reading": None},
        {"ssh": SSH_LINE + " comment"},
        {"ssh": "ssh-rsa AAAA"},
        {"ssh": SSH_LINE + "\n" + SSH_LINE},
        {"host": ""},
        {"kind": "revoke", "after_seq": -1},
        {"kind": "unit", "name": "", "tier": "village", "parent": STREET, "epoch": 1},
        {"kind": "unit", "name": "  ", "tier": "village", "parent": STREET, "epoch": 1},
        {"kind": "unit", "name": "社" * 65, "tier": "village", "parent": STREET, "epoch": 1},
        {"kind": "unit", "name": "九\n江", "tier": "village", "parent": STREET, "epoch": 1},
        {"kind": "unit", "name": "九江", "tier": "", "parent": STREET, "epoch": 1},
        {"kind": "unit", "name": "九江", "tier": "village", "parent": None, "epoch": 1},
        {
            "kind": "unit",
            "name": "九江",
            "tier": "village",
            "parent": STREET,
            "epoch": 1,
            "escrow": bytes(32),
        },
        {"note": "x" * 4096},
        {"note": 0.5},
    ],
)
def test_a_statement_that_is_not_well_formed_is_never_signed(
    registry: Registry, changes: dict[str, object]
) -> None:
    with pytest.raises(FormatError):
        sign_statement({**device_fields(registry, VILLAGE, 2), **changes}, above(VILLAGE))


@pytest.mark.parametrize(
    "raw", [b"", b"PRS1", b"PRS1\xff\xff", b"PRD1" + bytes(80), bytes(5000)]
)
def test_arbitrary_bytes_are_no_statement(raw: bytes) -> None:
    with pytest.raises(FormatError):
        parse_statement(raw)


def test_a_file_of_statements_holds_them_in_order(registry: Registry) -> None:
    statements = list(registry.statements())

    assert decode_log(encode_log(statements)) == statements
    assert len(statements) == 2 * len(UNITS)


def test_a_cut_or_padded_file_of_statements_is_refused(registry: Registry) -> None:
    whole = encode_log(registry.statements()[:2])
    ends = {len(encode_log(registry.statements()[:count])) for count in range(3)}

    for end in range(len(whole)):
        if end not in ends:
            with pytest.raises(FormatError):
                decode_log(whole[:end])
    with pytest.raises(FormatError):
        decode_log(whole + b"\0")


@pytest.mark.parametrize(
    "encoded",
    [b"", b"PRL2", b"PRL1" + bytes(4), b"PRL1\xff\xff\xff\xff", b"PRL1\x00\x00\x10\x01"],
)
def test_arbitrary_bytes_are_no_file_of_statements(encoded: bytes) -> None:
    with pytest.raises(FormatError):
        decode_log(encoded)


def test_a_file_of_too_many_statements_is_refused() -> None:
    with pytest.raises(FormatError, match="more than"):
        decode_log(b"PRL1" + b"\0\0\0\1x" * (STATEMENTS_MAX + 1))
