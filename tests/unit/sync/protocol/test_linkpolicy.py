"""Windows of the week and a rate, by times that the test says."""

import pytest

from sync.protocol.linkpolicy import BURST_S, TokenBucket, bucket_of, read_windows, wait_s

HOUR = 3_600
DAY = 24 * HOUR


def wait(texts: list[str], day: int, hour: int, second: int = 0) -> int:
    return wait_s(read_windows(texts), day * DAY + hour * HOUR + second)


def test_without_windows_a_link_is_always_open() -> None:
    assert wait([], day=3, hour=12) == 0


@pytest.mark.parametrize(
    ("day", "hour", "second", "seconds"),
    [(0, 1, 0, 0), (6, 4, 3_599, 0), (0, 5, 0, 20 * HOUR), (2, 0, 1, HOUR - 1)],
)
def test_a_window_of_the_day_opens_every_day(
    day: int, hour: int, second: int, seconds: int
) -> None:
    assert wait(["01:00-05:00"], day, hour, second) == seconds


@pytest.mark.parametrize(
    ("day", "hour", "seconds"),
    [(4, 23, 0), (5, 6, 0), (5, 7, 2 * DAY + 11 * HOUR), (0, 7, 11 * HOUR)],
)
def test_a_window_over_midnight_reaches_into_the_next_day(
    day: int, hour: int, seconds: int
) -> None:
    assert wait(["mon-fri 18:00-07:00"], day, hour) == seconds


def test_a_window_over_the_end_of_the_week_is_open_on_monday() -> None:
    assert wait(["sun 22:00-03:00"], day=0, hour=2) == 0


def test_of_several_windows_the_next_one_counts() -> None:
    assert wait(["sat 01:00-02:00", "12:00-13:00"], day=4, hour=13) == 12 * HOUR


@pytest.mark.parametrize(
    "text", ["", "noon", "25:00", "foo 01:00-02:00", "mon-xyz 01:00-02:00"]
)
def test_what_is_no_window_is_passed_over(text: str) -> None:
    assert read_windows([text]) == ()


@pytest.mark.parametrize("rate_kib_s", [8, 64, 1_024])
@pytest.mark.parametrize("piece", [512, 8_192])
def test_a_rate_is_kept_within_five_per_cent(rate_kib_s: int, piece: int) -> None:
    bucket = bucket_of(rate_kib_s, 0.0)
    now, passed = 0.0, 0
    while now < 20:
        now += bucket.take(piece, now) + 0.000_1
        passed += piece

    assert passed / now == pytest.approx(rate_kib_s * 1_024, rel=0.05)


def test_a_rest_is_not_saved_up_beyond_the_burst() -> None:
    bucket = TokenBucket(1_000.0, 0.0)
    bucket.take(0, 3_600.0)

    assert bucket.take(int(1_000 * BURST_S) + 100, 3_600.0) == pytest.approx(0.1)


def test_a_rate_of_nothing_bounds_nothing() -> None:
    assert bucket_of(0, 0.0).take(1 << 30, 0.0) == 0.0


def test_a_clock_that_stands_still_or_goes_back_gives_nothing_away() -> None:
    bucket = TokenBucket(1_000.0, 100.0)
    bucket.take(int(1_000 * BURST_S), 100.0)

    assert bucket.take(1_000, 50.0) == pytest.approx(1.0)
