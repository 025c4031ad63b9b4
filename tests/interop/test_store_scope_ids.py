"""The ids of a scope, all of them or a range, as both stores give them to a comparison."""

import hashlib

from sync.ports import Store
from tests.support.stores import STREET, VILLAGE, document, store

__all__ = ["store"]

UPTO = 1_000_000


def record(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def all_ids(store: Store, tag: str = VILLAGE, upto: int = UPTO) -> list[str]:
    joined = "".join(store.scope_ids(tag, upto=upto, databases=("cases", "keys")))
    return [joined[begin : begin + 64] for begin in range(0, len(joined), 64)]


def test_the_ids_of_a_scope_come_in_the_order_of_the_feed(store: Store) -> None:
    store.put([document(record(number), tags=(VILLAGE, STREET)) for number in range(9)])
    store.put([document(record(90), tags=(STREET,)), document(record(91))])

    assert all_ids(store) == [record(number) for number in range(9)]


def test_more_ids_than_one_piece_holds_all_come(store: Store) -> None:
    ids = [record(number) for number in range(9_000)]
    store.put([document(one, tags=(VILLAGE,)) for one in ids])

    assert all_ids(store) == ids
    assert all_ids(store, upto=5_000) == ids[:5_000]


def test_a_scope_that_nothing_has_is_empty(store: Store) -> None:
    store.put([document(record(1), tags=(STREET,))])

    assert all_ids(store, tag="unit:999999999999") == []
    assert store.scope_range(VILLAGE, "", "g", upto=UPTO, databases=("cases",)) == []


def test_only_the_databases_that_were_asked_for_count(store: Store) -> None:
    store.put(
        [
            document(record(1), tags=(VILLAGE,), database="keys"),
            document(record(2), tags=(VILLAGE,), database="quarantine"),
            document(record(3), tags=(VILLAGE,)),
        ]
    )

    assert sorted(all_ids(store)) == sorted([record(1), record(3)])


def test_documents_that_no_record_names_are_left_out(store: Store) -> None:
    names = [record(1), "收件-1", record(2).upper(), record(3)[:63], record(4)[:63] + "g"]
    store.put([document(name, tags=(VILLAGE,)) for name in names])

    rows = store.scope_range(VILLAGE, "", "g", upto=UPTO, databases=("cases",))

    assert all_ids(store) == [record(1)]
    assert [row[1] for row in rows] == [record(1)]


def test_a_range_holds_what_begins_with_its_digits_and_nothing_else(store: Store) -> None:
    ids = sorted(record(number) for number in range(200))
    store.put([document(one, tags=(VILLAGE,)) for one in ids])
    store.put([document(record(999), tags=(STREET,))])
    databases = ("cases", "keys")

    rows = store.scope_range(VILLAGE, "a", "ag", upto=UPTO, databases=databases)

    wanted = [one for one in ids if one.startswith("a")]
    assert rows == [("cases", one, ids.index(one) + 1) for one in wanted]
    assert store.scope_range(VILLAGE, "a", "ag", upto=3, databases=databases) == []
