"""The child pushes and pulls, and believes only what the parent says is stored."""

from dataclasses import replace

import pytest

from sync.errors import PeerProtocolError
from sync.protocol.cursors import UpCursor
from sync.protocol.messages import Answer, Cursor, Exchange, Refusal
from sync.protocol.upstream import (
    EXCHANGES_MAX,
    REWINDS_MAX,
    TRANSITIONS,
    AnswerReceived,
    Command,
    EndSession,
    Event,
    IncomingFailed,
    IncomingStored,
    Link,
    Outcome,
    OutgoingRead,
    PartReceived,
    ReadOutgoing,
    RefusalReceived,
    SendExchange,
    SessionFailed,
    SessionOpened,
    State,
    StoreIncoming,
    TransportFailed,
    Upstream,
)

PARENT = "120103001000"
LINK = Link("120103001001", "120103001001-01", PARENT)
CHILD_STORE = "00" * 16
PARENT_STORE = "ff" * 16
NOW = 1_795_395_900_000
KNOWN = SessionOpened(
    CHILD_STORE, up=UpCursor(PARENT_STORE, 10, NOW), down=Cursor(PARENT_STORE, 50)
)


def answer(**changes: object) -> Answer:
    quiet = Answer(
        version=1,
        unit=PARENT,
        incarnation=PARENT_STORE,
        acked=10,
        quarantined=(),
        records=(),
        cursor=Cursor(PARENT_STORE, 50),
        more=False,
        interval_s=5,
        now_ms=NOW,
    )
    return replace(quiet, **changes)  # type: ignore[arg-type]  # the tests name its fields


def received(message: Answer) -> AnswerReceived:
    return AnswerReceived(message, moved_bytes=900, duration_ms=400, now_ms=NOW)


def read(
    *records: bytes, last_seq: int, more: bool = False, update_seq: int | None = None
) -> OutgoingRead:
    return OutgoingRead(records, last_seq, more, update_seq or last_seq, NOW)


def after(machine: Upstream, *events: Event) -> Command:
    """The command that the last of these events gives."""
    commands: list[Command] = []
    for event in events:
        commands = machine.handle(event)
    [command] = commands
    return command


def sent(command: Command) -> Exchange:
    assert isinstance(command, SendExchange)
    return command.exchange


def test_every_state_and_event_of_the_table_is_known_to_the_machine() -> None:
    machine = Upstream(LINK)

    events = {event for row in TRANSITIONS.values() for event in row}

    assert set(TRANSITIONS) == set(State)
    assert events == set(machine._reactions)


def test_the_first_request_pushes_and_pulls_at_once() -> None:
    machine = Upstream(LINK)

    reading = after(machine, KNOWN)
    exchange = sent(after(machine, read(b"a", b"b", last_seq=12)))

    assert reading == ReadOutgoing(since=10, bytes_max=machine.batch.bytes)
    assert (exchange.since, exchange.upto, exchange.update_seq) == (10, 12, 12)
    assert exchange.records == (b"a", b"b")
    assert exchange.pull == Cursor(PARENT_STORE, 50)
    assert exchange.incarnation == CHILD_STORE


def test_a_link_with_nothing_new_costs_one_exchange_and_no_write() -> None:
    machine = Upstream(LINK)

    end = after(machine, KNOWN, read(last_seq=10), received(answer()))

    assert end == EndSession(Outcome.DONE, 0, 5)
    assert machine.state is State.IDLE


def test_both_cursors_are_stored_with_the_records_they_cover() -> None:
    machine = Upstream(LINK)
    news = answer(acked=12, records=(b"x",), cursor=Cursor(PARENT_STORE, 51))

    storing = after(machine, KNOWN, read(b"a", last_seq=12), received(news))

    assert storing == StoreIncoming(
        records=(b"x",),
        up=UpCursor(PARENT_STORE, 12, NOW),
        down=Cursor(PARENT_STORE, 51),
        refused=(),
    )


def test_a_session_goes_on_while_either_side_has_more() -> None:
    machine = Upstream(LINK)
    first = after(
        machine,
        KNOWN,
        read(b"a", last_seq=11, more=True, update_seq=12),
        received(answer(acked=11)),
        IncomingStored(),
    )
    second = after(
        machine,
        read(b"b", last_seq=12),
        received(answer(acked=12, cursor=Cursor(PARENT_STORE, 60), more=True)),
        IncomingStored(),
    )
    end = after(
        machine,
        read(last_seq=12),
        received(answer(acked=12, cursor=Cursor(PARENT_STORE, 70))),
    )

    assert isinstance(first, ReadOutgoing)
    assert first.since == 11
    assert isinstance(second, ReadOutgoing)
    assert second.since == 12
    assert end == EndSession(Outcome.DONE, 0, 5)


