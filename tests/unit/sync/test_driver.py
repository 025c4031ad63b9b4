"""A session leaves both ends with what is meant for them, or tells in one line why not."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sync.documents import CASES, document_of
from sync.errors import PeerProtocolError, RefusedError, TransportError
from sync.ports import Document
from sync.protocol.cursors import refused_key
from sync.protocol.messages import Answer
from sync.protocol.wire import decode_message, encode_message
from sync.transports.memory import Fault, MemoryTransport
from tests.support.tree import (
    CITY,
    OTHER_PATH,
    OTHER_VILLAGE,
    PATH,
    STREET,
    VILLAGE,
    Node,
    Tree,
    chain,
    device_of,
    revoke,
)


def in_turn(*faults: Fault | None) -> Callable[[], Fault | None]:
    left: Iterator[Fault | None] = iter(faults)
    return lambda: next(left, None)


class Meddler:
    """A transport that changes answers on their way."""

    def __init__(self, parent: Node, child: str, change: Callable[[Answer], bytes]) -> None:
        self._answer = parent.answer(device_of(child))
        self._change = change

    def connect(self) -> None:
        """The link is always up."""

    def exchange(self, body: bytes, receive: Callable[[bytes], object]) -> None:
        answer = decode_message(self._answer(body))
        assert isinstance(answer, Answer)
        receive(self._change(answer))


def test_a_session_carries_both_ways() -> None:
    tree = Tree()
    up = tree[VILLAGE].write(3)
    down = tree[STREET].write(2, path=PATH)

    report = tree.sync(VILLAGE).run_once()

    everything = {record.id for record in (*up, *down)}
    assert (report.outcome, report.pushed, report.pulled) == ("done", 3, 2)
    assert set(tree[VILLAGE].ids) == everything
    assert set(tree[STREET].ids) == everything


def test_the_second_session_of_an_idle_link_is_one_small_exchange_without_a_write() -> None:
    tree = Tree()
    tree[VILLAGE].write(3)
    driver = tree.sync(VILLAGE)
    driver.run_once()
    before = [dict(node.store.locals("")) for node in tree.nodes.values()]
    tree.clock.ms += 5_000

    report = driver.run_once()

    assert report.round_trips == 1
    assert report.bytes_sent + report.bytes_received < 600
    assert [dict(node.store.locals("")) for node in tree.nodes.values()] == before


def test_a_thousand_records_take_at_most_four_round_trips() -> None:
    tree = Tree()
    tree[VILLAGE].write(1_000)

    report = tree.sync(VILLAGE).run_once()

    assert report.pushed == 1_000
    assert report.round_trips <= 4
    assert len(tree[STREET].ids) == 1_000


def test_records_cross_the_tree_and_reach_no_other_branch() -> None:
    tree = Tree()
    case = tree[VILLAGE].write(2)
    decision = tree[CITY].write(1, path=PATH)

    tree.settle()

    everything = {record.id for record in (*case, *decision)}
    assert set(tree[CITY].ids) == set(tree[VILLAGE].ids) == everything
    assert tree[OTHER_VILLAGE].ids == []


@pytest.mark.parametrize("cut", [0, 1, 200, 10_000])
def test_a_cut_request_is_repeated_and_stored_once(cut: int) -> None:
    tree = Tree()
    tree[VILLAGE].write(30)
    driver = tree.sync(VILLAGE, in_turn(Fault(request_bytes=cut, is_cut_visible=True)))

    broken = driver.run_once()
    report = driver.run_once()

    assert (broken.outcome, broken.error_code) == ("link_lost", "TransportError")
    assert broken.retry_after_ms == 500
    assert report.outcome == "done"
    assert tree[STREET].ids == tree[VILLAGE].ids


def test_a_lost_answer_costs_a_question_and_no_repeat() -> None:
    tree = Tree()
    tree[VILLAGE].write(30)
    driver = tree.sync(VILLAGE, in_turn(Fault(answer_bytes=10)))

    driver.run_once()
    stored = len(tree[STREET].ids)
    report = driver.run_once()

    assert stored == 30
    assert (report.outcome, report.pushed, report.bytes_sent < 1_000) == ("done", 0, True)
    assert tree[STREET].ids == tree[VILLAGE].ids
    assert driver.status().waiting == 0


def test_what_arrived_of_a_cut_request_is_not_sent_again() -> None:
    tree = Tree()
    tree[VILLAGE].write(60)
    driver = tree.sync(VILLAGE, in_turn(Fault(request_bytes=12_000, is_cut_visible=True)))

    broken = driver.run_once()
    kept = len(tree[STREET].ids)
    report = driver.run_once()

    assert (broken.outcome, 20 < kept < 60) == ("link_lost", True)
    assert report.pushed == 60 - kept
    assert tree[STREET].ids == tree[VILLAGE].ids


def test_what_arrived_of_a_cut_answer_is_not_sent_again() -> None:
    tree = Tree()
    tree[STREET].write(60, path=PATH)
    driver = tree.sync(VILLAGE, in_turn(Fault(answer_bytes=12_000)))

    broken = driver.run_once()
    report = driver.run_once()

    assert (broken.outcome, 20 < broken.pulled < 60) == ("link_lost", True)
    assert report.pulled == 60 - broken.pulled
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_what_the_parent_set_aside_is_known_below() -> None:
    tree = Tree()
    good = tree[VILLAGE].write(1)
    [stray] = chain(OTHER_VILLAGE, 1)
    tree[VILLAGE].store.put([document_of(stray, "")])

    driver = tree.sync(VILLAGE)
    report = driver.run_once()

    assert (report.outcome, report.quarantined) == ("done", 1)
    assert tree[STREET].ids == [record.id for record in good]
    assert b'"scope"' in (tree[VILLAGE].store.local(refused_key(stray.id)) or b"")
    assert driver.status().refused == 1


def test_a_document_damaged_on_this_disk_holds_nothing_up() -> None:
    tree = Tree()
    tree[VILLAGE].write(1)
    tree[VILLAGE].store.put([Document(CASES, "ab" * 32, "1-" + "0" * 32, b'{"record":"AAAA"}')])
    tree[VILLAGE].write(1)

    report = tree.sync(VILLAGE).run_once()

    assert (report.outcome, report.pushed) == ("done", 2)


def test_the_status_follows_the_link() -> None:
    tree = Tree()
    tree[VILLAGE].write(2)
    driver = tree.sync(VILLAGE, in_turn(None, Fault(request_bytes=5)))

    states = [driver.status()]
    for _ in range(2):
        driver.run_once()
        states.append(driver.status())
    driver.run_once()
    tree[VILLAGE].write(3)
    states.append(driver.status())

    assert [status.state for status in states] == ["never", "synchronised", "broken", "waiting"]
    assert [status.waiting for status in states] == [2, 0, 0, 3]
    assert states[1].last_contact_ms == tree.clock.ms
    assert states[2].last_error == "the link broke while the request was on its way"


def test_what_came_from_the_parent_does_not_wait_for_it() -> None:
    tree = Tree()
    tree[STREET].write(3, path=PATH)
    driver = tree.sync(VILLAGE)

    driver.run_once()

    assert driver.status().waiting == 0


def test_whoever_shows_records_is_told_when_some_arrive() -> None:
    tree = Tree()
    seen: list[int] = []
    driver = tree.sync(VILLAGE)
    driver.on_stored = lambda: seen.append(len(tree[VILLAGE].ids))
    tree[STREET].write(2, path=PATH)

    driver.run_once()
    driver.run_once()

    assert seen == [2]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _answer: b"HTTP/1.1 200 OK", "PeerProtocolError"),
        (lambda answer: encode_message(answer)[:-1], "PeerProtocolError"),
        (lambda answer: encode_message(replace(answer, acked=10**6)), "PeerProtocolError"),
        (lambda answer: encode_message(replace(answer, unit=CITY)), "PeerProtocolError"),
        (lambda answer: encode_message(replace(answer, acked=0)), "PeerProtocolError"),
    ],
)
def test_a_parent_that_talks_nonsense_ends_the_session_and_nothing_is_lost(
    change: Callable[[Answer], bytes], code: str
) -> None:
    tree = Tree()
    tree[VILLAGE].write(2)
    driver = tree.sync(VILLAGE)
    driver.transport = Meddler(tree[STREET], VILLAGE, change)

    report = driver.run_once()

    assert (report.outcome, report.error_code) == ("failed", code)
    assert driver.status().acked_seq == 0
    assert driver.status().waiting == 2


def test_a_parent_that_echoes_our_request_is_reported() -> None:
    tree = Tree()
    driver = tree.sync(VILLAGE)
    driver.transport = MemoryTransport(lambda body: body)

    report = driver.run_once()

    assert report.error == "the parent answered with a request"


def test_forged_records_from_above_are_set_aside_here() -> None:
    tree = Tree()
    [stray] = chain(STREET, 1, path=OTHER_PATH)
    driver = tree.sync(VILLAGE)
    driver.transport = Meddler(
        tree[STREET],
        VILLAGE,
        lambda answer: encode_message(replace(answer, records=(stray.raw, b"junk"))),
    )

    report = driver.run_once()

    assert (report.outcome, report.quarantined) == ("done", 2)
    assert tree[VILLAGE].ids == []


def test_a_revoked_device_is_told_so_and_stays_able_to_work_offline() -> None:
    tree = Tree()
    tree[VILLAGE].write(2)
    revoke(tree.registry, VILLAGE, after_seq=2)

    report = tree.sync(VILLAGE).run_once()

    assert (report.outcome, report.error_code) == ("refused", "revoked")
    assert len(tree[VILLAGE].ids) == 2


def test_an_error_that_nobody_foresaw_ends_the_session_and_not_the_program() -> None:
    tree = Tree()
    driver = tree.sync(VILLAGE)
    tree[STREET].write(1, path=PATH)

    def fail() -> None:
        raise ZeroDivisionError("a page could not be drawn")

    driver.on_stored = fail

    report = driver.run_once()

    assert (report.outcome, report.error_code) == ("failed", "ZeroDivisionError")


def test_the_clock_of_the_parent_is_compared_and_never_trusted() -> None:
    tree = Tree()
    tree[STREET].clock = type(tree.clock)(tree.clock.ms + 86_400_000)

    report = tree.sync(VILLAGE).run_once()

    assert report.clock_offset_ms == 86_400_000


def test_a_session_ends_in_one_line_with_its_counts(caplog: pytest.LogCaptureFixture) -> None:
    tree = Tree()
    tree[VILLAGE].write(2)
    driver = tree.sync(VILLAGE)

    with caplog.at_level("INFO", logger="sync.driver"):
        driver.run_once()
        driver.run_once()

    [line] = [record for record in caplog.records if record.name == "sync.driver"]
    assert line.getMessage() == "session ended"
    assert (vars(line)["parent"], vars(line)["pushed"]) == (STREET, 2)


def test_a_link_that_is_down_is_not_written_to() -> None:
    tree = Tree()
    tree[VILLAGE].write(1)
    driver = tree.sync(VILLAGE)
    driver.transport = MemoryTransport(tree[STREET].answer(VILLAGE), is_up=lambda: False)

    report = driver.run_once()

    assert (report.outcome, report.bytes_sent) == ("link_lost", 0)


def test_errors_of_the_way_keep_their_kind() -> None:
    tree = Tree()
    codes = []
    for error in (
        TransportError("silent"),
        RefusedError("login", "the hub refused this device"),
        PeerProtocolError("not a hub"),
    ):

        def fail(_body: bytes, error: Exception = error) -> bytes:
            raise error

        driver = tree.sync(VILLAGE)
        driver.transport = MemoryTransport(fail)
        report = driver.run_once()
        codes.append((report.outcome, report.error_code))

    assert codes == [
        ("link_lost", "TransportError"),
        ("refused", "login"),
        ("failed", "PeerProtocolError"),
    ]
