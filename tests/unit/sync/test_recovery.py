"""A node that was set back or ran out of disk is made whole by its neighbours."""

from collections.abc import Mapping, Sequence

from sync.errors import StoreFullError
from sync.ports import NO_LOCALS, Document
from sync.stores.memory import MemoryStore
from tests.support.tree import PATH, STREET, VILLAGE, Tree, memory_store, restored


class FullStore(MemoryStore):
    """A store whose disk can be full."""

    def __init__(self) -> None:
        super().__init__(bytes)
        self.is_full = False

    def put(
        self,
        documents: Sequence[Document],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        *,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> int:
        if self.is_full:
            raise StoreFullError("no space left on the disk")
        return super().put(documents, local, expect=expect)


def test_a_restored_child_gets_back_what_it_had_sent() -> None:
    tree = Tree()
    tree[VILLAGE].write(3)
    tree.settle()
    backup = restored(tree[VILLAGE].store)
    lost = tree[VILLAGE].write(4)
    tree.settle()

    tree[VILLAGE].store = backup()
    tree[STREET].write(1, path=PATH)
    tree.settle()
    tree[VILLAGE].write(1)
    tree.settle()

    assert {record.id for record in lost} <= set(tree[VILLAGE].ids)
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)
    assert tree[STREET].store.changes(0, limit=10, databases=("quarantine",)).rows == ()


def test_a_restored_parent_is_given_what_it_lost() -> None:
    tree = Tree()
    tree[VILLAGE].write(3)
    tree.settle()
    backup = restored(tree[STREET].store)
    tree[VILLAGE].write(4)
    tree.settle()

    tree[STREET].store = backup()
    report = tree.sync(VILLAGE).run_once()

    assert report.outcome == "done"
    assert len(tree[VILLAGE].ids) == 7
    assert tree[STREET].ids == tree[VILLAGE].ids


def test_a_parent_with_an_empty_store_is_filled_again() -> None:
    tree = Tree()
    tree[VILLAGE].write(5)
    tree.settle()

    tree[STREET].store = memory_store("a new machine")
    tree.settle()

    assert set(tree[STREET].ids) == set(tree[VILLAGE].ids)


def test_a_child_with_an_empty_store_is_filled_again() -> None:
    tree = Tree()
    tree[VILLAGE].write(5)
    tree[STREET].write(1, path=PATH)
    tree.settle()

    tree[VILLAGE].store = memory_store("a new machine")
    tree.settle()
    tree[VILLAGE].write(1)
    tree.settle()

    assert len(tree[VILLAGE].ids) == 7
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_a_full_disk_here_does_not_hold_our_records_back() -> None:
    tree = Tree()
    store = FullStore()
    tree[VILLAGE].store = store
    tree[VILLAGE].write(400)
    tree[STREET].write(1, path=PATH)
    store.is_full = True

    full = tree.sync(VILLAGE).run_once()
    arrived = len(tree[STREET].ids)
    store.is_full = False
    tree.settle()

    assert (full.outcome, full.error_code) == ("failed", "StoreFullError")
    assert arrived == 401
    assert set(tree[VILLAGE].ids) == set(tree[STREET].ids)


def test_a_full_disk_above_is_said_so_and_loses_nothing() -> None:
    tree = Tree()
    store = FullStore()
    tree[STREET].store = store
    tree[VILLAGE].write(2)
    store.is_full = True

    report = tree.sync(VILLAGE).run_once()
    store.is_full = False
    tree.settle()

    assert (report.outcome, report.error_code) == ("refused", "store_full")
    assert tree[STREET].ids == tree[VILLAGE].ids
