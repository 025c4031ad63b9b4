"""The statements, files of them and receipts that break one rule each."""

from collections.abc import Iterator

from security.signing import SigningKey
from tests.golden.faults import DROP, STATEMENT_DOMAIN, Golden, changed, flipped, longer
from tests.golden.samples import (
    HEADER,
    OTHER_DEVICE,
    STREET,
    VILLAGE,
    above,
    device_fields,
    revoke_fields,
    sample_registry,
    secret,
    signing_key,
    unit_fields,
)

_WAITING = ("gap", "parent_unknown")
"""What another statement may still make good."""


def statement_faults() -> Iterator[tuple[str, Golden]]:
    """Statements that the sample registry must refuse."""
    yield from _malformed_statements()
    yield from _misplaced_statements()


def _malformed_statements() -> Iterator[tuple[str, Golden]]:
    device, unit, revoke = _good_fields()
    street = above(VILLAGE)
    good = stated(changed(device), street)
    forms: list[tuple[str, bytes, str]] = [
        ("empty", b"", "nothing"),
        ("magic", b"PRS2" + good[4:], "another magic"),
        ("cut", good[:-1], "the last byte is missing"),
        ("length", longer(good, 5), "a length that is one too large"),
        ("format_2", stated(changed(device, v=2), street), "a format of the future"),
        ("station_0", stated(changed(device, station=0), street), "a station never given"),
        ("device_other", stated(changed(device, device=OTHER_DEVICE), street), "another unit"),
        ("signing_short", stated(changed(device, signing=bytes(31)), street), "half a key"),
        (
            "ssh_rsa",
            stated(changed(device, ssh="ssh-rsa AAAA"), street),
            "another SSH key kind",
        ),
        ("host_missing", stated(changed(device, host=DROP), street), "a field left out"),
        ("name_empty", stated(changed(unit, name=""), street), "a unit without a name"),
        ("after_seq", stated(changed(revoke, after_seq=-1), street), "a position below zero"),
    ]
    for name, content, shows in forms:
        yield name, Golden(content, shows, "apply FormatError")


def _misplaced_statements() -> Iterator[tuple[str, Golden]]:
    device, unit, revoke = _good_fields()
    street = above(VILLAGE)
    good = stated(changed(device), street)
    rules: list[tuple[str, bytes, str]] = [
        (
            "signed_by_itself",
            stated(changed(device), signing_key(VILLAGE)),
            "signed from below",
        ),
        (
            "signed_by_root",
            stated(changed(device), signing_key("root")),
            "signed past the parent",
        ),
        ("signature_bit", flipped(good, -1), "one bit of the signature changed"),
        ("gap", stated(changed(device, n=3), street), "the statement before is missing"),
        ("fork", stated(changed(device, n=1), street), "the place is taken"),
        ("prev_other", stated(changed(device, prev=secret("x")), street), "follows another"),
        (
            "station_twice",
            stated(changed(device, station=1, device=HEADER.device), street),
            "a station given twice",
        ),
        ("parent_unknown", stated(changed(unit, parent="9" * 12), street), "an unknown parent"),
        ("below_itself", stated(changed(unit, parent=VILLAGE), street), "below itself"),
        (
            "second_root",
            stated(changed(unit, parent=None, escrow=bytes(32)), street),
            "a second root",
        ),
        (
            "reading_same_epoch",
            stated(changed(unit, reading=secret("x")), street),
            "a new reading key in the old epoch",
        ),
        (
            "revoke_other",
            stated(changed(revoke, device=OTHER_DEVICE), street),
            "a device of another unit",
        ),
    ]
    for name, content, shows in rules:
        error = "EarlyError" if name in _WAITING else "TrustError"
        yield name, Golden(content, shows, f"apply {error}")


def _good_fields() -> tuple[dict[str, object], dict[str, object], dict[str, object]]:
    """A device, a unit and a revocation that the sample registry would accept next."""
    registry = sample_registry()
    return (
        {**device_fields(registry, VILLAGE, 2), "v": 1},
        {**unit_fields(registry, VILLAGE), "v": 1},
        {**revoke_fields(registry, HEADER.device, 40), "v": 1},
    )


def stated(encoded: bytes, key: SigningKey) -> bytes:
    """A signed statement around any map."""
    unsigned = b"PRS1" + len(encoded).to_bytes(2) + encoded
    return unsigned + key.sign(STATEMENT_DOMAIN, unsigned)


def log_faults(good: bytes) -> Iterator[tuple[str, Golden]]:
    """Files of statements that must not be read."""
    rows = [
        ("empty", b"", "nothing"),
        ("magic", b"PRL2" + good[4:], "another magic"),
        ("cut", good[:-1], "the last byte is missing"),
        ("longer", good + b"\0", "a byte too many"),
        ("length_zero", good + bytes(4), "a statement of no bytes"),
        ("length_huge", good[:4] + b"\xff" * 4 + good[8:], "a statement of four gigabytes"),
    ]
    for name, content, shows in rows:
        yield name, Golden(content, shows, "decode FormatError")


def receipt_faults(good: str) -> Iterator[tuple[str, Golden]]:
    """Receipts that must not be honoured."""
    forms = [
        ("empty", "", "nothing"),
        ("version", good.replace("v1", "v2"), "another version"),
        ("number_short", good.replace("|12", "|1"), "a number of 24 digits"),
        ("signature_padded", good + "=", "padding behind the signature"),
        ("signature_tail", good[:-1] + "B", "another text of the same signature"),
        ("line_end", good + "\n", "a line end"),
    ]
    for name, text, shows in forms:
        yield name, Golden(text.encode(), shows, "verify FormatError")
    wrong_code = good.replace("|481516|", "|481517|")
    yield "query_code", Golden(wrong_code.encode(), "another code", "verify SignatureError")
    station = good.replace("|12010300100101", "|12010300100102")
    yield "station", Golden(station.encode(), "a station unknown", "verify TrustError")
    street = good.replace(f"|{VILLAGE}", f"|{STREET}")
    yield "unit", Golden(street.encode(), "another unit", "verify SignatureError")
