"""What the port promises of the feed, every store keeps: no gap, no repeat, no foreign row."""

import threading
from functools import partial

import pytest

from sync.ports import Store
from tests.support.stores import (
    NEIGHBOUR,
    STREET,
    VILLAGE,
    document,
    ids,
    revision,
    run_together,
    store,
)

__all__ = ["store"]


def test_numbers_run_over_all_databases_in_the_order_of_the_puts(store: Store) -> None:
    store.put([document("k", database="keys"), document("a")])
    store.put([document("l", database="keys")])

    rows = store.changes(0, limit=10).rows

    assert [(row.seq, row.document.id) for row in rows] == [(1, "k"), (2, "a"), (3, "l")]


def test_a_conflicting_revision_moves_the_row_of_its_document(store: Store) -> None:
    store.put([document("a", rev=revision(1, "a")), document("b")])

    store.put([document("a", rev=revision(1, "3"), content={"other": 1})])
    rows = store.changes(0, limit=10).rows

    assert [(row.seq, row.document.id, row.document.rev[:3]) for row in rows] == [
        (2, "b", "1-" + document("b").rev[2]),
        (3, "a", "1-a"),
    ]


def test_a_scope_follows_the_tags_of_the_winner(store: Store) -> None:
    store.put([document("a", rev=revision(1, "a"), tags=(VILLAGE, STREET))])

    store.put([document("a", rev=revision(1, "b"), tags=(NEIGHBOUR, STREET))])

    assert ids(store.changes(0, limit=10, tag=VILLAGE)) == []
    assert ids(store.changes(0, limit=10, tag=NEIGHBOUR)) == ["a"]
    assert [row.seq for row in store.changes(0, limit=10, tag=STREET).rows] == [2]


def test_a_feed_is_read_in_pages_without_a_gap(store: Store) -> None:
    store.put([document(f"d{number}") for number in range(7)])
    since, pages = 0, []

    while True:
        page = store.changes(since, limit=3)
        pages.append(ids(page))
        since = page.last_seq
        if not page.more:
            break

    assert pages == [["d0", "d1", "d2"], ["d3", "d4", "d5"], ["d6"]]
    assert since == 7


def test_a_page_that_ends_with_the_feed_says_that_nothing_remains(store: Store) -> None:
    store.put([document("a"), document("b")])

    assert store.changes(0, limit=2).more is False
    assert store.changes(0, limit=1).more is True


def test_a_limit_of_nought_asks_only_whether_rows_remain(store: Store) -> None:
    store.put([document("a")])

    before, after = store.changes(0, limit=0), store.changes(1, limit=0)

    assert (before.rows, before.last_seq, before.more) == ((), 0, True)
    assert (after.rows, after.last_seq, after.more) == ((), 1, False)


def test_a_page_stops_before_the_bytes_exceed_the_limit(store: Store) -> None:
    bodies = [document(name, content={"record": "x" * 88}) for name in "abc"]
    store.put(bodies)
    size = len(bodies[0].body)

    assert ids(store.changes(0, limit=9, bytes_max=2 * size)) == ["a", "b"]
    assert ids(store.changes(0, limit=9, bytes_max=2 * size - 1)) == ["a"]
    assert store.changes(0, limit=9, bytes_max=3 * size).more is False


def test_a_row_larger_than_the_byte_limit_is_given_alone(store: Store) -> None:
    store.put([document("a"), document("b")])

    page = store.changes(0, limit=9, bytes_max=0)

    assert (ids(page), page.last_seq, page.more) == (["a"], 1, True)


def test_a_scope_gives_its_own_rows_and_passes_all_others(store: Store) -> None:
    store.put([document("a", tags=(VILLAGE,)), document("b", tags=(VILLAGE, STREET))])
    store.put([document("c", tags=(NEIGHBOUR,))])

    page = store.changes(0, limit=9, tag=VILLAGE)

    assert (ids(page), page.last_seq, page.more) == (["a", "b"], 3, False)
    assert ids(store.changes(1, limit=9, tag=VILLAGE)) == ["b"]


def test_the_feed_of_an_unknown_scope_is_empty_and_at_the_end(store: Store) -> None:
    store.put([document("a")])

    page = store.changes(0, limit=9, tag="unit:999999999999")

    assert (page.rows, page.last_seq, page.more) == ((), 1, False)


@pytest.mark.parametrize("tag", [None, VILLAGE])
def test_what_came_from_a_unit_is_left_out_of_its_feed_and_passed(
    store: Store, tag: str | None
) -> None:
    store.put(
        [
            document("own", tags=(VILLAGE,), origin="120103001001"),
            document("from above", tags=(VILLAGE,), origin="120103000000"),
            document("written here", tags=(VILLAGE,)),
            document("own too", tags=(VILLAGE,), origin="120103001001"),
        ]
    )

    page = store.changes(0, limit=2, tag=tag, skip_origin="120103001001")

    assert (ids(page), page.last_seq) == (["from above", "written here"], 4)
    assert page.more is False
    assert ids(store.changes(0, limit=9, tag=tag, skip_origin="")) == [
        "own",
        "from above",
        "own too",
    ]
    assert len(store.changes(0, limit=9, tag=tag, skip_origin="990000000000").rows) == 4


@pytest.mark.parametrize("tag", [None, VILLAGE])
def test_a_feed_can_be_narrowed_to_databases(store: Store, tag: str | None) -> None:
    for database in ("cases", "keys", "quarantine"):
        store.put([document("a", database=database, tags=(VILLAGE,))])

    page = store.changes(0, limit=9, tag=tag, databases=("quarantine", "cases", "audit"))

    assert [row.document.database for row in page.rows] == ["cases", "quarantine"]
    assert store.changes(0, limit=9, tag=tag, databases=("audit",)).rows == ()


def test_a_cursor_past_the_end_is_answered_with_a_smaller_one(store: Store) -> None:
    store.put([document("a")])

    page = store.changes(9, limit=9)

    assert (page.rows, page.last_seq, page.more) == ((), 1, False)


def test_readers_see_every_number_exactly_once_while_others_write(store: Store) -> None:
    seen: list[list[int]] = [[], []]
    stop = threading.Event()

    def write(name: str) -> None:
        for number in range(30):
            store.put([document(f"{name}{number}-{part}") for part in range(3)])

    def read(rows: list[int]) -> None:
        while True:
            last_round = stop.is_set()
            page = store.changes(rows[-1] if rows else 0, limit=7)
            rows.extend(row.seq for row in page.rows)
            if last_round and not page.more:
                return

    readers = [threading.Thread(target=read, args=(rows,)) for rows in seen]
    for reader in readers:
        reader.start()
    run_together(*(partial(write, name) for name in "abc"))
    stop.set()
    for reader in readers:
        reader.join(30)

    assert seen == [list(range(1, 271))] * 2


def test_readers_see_a_put_whole_or_not_at_all(store: Store) -> None:
    torn: list[tuple[int, int]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            page = store.changes(0, limit=1000)
            if len(page.rows) % 5 or len(page.rows) != page.last_seq:
                torn.append((len(page.rows), page.last_seq))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(25):
        store.put([document(f"{number}-{part}") for part in range(5)])
    stop.set()
    reader.join(30)

    assert torn == []
