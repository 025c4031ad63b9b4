"""The SQLite store at work: what a read costs, what threads see, what a check finds."""

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.errors import StoreError
from sync.stores.changes import Feed, feed_statement
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from tests.support.stores import (
    STREET,
    VILLAGE,
    change_file,
    document,
    ids,
    revision,
    run_together,
)

RANDOM_BYTES = random.Random(5).randbytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore.open(path, RANDOM_BYTES)
    yield made
    made.close()


def test_a_sound_store_passes_the_check(store: SqliteStore) -> None:
    store.put([document("a", rev=revision(1, "a"), tags=(VILLAGE, STREET)), document("b")])
    store.put([document("a", rev=revision(2, "b"), tags=(STREET,)), document("c")])

    assert store.quick_check() == ()


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("DELETE FROM changes WHERE seq = 1", "documents without their row in the feed: 1"),
        ("UPDATE docs SET seq = 9 WHERE doc = 1", "rows of the feed without their document: 1"),
        ("UPDATE docs SET winner = 2 WHERE doc = 1", "not one of their own leaves: 1"),
        ("UPDATE scope SET origin = 7", "rows of a scope that the feed does not have: 2"),
        ("DELETE FROM scope WHERE seq = 1", "rows too many or too few in the scopes: 2"),
        ("UPDATE state SET last_seq = 1", "past the last sequence number: 1"),
        ("DELETE FROM tags", "row None of scope points to no row of tags"),
    ],
)
def test_the_check_names_what_does_not_fit(
    path: Path, store: SqliteStore, statement: str, line: str
) -> None:
    store.put([document("a", tags=(VILLAGE, STREET)), document("b")])
    store.close()
    change_file(path, "PRAGMA foreign_keys = OFF", statement)

    reader = SqliteStore.open_for_reading(path)
    found = reader.quick_check()

    assert any(line in finding for finding in found)
    reader.close()


def test_the_check_finds_a_page_that_was_overwritten(path: Path, store: SqliteStore) -> None:
    store.put([document(f"d{number}") for number in range(500)])
    store.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 4096] = b"\xa5" * 4096
    path.write_bytes(content)

    reader = SqliteStore.open_for_reading(path)

    assert reader.quick_check() != ()
    reader.close()


def test_a_body_that_was_changed_on_disk_is_reported(path: Path, store: SqliteStore) -> None:
    store.put([document("a", {"record": "甲" * 900})])
    store.close()
    change_file(path, "UPDATE revs SET body = substr(body, 1, 12)")

    reader = SqliteStore.open_for_reading(path)

    with pytest.raises(StoreError, match="a body cannot be unpacked"):
        reader.get("cases", "a")
    reader.close()


