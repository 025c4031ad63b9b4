"""The interval that children are told grows with what answering them costs, within bounds."""

import pytest

from sync.load import INTERVAL_S_HIGH, INTERVAL_S_LOW, WINDOW_S, Load, interval_of


@pytest.mark.parametrize(
    ("devices", "exchanges", "busy_s", "told"),
    [
        (0, 0, 0.0, 0),
        (10, 200, 4.0, 0),
        (749, 1_000, 10.0, 0),
        (1_000, 2_000, 40.0, 40),
        (1_000, 1_000, 1_000.0, INTERVAL_S_HIGH),
    ],
)
def test_the_interval_keeps_answering_below_half_of_the_time(
    devices: int, exchanges: int, busy_s: float, told: int
) -> None:
    assert interval_of(devices, exchanges, busy_s) == told


def test_the_interval_does_not_swing_when_children_obey_it() -> None:
    oftener = interval_of(1_000, 20_000, 400.0)
    rarer = interval_of(1_000, 2_000, 40.0)

    assert oftener == rarer


def test_a_storm_is_forgotten_after_its_time() -> None:
    load = Load()
    for number in range(100):
        load.note(f"device-{number}", 0.2, 1_000.0)

    during = load.interval_s(1_000.0)
    after = load.interval_s(1_001.0 + WINDOW_S)

    assert during >= INTERVAL_S_LOW
    assert after == 0
