"""The SQLite store under both ports: files of before, what lies in it, what is durable."""

import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.couch_values import Attachment, Limits
from sync.errors import StoreError, StoreFullError
from sync.ports import Document, Store
from sync.stores.memory import MemoryStore
from sync.stores.sqlite import SqliteStore
from tests.support.document_stores import NAME, changed, edit, give, revision, winner
from tests.support.stores import STREET, change_file, document, ids
from tests.support.stores import revision as rev

RANDOM_BYTES = random.Random(8).randbytes
FIRST_REV = "1-e42c1fdacfb9a9e89900844488b71f44"
FIRST_REV_OF_B = "1-3ce0e06e419a9d0b296c9855d6310970"
"""Revisions in the golden file, of bodies with a space behind the colon."""
GOLDEN = Path(__file__).parents[1] / "golden" / "store"
SCAN = bytes(range(256)) * 3000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore.open(path, RANDOM_BYTES)
    made.create_database(NAME)
    yield made
    made.close()


@pytest.fixture(params=["memory", "sqlite"])
def either(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[MemoryStore | SqliteStore]:
    """Each kind of store in turn, by both ports at once."""
    made: MemoryStore | SqliteStore
    if request.param == "memory":
        made = MemoryStore(RANDOM_BYTES)
    else:
        made = SqliteStore.open(tmp_path / "store.sqlite", RANDOM_BYTES)
    yield made
    made.close()


def count(store: SqliteStore, question: str) -> int:
    with store._readers.reading() as reader:
        return int(reader.connection.execute(question).fetchone()[0])


def scan(data: bytes = SCAN) -> tuple[Attachment, ...]:
    return (Attachment("scan.png", "image/png", data),)


def test_a_file_of_the_first_format_goes_on_as_if_it_had_always_had_trees(path: Path) -> None:
    old = sqlite3.connect(path)
    old.executescript((GOLDEN / "format-1.sql").read_text("utf-8"))
    old.close()

    store = SqliteStore.open(path, RANDOM_BYTES)
    info = store.describe("cases")
    leaves = store.leaves("cases", "a")
    first = replace(document("a"), rev=FIRST_REV, body=b'{"record": "a"}')
    again = store.put([first])
    edited = store.write(
        "cases", [revision("b", FIRST_REV_OF_B, content={"n": 2})], new_edits=True
    )

    assert store.databases() == ("cases", "keys")
    assert (info.doc_count, info.doc_del_count, info.update_seq) == (3, 0, 6)
    assert [leaf.rev for leaf in leaves] == [rev(2, "b"), rev(2, "a"), FIRST_REV]
    assert again == 6
    assert edited[0].error == ""
    assert ids(store.changes(0, limit=9)) == ["k", "long", "a", "b"]
    assert ids(store.changes(0, limit=9, tag=STREET)) == ["a"]
    assert store.local("head") == b"1"
    assert store.quick_check() == ()
    store.close()


def test_what_was_put_is_read_as_a_document_of_its_database(
    either: MemoryStore | SqliteStore,
) -> None:
    either.put([document("k", database="keys"), document("a"), document("b")])

    found = either.read("cases", "a")
    page = either.feed("cases", 0, limit=9)

    assert either.databases() == ("cases", "keys")
    assert found is not None
    assert (found.history, found.seq, found.body) == (
        (document("a").rev,),
        2,
        document("a").body,
    )
    assert [(row.seq, row.id) for row in page.rows] == [(2, "a"), (3, "b")]
    assert (page.last_seq, page.pending) == (3, 0)
    assert either.describe("keys").doc_count == 1
    assert either.feed("keys", 0, limit=9).rows[0].id == "k"
    assert either.wait_for_change("keys", 0, 5)
    assert not either.wait_for_change("keys", 1, 0)


def test_what_was_written_is_read_as_a_document_of_the_store(
    either: MemoryStore | SqliteStore,
) -> None:
    either.create_database("cases")

    edited = either.write("cases", [revision("a", content={"n": 1})], new_edits=True)[0]
    either.put([document("b", tags=(STREET,))])

    assert either.get("cases", "a") == Document("cases", "a", edited.rev, b'{"n": 1}')
    assert ids(either.changes(0, limit=9)) == ["a", "b"]
    assert [(row.seq, row.id) for row in either.feed("cases", 0, limit=9).rows] == [
        (1, "a"),
        (2, "b"),
    ]
    assert either.missing("cases", {"a": [edited.rev]}) == {}


def test_tombstones_and_design_documents_stay_out_of_the_store_s_own_feed(
    either: MemoryStore | SqliteStore,
) -> None:
    either.put([document("a"), document("b")])

    either.write("cases", [revision("a", document("a").rev, deleted=True)], new_edits=True)
    either.write("cases", [revision("_design/view")], new_edits=True)
    page = either.changes(0, limit=9)

    assert (ids(page), page.last_seq, page.more) == (["b"], 4, False)
    assert either.get("cases", "a") is None
    assert either.describe("cases").doc_del_count == 1


def test_a_put_beside_a_tree_is_one_more_branch(either: MemoryStore | SqliteStore) -> None:
    either.create_database("cases")
    either.write("cases", [revision("a", "2-b 1-a", deleted=True)], new_edits=False)

    either.put([document("a", tags=(STREET,))])
    found = either.read("cases", "a")

    assert found is not None
    assert found.rev == document("a").rev
    assert found.deleted_conflicts() == ("2-b",)
    assert ids(either.changes(0, limit=9, tag=STREET)) == ["a"]
    assert either.feed("cases", 0, limit=9).rows[0].seq == 2
    assert (either.describe("cases").doc_count, either.describe("cases").doc_del_count) == (
        1,
        0,
    )


def test_a_put_brings_a_deleted_database_back_as_another(
    either: MemoryStore | SqliteStore,
) -> None:
    either.put([document("a", tags=(STREET,)), document("k", database="keys")])
    before = either.describe("cases").instance_start_time
    either.delete_database("cases")
    gone = either.changes(0, limit=9), either.changes(0, limit=9, tag=STREET)

    either.put([document("b")])

    assert [ids(page) for page in gone] == [["k"], []]
    assert ids(either.changes(0, limit=9)) == ["k", "b"]
    assert either.describe("cases").instance_start_time != before
    assert [row.id for row in either.feed("cases", 0, limit=9).rows] == ["b"]


def test_everything_is_there_after_the_store_was_opened_again(
    path: Path, store: SqliteStore
) -> None:
    give(store, revision("a", "2-b 1-a", attachments=scan()), revision("a", "2-c 1-a"))
    store.put_local(NAME, "mark", b"{}", rev=None, checked=False)
    before, info = changed(store), store.describe(NAME)
    store.close()

    again = SqliteStore.open(path, RANDOM_BYTES)
    found = again.attachment(NAME, "a", "2-b", "scan.png")

    assert changed(again) == before
    assert again.describe(NAME).instance_start_time == info.instance_start_time
    assert again.get_local(NAME, "mark") is not None
    assert found is not None
    assert b"".join(found.pieces()) == SCAN
    assert edit(again, "b").error == ""
    assert changed(again)[-1][0] == before[-1][0] + 1
    assert again.quick_check() == ()
    again.close()


def test_a_copy_with_another_incarnation_starts_at_another_time(
    path: Path, store: SqliteStore
) -> None:
    store.put([document("a")])
    before = [store.describe(name).instance_start_time for name in ("cases", NAME)]
    store.close()
    change_file(path, "UPDATE state SET incarnation = '0123456789abcdef0123456789abcdef'")

    clone = SqliteStore.open(path, RANDOM_BYTES)
    after = [clone.describe(name).instance_start_time for name in ("cases", NAME)]

    assert all(one != other for one, other in zip(before, after, strict=True))
    clone.close()


def test_a_reader_sees_what_the_writer_writes_and_hears_of_it(
    path: Path, store: SqliteStore
) -> None:
    reader = SqliteStore.open_for_reading(path)

    edit(store, "a")

    assert reader.wait_for_change(NAME, 0, 30)
    assert not reader.wait_for_change(NAME, 1, 0.3)
    assert winner(reader, "a") == winner(store, "a")
    with pytest.raises(StoreError, match="reading only"):
        reader.create_database("other")
    reader.close()


def test_the_same_bytes_are_stored_once(store: SqliteStore) -> None:
    for number in range(3):
        edit(store, f"d{number}", attachments=scan())
    with store.stage([SCAN]):
        pass

    assert count(store, "SELECT count(*) FROM blobs") == 1
    assert count(store, "SELECT sum(length(bytes)) FROM pieces") == len(SCAN)


def test_bytes_that_nothing_names_any_more_are_gone(store: SqliteStore) -> None:
    old = edit(store, "a", attachments=scan()).rev
    edit(store, "a", old)
    give(store, revision("b", "1-b", attachments=scan(SCAN[1:])))
    give(store, revision("c", "1-c", attachments=scan(SCAN[2:])))
    before = count(store, "SELECT count(*) FROM blobs")

    store.compact(NAME)
    store.purge(NAME, {"b": ["1-b"]})
    between = count(store, "SELECT count(*) FROM blobs")
    store.delete_database(NAME)

    assert (before, between) == (3, 1)
    assert count(store, "SELECT count(*) FROM blobs") == 0
    assert count(store, "SELECT count(*) FROM pieces") == 0
    assert store.quick_check() == ()


def test_bytes_of_revisions_that_were_stemmed_away_are_gone(store: SqliteStore) -> None:
    store.set_revs_limit(NAME, 1)
    old = edit(store, "a", attachments=scan()).rev

    edit(store, "a", old)

    assert count(store, "SELECT count(*) FROM blobs") == 0


def test_what_a_process_had_staged_when_it_died_is_gone_at_the_next_opening(
    path: Path, store: SqliteStore
) -> None:
    staged = store.stage([SCAN])
    staged.__enter__()
    store.close()

    again = SqliteStore.open(path, RANDOM_BYTES)

    assert count(again, "SELECT count(*) FROM blobs") == 0
    assert count(again, "SELECT count(*) FROM pieces") == 0
    again.close()


def test_an_upload_lets_other_writers_in_between(store: SqliteStore) -> None:
    def slow() -> Iterator[bytes]:
        for number in range(4):
            yield SCAN
            assert edit(store, f"d{number}").error == ""

    with store.stage(slow()) as blob:
        edit(store, "a", attachments=(Attachment("scan.png", "image/png", blob),))

    assert len(changed(store)) == 5
    assert store.quick_check() == ()


def test_an_attachment_that_is_purged_while_it_is_read_ends_in_an_error(
    store: SqliteStore,
) -> None:
    give(store, revision("a", "1-a", attachments=scan()))
    found = store.attachment(NAME, "a", None, "scan.png")
    assert found is not None
    pieces = found.pieces()
    next(pieces)

    store.purge(NAME, {"a": ["1-a"]})

    with pytest.raises(StoreError, match="is gone"):
        next(pieces)


def test_a_full_disk_refuses_a_write_and_an_upload_and_keeps_what_was_there(
    store: SqliteStore,
) -> None:
    give(store, revision("a", "1-a"))
    assert store._connection is not None
    store._connection.execute("PRAGMA max_page_count = 60")

    with pytest.raises(StoreFullError):
        edit(store, "b", attachments=scan())
    with pytest.raises(StoreFullError), store.stage([SCAN] * 3):
        pass

    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert changed(store) == [(1, "a", "1-a", False)]
    assert edit(store, "b", attachments=scan()).error == ""
    assert store.quick_check() == ()


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE docs SET leaves = 3 WHERE id = 'a'", "whose leaves are miscounted: 1"),
        ("UPDATE docs SET step = NULL WHERE id = 'a'", "row in their database's feed: 1"),
        ("DELETE FROM steps WHERE number = 2", "row in their database's feed: 1"),
        ("UPDATE databases SET documents = 9", "documents are miscounted: 1"),
        ("UPDATE revs SET parent = 1 WHERE generation = 1", "parent is not of their document"),
        ("UPDATE revs SET body = NULL WHERE leaf", "leaves without a body: 2"),
        ("UPDATE attachments SET rev = 99", "attachments without their revision: 1"),
        ("DELETE FROM pieces", "bytes are not all here: 1"),
        ("DELETE FROM blobs", "points to no row of blobs"),
    ],
)
def test_the_check_names_what_does_not_fit_in_trees(
    path: Path, store: SqliteStore, statement: str, line: str
) -> None:
    give(store, revision("a", "2-b 1-a"), revision("b", "1-b", attachments=scan()))
    assert store.quick_check() == ()
    store.close()
    change_file(path, "PRAGMA foreign_keys = OFF", statement)

    reader = SqliteStore.open_for_reading(path)
    found = reader.quick_check()

    assert any(line in finding for finding in found), found
    reader.close()


def test_a_store_whose_limits_exceed_what_it_can_read_back_is_not_opened(path: Path) -> None:
    with pytest.raises(StoreError, match="67108864 bytes"):
        SqliteStore.open(path, RANDOM_BYTES, limits=Limits(document_bytes=2**30))

    SqliteStore.open(path, RANDOM_BYTES).close()


def test_a_document_of_the_largest_size_comes_back(store: SqliteStore) -> None:
    body = json.dumps({"text": "甲" * 1_300_000}).encode()
    assert 7_000_000 < len(body) < store.limits.document_bytes

    edit(store, "a", content=json.loads(body))
    found = store.read(NAME, "a")

    assert found is not None
    assert found.body == body


def test_a_store_is_one_store_by_either_port(store: SqliteStore) -> None:
    as_store: Store = store

    assert as_store.incarnation == store.incarnation
    assert len(bytes.fromhex(store.incarnation)) == 16