def test_a_parent_that_holds_less_is_given_everything_from_there() -> None:
    machine = Upstream(LINK)

    again = after(
        machine,
        KNOWN,
        read(b"k", last_seq=11),
        received(answer(acked=4)),
        IncomingStored(),
    )

    assert isinstance(again, ReadOutgoing)
    assert again.since == 4


def test_a_parent_that_forgets_for_ever_is_reported() -> None:
    machine = Upstream(LINK)
    after(machine, KNOWN)
    for _ in range(REWINDS_MAX):
        after(
            machine,
            read(b"k", last_seq=11),
            received(answer(acked=4)),
            IncomingStored(),
            read(b"e", last_seq=10, more=True, update_seq=11),
            received(answer(acked=10)),
            IncomingStored(),
        )
    after(machine, read(b"k", last_seq=11))

    with pytest.raises(PeerProtocolError, match="forgets"):
        machine.handle(received(answer(acked=4)))


def test_a_store_set_back_behind_its_own_cursor_is_offered_from_the_start() -> None:
    machine = Upstream(LINK)

    again = after(machine, KNOWN, read(last_seq=7))
    exchange = sent(after(machine, read(b"a", last_seq=7)))

    assert again == ReadOutgoing(0, machine.batch.bytes)
    assert (exchange.since, exchange.upto) == (0, 7)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (answer(acked=13), "never sent"),
        (answer(unit="120103002000"), "not from the unit above"),
        (answer(cursor=Cursor("00" * 16, 50)), "not of its store"),
        (answer(acked=10), "does not get on"),
        (answer(acked=12, more=True, cursor=None), None),
    ],
)
def test_an_answer_that_contradicts_the_request_is_the_parents_fault(
    message: Answer, complaint: str | None
) -> None:
    machine = Upstream(LINK)
    after(machine, KNOWN, read(b"a", last_seq=12))

    if complaint is None:
        assert machine.handle(received(message))
    else:
        with pytest.raises(PeerProtocolError, match=complaint):
            machine.handle(received(message))
        assert isinstance(after(machine, SessionFailed()), EndSession)


def test_a_lost_link_moves_no_cursor() -> None:
    machine = Upstream(LINK)

    end = after(machine, KNOWN, read(b"a", last_seq=11), TransportFailed(carrying=True))
    again = after(machine, KNOWN)

    assert end == EndSession(Outcome.LINK_LOST, 1_000, 0)
    assert again == ReadOutgoing(10, machine.batch.bytes)


def test_after_a_cut_the_child_asks_how_far_the_parent_got_before_it_sends_again() -> None:
    machine = Upstream(LINK)
    after(machine, KNOWN, read(b"a", b"b", last_seq=12), TransportFailed(carrying=True))

    question = sent(after(machine, KNOWN, read(b"a", b"b", last_seq=12)))
    following = after(machine, received(answer(acked=11)), IncomingStored())
    rest = sent(after(machine, read(b"b", last_seq=12)))

    assert (question.records, question.since, question.upto) == ((), 10, 10)
    assert following == ReadOutgoing(11, machine.batch.bytes)
    assert (rest.records, rest.since, rest.upto) == ((b"b",), 11, 12)


def test_the_beginning_of_an_answer_is_stored_while_the_rest_is_on_its_way() -> None:
    machine = Upstream(LINK)
    after(machine, KNOWN, read(last_seq=10))
    part = answer(records=(b"x",), cursor=Cursor(PARENT_STORE, 55), more=True)

    [storing] = machine.handle(PartReceived(part, NOW))
    nothing = machine.handle(IncomingStored())
    end = after(machine, TransportFailed(carrying=True))

    assert isinstance(storing, StoreIncoming)
    assert (storing.records, storing.down) == ((b"x",), Cursor(PARENT_STORE, 55))
    assert nothing == []
    assert end == EndSession(Outcome.LINK_LOST, 0, 0)


