"""Attempts after a lost link spread out, and never wait too long."""

from security.tunnel.backoff import Backoff

ALMOST_ONE = 1 - 2**-53


def test_the_first_delay_lies_between_one_and_two_seconds() -> None:
    backoff = Backoff()

    assert backoff.delay_s(1, 0.0) == 1.0
    assert 1.99 < backoff.delay_s(1, ALMOST_ONE) <= 2.0


def test_the_longest_delay_doubles_up_to_the_ceiling() -> None:
    longest = [round(Backoff().delay_s(failures, ALMOST_ONE)) for failures in range(1, 11)]

    assert longest == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_the_delay_spreads_evenly_between_its_limits() -> None:
    backoff = Backoff(delay_min_s=1.0, delay_max_s=101.0)

    assert [backoff.delay_s(50, jitter) for jitter in (0.0, 0.25, 0.5)] == [1.0, 26.0, 51.0]


def test_a_year_of_failures_stays_within_the_ceiling() -> None:
    assert Backoff().delay_s(10**9, 0.5) == 150.5
