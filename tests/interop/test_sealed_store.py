"""A store under SQLCipher: what a thief sees, what a program is told, how it is made."""

import os
import sqlite3
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from casebook.index import CaseIndex, Place
from postroad.cli import main
from sync.errors import StoreError
from sync.ports import Document
from sync.stores.conversion import seal_store
from sync.stores.sqlite import SqliteStore
from tests.support.made import Made, make
from web.errors import SettingsError
from web.opening import open_installation
from web.settings import load_settings
from web.storing import open_reading
from web.unlocking import Unlocking

KEY, OTHER = b"k" * 32, b"o" * 32
NAME = "Wang Xiulan"
UNIT = "120103001001"


def document(number: int) -> Document:
    body = b'{"name":"%s"}' % (NAME.encode() * 9)
    return Document("cases", f"{number:064x}", f"1-{number:032x}", body, ("a",))


def filled(path: Path, key: bytes | None, count: int = 20) -> None:
    store = SqliteStore.open(path, os.urandom, key=key)
    store.put([document(number) for number in range(count)], {"note": NAME.encode()})
    store.close()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("sealed") / "network"
    assert make(folder, "--unit", UNIT) == 0
    return Made(folder)


def test_a_sealed_store_shows_no_byte_of_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = SqliteStore.open(path, os.urandom, key=KEY)
    store.put([], {"note": NAME.encode()})

    raw = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    store.close()

    assert NAME.encode() not in raw
    assert b"SQLite format" not in raw
    assert b"databases" not in raw


def test_a_sealed_store_is_read_again_and_found_sound(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    filled(path, KEY)

    store = SqliteStore.open_for_reading(path, key=KEY)
    found = store.get("cases", f"{7:064x}"), store.quick_check(), store.is_sealed
    store.close()

    assert found == (document(7), (), True)


@pytest.mark.parametrize(("made_with", "opened_with"), [(KEY, OTHER), (KEY, None), (None, KEY)])
def test_a_store_opens_with_its_own_key_alone(
    tmp_path: Path, made_with: bytes | None, opened_with: bytes | None
) -> None:
    path = tmp_path / "store.sqlite"
    filled(path, made_with)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"store\.sqlite"):
        SqliteStore.open(path, os.urandom, key=opened_with)

    assert path.read_bytes() == before


def check(path: Path) -> None:
    """Open and read all of a store."""
    try:
        store = SqliteStore.open_for_reading(path, key=KEY)
    except StoreError as error:
        raise StoreError("bad") from error
    faults = store.quick_check()
    store.close()
    if faults:
        raise StoreError("bad")


@pytest.mark.parametrize("place", [100, 5000, -10])
def test_a_changed_page_is_noticed(tmp_path: Path, place: int) -> None:
    path = tmp_path / "store.sqlite"
    filled(path, KEY, 400)
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)

    with pytest.raises(StoreError, match="bad"):
        check(path)


def test_a_full_disk_is_told_as_that_by_a_sealed_store_too(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.sqlite", os.urandom, key=KEY)
    with store._write() as writing:
        writing.connection.execute("PRAGMA max_page_count = 60")

    with pytest.raises(StoreError, match="cannot grow"):
        store.put([document(number) for number in range(900)])
    store.close()


def test_a_plain_store_is_sealed_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    filled(path, None)
    plain = SqliteStore.open_for_reading(path)
    before = plain.incarnation, plain.last_seq, plain.locals("")
    plain.close()

    seal_store(path, KEY)

    sealed = SqliteStore.open(path, os.urandom, key=KEY)
    after = sealed.incarnation, sealed.last_seq, sealed.locals("")
    kept = sealed.get("cases", f"{3:064x}")
    sealed.close()
    assert (after, kept) == (before, document(3))
    assert NAME.encode() not in path.read_bytes()


def test_what_an_interrupted_sealing_left_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    filled(path, None)
    (tmp_path / "store.sqlite.sealed").write_bytes(b"half of it")

    seal_store(path, KEY)

    store = SqliteStore.open_for_reading(path, key=KEY)
    assert store.last_seq == 20
    store.close()


def test_a_store_in_use_is_not_sealed(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = SqliteStore.open(path, os.urandom)

    with pytest.raises(StoreError, match="in use"):
        seal_store(path, KEY)
    store.close()

    assert path.read_bytes().startswith(b"SQLite format 3\0")


@pytest.mark.parametrize(("before", "after"), [(None, KEY), (KEY, None), (KEY, OTHER)])
def test_a_read_model_under_another_key_is_built_again(
    tmp_path: Path, before: bytes | None, after: bytes | None
) -> None:
    path = tmp_path / "readmodel.sqlite"
    index = CaseIndex(path, before)
    index.update([], Place("i", 7, "d", "r"))
    index.close()

    reopened = CaseIndex(path, after)
    place = reopened.place()
    reopened.close()

    assert place == Place()


def secret_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


class RingInMemory(KeyringBackend):
    """A keyring like that of a desktop, for one test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


def test_an_outpost_is_sealed_unlocked_and_given_other_slots(
    network: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = network.folder / "nodes" / UNIT / "config.toml"
    settings = load_settings(config)
    installation = open_installation(settings)
    installation.store.put([], {"note": NAME.encode()})
    installation.close()
    first = secret_file(tmp_path, "first", "rain on the tin roof")
    second = secret_file(tmp_path, "second", "another four words here")
    given = ["--config", str(config), "--lang", "en"]

    assert main(["node", "encrypt", *given, "--passphrase-file", str(first)]) == 0
    assert NAME.encode() not in settings.store.read_bytes()

    with pytest.raises(SettingsError, match="no terminal"):
        open_installation(settings)
    with pytest.raises(Exception, match="no key slot opens"):
        open_installation(settings, Unlocking(second))
    change = ["node", "slots", "add", *given, "--passphrase-file", str(first)]
    assert main([*change, "--new-passphrase-file", str(second)]) == 0
    opened = open_installation(settings, Unlocking(second))
    assert opened.store.local("note") == NAME.encode()
    assert opened.is_sealed
    opened.close()

    ring = RingInMemory()
    keyring.set_keyring(ring)
    add = ["node", "slots", "add", *given, "--kind", "keyring"]
    assert main([*add, "--passphrase-file", str(second)]) == 0
    reading = open_reading(settings)  # nobody is asked
    assert reading.local("note") == NAME.encode()
    reading.close()
    assert main(["store", "check", *given]) == 0
    assert main(["node", "slots", "remove", *given, "--name", "keyring"]) == 0
    assert ring.kept == {}

    listed = capsys.readouterr().out
    assert "escrow" in listed
    assert "rain" not in listed
    assert main(["node", "encrypt", *given, "--passphrase-file", str(first)]) == 10


def test_a_passphrase_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = secret_file(tmp_path, "open", "rain on the tin roof")
    path.chmod(0o644)

    with pytest.raises(SettingsError, match="others can read it"):
        Unlocking(path).passphrase()


def test_a_passphrase_comes_from_a_descriptor_too() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"rain on the tin roof\n")
    os.close(writing)

    assert Unlocking(descriptor=reading).passphrase() == b"rain on the tin roof"


def test_sqlite_itself_reads_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    filled(path, KEY)
    connection = sqlite3.connect(path)

    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        connection.execute("SELECT * FROM docs")
    connection.close()
