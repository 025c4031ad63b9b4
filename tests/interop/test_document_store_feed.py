"""What the port promises of lists and feeds of a database, every store keeps."""

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.couch_ports import DocumentStore
from sync.couch_values import IdRange
from sync.errors import DocumentRefusedError, StoreError, UnknownDatabaseError
from sync.stores.memory import MemoryStore
from sync.stores.sqlite import SqliteStore
from tests.support.document_stores import NAME, changed, documents, edit, give, revision
from tests.support.stores import run_together

__all__ = ["documents"]


def ids(documents: DocumentStore, span: IdRange) -> list[str]:
    return [row.key for row in documents.rows(NAME, span).rows]


def test_a_feed_counts_its_own_changes_from_one(documents: DocumentStore) -> None:
    documents.create_database("other")
    for number in range(3):
        edit(documents, f"d{number}")
        documents.write("other", [revision(f"o{number}")], new_edits=True)

    assert [row[:2] for row in changed(documents)] == [(1, "d0"), (2, "d1"), (3, "d2")]
    assert documents.describe("other").update_seq == 3


def test_a_document_has_one_row_at_its_latest_change(documents: DocumentStore) -> None:
    give(documents, revision("a", "1-a"), revision("b", "1-b"), revision("a", "2-a 1-a"))

    assert changed(documents) == [(2, "b", "1-b", False), (3, "a", "2-a", False)]
    assert changed(documents, since=2) == [(3, "a", "2-a", False)]


def test_a_row_lists_the_winner_or_every_leaf(documents: DocumentStore) -> None:
    give(documents, revision("a", "1-a"), revision("a", "1-z", deleted=True))

    main = documents.feed(NAME, 0, limit=9).rows[0]
    every = documents.feed(NAME, 0, limit=9, style="all_docs").rows[0]

    assert (main.revs, main.deleted) == (("1-a",), False)
    assert every.revs == ("1-a", "1-z")


def test_a_losing_leaf_moves_the_row_all_the_same(documents: DocumentStore) -> None:
    give(documents, revision("a", "2-b 1-a"), revision("b", "1-b"), revision("a", "2-a 1-a"))

    assert changed(documents) == [(2, "b", "1-b", False), (3, "a", "2-b 2-a", False)]


def test_pages_say_where_to_go_on_and_how_much_remains(documents: DocumentStore) -> None:
    give(documents, *[revision(f"d{number}", "1-a") for number in range(5)])

    first = documents.feed(NAME, 0, limit=2)
    second = documents.feed(NAME, first.last_seq, limit=2)
    last = documents.feed(NAME, second.last_seq, limit=2)
    end = documents.feed(NAME, last.last_seq, limit=2)

    assert [(page.last_seq, page.pending) for page in (first, second, last, end)] == [
        (2, 3),
        (4, 1),
        (5, 0),
        (5, 0),
    ]
    assert [row.id for row in last.rows] == ["d4"]


def test_a_limit_of_nought_counts_what_remains(documents: DocumentStore) -> None:
    give(documents, revision("a", "1-a"), revision("b", "1-b"))

    page = documents.feed(NAME, 1, limit=0)

    assert (page.rows, page.last_seq, page.pending) == ((), 1, 1)


def test_a_feed_can_be_read_from_the_latest_change_back(documents: DocumentStore) -> None:
    give(documents, *[revision(name, "1-a") for name in "abc"])

    back = documents.feed(NAME, 0, limit=2, descending=True)

    assert [row.id for row in back.rows] == ["c", "b"]
    assert back.pending > 0


def test_a_feed_of_named_documents_holds_those_alone_in_order(documents: DocumentStore) -> None:
    give(documents, *[revision(name, "1-a") for name in "abcd"], revision("a", "2-b 1-a"))
    asked = ["d", "a", "absent", "b", "a"]

    page = documents.feed(NAME, 0, limit=9, document_ids=asked)
    cut = documents.feed(NAME, 0, limit=2, document_ids=asked)
    later = documents.feed(NAME, 4, limit=9, document_ids=asked)
    back = documents.feed(NAME, 0, limit=9, document_ids=asked, descending=True)

    assert [(row.seq, row.id) for row in page.rows] == [(2, "b"), (4, "d"), (5, "a")]
    assert (page.last_seq, page.pending) == (5, 0)
    assert ([row.id for row in cut.rows], cut.last_seq, cut.pending) == (["b", "d"], 4, 1)
    assert [row.id for row in later.rows] == ["a"]
    assert [row.id for row in back.rows] == ["a", "d", "b"]
    assert documents.feed(NAME, 0, limit=9, document_ids=[]).rows == ()


def test_documents_are_listed_by_id_without_those_deleted(documents: DocumentStore) -> None:
    give(
        documents, *[revision(name, f"1-{name}") for name in ("b", "é", "a", "B", "_design/v")]
    )
    edit(documents, "b", "1-b", deleted=True)

    page = documents.rows(NAME, IdRange())

    assert [(row.key, row.rev) for row in page.rows] == [
        ("B", "1-B"),
        ("_design/v", "1-_design/v"),
        ("a", "1-a"),
        ("é", "1-é"),
    ]
    assert (page.total, page.offset) == (4, 0)


