"""What the port promises of documents and local documents, every store keeps."""

from functools import partial

import pytest

from sync.errors import StoreConflictError
from sync.ports import Store
from tests.support.stores import STREET, VILLAGE, document, ids, revision, run_together, store

__all__ = ["store"]


def test_a_new_store_is_empty_and_has_an_incarnation(store: Store) -> None:
    changes = store.changes(0, limit=10)

    assert store.last_seq == 0
    assert len(bytes.fromhex(store.incarnation)) == 16
    assert (changes.rows, changes.last_seq, changes.more) == ((), 0, False)


def test_a_document_comes_back_as_it_was_put(store: Store) -> None:
    put = document(
        "收件-1",
        content={"record": "甲" * 500, "n": [1, {"x": None}]},
        tags=(VILLAGE, STREET, "case:00"),
        origin="120103001001",
    )

    last_seq = store.put([put])

    assert last_seq == store.last_seq == 1
    assert store.get("cases", "收件-1") == put
    assert store.changes(0, limit=1).rows[0].document == put


def test_a_name_is_looked_up_in_its_own_database_only(store: Store) -> None:
    store.put([document("a"), document("a", database="keys", content={"grant": 1})])

    in_keys = store.get("keys", "a")

    assert in_keys is not None
    assert in_keys.body == b'{"grant":1}'
    assert store.get("cases", "b") is None
    assert store.get("quarantine", "a") is None


def test_a_revision_put_again_takes_no_number_and_changes_nothing(store: Store) -> None:
    first = document("a", tags=(VILLAGE,))
    store.put([first, document("b")])

    again = store.put([document("a", tags=(STREET,), origin="120103001000")])

    assert again == 2
    assert store.get("cases", "a") == first
    assert ids(store.changes(0, limit=10)) == ["a", "b"]


def test_one_batch_may_name_a_revision_twice(store: Store) -> None:
    assert store.put([document("a"), document("b"), document("a")]) == 2


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_the_winner_is_couchdbs_whatever_the_order_of_arrival(
    store: Store, order: list[int]
) -> None:
    revisions = [
        document("a", rev=revision(2, "1"), content={"n": 0}),
        document("a", rev=revision(2, "b"), content={"n": 1}),
        document("a", rev=revision(1, "f"), content={"n": 2}),
    ]

    for place in order:
        store.put([revisions[place]])

    assert store.get("cases", "a") == revisions[1]


def test_a_generation_is_compared_as_a_number(store: Store) -> None:
    store.put([document("a", rev=revision(10, "0")), document("a", rev=revision(9, "f"))])

    winner = store.get("cases", "a")

    assert winner is not None
    assert winner.rev == revision(10, "0")


def test_missing_names_what_is_not_here_and_nothing_else(store: Store) -> None:
    store.put([document("a", rev=revision(1, "a")), document("a", rev=revision(1, "b"))])
    asked = {
        "a": [
            revision(2, "c"),
            revision(1, "b"),
            revision(1, "a"),
            revision(1, "c"),
            revision(2, "c"),
        ],
        "known": [revision(1, "b")],
        "none": [],
    }
    store.put([document("known", rev=revision(1, "b"))])

    lacking = store.missing("cases", asked)

    assert lacking == {"a": [revision(2, "c"), revision(1, "c")]}
    assert store.missing("keys", {"a": [revision(1, "a")]}) == {"a": [revision(1, "a")]}


def test_local_documents_are_set_replaced_and_deleted_with_a_put(store: Store) -> None:
    store.put([], {"cursor/a": b"1", "cursor/b": b"2", "feed/head": b"\x00"})

    store.put([document("a")], {"cursor/a": b"3", "cursor/b": None, "cursor/z": None})

    assert store.local("cursor/a") == b"3"
    assert store.local("cursor/b") is None
    assert store.locals("cursor/") == {"cursor/a": b"3"}
    assert store.locals("") == {"cursor/a": b"3", "feed/head": b"\x00"}


def test_local_documents_take_no_number_and_enter_no_feed(store: Store) -> None:
    assert store.put([], {"cursor": b"1"}) == 0
    assert store.changes(0, limit=9).rows == ()


def test_locals_come_in_the_order_of_their_keys_and_by_literal_prefix(store: Store) -> None:
    store.put([], dict.fromkeys(["a%", "a_", "ab", "a", "b", "a\U0010ffffz", "A"], b"v"))

    assert list(store.locals("a")) == ["a", "a%", "a_", "ab", "a\U0010ffffz"]
    assert list(store.locals("a%")) == ["a%"]


def test_an_expected_local_value_lets_the_put_through(store: Store) -> None:
    store.put([], {"head": b"1"}, expect={"head": None})

    store.put([document("a")], {"head": b"2"}, expect={"head": b"1", "other": None})

    assert store.local("head") == b"2"


@pytest.mark.parametrize("expected", [None, b"0"])
def test_a_changed_local_value_stops_the_whole_put(
    store: Store, expected: bytes | None
) -> None:
    store.put([], {"head": b"1"})

    with pytest.raises(StoreConflictError, match="'head' was changed"):
        store.put([document("a")], {"head": b"2"}, expect={"head": expected})

    assert store.local("head") == b"1"
    assert store.last_seq == 0
    assert store.get("cases", "a") is None


def test_of_many_that_expect_the_same_head_one_wins_each_round(store: Store) -> None:
    store.put([], {"head": b"0"})
    refused: list[StoreConflictError] = []

    def append(name: str) -> None:
        for number in range(20):
            head = store.local("head")
            assert head is not None
            try:
                store.put(
                    [document(f"{name}{number}")],
                    {"head": str(int(head) + 1).encode()},
                    expect={"head": head},
                )
            except StoreConflictError as error:
                refused.append(error)

    run_together(*(partial(append, name) for name in "abcd"))

    head = store.local("head")
    assert head is not None
    assert int(head) == store.last_seq == 80 - len(refused)
