"""Whatever bytes arrive, a record is either exactly what its author made or it is refused."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security import records
from security.errors import FormatError, OpenError, SignatureError
from security.grants import make_grant
from security.header import PARENTS_MAX, Header
from security.hlc import COUNTER_MAX, MS_MAX, Hlc
from security.records import derive_facts_key, open_body, open_facts, parse, seal_entry
from tests.golden.samples import (
    BODY,
    CASE_SECRET,
    DEVICE_KEY,
    FACTS,
    FACTS_SECRET,
    GRANT_HEADER,
    HEADER,
    READERS,
    sealed_entry,
    secret,
)

ENTRY = sealed_entry().raw
GRANT = make_grant(GRANT_HEADER, CASE_SECRET, READERS, DEVICE_KEY).raw

hashes = st.binary(min_size=32, max_size=32).filter(any)
units = st.from_regex(r"[0-9]{12}", fullmatch=True)
numbers = st.integers(min_value=0, max_value=2**53 - 1)
small_numbers = st.integers(min_value=0, max_value=2**32 - 1)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)
contents = st.dictionaries(st.text(max_size=12), plain, max_size=6)


@st.composite
def headers(draw: st.DrawFn) -> Header:
    """Any header that may stand in an entry."""
    seq = draw(st.integers(min_value=1, max_value=2**53 - 1))
    path = draw(st.lists(units, min_size=1, max_size=6, unique=True))
    station = draw(st.integers(min_value=1, max_value=99))
    parents = draw(st.lists(hashes, max_size=PARENTS_MAX, unique=True))
    stamp = Hlc(draw(st.integers(0, MS_MAX)), draw(st.integers(0, COUNTER_MAX)))
    return Header(
        type="entry",
        case=draw(st.binary(min_size=16, max_size=16)),
        path=tuple(path),
        device=f"{path[-1]}-{station:02d}",
        seq=seq,
        generation=draw(small_numbers),
        incarnation=draw(small_numbers),
        prev=bytes(32) if seq == 1 else draw(hashes),
        parents=tuple(sorted(parents)),
        epoch=draw(numbers),
        hlc=stamp,
        audience=draw(st.from_regex(r"[a-z-]{0,32}", fullmatch=True)),
        blobs=draw(st.none() | hashes),
        extra=draw(
            st.dictionaries(st.from_regex(r"x_[a-z]{1,8}", fullmatch=True), numbers, max_size=2)
        ),
    )


def refused(raw: bytes) -> bool:
    """Whether the form or the signature of a record is refused; nothing else may be raised."""
    try:
        records.verify(parse(raw), DEVICE_KEY.public)
    except (FormatError, SignatureError):
        return True
    return False


@given(headers(), contents, contents, st.binary(min_size=16, max_size=16))
def test_any_act_comes_back_as_it_was_sealed(
    header: Header, facts: dict[str, object], body: dict[str, object], salt: bytes
) -> None:
    record = parse(seal_entry(header, facts, body, CASE_SECRET, DEVICE_KEY, salt).raw)

    records.verify(record, DEVICE_KEY.public)
    facts_key = derive_facts_key(CASE_SECRET, header.case, header.generation)
    assert record.header == header
    assert open_facts(record, facts_key) == facts
    assert open_body(record, CASE_SECRET) == body


@given(st.binary(max_size=600))
def test_arbitrary_bytes_are_no_record(raw: bytes) -> None:
    with pytest.raises(FormatError):
        parse(raw)


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(min_size=64, max_size=64))
def test_arbitrary_bytes_in_the_frame_of_a_record_are_none(
    header: bytes, sealed: bytes, signature: bytes
) -> None:
    framed = b"PRD1" + len(header).to_bytes(2) + header + len(sealed).to_bytes(4) + sealed

    with pytest.raises(FormatError):
        parse(framed + signature)


@pytest.mark.parametrize("raw", [ENTRY, GRANT], ids=["entry", "grant"])
def test_every_byte_of_a_record_counts(raw: bytes) -> None:
    kept = [
        (place, change)
        for place in range(len(raw))
        for change in (0x01, 0x80, 0xFF)
        if not refused(raw[:place] + bytes([raw[place] ^ change]) + raw[place + 1 :])
    ]

    assert kept == []


@given(st.data())
def test_a_record_with_several_faults_is_refused(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([ENTRY, GRANT])))
    original = bytes(raw)
    places = st.integers(min_value=0, max_value=len(raw) - 1)
    for _ in range(data.draw(st.integers(min_value=1, max_value=4))):
        match data.draw(st.sampled_from(["set", "drop", "insert", "cut"])):
            case "set":
                raw[data.draw(places) % len(raw)] = data.draw(st.integers(0, 255))
            case "drop":
                del raw[data.draw(places) % len(raw)]
            case "insert":
                raw.insert(data.draw(places), data.draw(st.integers(0, 255)))
            case _:
                # Four faults at most: enough bytes stay for the next one to fall on.
                del raw[max(8, data.draw(places)) :]

    assert bytes(raw) == original or refused(bytes(raw))


@given(st.binary(min_size=32, max_size=32))
def test_no_other_key_opens_a_record(key: bytes) -> None:
    record = parse(ENTRY)

    with pytest.raises(OpenError):
        open_facts(record, key)
    with pytest.raises(OpenError):
        open_body(record, key)


@given(st.integers(min_value=0, max_value=len(parse(ENTRY).sealed) - 1), st.integers(1, 255))
def test_a_changed_part_does_not_open_even_when_it_is_signed_again(
    place: int, change: int
) -> None:
    record = parse(ENTRY)
    sealed = bytearray(record.sealed)
    sealed[place] ^= change
    try:
        changed = records.assemble(record.header_bytes, bytes(sealed), DEVICE_KEY)
    except FormatError:
        return

    facts_start = 50
    facts_end = facts_start + 32 * int.from_bytes(record.sealed[48:facts_start]) + 16
    if place < facts_end:
        with pytest.raises(OpenError):
            open_facts(changed, FACTS_SECRET)
    if not facts_start <= place < facts_end:
        with pytest.raises(OpenError):
            open_body(changed, CASE_SECRET)


def test_no_two_records_of_a_long_feed_share_a_sealed_block() -> None:
    blocks: list[bytes] = []
    for seq in range(1, 200):
        prev = bytes(32) if seq == 1 else secret(f"record {seq - 1}")
        header = replace(HEADER, seq=seq, prev=prev)
        sealed = sealed_entry(header=header, salt=secret(f"salt {seq}")[:16]).sealed
        blocks += [sealed[start : start + 16] for start in range(68, len(sealed) - 15, 16)]

    assert len(set(blocks)) == len(blocks)


def contains_text(haystack: bytes, needles: Iterable[str]) -> list[str]:
    """Which of the texts stand in the bytes, in any encoding that an office machine uses."""
    return [
        f"{needle} as {encoding}"
        for needle in needles
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
        if needle.encode(encoding) in haystack
    ]


def test_a_store_full_of_records_holds_no_word_of_any_case() -> None:
    names = [
        f"{family}{given}" for family in "王李张刘陈" for given in ("淑兰", "建国", "秀英")
    ]
    words = [
        *names,
        "120103194506120023",
        "13820001234",
        "九江路12号",
        "高龄津贴",
        "old_age",
        "receive",
    ]
    stored = b"".join(
        seal_entry(
            replace(HEADER, case=secret(name)[:16]),
            FACTS,
            {
                **BODY,
                "fields": {"name": name, "id_number": words[-6], "note": "九江路12号 高龄津贴"},
            },
            secret(f"key of {name}"),
            DEVICE_KEY,
            secret(f"salt of {name} {number}")[:16],
        ).raw
        for name in names
        for number in range(20)
    )

    assert len(stored) > 150_000
    assert contains_text(stored, words) == []


def test_the_search_for_plain_text_would_find_it() -> None:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        haystack = secret("noise") + "申请人王淑兰".encode(encoding) + secret("noise")

        assert f"王淑兰 as {encoding}" in contains_text(haystack, ["王淑兰"])