@pytest.mark.parametrize("tag", [None, VILLAGE])
@pytest.mark.parametrize("databases", [(), ("cases",)])
@pytest.mark.parametrize("skip_origin", [None, "120103001001"])
def test_a_feed_is_searched_by_number_never_scanned_or_sorted(
    store: SqliteStore, tag: str | None, databases: tuple[str, ...], skip_origin: str | None
) -> None:
    store.put([document("a", tags=(VILLAGE,), origin="120103001001")])
    feed = Feed(0, 10, tag, databases, skip_origin, None)

    with store._readers.reading() as reader:
        found = feed_statement(reader.connection, store._names, feed)
        assert found is not None
        text, arguments = found
        plan = reader.connection.execute(f"EXPLAIN QUERY PLAN {text}", arguments).fetchall()

    first = "PRIMARY KEY (tag=? AND seq>?)" if tag else "INTEGER PRIMARY KEY (rowid>?)"
    assert [row[3] for row in plan] == [
        f"SEARCH f USING {first}",
        "SEARCH d USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_a_scope_costs_its_own_rows_however_large_the_store(store: SqliteStore) -> None:
    put_for_villages(store, villages=1, each=20)
    alone = steps(store, lambda: store.changes(0, limit=100, tag="unit:0"))
    put_for_villages(store, villages=400, each=20)

    among_many = steps(store, lambda: store.changes(0, limit=100, tag="unit:0"))

    assert store.last_seq == 8000
    assert len(store.changes(0, limit=100, tag="unit:0").rows) == 20
    assert among_many == alone


def put_for_villages(store: SqliteStore, *, villages: int, each: int) -> None:
    """The same documents for a village every time; what is there already is passed over."""
    store.put(
        [
            document(f"{village}-{number}", tags=(f"unit:{village}", STREET))
            for number in range(each)
            for village in range(villages)
        ]
    )


def steps(store: SqliteStore, read: Callable[[], object]) -> int:
    """How many instructions of SQLite's machine a read takes: a cost without a clock."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    with store._readers.reading() as reader:
        connection = reader.connection
    read()
    connection.set_progress_handler(step, 1)
    read()
    connection.set_progress_handler(None, 1)
    return count


def test_sealed_content_takes_less_room_on_disk_than_as_base64(
    path: Path, store: SqliteStore
) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    dice = random.Random(6)
    documents = [
        document(f"d{number}", {"record": "".join(dice.choices(alphabet, k=8000))})
        for number in range(100)
    ]
    empty = path.stat().st_size
    store.put(documents)
    store.close()

    assert path.stat().st_size - empty < 0.85 * sum(len(put.body) for put in documents)


def test_connections_of_ended_threads_are_not_kept(store: SqliteStore) -> None:
    together = threading.Barrier(20)

    def read() -> None:
        # All at once: a thread that ended may lend its number, and its connection, to the next.
        together.wait(30)
        store.changes(0, limit=1)
        together.wait(30)

    run_together(*[read] * 20)
    kept_before = len(store._readers._readers)
    store.changes(0, limit=1)

    assert kept_before == 20
    assert len(store._readers._readers) == 1


def test_a_connection_in_use_is_not_closed(store: SqliteStore) -> None:
    closing = threading.Thread(target=store.close)

    with store._readers.reading() as reader:
        closing.start()
        while not store._readers._closed:
            pass
        asked = (reader.connection.execute("SELECT last_seq FROM state") for _ in range(2000))
        answers = [cursor.fetchone() for cursor in asked]
    closing.join(30)

    assert answers == [(0,)] * 2000
    assert not closing.is_alive()


def test_closing_waits_for_reads_and_later_reads_are_refused(
    path: Path, store: SqliteStore
) -> None:
    store.put([document(f"d{number}") for number in range(500)])
    refused: list[str] = []
    started = threading.Barrier(5)

    def read() -> None:
        started.wait(30)
        try:
            while len(store.changes(0, limit=500).rows) == 500:
                pass
        except StoreError as error:
            refused.append(str(error))

    def close() -> None:
        started.wait(30)
        store.close()

    run_together(read, read, read, read, close)

    assert refused == ["the store is closed"] * 4
    assert not path.with_name("store.sqlite-wal").exists()


def test_an_interrupted_put_leaves_nothing_behind(store: SqliteStore) -> None:
    class InterruptedLocals(dict[str, bytes | None]):
        """Local documents during which the operator presses Ctrl-C."""

        passes = 0

        def items(self) -> object:  # type: ignore[override]  # raises before it returns
            self.passes += 1
            if self.passes > 1:
                raise KeyboardInterrupt
            return super().items()

    with pytest.raises(KeyboardInterrupt):
        store.put([document("a", tags=(VILLAGE,))], InterruptedLocals(head=b"1"))
    store.put([document("b", tags=(STREET,))])

    assert ids(store.changes(0, limit=9)) == ["b"]
    assert ids(store.changes(0, limit=9, tag=VILLAGE)) == []
    assert store.quick_check() == ()


def test_a_renewed_incarnation_lasts_and_leaves_the_documents_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = SqliteStore.open(path, random_bytes)
    before = store.incarnation
    store.put([], {"feed/x": b"1"})

    store.renew_incarnation()
    renewed = store.incarnation
    store.close()

    again = SqliteStore.open(path, random_bytes)
    assert before != renewed == again.incarnation
    assert again.local("feed/x") == b"1"
    again.close()
