"""The records and grants that break one rule each, made as an attacker would.

Nothing here uses the sealing of the product: the layout is written down a second time, from the
specification, so that both must agree.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from security.signing import SigningKey
from tests.golden.samples import (
    BODY,
    CASE,
    CASE_SECRET,
    CITY,
    DEVICE_KEY,
    FACTS,
    HEADER,
    OTHER_DEVICE,
    OTHER_DEVICE_KEY,
    PATH,
    VILLAGE,
    secret,
)

RECORD_DOMAIN = b"postroad/record/v1"
DICTIONARY = (Path(__file__).parents[2] / "security" / "dictionary-1.bin").read_bytes()
HINT = (
    b"x\x19" + b"12010300100101261123" + b"eclerk" + b"o120103001001-w"
    b"\xa3" + b"bat" + b"x\x192026-11-23T09:05:00+08:00" + b"cact"
)
STATEMENT_DOMAIN = b"postroad/statement/v1"
DROP = object()


@dataclass(frozen=True)
class Golden:
    """The bytes of one file, what it shows, and what must come of it.

    `outcome` is `opens`, or the step that refuses and the error it raises.
    """

    content: bytes
    shows: str
    outcome: str


HEADER_MAP: dict[str, object] = {
    "v": 1,
    "suite": 1,
    "type": "entry",
    "case": CASE,
    "gen": 0,
    "path": list(PATH),
    "device": HEADER.device,
    "inc": 0,
    "seq": 7,
    "prev": HEADER.prev,
    "parents": list(HEADER.parents),
    "epoch": 1,
    "hlc": [HEADER.hlc.ms, HEADER.hlc.counter],
    "dict": 1,
    "aud": "default",
    "blobs": None,
}


def changed(fields: Mapping[str, object], **changes: object) -> bytes:
    """The canonical map with some fields changed or dropped."""
    values = {**fields, **changes}
    kept = {key: value for key, value in values.items() if value is not DROP}
    return cbor2.dumps(kept, canonical=True)


def header_of(fields: Mapping[str, object], **changes: object) -> bytes:
    """The canonical list with some fields changed or dropped; others are further fields."""
    row = [changes.get(key, value) for key, value in fields.items()]
    kept = [value for value in row if value is not DROP]
    extra = {key: value for key, value in changes.items() if key not in fields}
    return cbor2.dumps([*kept, extra] if extra else kept, canonical=True)


def listed(*more: object) -> bytes:
    return cbor2.dumps([*HEADER_MAP.values(), *more], canonical=True)


def framed(header: bytes, sealed: bytes, key: SigningKey = DEVICE_KEY) -> bytes:
    """A signed record around any two byte strings."""
    unsigned = b"PRD1" + len(header).to_bytes(2) + header + len(sealed).to_bytes(4) + sealed
    return unsigned + key.sign(RECORD_DOMAIN, unsigned)


def expanded(key: bytes, info: bytes, length: int) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(key)


def sealed_plain(header: bytes, facts: bytes, body: bytes, commitment: bytes = b"") -> bytes:
    """The sealed part around any two plain texts."""
    salt = secret("salt")[:16]
    mark = salt + hashlib.sha256(header).digest()
    facts_key = expanded(CASE_SECRET, b"postroad/facts/v1" + CASE + bytes(4), 32)
    grown = expanded(facts_key, b"postroad/record/facts/v1" + mark, 76)
    body_grown = expanded(CASE_SECRET, b"postroad/record/body/v1" + mark, 44)
    stated = commitment or grown[44:]
    sealed_facts = AESGCM(grown[:32]).encrypt(
        grown[32:44], facts, b"facts" + header + salt + stated
    )
    sealed_body = AESGCM(body_grown[:32]).encrypt(
        body_grown[32:], body, b"body" + header + salt + stated
    )
    steps = (len(facts) // 32).to_bytes(2)
    return salt + stated + steps + sealed_facts + sealed_body


def packed(value: object) -> bytes:
    return deflated(cbor2.dumps(value, canonical=True))


def deflated(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15, zdict=DICTIONARY + HINT)
    return stream.compress(content) + stream.flush()


def padded(content: bytes, length: int) -> bytes:
    assert len(content) < length
    return (content + b"\x80").ljust(length, b"\0")


PLAIN_FACTS = padded(packed(FACTS), 96)
PLAIN_BODY = padded(packed(BODY), 224)
GOOD_HEADER = header_of(HEADER_MAP)


def entry(**changes: object) -> bytes:
    """A sealed and signed entry whose header breaks a rule."""
    header = header_of(HEADER_MAP, **changes)
    return framed(header, sealed_plain(header, PLAIN_FACTS, PLAIN_BODY))


def with_facts(facts: bytes) -> bytes:
    body = padded(packed(BODY), 512 - len(facts))
    return framed(GOOD_HEADER, sealed_plain(GOOD_HEADER, facts, body))


def with_sealed(change: Callable[[bytes], bytes]) -> bytes:
    return framed(GOOD_HEADER, change(sealed_plain(GOOD_HEADER, PLAIN_FACTS, PLAIN_BODY)))


def header_faults() -> Iterator[tuple[str, bytes, str]]:
    """Headers that break one rule each: name, record, what it shows."""
    rows: list[tuple[str, dict[str, object], str]] = [
        ("format_2", {"v": 2}, "a format of the future"),
        ("suite_2", {"suite": 2}, "a suite of the future"),
        ("type_capital", {"type": "Entry"}, "a type that is no word"),
        ("case_15_bytes", {"case": CASE[:15]}, "a case id that is too short"),
        ("generation_negative", {"gen": -1}, "a generation below zero"),
        ("path_empty", {"path": []}, "a case without a home"),
        ("path_seven", {"path": [f"12010300100{n}" for n in range(7)]}, "too many tiers"),
        ("path_twice", {"path": [CITY, CITY]}, "a unit that stands above itself"),
        ("path_11_digits", {"path": ["12010300100"]}, "a code that is too short"),
        ("device_station_0", {"device": f"{VILLAGE}-00"}, "a station that is never given"),
        ("incarnation_large", {"inc": 2**32}, "an incarnation beyond 32 bits"),
        ("seq_0", {"seq": 0}, "a feed position before the first"),
        ("seq_true", {"seq": True}, "true in place of 1"),
        ("seq_2_to_53", {"seq": 2**53}, "a number that JSON cannot hold"),
        ("prev_missing", {"prev": DROP}, "a field left out"),
        ("prev_zero", {"prev": bytes(32)}, "a seventh record that follows none"),
        ("prev_at_first", {"seq": 1}, "a first record that follows another"),
        (
            "parents_unsorted",
            {"parents": sorted([secret("a"), secret("b")], reverse=True)},
            "parents out of order",
        ),
        ("parents_twice", {"parents": [secret("a")] * 2}, "one parent twice"),
        (
            "parents_65",
            {"parents": [n.to_bytes(32) for n in range(65)]},
            "more parents than allowed",
        ),
        ("epoch_text", {"epoch": "1"}, "a number as text"),
        ("hlc_three", {"hlc": [1, 2, 3]}, "a stamp of three numbers"),
        ("hlc_late", {"hlc": [2**48, 0]}, "a stamp beyond 48 bits"),
        ("audience_long", {"aud": "x" * 33}, "an audience id that is too long"),
        ("blobs_short", {"blobs": bytes(31)}, "a manifest hash that is too short"),
        ("extra_underscore", {"_rev": "1-0"}, "a field that belongs to the store"),
        ("extra_float", {"x": 0.5}, "a float"),
        ("extra_tag", {"x": cbor2.CBORTag(100, 1)}, "a tag"),
        ("extra_deep", {"x": [[[[[[[[[[[[0]]]]]]]]]]]]}, "lists too deep in each other"),
        ("header_4097_bytes", {"x": "x" * 4096}, "a header that is too long"),
        ("entry_with_dictionary", {"dict": 2**32}, "a dictionary id beyond 32 bits"),
    ]
    for name, changes, shows in rows:
        yield name, entry(**changes), shows
    with_extra = header_of(HEADER_MAP, zone=1, x=1)
    backwards = with_extra.replace(b"\x61x\x01\x64zone\x01", b"\x64zone\x01\x61x\x01")
    yield "extra_unordered", _around(backwards), "further fields out of order"
    twice = with_extra.replace(b"\x61x\x01\x64zone\x01", b"\x61x\x01\x61x\x01")
    yield "extra_twice", _around(twice), "one further field twice"
    yield "extra_empty", _around(listed({})), "further fields that are none"
    yield "extra_list", _around(listed([1])), "further fields as a list"
    yield "header_long", _around(listed({"x": 1}, 0)), "a field too many"
    opened = b"\x9f" + GOOD_HEADER[1:] + b"\xff"
    yield "header_open_list", _around(opened), "a list of unstated length"
    long_number = GOOD_HEADER.replace(b"\x00\x07\x58\x20", b"\x00\x18\x07\x58\x20")
    yield "header_long_number", _around(long_number), "a number longer than needed"
    not_text = GOOD_HEADER.replace(b"default", b"defaul\xff")
    yield "header_not_utf8", _around(not_text), "text that is not UTF-8"
    yield "header_map", _around(b"\xa0"), "a header that is no list"


def _around(header: bytes) -> bytes:
    return framed(header, sealed_plain(header, PLAIN_FACTS, PLAIN_BODY))


def record_faults() -> Iterator[tuple[str, Golden]]:
    """Every record that must not be believed."""
    good = entry()
    for name, content, shows in header_faults():
        yield name, Golden(content, shows, "parse FormatError")
    frames = [
        ("empty", b"", "nothing"),
        ("magic", b"PRD2" + good[4:], "another magic"),
        ("cut", good[:-1], "the last byte is missing"),
        ("longer", good + b"\0", "a byte too many"),
        ("header_length", longer(good, 5), "a header length that is one too large"),
        ("sealed_length", longer(good, 9 + len(GOOD_HEADER)), "a sealed length one too large"),
        ("sealed_empty", framed(GOOD_HEADER, b""), "an entry that seals nothing"),
        ("sealed_cut", with_sealed(lambda s: s[:-1]), "a size that padding never gives"),
        (
            "facts_length_beyond",
            with_sealed(lambda s: s[:48] + b"\xff" * 2 + s[50:]),
            "facts that end behind the end",
        ),
        (
            "facts_length_zero",
            with_sealed(lambda s: s[:48] + b"\0" * 2 + s[50:]),
            "facts of no length",
        ),
        (
            "body_size",
            framed(GOOD_HEADER, sealed_plain(GOOD_HEADER, PLAIN_FACTS, PLAIN_BODY + bytes(1))),
            "a body not padded to a size of the list",
        ),
    ]
    for name, content, shows in frames:
        yield name, Golden(content, shows, "parse FormatError")
    signatures = [
        ("signature_bit", flipped(good, -1), "one bit of the signature changed"),
        ("sealed_bit", flipped(good, -70), "one bit of the sealed part changed"),
        ("salt_bit", flipped(good, 10 + len(GOOD_HEADER)), "one bit of the salt changed"),
        ("other_author", good[:-64] + _signature(good, OTHER_DEVICE_KEY), "signed by another"),
        (
            "other_domain",
            good[:-64] + DEVICE_KEY.sign(STATEMENT_DOMAIN, good[:-64]),
            "signed as a statement",
        ),
    ]
    for name, content, shows in signatures:
        yield name, Golden(content, shows, "verify SignatureError")
    for name, content, shows in sealing_faults():
        yield name, Golden(content, shows, "open OpenError")


def grant_faults(good: bytes) -> Iterator[tuple[str, Golden]]:
    """Every grant that must not be believed, made from a good one."""
    header_end = 6 + int.from_bytes(good[4:6])
    header, sealed = good[6:header_end], good[header_end + 4 : -64]
    first = cbor2.loads(sealed)[0]
    forms: list[tuple[str, object, str]] = [
        ("readers_none", None, "a grant without readers"),
        ("readers_empty", [], "a grant to nobody"),
        ("readers_17", _numbered(first, 17), "more readers than allowed"),
        ("reader_twice", [first, first], "one reader twice"),
        ("reader_unknown", [["all", *first[1:]]], "a reader that is no unit"),
        ("reader_beyond", [[4, *first[1:]]], "a place that the path has not"),
        ("reader_by_code", [[PATH[0], *first[1:]]], "a unit of the path by its code"),
        ("reader_kind", [[*first[:2], 2, first[3]]], "a kind unknown"),
        ("reader_short", [[*first[:3], first[3][1:]]], "a key cut off"),
        ("reader_long", [[*first, 0]], "a reader of five values"),
    ]
    for name, rows, shows in forms:
        content = framed(header, cbor2.dumps(rows, canonical=True))
        yield name, Golden(content, shows, "parse FormatError")
    nothing = framed(header, b"")
    yield "sealed_empty", Golden(nothing, "a grant that seals nothing", "parse FormatError")
    yield "signature_bit", Golden(flipped(good, -1), "a signature bit", "verify SignatureError")
    yield from _moved_grants(header, sealed, first)


def _moved_grants(
    header: bytes, sealed: bytes, first: list[object]
) -> Iterator[tuple[str, Golden]]:
    fields = dict(zip(HEADER_MAP, cbor2.loads(header), strict=True))
    headers: list[tuple[str, dict[str, object], str]] = [
        ("other_case", {"case": bytes(16)}, "a key passed on to another case"),
        ("other_generation", {"gen": 1}, "a key passed on to another generation"),
        ("other_device", {"device": OTHER_DEVICE}, "a key passed on by another device"),
    ]
    for name, changes, shows in headers:
        author = OTHER_DEVICE_KEY if "device" in changes else DEVICE_KEY
        content = framed(header_of(fields, **changes), sealed, author)
        yield name, Golden(content, shows, "open OpenError")
    place, epoch, kind, key = first
    assert isinstance(key, bytes)
    assert isinstance(kind, int)
    for name, row, shows in (
        ("key_bit", [place, epoch, kind, flipped(key, 50)], "one bit of the key changed"),
        ("other_kind", [place, epoch, 1 - kind, key], "another kind of key"),
    ):
        content = framed(header, cbor2.dumps([row], canonical=True))
        yield name, Golden(content, shows, "open OpenError")


def _numbered(reader: list[object], count: int) -> list[object]:
    return [[f"1201030010{n:02d}", *reader[1:]] for n in range(count)]


def sealing_faults() -> Iterator[tuple[str, bytes, str]]:
    """Records by a true author whose facts nevertheless must not open."""
    packed_facts = packed(FACTS)
    other = header_of(HEADER_MAP, device=OTHER_DEVICE)
    taken = sealed_plain(GOOD_HEADER, PLAIN_FACTS, PLAIN_BODY)
    yield "dictionary_2", entry(dict=2), "a dictionary that nobody has"
    yield (
        "commitment",
        framed(GOOD_HEADER, sealed_plain(GOOD_HEADER, PLAIN_FACTS, PLAIN_BODY, secret("x"))),
        "sealed under a commitment to no key",
    )
    yield (
        "taken_over",
        framed(other, taken, OTHER_DEVICE_KEY),
        "sealed under the header of another device",
    )
    good = sealed_plain(GOOD_HEADER, PLAIN_FACTS, PLAIN_BODY)
    moved = header_of(HEADER_MAP, case=bytes([*CASE[:-1], CASE[-1] ^ 1]))
    yield "moved_case", framed(moved, good), "sealed for one case, put into another"
    seat = header_of(HEADER_MAP, gen=1)
    yield "moved_generation", framed(seat, good), "sealed for one generation, put into another"
    later = header_of(HEADER_MAP, seq=8)
    yield (
        "moved_place",
        framed(later, good),
        "sealed for one place in the feed, put into another",
    )
    yield "other_salt", with_sealed(lambda s: secret("y")[:16] + s[16:]), "another salt"
    yield "facts_bit", with_sealed(lambda s: flipped(s, 60)), "one bit of the facts changed"
    yield "padding_missing", with_facts(bytes(96)), "no mark before the zeros"
    yield "padding_broken", with_facts(PLAIN_FACTS[:-1] + b"\1"), "no zero at the end"
    bomb = deflated(bytes(2 << 20))
    facts = padded(bomb, -(-(len(bomb) + 1) // 32) * 32)
    body = padded(packed(BODY), 2560 - len(facts))
    whole = framed(GOOD_HEADER, sealed_plain(GOOD_HEADER, facts, body))
    yield "bomb", whole, "two megabytes in two thousand bytes"
    yield "stream_twice", with_facts(padded(packed_facts * 2, 192)), "a second stream behind"
    yield "stream_cut", with_facts(padded(packed_facts[:-4], 96)), "half a stream"
    beyond = zlib.compressobj(wbits=-15, zdict=secret("another dictionary") * 300)
    foreign = beyond.compress(secret("another dictionary")) + beyond.flush()
    yield "other_dictionary", with_facts(padded(foreign, 96)), "packed with another dictionary"
    yield "facts_list", with_facts(padded(packed(["receive"]), 96)), "facts that are no map"
    yield "facts_float", with_facts(padded(packed({"fee": 0.5}), 96)), "a float in the facts"


def _signature(record: bytes, key: SigningKey) -> bytes:
    return key.sign(RECORD_DOMAIN, record[:-64])


def flipped(content: bytes, place: int) -> bytes:
    changed_bytes = bytearray(content)
    changed_bytes[place] ^= 1
    return bytes(changed_bytes)


def longer(content: bytes, last_byte: int) -> bytes:
    changed_bytes = bytearray(content)
    changed_bytes[last_byte] += 1
    return bytes(changed_bytes)
