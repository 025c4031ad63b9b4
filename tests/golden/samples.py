"""Fixed keys, units and acts of the golden files; the security tests share them.

The secrets below guard nothing: they are hashes of their own names.
"""

import hashlib
from dataclasses import replace

from security.caseids import RANDOM_BYTES, new_case_id
from security.grants import CASE_KEY, ESCROW, FACTS_KEY, Reader
from security.header import Header
from security.hlc import Hlc
from security.records import SALT_BYTES, Record, derive_facts_key, seal_entry
from security.registry import Registry, sign_statement
from security.signing import ReadingKey, SigningKey


def secret(name: str) -> bytes:
    """32 bytes that are the same in every run."""
    return hashlib.sha256(b"postroad golden " + name.encode()).digest()


def signing_key(name: str) -> SigningKey:
    return SigningKey.from_private(secret(f"{name} signing"))


def reading_key(name: str) -> ReadingKey:
    return ReadingKey.from_private(secret(f"{name} reading"))


CITY = "120100000000"
DISTRICT = "120103000000"
STREET = "120103001000"
VILLAGE = "120103001001"
OTHER_VILLAGE = "120103001004"
PATH = (CITY, DISTRICT, STREET, VILLAGE)
DEVICE = f"{VILLAGE}-01"
OTHER_DEVICE = f"{OTHER_VILLAGE}-01"

ROOT_KEY = signing_key("root")
ESCROW_KEY = reading_key("escrow")
DEVICE_KEY = signing_key(DEVICE)
OTHER_DEVICE_KEY = signing_key(OTHER_DEVICE)

CASE = bytes.fromhex("01939f5a7c3e7b11a2d4c5e6f7081920")
CASE_SECRET = secret("case key")
FACTS_SECRET = derive_facts_key(CASE_SECRET, CASE, 0)
RECEIPT_CASE = new_case_id(1_795_395_900_000, VILLAGE, secret("receipt")[:RANDOM_BYTES])
CASE_NO = "1201030010010126112300077"
QUERY_CODE = "481516"

FACTS: dict[str, object] = {
    "act": "receive",
    "at": "2026-11-23T09:05:00+08:00",
    "case_no": CASE_NO,
    "clerk": f"{VILLAGE}-w1",
    "item": "old_age_allowance",
    "item_version": 3,
    "papers": [{"material": "id_card", "state": "seen"}],
}
BODY: dict[str, object] = {
    "fields": {
        "name": "王淑兰",
        "id_number": "120103194506120023",
        "phone": "13820001234",
        "address": "天津市河西区九江路12号3门401",
        "reason": "年满八十周岁，申请高龄津贴。",
    },
    "query_code": QUERY_CODE,
}

HEADER = Header(
    type="entry",
    case=CASE,
    path=PATH,
    device=DEVICE,
    seq=7,
    prev=secret("record 6"),
    parents=tuple(sorted((secret("head a"), secret("head b")))),
    epoch=1,
    hlc=Hlc(1_795_395_900_000, 2),
    audience="default",
)
GRANT_HEADER = replace(HEADER, type="grant", seq=8, prev=secret("record 7"), parents=())
READERS = (
    Reader(VILLAGE, 1, reading_key(VILLAGE).public, CASE_KEY),
    Reader(STREET, 2, reading_key(STREET).public, CASE_KEY),
    Reader(DISTRICT, 1, reading_key(DISTRICT).public, FACTS_KEY),
    Reader(ESCROW, 0, ESCROW_KEY.public, CASE_KEY),
)

UNITS = (
    (CITY, "天津市", "city", None),
    (DISTRICT, "河西区", "district", CITY),
    (STREET, "大营门街道", "street", DISTRICT),
    (VILLAGE, "九江路社区", "village", STREET),
    (OTHER_VILLAGE, "荣华里社区", "village", STREET),
)
SSH_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


def sealed_entry(
    *, header: Header = HEADER, key: SigningKey = DEVICE_KEY, salt: bytes | None = None
) -> Record:
    """The act of the golden record, under any header."""
    return seal_entry(
        header, FACTS, BODY, CASE_SECRET, key, salt or secret("salt")[:SALT_BYTES]
    )


def unit_fields(registry: Registry, code: str, **changes: object) -> dict[str, object]:
    """The next statement about a unit, as it stands in `UNITS` but for the changes."""
    name, tier, parent = next(row[1:] for row in UNITS if row[0] == code)
    n, prev = registry.next_place(code)
    fields: dict[str, object] = {
        "unit": code,
        "n": n,
        "prev": prev,
        "kind": "unit",
        "name": name,
        "tier": tier,
        "parent": parent,
        "signing": signing_key(code).public,
        "reading": reading_key(code).public,
        "epoch": 1,
    }
    if parent is None:
        fields["escrow"] = ESCROW_KEY.public
    return {**fields, **changes}


def device_fields(
    registry: Registry, code: str, station: int, **changes: object
) -> dict[str, object]:
    """The next statement about a unit, which enrols a device."""
    n, prev = registry.next_place(code)
    device = f"{code}-{station:02d}"
    fields: dict[str, object] = {
        "unit": code,
        "n": n,
        "prev": prev,
        "kind": "device",
        "device": device,
        "station": station,
        "signing": signing_key(device).public,
        "reading": reading_key(device).public,
        "ssh": SSH_LINE,
        "host": None if code in {VILLAGE, OTHER_VILLAGE} else SSH_LINE,
    }
    return {**fields, **changes}


def revoke_fields(registry: Registry, device: str, after_seq: int) -> dict[str, object]:
    """The next statement about a unit, which revokes one of its devices."""
    code = device[:12]
    n, prev = registry.next_place(code)
    return {
        "unit": code,
        "n": n,
        "prev": prev,
        "kind": "revoke",
        "device": device,
        "after_seq": after_seq,
    }


def above(code: str) -> SigningKey:
    """The key that signs statements about a unit of `UNITS`."""
    parent = next(row[3] for row in UNITS if row[0] == code)
    return signing_key(parent) if parent else ROOT_KEY


def sample_registry() -> Registry:
    """A real piece of Hexi: every unit of `UNITS` with one device."""
    registry = Registry(ROOT_KEY.public)
    for code, *_ in UNITS:
        registry.apply(sign_statement(unit_fields(registry, code), above(code)))
        registry.apply(sign_statement(device_fields(registry, code, 1), above(code)))
    return registry
