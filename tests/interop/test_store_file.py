"""The SQLite store's file: whom it lets in, what is refused, how it is made and brought up."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.errors import StoreError
from sync.stores import schema
from sync.stores.sqlite import SqliteStore
from tests.support.stores import VILLAGE, change_file, document, ids

RANDOM_BYTES = random.Random(5).randbytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore.open(path, RANDOM_BYTES)
    yield made
    made.close()


def test_a_store_opened_again_is_the_same_store(path: Path, store: SqliteStore) -> None:
    store.put([document("a", tags=(VILLAGE,), origin="120103001001")], {"head": b"1"})
    incarnation, row = store.incarnation, store.changes(0, limit=1).rows[0]
    store.close()

    again = SqliteStore.open(path, RANDOM_BYTES)
    last_seq = again.put([document("b")])

    assert again.incarnation == incarnation
    assert again.changes(0, limit=1).rows[0] == row
    assert again.local("head") == b"1"
    assert last_seq == 2
    again.close()


def test_two_stores_are_two_incarnations(tmp_path: Path) -> None:
    first = SqliteStore.open(tmp_path / "first.sqlite", RANDOM_BYTES)
    second = SqliteStore.open(tmp_path / "second.sqlite", RANDOM_BYTES)

    assert first.incarnation != second.incarnation
    first.close()
    second.close()


def test_any_folder_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "驿路 50%?mode=memory#1&x"
    folder.mkdir()

    store = SqliteStore.open(folder / "store.sqlite", RANDOM_BYTES)
    store.put([document("a")])
    store.close()

    assert sorted(file.name for file in folder.iterdir()) == [
        "store.sqlite",
        "store.sqlite.lock",
    ]


def test_only_the_owner_may_read_the_file(path: Path, store: SqliteStore) -> None:
    store.put([document("a")])

    for file in (path, path.with_name("store.sqlite-wal"), path.with_name("store.sqlite.lock")):
        assert file.stat().st_mode & 0o077 == 0


def test_a_store_is_opened_for_writing_once(path: Path, store: SqliteStore) -> None:
    link = path.with_name("other.sqlite")
    link.symlink_to(path)

    for name in (path, link):
        with pytest.raises(StoreError, match="is in use by process"):
            SqliteStore.open(name, RANDOM_BYTES)

    assert store.put([document("a")]) == 1


def test_a_reader_sees_what_the_writer_puts_and_cannot_put(
    path: Path, store: SqliteStore
) -> None:
    reader = SqliteStore.open_for_reading(path)

    store.put([document("a")])

    assert ids(reader.changes(0, limit=9)) == ["a"]
    with pytest.raises(StoreError, match="reading only"):
        reader.put([document("b")])
    reader.close()
    assert store.put([document("c")]) == 2


def test_a_store_that_is_absent_is_not_made_by_a_reader(path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        SqliteStore.open_for_reading(path)

    assert list(path.parent.iterdir()) == []


def test_a_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        SqliteStore.open(tmp_path / "nowhere" / "store.sqlite", RANDOM_BYTES)


def cut_in_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def scrawl_over_the_tables(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:4096] = b"\xa5" * 3996
    file.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"this is no database" * 500),
        cut_in_half,
        scrawl_over_the_tables,
        lambda file: change_file(file, "DROP TABLE state"),
        lambda file: change_file(file, "DELETE FROM state"),
    ],
)
@pytest.mark.parametrize(
    "open_store",
    [lambda file: SqliteStore.open(file, RANDOM_BYTES), SqliteStore.open_for_reading],
)
def test_a_damaged_file_is_refused_by_name_and_left_as_it_is(
    path: Path,
    store: SqliteStore,
    damage: Callable[[Path], object],
    open_store: Callable[[Path], object],
) -> None:
    store.put([document(f"d{number}") for number in range(50)])
    store.close()
    damage(path)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"store\.sqlite") as caught:
        open_store(path)

    assert "\n" not in str(caught.value)
    assert "aside" in caught.value.hint
    assert path.read_bytes() == before


def test_a_log_without_its_file_is_not_taken_for_a_new_store(
    path: Path, store: SqliteStore
) -> None:
    store.put([document("a")])
    log = path.with_name("store.sqlite-wal")
    saved = log.read_bytes()
    store.close()
    path.unlink()
    log.write_bytes(saved)

    with pytest.raises(StoreError, match="it is gone, but its -wal file is here"):
        SqliteStore.open(path, RANDOM_BYTES)

    assert log.read_bytes() == saved
    assert not path.exists()


def test_a_file_of_another_program_is_refused(path: Path) -> None:
    change_file(path, "CREATE TABLE cases (id)")

    with pytest.raises(StoreError, match="not a store"):
        SqliteStore.open(path, RANDOM_BYTES)


def test_a_file_of_a_newer_program_is_refused(path: Path, store: SqliteStore) -> None:
    store.close()
    change_file(path, f"PRAGMA user_version = {schema.VERSION + 1}")

    with pytest.raises(StoreError, match=f"has format {schema.VERSION + 1}"):
        SqliteStore.open(path, RANDOM_BYTES)


def test_a_refused_file_can_be_opened_once_it_is_mended(path: Path, store: SqliteStore) -> None:
    store.put([document("a")])
    store.close()
    sound = path.read_bytes()
    cut_in_half(path)
    with pytest.raises(StoreError):
        SqliteStore.open(path, RANDOM_BYTES)

    path.write_bytes(sound)
    mended = SqliteStore.open(path, RANDOM_BYTES)

    assert ids(mended.changes(0, limit=9)) == ["a"]
    mended.close()


def test_a_store_that_was_half_made_is_made_anew(path: Path) -> None:
    path.with_name("store.sqlite.new").write_bytes(b"SQLite format 3\0 and then the power went")
    path.with_name("store.sqlite.new-journal").write_bytes(b"\xd9\xd5\x05\xf9 " * 300)

    store = SqliteStore.open(path, RANDOM_BYTES)

    assert store.put([document("a")]) == 1
    assert store.quick_check() == ()
    store.close()


def test_an_older_file_is_brought_up_to_date(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put([document("a")])
    store.close()
    step = ("CREATE TABLE pins (doc INTEGER PRIMARY KEY REFERENCES docs) STRICT",)
    add_migration(monkeypatch, step)

    newer = SqliteStore.open(path, RANDOM_BYTES)
    newer.close()
    change_file(path, "INSERT INTO pins VALUES (1)")
    again = SqliteStore.open(path, RANDOM_BYTES)

    assert ids(again.changes(0, limit=9)) == ["a"]
    again.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put([document("a")])
    store.close()
    with monkeypatch.context() as newer:
        add_migration(newer, ("CREATE TABLE pins (doc INTEGER) STRICT", "DROP TABLE absent"))
        with pytest.raises(StoreError, match="no such table"):
            SqliteStore.open(path, RANDOM_BYTES)

    older = SqliteStore.open(path, RANDOM_BYTES)

    assert ids(older.changes(0, limit=9)) == ["a"]
    assert older.quick_check() == ()
    older.close()


def add_migration(monkeypatch: pytest.MonkeyPatch, step: tuple[str, ...]) -> None:
    """Let the program know one more format than it does."""
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
