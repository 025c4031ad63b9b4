"""A store that was lost or set back is known by the mark beside it, and nothing is written."""

import random
from pathlib import Path

import pytest

from casebook.intake import Intake
from cases.errors import UnlawfulActError
from sync.documents import first_revision
from sync.ports import Document
from sync.stores.memory import MemoryStore
from tests.support.network import VILLAGE, make_network
from web.mark import StoreMark


def store_of(seed: int, documents: int = 0) -> MemoryStore:
    store = MemoryStore(random.Random(seed).randbytes)
    for number in range(documents):
        body = b'{"n":%d}' % number
        store.put([Document("cases", f"d{number}", first_revision(body), body)])
    return store


@pytest.fixture
def mark(tmp_path: Path) -> StoreMark:
    return StoreMark(tmp_path / "store-mark.json")


def test_a_new_installation_is_not_behind(mark: StoreMark) -> None:
    assert not mark.is_behind(store_of(1))


def test_the_same_store_is_not_behind_however_far_it_went_since(mark: StoreMark) -> None:
    mark.set(store_of(1, documents=2))

    assert not mark.is_behind(store_of(1, documents=2))
    assert not mark.is_behind(store_of(1, documents=5))


def test_an_older_copy_is_behind(mark: StoreMark) -> None:
    mark.set(store_of(1, documents=5))

    assert mark.is_behind(store_of(1, documents=4))


def test_another_store_is_behind_even_when_it_is_longer(mark: StoreMark) -> None:
    mark.set(store_of(1, documents=2))

    assert mark.is_behind(store_of(2, documents=9))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"incarnation": "x"}', b"\xff"])
def test_a_damaged_mark_says_nothing_and_is_written_anew(
    mark: StoreMark, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "store-mark.json").write_bytes(content)
    before = mark.is_behind(store_of(1))

    mark.set(store_of(1, documents=3))

    assert not before
    assert mark.is_behind(store_of(1, documents=1))


def test_a_held_casebook_writes_nothing_until_it_is_released() -> None:
    village = make_network().places[VILLAGE]
    village.casebook.hold()

    with pytest.raises(UnlawfulActError, match="store_set_back"):
        village.casebook.receive("MZ-009", Intake({}, ()), village.clerk())
    assert village.store.last_seq == 0

    village.casebook.release()
    village.casebook.receive("MZ-009", Intake({}, ()), village.clerk())
    assert village.casebook.rows("mine").total == 1
