"""Hours and rate of the published policy, as the gateway asks for them."""

import pytest

from casebook.policy import Policy, read_policy
from hub.access import Admitted, PublishedPolicy, is_within
from security.errors import TrustError
from security.tunnel.targets import Target

DEVICE, UNIT = "120103001001-01", "120103001001"
MIDNIGHT = 1_795_363_200
"""In China, of 2026-11-23."""


def at(hour: int, minute: int = 0) -> int:
    return MIDNIGHT + hour * 3600 + minute * 60


@pytest.mark.parametrize(
    ("window", "now", "inside"),
    [
        ("08:30-17:30", at(8, 30), True),
        ("08:30-17:30", at(17, 29), True),
        ("08:30-17:30", at(17, 30), False),
        ("08:30-17:30", at(3), False),
        ("22:00-06:00", at(23), True),
        ("22:00-06:00", at(5, 59), True),
        ("22:00-06:00", at(12), False),
        ("8:30-17:30", at(12), False),
        ("always", at(12), False),
    ],
)
def test_a_window_is_of_local_time_and_may_pass_midnight(
    window: str, now: int, *, inside: bool
) -> None:
    assert is_within(window, now) == inside


def test_without_a_policy_hours_and_rate_are_free() -> None:
    assert PublishedPolicy(Policy).admitted(DEVICE, UNIT, at(3)) == Admitted()


def test_a_policy_may_close_the_pages_and_leave_the_exchanges_open() -> None:
    text = '[gateway]\ntargets = ["sync", "page"]\n'
    policy = PublishedPolicy(lambda: read_policy(text))

    assert policy.admitted(DEVICE, UNIT, at(3)).targets == (Target.SYNC,)


def test_outside_its_hours_a_device_is_refused() -> None:
    text = '[gateway]\nhours = ["08:00-12:00", "13:30-18:00"]\n[link]\nrate_kib_s = 64\n'
    policy = PublishedPolicy(lambda: read_policy(text))

    assert policy.admitted(DEVICE, UNIT, at(14)).rate_bytes_s == 65_536
    with pytest.raises(TrustError, match="outside the hours"):
        policy.admitted(DEVICE, UNIT, at(13))
