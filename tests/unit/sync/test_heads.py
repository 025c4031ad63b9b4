"""What differs between two registries: a lag, something withheld, or a second history."""

from dataclasses import replace

import pytest

from security.registry import Head, Registry
from sync.errors import PeerProtocolError
from sync.log.heads import (
    HEADS_MAX,
    WITHHELD_AFTER_MS,
    Lag,
    Sight,
    Verdict,
    answer_heads,
    own_heads,
    read_heads,
)
from sync.log.heads import judge as judged
from tests.support.tree import CITY, OTHER_VILLAGE, STREET, VILLAGE, make_registry, revoke

NOW = 1_000_000
BEHIND = Sight(own=5, above=4, agrees=True)
LAG = Lag(count=5, since_ms=NOW, is_above=True)
LATER = NOW + WITHHELD_AFTER_MS + 1


def test_equal_heads_leave_nothing_to_remember() -> None:
    assert judged(Sight(5, 5, agrees=True), LAG, NOW) is None


@pytest.mark.parametrize(("own", "above"), [(5, 4), (4, 5)])
def test_a_shorter_side_is_a_lag_at_first(own: int, above: int) -> None:
    found = judged(Sight(own, above, agrees=True), None, NOW)

    assert found == Lag(5, NOW, above < own)


def test_what_is_missing_within_the_hour_is_still_a_lag() -> None:
    assert judged(BEHIND, LAG, LATER - 1) == LAG


def test_what_is_missing_after_an_hour_is_withheld() -> None:
    assert judged(BEHIND, LAG, LATER) == replace(LAG, verdict=Verdict.WITHHELD)


def test_what_the_unit_above_wrote_itself_is_withheld_at_once() -> None:
    found = judged(replace(BEHIND, is_proven=True), None, NOW)

    assert found is not None
    assert found.verdict is Verdict.WITHHELD


def test_a_side_that_came_on_and_lags_again_begins_a_new_lag() -> None:
    assert judged(Sight(6, 5, agrees=True), LAG, LATER) == Lag(6, LATER, is_above=True)


def test_a_clock_that_was_set_back_begins_the_hour_anew() -> None:
    assert judged(BEHIND, LAG, NOW - 1) == replace(LAG, since_ms=NOW - 1)


@pytest.mark.parametrize("above", [4, 5, 6])
def test_another_statement_at_the_same_place_is_a_fork_at_any_length(above: int) -> None:
    found = judged(Sight(5, above, agrees=False), None, NOW)

    assert found is not None
    assert found.verdict is Verdict.FORK


def test_a_node_names_both_logs_of_its_path_and_those_below_it() -> None:
    logs = [head.log for head in own_heads(make_registry(), STREET)]

    assert logs == [CITY, f"{CITY}/own", STREET, f"{STREET}/own", VILLAGE, OTHER_VILLAGE]


def test_the_unit_above_answers_at_the_place_where_the_shorter_side_ends() -> None:
    below, above = make_registry(), make_registry()
    revoke(above, VILLAGE, 3)

    heads, statements = answer_heads(above, VILLAGE, own_heads(below, VILLAGE))

    [said] = [head for head in heads if head.log == VILLAGE]
    assert said == Head(VILLAGE, 3, below.next_place(VILLAGE)[1])
    assert statements == ()


def test_the_unit_above_shows_its_statement_where_another_stands() -> None:
    below, above = make_registry(), make_registry()
    revoke(below, VILLAGE, 3)
    revoke(above, VILLAGE, 9)

    _, statements = answer_heads(above, VILLAGE, own_heads(below, VILLAGE))

    assert statements == (above.statements([VILLAGE])[-1],)


def test_logs_that_do_not_concern_the_child_are_not_told() -> None:
    registry = make_registry()

    heads, _ = answer_heads(registry, VILLAGE, registry.heads([OTHER_VILLAGE]))

    assert heads == ()


def test_a_log_that_is_not_known_above_is_answered_with_nothing() -> None:
    stranger = Head("120109000000", 2, bytes(32))

    heads, _ = answer_heads(Registry(bytes(32)), VILLAGE, [stranger])

    assert heads == (Head(stranger.log, 0, b""),)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [["1", 1]],
        [["1", -1, bytes(32)]],
        [["1", True, bytes(32)]],
        [["1", 1, b"short"]],
        [["1" * 65, 1, bytes(32)]],
        [["1", 1, bytes(32)]] * 2,
        [[str(n), 1, bytes(32)] for n in range(HEADS_MAX + 1)],
    ],
)
def test_heads_that_are_none_are_refused(rows: object) -> None:
    with pytest.raises(PeerProtocolError):
        read_heads(rows)
