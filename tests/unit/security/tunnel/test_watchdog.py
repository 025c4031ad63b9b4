"""What runs out of time is ended, once, and nothing else is."""

import threading
import time
from collections.abc import Iterator

import pytest

from security.tunnel.watchdog import Probing, Watchdog


class Fuse:
    """Burns down in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.has_expired = threading.Event()
        self.times = 0

    def seconds_left(self) -> float:
        return self.until - time.monotonic()

    def expire(self) -> None:
        self.times += 1
        self.has_expired.set()


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog("test-watchdog")
    watchdog.start()
    yield watchdog
    watchdog.stop()
    watchdog.join(10)


def test_sixty_seconds_of_silence_end_a_link_unless_told_otherwise() -> None:
    assert Probing().silence_max_s == 60.0
    assert Probing(40, 3).silence_max_s == 120.0


def test_an_idle_reader_wakes_once_a_second_at_most() -> None:
    assert Probing().wake_s == 1.0
    assert Probing(interval_s=0.4).wake_s == 0.1


def test_what_runs_out_of_time_is_ended_once(watchdog: Watchdog) -> None:
    short, long = Fuse(0.02), Fuse(0.05)
    watchdog.watch(long)
    watchdog.watch(short)

    assert long.has_expired.wait(10)
    assert (short.times, long.times) == (1, 1)


def test_what_has_time_left_is_not_ended(watchdog: Watchdog) -> None:
    patient, short = Fuse(3600), Fuse(0.02)
    watchdog.watch(patient)
    watchdog.watch(short)

    assert short.has_expired.wait(10)
    assert patient.times == 0


def test_what_is_forgotten_is_not_ended(watchdog: Watchdog) -> None:
    forgotten, marker = Fuse(0.05), Fuse(0.1)
    watchdog.watch(forgotten)
    watchdog.forget(forgotten)
    watchdog.forget(forgotten)
    watchdog.watch(marker)

    assert marker.has_expired.wait(10)
    assert forgotten.times == 0


def test_a_time_that_becomes_shorter_counts_when_told(watchdog: Watchdog) -> None:
    fuse = Fuse(3600)
    watchdog.watch(fuse)
    fuse.until = time.monotonic()
    watchdog.look_again()

    assert fuse.has_expired.wait(10)


def test_a_watchdog_that_never_started_can_be_stopped() -> None:
    watchdog = Watchdog("test-watchdog")
    watchdog.stop()
    watchdog.join(1)

    assert "test-watchdog" not in {thread.name for thread in threading.enumerate()}
