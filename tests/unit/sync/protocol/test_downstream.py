"""The parent stores what follows on, answers what is durable, and gives what is missing."""

from dataclasses import replace

import pytest

from sync.protocol.cursors import ChildState
from sync.protocol.downstream import (
    TRANSITIONS,
    Command,
    Downstream,
    Event,
    ExchangeReceived,
    Host,
    ReadScope,
    RecordsStored,
    ScopeRead,
    ScopeRow,
    SendAnswer,
    State,
    StoreRecords,
)
from sync.protocol.messages import Answer, Cursor, Exchange

CHILD = "120103001001"
CHILD_STORE = "00" * 16
PARENT_STORE = "ff" * 16
NOW = 1_795_395_900_000
HOST = Host("120103001000", PARENT_STORE, interval_s=5)
KNOWN = ChildState(CHILD_STORE, 10, 10, 0, NOW, 0)
QUIET = Exchange(
    versions=(1, 1),
    unit=CHILD,
    device=f"{CHILD}-01",
    incarnation=CHILD_STORE,
    update_seq=10,
    since=10,
    upto=10,
    records=(),
    pull=Cursor(PARENT_STORE, 50),
    bytes_max=65_536,
    now_ms=NOW,
)
PUSH = replace(QUIET, upto=12, update_seq=12, records=(b"a", b"b"))


def opened(
    exchange: Exchange, child: ChildState | None = KNOWN, last_seq: int = 60
) -> ExchangeReceived:
    return ExchangeReceived(exchange, child, last_seq, NOW)


def after(machine: Downstream, *events: Event) -> Command:
    commands: list[Command] = []
    for event in events:
        commands = machine.handle(event)
    [command] = commands
    return command


def stored(command: Command) -> StoreRecords:
    assert isinstance(command, StoreRecords)
    return command


def answered(command: Command) -> Answer:
    assert isinstance(command, SendAnswer)
    return command.answer


def test_every_state_and_event_of_the_table_is_known_to_the_machine() -> None:
    events = {event for row in TRANSITIONS.values() for event in row}

    assert set(TRANSITIONS) == set(State)
    assert events == set(Downstream(HOST)._reactions)


def test_a_quiet_exchange_writes_nothing() -> None:
    machine = Downstream(HOST)

    reading = after(machine, opened(QUIET))
    answer = answered(after(machine, ScopeRead((), 60, more=False)))

    assert reading == ReadScope(50, skip_own=True, bytes_max=65_536)
    assert (answer.acked, answer.cursor) == (10, Cursor(PARENT_STORE, 60))


def test_the_cursor_moves_with_the_records_and_is_acknowledged_after_them() -> None:
    machine = Downstream(HOST)

    storing = stored(after(machine, opened(PUSH)))
    reading = after(machine, RecordsStored((("ab" * 32, "chain"),)))
    answer = answered(after(machine, ScopeRead((), 62, more=False)))

    assert storing.records == (b"a", b"b")
    assert storing.child.seq == 12
    assert isinstance(reading, ReadScope)
    assert answer.acked == 12
    assert answer.quarantined == (("ab" * 32, "chain"),)


@pytest.mark.parametrize("child", [None, replace(KNOWN, incarnation="11" * 16), KNOWN])
def test_records_that_do_not_follow_on_are_not_stored(child: ChildState | None) -> None:
    machine = Downstream(HOST)
    ahead = replace(PUSH, since=11)

    command = after(machine, opened(ahead, child))
    if isinstance(command, StoreRecords):
        assert command.records == ()
        command = after(machine, RecordsStored(()))
    answer = answered(command)

    assert answer.acked == (10 if child is KNOWN else 0)
    assert (answer.records, answer.more) == ((), False)


def test_records_offered_again_are_taken_again() -> None:
    machine = Downstream(HOST)

    storing = stored(after(machine, opened(replace(PUSH, since=0))))

    assert storing.records == (b"a", b"b")
    assert storing.child.seq == 12


def test_a_child_whose_store_went_backwards_is_asked_for_everything() -> None:
    machine = Downstream(HOST)
    set_back = replace(QUIET, update_seq=7, since=7, upto=7)

    storing = stored(after(machine, opened(set_back)))
    answer = answered(after(machine, RecordsStored(())))

    assert answer.acked == 0
    assert storing.child.seq == 0
    assert storing.child.recall_to == 60
    assert answer.records == ()


def test_a_child_set_back_gets_its_own_records_even_if_an_answer_was_lost() -> None:
    remembered = replace(KNOWN, seq=0, recall_to=60)
    machine = Downstream(HOST)
    again = replace(QUIET, update_seq=7, since=0, upto=7, records=(b"a",))

    storing = stored(after(machine, opened(again, remembered)))
    reading = after(machine, RecordsStored(()))

    assert storing.child.recall_to == 60
    assert reading == ReadScope(50, skip_own=False, bytes_max=65_536)


def test_its_own_records_stop_coming_once_the_child_has_passed_them() -> None:
    remembered = replace(KNOWN, recall_to=60)
    machine = Downstream(HOST)

    storing = stored(
        after(machine, opened(replace(QUIET, pull=Cursor(PARENT_STORE, 60)), remembered))
    )
    reading = after(machine, RecordsStored(()))

    assert storing.child.recall_to == 0
    assert reading == ReadScope(60, skip_own=True, bytes_max=65_536)


@pytest.mark.parametrize(
    "pull",
    [Cursor("11" * 16, 50), Cursor(PARENT_STORE, 61)],
    ids=["of another store", "past the end"],
)
def test_a_void_cursor_is_put_back_without_records_so_that_the_child_compares(
    pull: Cursor,
) -> None:
    machine = Downstream(HOST)

    after(machine, opened(replace(QUIET, pull=pull)))
    answer = answered(after(machine, RecordsStored(())))

    assert (answer.records, answer.cursor) == ((), Cursor(PARENT_STORE, 0))


def test_an_unknown_store_without_a_cursor_gets_everything_from_the_beginning() -> None:
    machine = Downstream(HOST)

    after(machine, opened(replace(PUSH, since=0, pull=None), None, last_seq=60))
    reading = after(machine, RecordsStored(()))

    assert reading == ReadScope(0, skip_own=False, bytes_max=65_536)


def test_a_known_store_that_got_no_answer_yet_is_not_sent_its_own() -> None:
    machine = Downstream(HOST)

    reading = after(machine, opened(replace(QUIET, pull=None)))

    assert reading == ReadScope(0, skip_own=True, bytes_max=65_536)


def test_what_was_just_pushed_does_not_come_straight_back_to_a_new_child() -> None:
    machine = Downstream(HOST)
    first = replace(PUSH, since=0, pull=None)
    after(machine, opened(first, None, last_seq=60), RecordsStored(()))
    rows = (
        ScopeRow(40, PUSH.device, b"lost by the child"),
        ScopeRow(55, HOST.unit, b"a decision"),
        ScopeRow(61, PUSH.device, b"just pushed"),
    )

    answer = answered(after(machine, ScopeRead(rows, 61, more=False)))

    assert answer.records == (b"lost by the child", b"a decision")


def test_a_child_that_asks_for_nothing_gets_nothing() -> None:
    machine = Downstream(HOST)

    answer = answered(
        after(machine, opened(replace(PUSH, bytes_max=0)), RecordsStored(())),
    )

    assert answer.cursor is None
    assert answer.records == ()
    assert answer.acked == 12