def test_a_store_that_takes_no_part_takes_nothing_of_that_answer() -> None:
    machine = Upstream(LINK)
    after(machine, KNOWN, read(last_seq=10))
    part = answer(records=(b"x",), cursor=Cursor(PARENT_STORE, 55), more=True)
    machine.handle(PartReceived(part, NOW))

    machine.handle(IncomingFailed())
    second = machine.handle(PartReceived(replace(part, cursor=Cursor(PARENT_STORE, 60)), NOW))
    end = after(machine, received(answer(records=(b"y",), cursor=Cursor(PARENT_STORE, 70))))

    assert second == []
    assert isinstance(end, EndSession)
    assert end.outcome is Outcome.FAILED
    assert machine._down == Cursor(PARENT_STORE, 50)


def test_a_part_of_another_unit_ends_the_session() -> None:
    machine = Upstream(LINK)
    after(machine, KNOWN, read(last_seq=10))

    with pytest.raises(PeerProtocolError, match="unit above"):
        machine.handle(PartReceived(answer(unit="120103000000"), NOW))


def test_a_link_that_was_never_there_says_nothing_about_the_batch() -> None:
    machine = Upstream(LINK)
    before = machine.batch.bytes

    after(machine, KNOWN, read(b"a", last_seq=11), TransportFailed(carrying=False))

    assert machine.batch.bytes == before


def test_the_wait_grows_with_failures_and_is_forgotten_after_progress() -> None:
    machine = Upstream(LINK)
    waits = []
    for _ in range(3):
        end = after(machine, KNOWN, read(b"a", last_seq=11), TransportFailed(carrying=True))
        assert isinstance(end, EndSession)
        waits.append(end.delay_ms_max)

    after(machine, KNOWN, read(b"a", last_seq=11), received(answer(acked=11)), IncomingStored())
    end = after(machine, KNOWN, read(b"a", last_seq=11), TransportFailed(carrying=True))

    assert waits == [1_000, 2_000, 4_000]
    assert end == EndSession(Outcome.LINK_LOST, 1_000, 0)


def test_a_refusal_ends_the_session_and_is_waited_out() -> None:
    machine = Upstream(LINK)
    refusal = RefusalReceived(Refusal("revoked", "the device was revoked"))

    end = after(machine, KNOWN, read(b"a", last_seq=11), refusal)

    assert end == EndSession(Outcome.REFUSED, 1_000, 0)


def test_a_full_disk_here_stops_the_pull_but_not_the_push() -> None:
    machine = Upstream(LINK)
    first = answer(acked=11, records=(b"x",), cursor=Cursor(PARENT_STORE, 51), more=True)
    after(
        machine,
        KNOWN,
        read(b"a", last_seq=11, more=True, update_seq=12),
        received(first),
        IncomingFailed(),
    )

    exchange = sent(after(machine, read(b"b", last_seq=12)))
    end = after(machine, received(answer(acked=12, cursor=None)))

    assert exchange.records == (b"b",)
    assert exchange.bytes_max == 0
    assert exchange.pull == Cursor(PARENT_STORE, 50)
    assert isinstance(end, EndSession)
    assert end.outcome is Outcome.FAILED


def test_records_that_were_not_asked_for_are_the_parents_fault() -> None:
    machine = Upstream(LINK)
    first = answer(acked=11, records=(b"x",), cursor=Cursor(PARENT_STORE, 51))
    more = read(b"a", last_seq=11, more=True, update_seq=12)
    after(machine, KNOWN, more, received(first), IncomingFailed())
    after(machine, read(b"b", last_seq=12))

    with pytest.raises(PeerProtocolError, match="not asked for"):
        machine.handle(received(answer(acked=12, records=(b"y",), cursor=None)))


def test_a_cursor_of_a_busy_parent_that_brought_nothing_is_not_written_down() -> None:
    machine = Upstream(LINK)

    end = after(
        machine,
        KNOWN,
        read(last_seq=10),
        received(answer(cursor=Cursor(PARENT_STORE, 5_000))),
    )

    assert isinstance(end, EndSession)


def test_a_parent_that_moves_its_cursor_for_ever_cannot_hold_a_session_for_ever() -> None:
    machine = Upstream(LINK)
    command = after(machine, KNOWN)
    exchanges = 0

    while not isinstance(command, EndSession):
        exchanges += 1
        moving = answer(cursor=Cursor(PARENT_STORE, 50 + exchanges), more=True)
        command = after(machine, read(last_seq=10), received(moving))

    assert exchanges == EXCHANGES_MAX
    assert command.outcome is Outcome.DONE
