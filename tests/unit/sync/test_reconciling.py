"""When two neighbours compare, and that both are whole afterwards without sending all again."""

from dataclasses import replace

import pytest

from sync.driver import UpstreamDriver
from sync.protocol.compare_messages import Compare, Compared
from sync.protocol.cursors import child_key, decode_child, decode_up, down_key, up_key
from sync.protocol.messages import VERSIONS, Cursor, Refusal
from sync.protocol.ranges import ROOT, Listing, Split
from sync.stores.memory import MemoryStore
from sync.transports.memory import Fault
from tests.support.tree import (
    CITY,
    OTHER_VILLAGE,
    PATH,
    STREET,
    VILLAGE,
    Tree,
    device_of,
    memory_store,
    restored,
)

RECORD_BYTES = 600


def full_tree(count: int = 600) -> Tree:
    """A village and its street that hold the same records."""
    tree = Tree()
    tree[VILLAGE].write(count)
    tree[STREET].write(5, path=PATH)
    tree.settle()
    return tree


def copy_of(tree: Tree, unit: str, *, without: int, local: bool) -> MemoryStore:
    """A store of another incarnation that lacks some of the records."""
    old = tree[unit].store
    documents = [row.document for row in old.changes(0, limit=100_000).rows]
    kept = [one for place, one in enumerate(documents) if place % 60 >= without]
    fresh = memory_store(f"a copy of {unit}")
    fresh.put(kept, old.locals("" if local else "feed/") if not without else {})
    return fresh


def cost(driver: UpstreamDriver) -> int:
    report = driver.run_once()
    assert report.outcome == "done", report
    return report.bytes_sent + report.bytes_received


def test_a_child_that_lost_its_cursors_compares_and_sends_nothing_again() -> None:
    tree = full_tree()
    tree[VILLAGE].store = copy_of(tree, VILLAGE, without=0, local=False)

    moved = cost(tree.sync(VILLAGE))

    assert moved < 6_000
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_a_child_that_lost_some_records_gets_those_and_no_others() -> None:
    tree = full_tree()
    tree[VILLAGE].store = copy_of(tree, VILLAGE, without=1, local=False)
    lost = len(tree[STREET].ids) - len(tree[VILLAGE].ids)

    moved = cost(tree.sync(VILLAGE))

    assert lost == 11
    assert moved < 20_000 + lost * RECORD_BYTES * 2
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_a_parent_that_was_set_back_is_repaired_without_sending_all_again() -> None:
    tree = full_tree()
    backup = restored(tree[STREET].store)
    tree[VILLAGE].write(20)
    tree.settle()
    tree[STREET].store = backup()

    moved = cost(tree.sync(VILLAGE))

    assert moved < 20_000 + 20 * RECORD_BYTES * 2
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_a_child_under_a_new_incarnation_does_not_send_all_again() -> None:
    tree = full_tree()
    tree[VILLAGE].store = copy_of(tree, VILLAGE, without=0, local=True)

    moved = cost(tree.sync(VILLAGE))

    assert moved < 12_000


def test_children_give_a_root_back_what_only_the_root_had_written() -> None:
    tree = full_tree(20)
    backup = restored(tree[CITY].store)
    written = tree[CITY].write(7, path=PATH)
    tree.settle()

    tree[CITY].store = backup()
    tree.settle()

    assert {record.id for record in written} <= set(tree[CITY].ids)
    assert tree[CITY].store.changes(0, limit=9, databases=("quarantine",)).rows == ()
    tree[CITY].write(1, path=PATH)
    tree.settle()
    assert set(tree[CITY].ids) == set(tree[STREET].ids)


def test_afterwards_both_sides_go_on_from_where_they_compared() -> None:
    tree = full_tree()
    tree[VILLAGE].store = copy_of(tree, VILLAGE, without=0, local=False)
    tree.sync(VILLAGE).run_once()
    tree[VILLAGE].write(1)

    report = tree.sync(VILLAGE).run_once()

    assert (report.pushed, report.pulled, report.round_trips) == (1, 0, 1)
    child = decode_child(tree[STREET].store.local(child_key(device_of(VILLAGE))))
    up = decode_up(tree[VILLAGE].store.local(up_key(STREET)))
    assert child is not None
    assert up is not None
    assert child.seq == up.seq == tree[VILLAGE].store.last_seq


def test_a_store_that_the_parent_knows_nothing_of_is_sent_in_the_ordinary_way() -> None:
    tree = Tree()
    tree[VILLAGE].write(1_000)

    report = tree.sync(VILLAGE).run_once()

    assert (report.outcome, report.pushed) == ("done", 1_000)
    assert tree[STREET].ids == tree[VILLAGE].ids


