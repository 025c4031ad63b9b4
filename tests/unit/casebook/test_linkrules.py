"""Whether a link may be used now follows from the policy, the clock and who asks."""

import pytest

from casebook.linkrules import Hold, LinkRules, hold_of, rules_of
from casebook.policy import Policy, read_policy

MONDAY_NOON_MS = 1_795_406_400_000
"""2026-11-23 12:00 in China."""
NIGHT = '[link]\nwindows = ["18:00-07:00"]\n'


def rules(text: str) -> LinkRules:
    return rules_of(read_policy(text))


def test_without_a_policy_a_link_is_open_and_unbounded() -> None:
    found = rules_of(Policy())

    assert found == LinkRules()
    assert hold_of(found, MONDAY_NOON_MS, 1.0) is None


def test_outside_the_windows_a_link_is_held_until_the_next_one() -> None:
    found = hold_of(rules(NIGHT), MONDAY_NOON_MS, None)

    assert found == Hold("window", 6 * 3_600)


def test_windows_are_in_civil_time_and_know_the_weekday() -> None:
    text = '[link]\nwindows = ["tue 12:00-13:00"]\n'

    assert hold_of(rules(text), MONDAY_NOON_MS, None) == Hold("window", 86_400)
    assert hold_of(rules(text), MONDAY_NOON_MS + 86_400_000, None) is None


@pytest.mark.parametrize("asked", [0, 1])
def test_a_clerk_opens_the_link_outside_the_windows_only_where_the_policy_allows(
    asked: int,
) -> None:
    found = rules(f"{NIGHT}asked = {asked}\n")

    held = hold_of(found, MONDAY_NOON_MS, 1.0, is_insisted=True)

    assert (held is None) == bool(asked)
    assert hold_of(found, MONDAY_NOON_MS, 1.0) is not None


def test_a_paused_link_calls_at_its_slow_interval_and_no_clerk_changes_that() -> None:
    found = rules("[link]\npaused = 1\nasked = 1\npaused_call_min = 20\n")

    held = hold_of(found, MONDAY_NOON_MS, 300.0, is_insisted=True)

    assert held == Hold("paused", 900)
    assert hold_of(found, MONDAY_NOON_MS, 1_200.0) is None
    assert hold_of(found, MONDAY_NOON_MS, None) is None


def test_a_paused_link_calls_inside_its_windows_only() -> None:
    found = rules(f"{NIGHT}paused = 1\n")

    assert hold_of(found, MONDAY_NOON_MS, 7_200.0) == Hold("paused", 6 * 3_600)
