"""The gate of a link lets sessions begin, ends them when the policy changes, and paces."""

import pytest

from casebook.errors import PolicyError
from casebook.policy import Policy, read_policy
from sync.errors import TransportError
from tests.unit.casebook.test_linkrules import MONDAY_NOON_MS, NIGHT
from web.linkgate import PAUSED_SESSION_S, LinkGate

PAUSED = "[link]\npaused = 1\n"


class Hand:
    """A clock, and a policy, that the test sets."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.seconds = 1_000.0
        self.gate = LinkGate(self.policy, self)

    def now_ms(self) -> int:
        return MONDAY_NOON_MS + int((self.seconds - 1_000.0) * 1_000)

    def monotonic(self) -> float:
        return self.seconds

    def policy(self) -> Policy:
        if self.text == "broken":
            raise PolicyError("broken")
        return read_policy(self.text)


class Answering:
    """The way behind the gate, which counts what reaches it."""

    def __init__(self) -> None:
        self.connects = 0

    def connect(self) -> None:
        self.connects += 1

    def exchange(self, body: bytes, receive: object) -> None:
        raise AssertionError("nobody exchanges here")


def test_outside_the_window_nothing_begins_and_inside_it_does() -> None:
    hand = Hand(NIGHT)

    held = hand.gate.begin()

    assert held is not None
    hand.seconds += held.wait_s
    assert hand.gate.begin() is None


def test_a_session_ends_before_the_next_exchange_when_its_window_closes() -> None:
    hand, behind = Hand('[link]\nwindows = ["11:00-12:01"]\n'), Answering()
    way = hand.gate.transport(behind)
    hand.gate.begin()
    way.connect()

    hand.seconds += 61

    with pytest.raises(TransportError, match="closed"):
        way.connect()
    assert behind.connects == 1


def test_a_session_that_a_clerk_was_allowed_goes_on_outside_the_window() -> None:
    hand = Hand(f"{NIGHT}asked = 1\n")
    hand.gate.begin(is_insisted=True)

    hand.seconds += 600
    hand.gate.check()

    assert hand.gate.begin() is not None


def test_a_pause_that_arrives_ends_the_session_in_which_it_came() -> None:
    hand = Hand()
    hand.gate.begin()

    hand.text = PAUSED

    with pytest.raises(TransportError):
        hand.gate.check()


def test_the_call_of_a_paused_link_is_short_and_hears_of_the_end_of_the_pause() -> None:
    hand = Hand(PAUSED)
    hand.gate.begin()

    hand.seconds += PAUSED_SESSION_S + 1

    with pytest.raises(TransportError):
        hand.gate.check()
    hand.text = ""
    hand.gate.check()
    assert hand.gate.begin() is None


def test_a_policy_that_cannot_be_read_leaves_the_last_one_in_force() -> None:
    hand = Hand(NIGHT)
    hand.gate.begin()

    hand.text = "broken"

    assert hand.gate.begin() is not None


def test_a_new_rate_holds_for_channels_that_are_open() -> None:
    hand = Hand()
    hand.gate.begin()
    unbounded = hand.gate.take(10_240, hand.seconds)

    hand.text = "[link]\nrate_kib_s = 1\n"
    hand.gate.check()

    assert unbounded == 0
    assert hand.gate.take(10_240, hand.seconds) == pytest.approx(10, rel=0.05)
