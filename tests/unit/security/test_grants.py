"""A grant opens for whom it names, and for nobody else."""

from dataclasses import replace

import pytest

from security import records
from security.errors import FormatError, OpenError
from security.grants import CASE_KEY, ESCROW, FACTS_KEY, Grant, Reader, make_grant, open_grant
from security.header import Header, encode_header
from security.readers import READERS_MAX, encode_readers
from security.records import Record, open_body, open_facts, parse
from tests.golden.samples import (
    BODY,
    CASE_SECRET,
    CITY,
    DEVICE_KEY,
    DISTRICT,
    ESCROW_KEY,
    FACTS,
    FACTS_SECRET,
    GRANT_HEADER,
    HEADER,
    OTHER_DEVICE,
    OTHER_DEVICE_KEY,
    OTHER_VILLAGE,
    PATH,
    READERS,
    STREET,
    VILLAGE,
    reading_key,
    sealed_entry,
)


@pytest.fixture(scope="module")
def grant() -> Record:
    return parse(make_grant(GRANT_HEADER, CASE_SECRET, READERS, DEVICE_KEY).raw)


def test_a_granted_unit_reads_the_case(grant: Record) -> None:
    opened = open_grant(grant, STREET, {1: reading_key("old"), 2: reading_key(STREET)})

    assert opened == Grant(CASE_KEY, CASE_SECRET)
    assert open_body(sealed_entry(), opened.key) == BODY


def test_a_relaying_hub_reads_the_facts_alone(grant: Record) -> None:
    opened = open_grant(grant, DISTRICT, {1: reading_key(DISTRICT)})

    assert opened == Grant(FACTS_KEY, FACTS_SECRET)
    assert open_facts(sealed_entry(), opened.key) == FACTS
    with pytest.raises(OpenError):
        open_body(sealed_entry(), opened.key)


def test_the_escrow_holders_read_the_case(grant: Record) -> None:
    opened = open_grant(grant, ESCROW, {0: ESCROW_KEY})

    assert opened == Grant(CASE_KEY, CASE_SECRET)


@pytest.mark.parametrize("unit", [CITY, OTHER_VILLAGE])
def test_a_unit_that_is_not_named_gets_nothing(grant: Record, unit: str) -> None:
    assert open_grant(grant, unit, {1: reading_key(unit)}) is None


def test_a_unit_without_the_key_of_the_epoch_gets_nothing(grant: Record) -> None:
    assert open_grant(grant, STREET, {1: reading_key(STREET)}) is None


def test_a_key_of_another_unit_under_the_right_epoch_does_not_open(grant: Record) -> None:
    with pytest.raises(OpenError):
        open_grant(grant, STREET, {2: reading_key(DISTRICT)})


def test_a_grant_of_both_kinds_gives_the_one_that_opens_more() -> None:
    public = reading_key(STREET).public
    readers = [Reader(STREET, 1, public, FACTS_KEY), Reader(STREET, 2, public, CASE_KEY)]
    both = make_grant(GRANT_HEADER, CASE_SECRET, readers, DEVICE_KEY)

    opened = open_grant(both, STREET, {1: reading_key(STREET), 2: reading_key(STREET)})

    assert opened == Grant(CASE_KEY, CASE_SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        replace(GRANT_HEADER, device=OTHER_DEVICE),
        replace(GRANT_HEADER, case=bytes(16)),
        replace(GRANT_HEADER, generation=1),
    ],
)
def test_a_sealed_key_means_nothing_under_another_header(
    grant: Record, changed: object
) -> None:
    assert isinstance(changed, Header)
    moved = records.assemble(encode_header(changed), grant.sealed, OTHER_DEVICE_KEY)

    with pytest.raises(OpenError):
        open_grant(moved, VILLAGE, {1: reading_key(VILLAGE)})


def test_a_facts_key_cannot_be_passed_off_as_a_case_key(grant: Record) -> None:
    readers = tuple(replace(reader, kind=CASE_KEY) for reader in grant.readers)
    sealed = encode_readers(readers, PATH)

    moved = records.assemble(encode_header(GRANT_HEADER), sealed, DEVICE_KEY)

    with pytest.raises(OpenError):
        open_grant(moved, DISTRICT, {1: reading_key(DISTRICT)})


def test_a_grant_names_its_readers_to_everybody(grant: Record) -> None:
    named = [(reader.unit, reader.epoch, reader.kind) for reader in grant.readers]

    assert named == [(reader.unit, reader.epoch, reader.kind) for reader in READERS]


@pytest.mark.parametrize(
    "readers",
    [
        [],
        [READERS[0], READERS[0]],
        [
            Reader(f"1201030010{n:02d}", 1, READERS[0].public, CASE_KEY)
            for n in range(READERS_MAX + 1)
        ],
        [replace(READERS[0], kind="everything")],
        [replace(READERS[0], unit="nobody")],
        [replace(READERS[0], epoch=-1)],
        [replace(READERS[0], public=bytes(32))],
    ],
)
def test_a_grant_to_impossible_readers_is_not_made(readers: list[Reader]) -> None:
    with pytest.raises(FormatError):
        make_grant(GRANT_HEADER, CASE_SECRET, readers, DEVICE_KEY)


def test_a_grant_is_made_under_its_own_type_alone() -> None:
    with pytest.raises(FormatError):
        make_grant(HEADER, CASE_SECRET, READERS, DEVICE_KEY)


def test_a_grant_for_the_most_readers_can_be_made() -> None:
    readers = [
        Reader(f"1201030010{n:02d}", 2**32 - 1, READERS[0].public, FACTS_KEY)
        for n in range(READERS_MAX)
    ]

    grant = make_grant(GRANT_HEADER, CASE_SECRET, readers, DEVICE_KEY)

    assert len(grant.readers) == READERS_MAX


def test_a_grant_shows_no_key(grant: Record) -> None:
    opened = open_grant(grant, VILLAGE, {1: reading_key(VILLAGE)})

    assert repr(opened) == "Grant(kind='case')"
