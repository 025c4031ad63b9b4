"""A case id says of which unit the case is, and nobody else can claim it."""

import pytest

from security.caseids import RANDOM_BYTES, is_case_of, new_case_id

HOME = "120103001001"
NEIGHBOUR = "120103001004"
NOW_MS = 1_795_395_900_000


def test_an_id_is_of_the_unit_that_made_it() -> None:
    case = new_case_id(NOW_MS, HOME, bytes(RANDOM_BYTES))

    assert is_case_of(case, HOME)
    assert not is_case_of(case, NEIGHBOUR)


def test_an_id_is_a_uuid_of_version_7_with_its_time_in_front() -> None:
    case = new_case_id(NOW_MS, HOME, bytes([0xFF] * RANDOM_BYTES))

    assert int.from_bytes(case[:6]) == NOW_MS
    assert case[6] >> 4 == 7
    assert case[8] >> 6 == 0b10


@pytest.mark.parametrize("place", range(16))
def test_an_id_with_any_byte_changed_is_of_nobody(place: int) -> None:
    case = bytearray(new_case_id(NOW_MS, HOME, bytes(RANDOM_BYTES)))
    case[place] ^= 1

    assert not is_case_of(bytes(case), HOME)


@pytest.mark.parametrize("count", [0, RANDOM_BYTES - 1, RANDOM_BYTES + 1])
def test_too_few_or_too_many_random_bytes_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="random bytes"):
        new_case_id(NOW_MS, HOME, bytes(count))
