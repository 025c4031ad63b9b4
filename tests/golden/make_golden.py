"""Writes the golden files: `python -m tests.golden.make_golden`.

One file shows one thing. Its first lines say what and what must come of it; then follow the
bytes in hexadecimal. Running this again changes the grants alone, since HPKE seals with a fresh
key each time. A change in any other file is a change of a format that is in use: old files
stay, and the new format gets a folder of its own.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from security.grants import make_grant
from security.header import Header
from security.receipts import sign_receipt
from security.registry import encode_log, sign_statement
from tests.golden.faults import Golden, grant_faults, record_faults
from tests.golden.samples import (
    CASE_NO,
    CASE_SECRET,
    DEVICE,
    DEVICE_KEY,
    GRANT_HEADER,
    HEADER,
    QUERY_CODE,
    READERS,
    RECEIPT_CASE,
    VILLAGE,
    above,
    device_fields,
    revoke_fields,
    sample_registry,
    sealed_entry,
    secret,
    unit_fields,
)
from tests.golden.trust_faults import log_faults, receipt_faults, statement_faults

FOLDER = Path(__file__).parent
GRANT = "grant/good.hex"
_DIGITS_IN_LINE = 96


def golden_files(grant: bytes) -> dict[str, Golden]:
    """Every golden file by its path; `grant` is the good grant, which cannot be made twice."""
    return dict(_golden_files(grant))


def new_grant() -> bytes:
    """A good grant, sealed freshly."""
    return make_grant(GRANT_HEADER, CASE_SECRET, READERS, DEVICE_KEY).raw


def to_text(golden: Golden) -> str:
    """The content of a golden file."""
    digits = golden.content.hex()
    lines = [
        digits[start : start + _DIGITS_IN_LINE]
        for start in range(0, len(digits), _DIGITS_IN_LINE)
    ]
    return "\n".join([f"# {golden.shows}", f"# {golden.outcome}", *lines]) + "\n"


def from_text(text: str) -> Golden:
    """What `to_text` wrote."""
    shows, outcome, *lines = text.splitlines()
    return Golden(bytes.fromhex("".join(lines)), shows[2:], outcome[2:])


def main() -> None:
    """Write every file."""
    for name, golden in golden_files(new_grant()).items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(to_text(golden), encoding="utf-8")


def _golden_files(grant: bytes) -> Iterator[tuple[str, Golden]]:
    yield "record/good.hex", _opens(sealed_entry().raw, "an act with everything in it")
    for name, header, shows in _good_headers():
        yield f"record/good_{name}.hex", _opens(sealed_entry(header=header).raw, shows)
    for name, golden in record_faults():
        yield f"record/{name}.hex", golden
    yield GRANT, _opens(grant, "a case granted to two hubs, an outpost and the escrow")
    for name, golden in grant_faults(grant):
        yield f"grant/{name}.hex", golden
    for name, golden in _good_statements():
        yield f"statement/{name}.hex", golden
    for name, golden in statement_faults():
        yield f"statement/{name}.hex", golden
    log = encode_log(sample_registry().statements())
    yield "log/good.hex", _opens(log, "five units with a device each")
    yield "log/good_empty.hex", _opens(encode_log([]), "no statement at all")
    for name, golden in log_faults(log):
        yield f"log/{name}.hex", golden
    receipt = sign_receipt(CASE_NO, QUERY_CODE, RECEIPT_CASE, DEVICE_KEY)
    yield "receipt/good.hex", _opens(receipt.encode("ascii"), "a receipt of the village")
    for name, golden in receipt_faults(receipt):
        yield f"receipt/{name}.hex", golden


def _good_headers() -> Iterator[tuple[str, Header, str]]:
    yield "first", replace(HEADER, seq=1, prev=bytes(32), parents=()), "the first of a feed"
    yield "extra", replace(HEADER, extra={"zone": ["north", 1]}), "fields of a newer program"
    yield "blobs", replace(HEADER, blobs=secret("manifest")), "an act with scanned pages"


def _good_statements() -> Iterator[tuple[str, Golden]]:
    registry = sample_registry()
    rows = [
        ("good_unit", unit_fields(registry, VILLAGE, name="九江里社区"), "a new name"),
        ("good_device", device_fields(registry, VILLAGE, 2), "a second machine"),
        ("good_revoke", revoke_fields(registry, DEVICE, 40), "a stolen machine"),
        (
            "good_newer",
            {**revoke_fields(registry, DEVICE, 40), "kind": "roster"},
            "a kind of a newer program",
        ),
    ]
    for name, fields, shows in rows:
        yield name, _opens(sign_statement(fields, above(VILLAGE)), shows)


def _opens(content: bytes, shows: str) -> Golden:
    return Golden(content, shows, "opens")


if __name__ == "__main__":
    main()
