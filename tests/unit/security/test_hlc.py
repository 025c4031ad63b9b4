"""Stamps rise, whatever the clock does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.errors import FormatError
from security.hlc import COUNTER_MAX, MS_MAX, Hlc, tick


@given(st.lists(st.integers(min_value=0, max_value=MS_MAX), max_size=30))
def test_each_stamp_is_above_the_one_before(clock_ms: list[int]) -> None:
    stamps = [Hlc()]
    for now_ms in clock_ms:
        stamps.append(tick(stamps[-1], now_ms))

    assert stamps == sorted(set(stamps))


def test_a_clock_set_back_by_years_only_counts_on() -> None:
    last = Hlc(1_795_395_900_000, 4)

    assert tick(last, 0) == Hlc(1_795_395_900_000, 5)


def test_a_clock_that_runs_gives_its_time() -> None:
    assert tick(Hlc(5, 9), 6) == Hlc(6, 0)


def test_a_full_counter_moves_to_the_next_millisecond() -> None:
    assert tick(Hlc(5, COUNTER_MAX), 5) == Hlc(6, 0)


def test_after_the_last_stamp_there_is_none() -> None:
    with pytest.raises(FormatError):
        tick(Hlc(MS_MAX, COUNTER_MAX), 0)