@pytest.mark.parametrize(
    ("span", "found", "offset"),
    [
        (IdRange(start="b"), "bcde", 1),
        (IdRange(start="bb", end="d"), "cd", 2),
        (IdRange(end="d", inclusive_end=False), "abc", 0),
        (IdRange(limit=2), "ab", 0),
        (IdRange(skip=2, limit=2), "cd", 2),
        (IdRange(start="b", skip=1, limit=1), "c", 2),
        (IdRange(limit=0), "", 0),
        (IdRange(skip=9), "", 5),
        (IdRange(start="x"), "", 5),
        (IdRange(descending=True), "edcba", 0),
        (IdRange(descending=True, start="d", end="b"), "dcb", 1),
        (IdRange(descending=True, start="d", end="b", inclusive_end=False), "dc", 1),
        (IdRange(start="d", end="b"), "", 3),
    ],
)
def test_a_range_of_ids_is_cut_as_asked(
    documents: DocumentStore, span: IdRange, found: str, offset: int
) -> None:
    give(documents, *[revision(name, "1-a") for name in "dbace"])

    page = documents.rows(NAME, span)

    assert "".join(row.key for row in page.rows) == found
    assert (page.total, page.offset) == (5, offset)


def test_keys_are_answered_in_order_with_what_is_deleted_or_absent(
    documents: DocumentStore,
) -> None:
    give(documents, revision("a", "1-a"), revision("b", "1-b", deleted=True))

    page = documents.rows_of(NAME, ["b", "none", "a", "a", ""])

    assert [(row.key, row.rev, row.deleted) for row in page.rows] == [
        ("b", "1-b", True),
        ("none", "", False),
        ("a", "1-a", False),
        ("a", "1-a", False),
        ("", "", False),
    ]
    assert (page.total, page.offset) == (1, None)


def test_local_documents_are_listed_by_id(documents: DocumentStore) -> None:
    for name in "cab":
        documents.put_local(NAME, name, b"{}", rev=None, checked=False)

    listed = documents.local_rows(NAME, IdRange(descending=True, end="b"))

    assert [(one.id, one.rev) for one in listed] == [("c", "0-1"), ("b", "0-1")]


def test_a_change_that_is_there_is_not_waited_for(documents: DocumentStore) -> None:
    edit(documents, "a")

    assert documents.wait_for_change(NAME, 0, 30)


def test_a_wait_ends_when_the_time_has_passed(documents: DocumentStore) -> None:
    edit(documents, "a")

    assert not documents.wait_for_change(NAME, 1, 0.02)
    assert not documents.wait_for_change(NAME, 7, 0)


def edit_another(documents: DocumentStore) -> None:
    edit(documents, "b")


def purge_it(documents: DocumentStore) -> None:
    documents.purge(NAME, {"a": ["1-a"]})


def delete_all(documents: DocumentStore) -> None:
    documents.delete_database(NAME)


@pytest.mark.parametrize("act", [edit_another, purge_it, delete_all])
def test_who_waits_is_woken_by_a_change_a_purge_or_a_deletion(
    documents: DocumentStore, act: Callable[[DocumentStore], None]
) -> None:
    give(documents, revision("a", "1-a"))
    woken: list[str] = []
    both = threading.Barrier(2)

    def wait() -> None:
        both.wait(30)
        try:
            woken.append("in time" if documents.wait_for_change(NAME, 1, 30) else "too late")
        except UnknownDatabaseError:
            # Deleted before the wait began.
            woken.append("in time")

    def disturb() -> None:
        both.wait(30)
        act(documents)

    run_together(wait, disturb)

    assert woken == ["in time"]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_who_waits_is_woken_by_the_end_of_the_store(tmp_path: Path, kind: str) -> None:
    random_bytes = random.Random(1).randbytes
    store: DocumentStore = (
        MemoryStore(random_bytes)
        if kind == "memory"
        else SqliteStore.open(tmp_path / "store.sqlite", random_bytes)
    )
    store.create_database(NAME)
    both = threading.Barrier(2)
    woken: list[str] = []

    def wait() -> None:
        both.wait(30)
        try:
            woken.append("in time" if store.wait_for_change(NAME, 0, 30) else "too late")
        except StoreError:
            # Closed before the wait began.
            woken.append("in time")

    def close() -> None:
        both.wait(30)
        store.close()

    run_together(wait, close)

    assert woken == ["in time"]


def test_changes_elsewhere_wake_nobody(documents: DocumentStore) -> None:
    documents.create_database("other")
    done: list[bool] = []

    def wait() -> None:
        done.append(documents.wait_for_change(NAME, 0, 0.2))

    def act() -> None:
        for number in range(5):
            documents.write("other", [revision(f"o{number}")], new_edits=True)

    run_together(wait, act)

    assert done == [False]


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.feed(NAME, -1, limit=1),
        lambda store: store.feed(NAME, 2**63, limit=1),
        lambda store: store.feed(NAME, 0, limit=-1),
        lambda store: store.feed(NAME, 0, limit=1, document_ids=["\ud800"]),
        lambda store: store.rows(NAME, IdRange(skip=-1)),
        lambda store: store.rows(NAME, IdRange(limit=2**63)),
        lambda store: store.rows(NAME, IdRange(start="\ud800")),
        lambda store: store.rows_of(NAME, ["a"] * 100_001),
        lambda store: store.local_rows(NAME, IdRange(end="\ud800")),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(documents: DocumentStore, call: object) -> None:
    with pytest.raises(DocumentRefusedError):
        call(documents)  # type: ignore[operator]
