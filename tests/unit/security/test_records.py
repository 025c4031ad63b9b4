"""A record is read by its readers, written by its author, and changed by nobody."""

from dataclasses import replace

import pytest

from security import records
from security.errors import FormatError, OpenError, SignatureError
from security.header import PARENTS_MAX, Header, encode_header
from security.hlc import MS_MAX, Hlc
from security.packing import UNPACKED_BYTES_MAX
from security.records import (
    SEALED_BYTES_MAX,
    derive_facts_key,
    open_body,
    open_facts,
    parse,
    seal_entry,
)
from tests.golden.samples import (
    BODY,
    CASE_SECRET,
    CITY,
    DEVICE_KEY,
    FACTS,
    FACTS_SECRET,
    HEADER,
    OTHER_DEVICE,
    OTHER_DEVICE_KEY,
    PATH,
    sealed_entry,
    secret,
)


def test_a_record_comes_back_as_it_was_sealed() -> None:
    record = parse(sealed_entry().raw)

    assert record.header == HEADER
    assert open_facts(record, FACTS_SECRET) == FACTS
    assert open_body(record, CASE_SECRET) == BODY


def test_a_record_is_named_by_its_hash() -> None:
    record = sealed_entry()

    assert record.id == parse(record.raw).id
    assert record.id != sealed_entry(salt=secret("another salt")[:16]).id
    assert len(record.id) == 64


def test_the_author_is_checked_without_any_key_to_read() -> None:
    record = parse(sealed_entry().raw)

    records.verify(record, DEVICE_KEY.public)
    with pytest.raises(SignatureError):
        records.verify(record, OTHER_DEVICE_KEY.public)


def test_the_facts_key_opens_no_body() -> None:
    with pytest.raises(OpenError):
        open_body(sealed_entry(), FACTS_SECRET)


def test_the_facts_key_of_another_generation_opens_nothing() -> None:
    other = derive_facts_key(CASE_SECRET, HEADER.case, 1)

    with pytest.raises(OpenError):
        open_facts(sealed_entry(), other)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32), secret("another case"), bytes(33)])
def test_a_wrong_key_is_told_nothing_of_why(key: bytes) -> None:
    with pytest.raises(OpenError) as of_facts:
        open_facts(sealed_entry(), key)
    with pytest.raises(OpenError) as of_body:
        open_body(sealed_entry(), key)

    assert str(of_facts.value) == str(of_body.value) == "the sealed part does not open"


def test_a_record_cannot_be_taken_over_by_signing_it_again() -> None:
    stolen = replace(HEADER, device=OTHER_DEVICE)
    taken = sealed_entry().sealed
    header_bytes = encode_header(stolen)

    record = records.assemble(header_bytes, taken, OTHER_DEVICE_KEY)

    records.verify(record, OTHER_DEVICE_KEY.public)
    with pytest.raises(OpenError):
        open_facts(record, FACTS_SECRET)


def test_every_act_of_the_same_content_looks_different() -> None:
    first = sealed_entry(salt=secret("salt 1")[:16])
    second = sealed_entry(salt=secret("salt 2")[:16])

    common = sum(a == b for a, b in zip(first.sealed, second.sealed, strict=True))
    assert common < len(first.sealed) * 0.05


def test_small_acts_have_one_length() -> None:
    notes = ["", "好", "同意。", "材料齐全，符合法定形式，同意。", "x" * 60]

    lengths = {
        len(
            seal_entry(
                HEADER,
                {"act": "note"},
                {"opinion": note},
                CASE_SECRET,
                DEVICE_KEY,
                secret("s")[:16],
            ).sealed
        )
        for note in notes
    }

    assert len(lengths) == 1


def test_fields_of_a_newer_program_survive() -> None:
    header = replace(HEADER, extra={"delegation": [1, b"x"], "zone": "north"})

    record = parse(sealed_entry(header=header).raw)

    assert record.header == header
    assert open_facts(record, FACTS_SECRET) == FACTS