@pytest.mark.parametrize("cut_after", [1, 2, 3])
def test_a_comparison_that_was_cut_goes_on_in_the_next_session(cut_after: int) -> None:
    tree = full_tree()
    tree[VILLAGE].store = copy_of(tree, VILLAGE, without=1, local=False)
    faults: list[Fault | None] = [None] * cut_after
    faults.append(Fault(answer_bytes=10))
    driver = tree.sync(VILLAGE, lambda: faults.pop(0) if faults else None)
    driver.run_once()

    report = driver.run_once()

    assert report.outcome == "done"
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_a_parent_that_changes_its_store_meanwhile_is_compared_anew() -> None:
    tree = full_tree()
    tree[VILLAGE].store = copy_of(tree, VILLAGE, without=1, local=False)
    faults: list[Fault | None] = [None, Fault(answer_bytes=10)]
    driver = tree.sync(VILLAGE, lambda: faults.pop(0) if faults else None)
    driver.run_once()
    tree[STREET].store = copy_of(tree, STREET, without=2, local=False)

    report = driver.run_once()

    assert report.outcome == "done"
    assert len(tree[VILLAGE].ids) == len(tree[STREET].ids)


def test_two_machines_of_one_unit_share_their_records_and_send_nothing_twice() -> None:
    tree = full_tree(30)
    stores = {"01": tree[VILLAGE].store, "02": memory_store("the second machine")}
    answering = tree[STREET].answering
    first = tree.sync(VILLAGE)
    second = tree.sync(VILLAGE)
    second.link = replace(second.link, device=device_of(VILLAGE))
    second.store = stores["02"]
    tree[VILLAGE].store = stores["02"]
    assert tree.sync(VILLAGE).run_once().pulled == 35

    tree[VILLAGE].store = stores["01"]

    assert answering.unit == STREET
    assert first.run_once().outcome == "done"


def compare_message(**changes: object) -> Compare:
    message = Compare(
        versions=VERSIONS,
        unit=VILLAGE,
        device=device_of(VILLAGE),
        incarnation="ab" * 16,
        update_seq=10,
        key=bytes(16),
        place=None,
        ranges=(),
        wanted=(),
        records=(),
        settle=None,
        bytes_max=1 << 16,
        now_ms=0,
    )
    return replace(message, **changes)  # type: ignore[arg-type]


def test_nobody_compares_in_the_name_of_another() -> None:
    tree = full_tree(3)

    refusal = tree[STREET].answering.compare(compare_message(), device_of(OTHER_VILLAGE))

    assert isinstance(refusal, Refusal)
    assert refusal.code == "identity"


def test_a_child_sees_no_mark_of_what_is_not_in_its_scope() -> None:
    tree = full_tree(3)
    tree[OTHER_VILLAGE].write(9, path=(CITY, STREET, OTHER_VILLAGE))
    tree.settle()

    answer = tree[STREET].answering.compare(
        compare_message(ranges=(Split(ROOT, (1,) * 16),)), device_of(VILLAGE)
    )

    assert isinstance(answer, Compared)
    assert answer.held == 8
    listed = [mark for one in answer.entries if isinstance(one, Listing) for mark in one.marks]
    assert len(listed) == 8


def test_a_settlement_under_another_place_moves_no_cursor() -> None:
    tree = full_tree(3)
    before = tree[STREET].store.local(child_key(device_of(VILLAGE)))
    elsewhere = Cursor("cd" * 16, 1)

    answer = tree[STREET].answering.compare(
        compare_message(place=elsewhere, settle=10), device_of(VILLAGE)
    )

    assert isinstance(answer, Compared)
    assert not answer.settled
    assert tree[STREET].store.local(child_key(device_of(VILLAGE))) == before


def test_a_request_that_contradicts_itself_is_malformed() -> None:
    tree = full_tree(3)

    refusal = tree[STREET].answering.compare(
        compare_message(wanted=(Split(ROOT, (1,) * 16),)), device_of(VILLAGE)
    )

    assert isinstance(refusal, Refusal)
    assert refusal.code == "malformed"


def test_a_survey_names_what_differs_and_changes_nothing() -> None:
    tree = full_tree()
    lossy = copy_of(tree, VILLAGE, without=1, local=False)
    lossy.put([], tree[VILLAGE].store.locals("feed/"))
    tree[VILLAGE].store = lossy
    [new] = tree[VILLAGE].write(1)
    before = (tree[VILLAGE].store.last_seq, tree[STREET].store.last_seq)

    survey = tree.sync(VILLAGE).survey()

    assert survey.here == (new.raw,)
    assert len(survey.there) == 11
    assert (tree[VILLAGE].store.last_seq, tree[STREET].store.last_seq) == before


def test_a_repair_compares_although_the_cursors_say_that_all_is_well() -> None:
    tree = full_tree()
    lossy = copy_of(tree, VILLAGE, without=1, local=False)
    cursors = {
        key: tree[VILLAGE].store.local(key) for key in (up_key(STREET), down_key(STREET))
    }
    lossy.put([], cursors)
    tree[VILLAGE].store = lossy
    driver = tree.sync(VILLAGE)

    report = driver.repair()

    assert report.outcome == "done"
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)
