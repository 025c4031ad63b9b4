"""The records and grants that break one rule each, made as an attacker would.

Nothing here uses the sealing of the product: the layout is written down a second time, from the
specification, so that both must agree.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import cbor2
import zstandard
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
    "dict": 0,
    "aud": "default",
    "blobs": None,
}


def changed(fields: Mapping[str, object], **changes: object) -> bytes:
    """The canonical map with some fields changed or dropped."""
    values = {**fields, **changes}
    kept = {key: value for key, value in values.items() if value is not DROP}
    return cbor2.dumps(kept, canonical=True)


def framed(header: bytes, sealed: bytes, key: SigningKey = DEVICE_KEY) -> bytes:
    """A signed record around any two byte strings."""
    unsigned = b"PRD1" + len(header).to_bytes(2) + header + len(sealed).to_bytes(4) + sealed
    return unsigned + key.sign(RECORD_DOMAIN, unsigned)


def expanded(key: bytes, info: bytes, length: int) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(key)


def sealed_plain(header: bytes, facts: bytes, body: bytes, commitment: bytes = b"") -> bytes:
    """The sealed part around any two plain texts."""
    salt = secret("salt")
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
    return salt + stated + len(sealed_facts).to_bytes(4) + sealed_facts + sealed_body


def packed(value: object) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(cbor2.dumps(value, canonical=True))


def padded(content: bytes, length: int) -> bytes:
    assert len(content) < length
    return (content + b"\x80").ljust(length, b"\0")


PLAIN_FACTS = padded(packed(FACTS), 192)
PLAIN_BODY = padded(packed(BODY), 208)
GOOD_HEADER = changed(HEADER_MAP)


def entry(**changes: object) -> bytes:
    """A sealed and signed entry whose header breaks a rule."""
    header = changed(HEADER_MAP, **changes)
    return framed(header, sealed_plain(header, PLAIN_FACTS, PLAIN_BODY))


def with_facts(facts: bytes) -> bytes:
    # With 256 bytes of body both together have a Padmé size for any facts of 64, 128 ... bytes.
    body = padded(packed(BODY), 256)
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
    backwards = cbor2.dumps(dict(reversed(cbor2.loads(GOOD_HEADER).items())))
    yield "header_unordered", _around(backwards), "keys out of order"
    twice = bytes([GOOD_HEADER[0] + 1]) + GOOD_HEADER[1:] + b"\x65suite\x01"
    yield "header_key_twice", _around(twice), "one key twice"
    opened = b"\xbf" + GOOD_HEADER[1:] + b"\xff"
    yield "header_open_map", _around(opened), "a map of unstated length"
    long_number = GOOD_HEADER.replace(b"\x63seq\x07", b"\x63seq\x18\x07")
    yield "header_long_number", _around(long_number), "a number longer than needed"
    not_text = GOOD_HEADER.replace(b"default", b"defaul\xff")
    yield "header_not_utf8", _around(not_text), "text that is not UTF-8"
    yield "header_list", _around(b"\x80"), "a header that is no map"


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
            with_sealed(lambda s: s[:64] + b"\xff" * 4 + s[68:]),
            "facts that end behind the end",
        ),
        (
            "facts_not_64",
            framed(
                GOOD_HEADER, sealed_plain(GOOD_HEADER, PLAIN_FACTS[:-1], PLAIN_BODY + b"\0")
            ),
            "facts not padded to 64",
        ),
        (
            "body_size",
            framed(GOOD_HEADER, sealed_plain(GOOD_HEADER, PLAIN_FACTS, PLAIN_BODY + bytes(1))),
            "a body not padded to a Padmé size",
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
    header_length = int.from_bytes(good[4:6])
    fields: dict[str, object] = cbor2.loads(good[6 : 6 + header_length])
    readers = fields["readers"]
    assert isinstance(readers, list)
    first = readers[0]
    forms: list[tuple[str, dict[str, object], bytes, str]] = [
        ("sealed_part", {}, b"x", "a grant that seals something"),
        ("readers_missing", {"readers": DROP}, b"", "a grant without readers"),
        ("readers_empty", {"readers": []}, b"", "a grant to nobody"),
        ("readers_17", {"readers": _numbered(first, 17)}, b"", "more readers than allowed"),
        ("reader_twice", {"readers": [first, first]}, b"", "one reader twice"),
        ("reader_unknown", {"readers": [["all", *first[1:]]]}, b"", "a reader that is no unit"),
        ("reader_kind", {"readers": [[*first[:2], "all", first[3]]]}, b"", "a kind unknown"),
        ("reader_short", {"readers": [[*first[:3], first[3][1:]]]}, b"", "a key cut off"),
        ("reader_long", {"readers": [[*first, 0]]}, b"", "a reader of five values"),
    ]
    for name, changes, sealed, shows in forms:
        content = framed(changed(fields, **changes), sealed)
        yield name, Golden(content, shows, "parse FormatError")
    yield "signature_bit", Golden(flipped(good, -1), "a signature bit", "verify SignatureError")
    sealed_key = flipped(first[3], 50)
    broken: list[tuple[str, dict[str, object], str]] = [
        (
            "key_bit",
            {"readers": [[*first[:3], sealed_key]]},
            "one bit of the sealed key changed",
        ),
        ("other_case", {"case": bytes(16)}, "a key passed on to another case"),
        ("other_generation", {"gen": 1}, "a key passed on to another generation"),
        ("other_device", {"device": OTHER_DEVICE}, "a key passed on by another device"),
        ("other_kind", {"readers": [[*first[:2], "facts", first[3]]]}, "another kind of key"),
    ]
    for name, changes, shows in broken:
        author = OTHER_DEVICE_KEY if "device" in changes else DEVICE_KEY
        content = framed(changed(fields, **changes), b"", author)
        yield name, Golden(content, shows, "open OpenError")


def _numbered(reader: list[object], count: int) -> list[object]:
    return [[f"1201030010{n:02d}", *reader[1:]] for n in range(count)]


def sealing_faults() -> Iterator[tuple[str, bytes, str]]:
    """Records by a true author whose facts nevertheless must not open."""
    packed_facts = packed(FACTS)
    other = changed(HEADER_MAP, device=OTHER_DEVICE)
    taken = sealed_plain(GOOD_HEADER, PLAIN_FACTS, PLAIN_BODY)
    quiet = zstandard.ZstdCompressor(write_content_size=False)
    yield "dictionary_1", entry(dict=1), "a dictionary that nobody has"
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
    yield "other_salt", with_sealed(lambda s: secret("y") + s[32:]), "another salt"
    yield "facts_bit", with_sealed(lambda s: flipped(s, 80)), "one bit of the facts changed"
    yield "padding_missing", with_facts(bytes(192)), "no mark before the zeros"
    yield "padding_broken", with_facts(PLAIN_FACTS[:-1] + b"\1"), "no zero at the end"
    yield "bomb", with_facts(padded(quiet_bomb(), 256)), "two megabytes in a few bytes"
    yield (
        "bomb_size_hidden",
        with_facts(padded(quiet.compress(cbor2.dumps(FACTS, canonical=True)), 192)),
        "a frame that does not tell its size",
    )
    yield "frame_twice", with_facts(padded(packed_facts * 2, 320)), "a second frame behind"
    yield "frame_cut", with_facts(padded(packed_facts[:-1], 192)), "half a frame"
    yield "facts_list", with_facts(padded(packed(["receive"]), 192)), "facts that are no map"
    yield "facts_float", with_facts(padded(packed({"fee": 0.5}), 192)), "a float in the facts"


def quiet_bomb() -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(bytes(2 << 20))


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