def test_a_type_of_a_newer_program_is_carried_but_not_opened() -> None:
    header_bytes = encode_header(replace(HEADER, type="rekey"))
    made = records.assemble(header_bytes, b"of a form nobody here knows", DEVICE_KEY)

    record = parse(made.raw)

    records.verify(record, DEVICE_KEY.public)
    assert record.header.type == "rekey"
    with pytest.raises(OpenError):
        open_facts(record, FACTS_SECRET)


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, type="Entry"),
        replace(HEADER, type="grant"),
        replace(HEADER, case=bytes(15)),
        replace(HEADER, generation=2**32 - 1 + 1),
        replace(HEADER, path=()),
        replace(HEADER, path=tuple(f"1201030010{n:02d}" for n in range(7))),
        replace(HEADER, path=(CITY, CITY)),
        replace(HEADER, path=(*PATH[:3], "１２０１０３００１００１")),
        replace(HEADER, device="120103001001-00"),
        replace(HEADER, device="120103001001"),
        replace(HEADER, seq=0),
        replace(HEADER, seq=2**53),
        replace(HEADER, seq=True),
        replace(HEADER, seq=1),
        replace(HEADER, prev=bytes(32)),
        replace(HEADER, prev=bytes(31)),
        replace(HEADER, parents=(secret("a"),) * 2),
        replace(HEADER, parents=tuple(sorted((secret("a"), secret("b")), reverse=True))),
        replace(HEADER, parents=tuple(n.to_bytes(32) for n in range(PARENTS_MAX + 1))),
        replace(HEADER, epoch=-1),
        replace(HEADER, dictionary=2),
        replace(HEADER, audience="x" * 33),
        replace(HEADER, audience="a\nb"),
        replace(HEADER, blobs=b""),
        replace(HEADER, suite=2),
        replace(HEADER, extra={"_rev": "1-0"}),
        replace(HEADER, extra={"": 1}),
        replace(HEADER, extra={"x" * 33: 1}),
        replace(HEADER, extra={"seq": 9}),
        replace(HEADER, extra={"half": 0.5}),
        replace(HEADER, extra={"long": "x" * 4096}),
    ],
)
def test_a_header_out_of_bounds_is_never_sealed(header: Header) -> None:
    with pytest.raises(FormatError):
        sealed_entry(header=header)


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, seq=1, prev=bytes(32), parents=()),
        replace(HEADER, seq=2**53 - 1, epoch=2**53 - 1, generation=2**32 - 1),
        replace(HEADER, path=(CITY,), hlc=Hlc(MS_MAX, 0)),
        replace(HEADER, parents=tuple(n.to_bytes(32) for n in range(PARENTS_MAX))),
        replace(HEADER, blobs=secret("manifest"), incarnation=3),
    ],
)
def test_a_header_at_its_bounds_is_read_back(header: Header) -> None:
    assert parse(sealed_entry(header=header).raw).header == header


def test_what_does_not_fit_is_refused_before_anybody_stores_it() -> None:
    noise = {"scan": b"".join(secret(str(n)) for n in range(SEALED_BYTES_MAX // 32))}

    with pytest.raises(FormatError):
        seal_entry(HEADER, FACTS, noise, CASE_SECRET, DEVICE_KEY, secret("salt")[:16])
    with pytest.raises(FormatError):
        seal_entry(
            HEADER,
            FACTS,
            {"t": "x" * UNPACKED_BYTES_MAX},
            CASE_SECRET,
            DEVICE_KEY,
            secret("s")[:16],
        )


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(FormatError):
        sealed_entry(salt=bytes(15))


def test_a_record_shows_no_sealed_bytes_in_a_log_line() -> None:
    record = sealed_entry()

    assert record.sealed.hex() not in repr(record)
    assert repr(record.sealed)[2:40] not in repr(record)


def test_every_cut_of_a_record_is_refused() -> None:
    raw = sealed_entry().raw

    for end in range(len(raw)):
        with pytest.raises(FormatError):
            parse(raw[:end])
