"""How many may be connected, and who is the one session of a device."""

from security.tunnel.admission import GatewaySettings
from security.tunnel.roster import Roster

STREET = "10.1.0.1"
DEVICE = "120103001001-01"


def roster(**limits: int) -> Roster[str]:
    return Roster(GatewaySettings("127.0.0.1", 0, ("127.0.0.1", 1), **limits))  # type: ignore[arg-type]  # the test names its limits


def test_one_address_gets_only_so_many_unfinished_logins() -> None:
    gate = roster(pending_per_address_max=2)

    assert [gate.enter(name, STREET) for name in "abc"] == [True, True, False]
    assert gate.enter("d", "10.2.0.1")


def test_a_finished_login_makes_room_for_the_next_of_the_same_address() -> None:
    gate = roster(pending_per_address_max=1)
    gate.enter("a", STREET)
    gate.admit("a", DEVICE)

    assert gate.enter("b", STREET)


def test_all_addresses_together_get_only_so_many_unfinished_logins() -> None:
    gate = roster(pending_max=2)

    assert [gate.enter(name, f"10.0.0.{name}") for name in "123"] == [True, True, False]


def test_sessions_with_and_without_login_share_one_limit() -> None:
    gate = roster(sessions_max=2)
    gate.enter("a", STREET)
    gate.admit("a", DEVICE)

    assert [gate.enter(name, STREET) for name in "bc"] == [True, False]
    gate.leave("a")
    assert gate.enter("c", STREET)


def test_the_newest_session_is_that_of_the_device_and_the_older_is_given_back() -> None:
    gate = roster()

    assert gate.admit("older", DEVICE) is None
    assert gate.admit("newer", DEVICE) == "older"
    assert gate.of_device(DEVICE) == ("older", "newer")


def test_an_older_session_that_leaves_late_does_not_push_out_the_newer() -> None:
    gate = roster()
    gate.admit("older", DEVICE)
    gate.admit("newer", DEVICE)
    gate.leave("older")

    assert gate.admit("newest", DEVICE) == "newer"


def test_streams_are_counted_over_all_sessions() -> None:
    gate = roster(channels_max=2)

    assert [gate.take_channel() for _ in range(3)] == [True, True, False]
    gate.give_channel()
    assert gate.take_channel()


def test_a_roster_is_empty_when_all_sessions_and_streams_are_gone() -> None:
    gate = roster()
    gate.enter("a", STREET)
    gate.take_channel()

    assert not gate.wait_empty(0)
    gate.leave("a")
    assert not gate.wait_empty(0)
    gate.give_channel()
    assert gate.wait_empty(0)
