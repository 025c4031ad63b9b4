"""The size of a batch follows the link; waiting follows its failures."""

import pytest

from sync.protocol.backoff import RetrySchedule
from sync.protocol.batching import BYTES_FIRST, BYTES_MAX, BYTES_MIN, BatchSize


def transfer(size: BatchSize, bytes_per_s: int, round_trip_ms: int = 300) -> BatchSize:
    """One exchange that fills the batch."""
    return size.after_exchange(size.bytes, size.bytes * 1_000 // bytes_per_s + round_trip_ms)


@pytest.mark.parametrize("bytes_per_s", [8_000, 32_000, 100_000])
def test_a_full_exchange_comes_to_take_about_ten_seconds(bytes_per_s: int) -> None:
    size = BatchSize()

    for _ in range(6):
        size = transfer(size, bytes_per_s)

    seconds = size.bytes / bytes_per_s + 0.3
    assert 8.0 < seconds < 10.5


def test_a_fast_link_gets_the_largest_batch_after_one_exchange() -> None:
    assert BatchSize().after_exchange(BYTES_FIRST, 1).bytes == BYTES_MAX


def test_a_dead_slow_link_still_gets_the_smallest_batch() -> None:
    size = BatchSize()

    for _ in range(20):
        size = transfer(size, 100)

    assert size.bytes == BYTES_MIN


def test_an_idle_exchange_measures_the_round_trip_and_shrinks_nothing() -> None:
    assert BatchSize().after_exchange(300, 800).bytes == BYTES_FIRST


def test_a_clock_that_stands_still_is_no_reason_to_divide_by_zero() -> None:
    assert BatchSize().after_exchange(BYTES_FIRST, 0).bytes == BYTES_MAX


def test_the_wait_doubles_with_each_failure_up_to_its_ceiling() -> None:
    schedule = RetrySchedule(delay_ms_min=1_000, delay_ms_max=60_000)

    waits = [schedule.ceiling_ms(failures) for failures in (0, 1, 2, 3, 6, 7, 10_000)]

    assert waits == [0, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000]
