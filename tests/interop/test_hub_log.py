"""The log of a hub on a real disk: grows with the store, survives crashes, forgets nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from security.errors import FormatError
from security.tlog import verify_consistency
from security.tlog_proof import LogProof
from security.tlog_tiles import parse_tile_path
from security.tlog_trust import policy_of
from sync.errors import LogError
from sync.log.folder import LogFolder
from sync.log.serving import LogApplication, content_of
from tests.support.logs import LogHub, documents, fill, hub
from tests.support.tree import STREET, make_registry, memory_store

SIZES = (1, 2, 255, 256, 257, 700, 2_100)


@pytest.fixture
def street(tmp_path: Path) -> LogHub:
    return hub(STREET, make_registry(), tmp_path)


def proof_of(street: LogHub, number: int) -> tuple[bytes, LogProof]:
    found = street.log.prove(bytes.fromhex(documents(number + 1)[number].id))
    assert found is not None
    return found


def test_every_document_is_a_leaf_and_is_proven_under_the_registry(street: LogHub) -> None:
    fill(street.store, 700)

    added = street.log.update()

    policy = policy_of(street.registry, STREET)
    assert (added, street.log.head.size) == (700, 700)
    for number in (0, 255, 256, 699):
        entry, proof = proof_of(street, number)
        proof.verify(entry, policy)
        assert entry[:32].hex() == documents(700)[number].id


def test_any_earlier_checkpoint_is_proven_to_be_the_beginning(street: LogHub) -> None:
    roots = {}
    for size in SIZES:
        street.store.put(documents(size))
        street.log.update()
        signed = street.log.head.signed
        assert signed is not None
        roots[size] = signed.checkpoint.root

    for size in SIZES:
        advance = street.log.advance(size)
        assert advance is not None
        verify_consistency(size, SIZES[-1], advance.hashes, roots[size], roots[SIZES[-1]])


def test_a_log_goes_on_after_a_restart_where_it_stood(street: LogHub) -> None:
    fill(street.store, 300)
    street.log.update()
    street.log = street.opened()
    street.store.put(documents(600))

    added = street.log.update()

    fresh = hub(STREET, street.registry, street.folder.parent / "fresh")
    fresh.store.put(documents(600))
    fresh.log.update()
    assert added == 300
    assert street.log.head.signed == fresh.log.head.signed


def test_without_news_the_checkpoint_stays_as_it_is(street: LogHub) -> None:
    fill(street.store, 3)
    street.log.update()
    before = street.log.head

    assert street.log.update() == 0
    assert street.log.head == before


Damage = Callable[[Path], None]


def cut_tile(folder: Path) -> None:
    os.truncate(folder / "tile/0/000", 4_000)


def lose_tiles(folder: Path) -> None:
    for path in sorted(folder.glob("tile/**/*"), reverse=True):
        if path.is_file():
            path.unlink()


def leave_entries_behind_the_head(folder: Path) -> None:
    with (folder / "entries").open("ab") as file:
        file.write(bytes(70))


def lose_the_copy_of_the_checkpoint(folder: Path) -> None:
    (folder / "checkpoint").unlink()


DAMAGES: dict[str, Damage] = {
    each.__name__: each
    for each in (
        cut_tile,
        lose_tiles,
        leave_entries_behind_the_head,
        lose_the_copy_of_the_checkpoint,
    )
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_crash_leaves_is_mended_at_the_next_start(street: LogHub, damage: str) -> None:
    fill(street.store, 700)
    street.log.update()
    before = street.log.head.signed
    DAMAGES[damage](street.folder)

    street.log = street.opened()
    street.store.put(documents(800))
    street.log.update()

    assert before is not None
    advance = street.log.advance(700)
    assert advance is not None
    root = advance.signed.checkpoint.root
    verify_consistency(700, 800, advance.hashes, before.checkpoint.root, root)
    assert (street.folder / "checkpoint").read_bytes() == advance.signed.note


def lose_entries(folder: Path) -> None:
    os.truncate(folder / "entries", 320)


def change_an_entry_and_lose_the_tiles(folder: Path) -> None:
    lose_tiles(folder)
    with (folder / "entries").open("r+b") as file:
        file.write(bytes(32))


def garble_the_head(folder: Path) -> None:
    (folder / "head").write_bytes(b"{}")


@pytest.mark.parametrize(
    "damage", [lose_entries, change_an_entry_and_lose_the_tiles, garble_the_head]
)
def test_a_log_that_is_not_what_was_signed_is_refused(street: LogHub, damage: Damage) -> None:
    fill(street.store, 700)
    street.log.update()
    damage(street.folder)

    with pytest.raises(LogError):
        street.opened()


def test_a_store_that_was_set_back_keeps_the_leaves_and_names_what_it_lacks(
    street: LogHub,
) -> None:
    fill(street.store, 10)
    street.log.update()
    older = memory_store("older")
    older.put(documents(6))
    street.store = older
    street.log = street.opened()

    street.log.update()
    lacking = list(street.log.missing())
    older.put([*documents(8)[6:], *documents(2, "new")])
    street.log.update()

    assert lacking == [6, 7, 8, 9]
    assert street.log.head.size == 12
    assert list(street.log.missing()) == [8, 9]
    street.log = street.opened()
    street.log.update()
    assert street.log.head.size == 12


def test_the_log_of_another_hub_is_not_gone_on_with(street: LogHub) -> None:
    fill(street.store, 1)
    street.log.update()

    with pytest.raises(LogError, match="is the log of"):
        LogHub("120103001001", street.registry, street.folder, street.store)


def test_tiles_are_served_under_the_paths_of_the_format(street: LogHub) -> None:
    fill(street.store, 700)
    street.log.update()
    folder = LogFolder(street.folder)

    assert len(content_of(folder, "tile/0/001")[1]) == 8_192
    assert len(content_of(folder, "tile/0/002.p/188")[1]) == 188 * 32
    assert len(content_of(folder, "tile/1/000.p/2")[1]) == 64
    bundle = content_of(folder, "tile/entries/002.p/188")[1]
    assert bundle[:34] == b"\x00\x30" + bytes.fromhex(documents(513)[512].id)
    assert content_of(folder, "checkpoint")[1] == (street.folder / "checkpoint").read_bytes()


@pytest.mark.parametrize(
    "path",
    ["tile/0/002", "tile/0/002.p/189", "tile/1/000", "tile/0/x001/000", "head", "entries", ""],
)
def test_what_the_log_does_not_have_is_not_served(street: LogHub, path: str) -> None:
    fill(street.store, 700)
    street.log.update()

    with pytest.raises((LogError, FormatError)):
        content_of(LogFolder(street.folder), path)


def test_nobody_writes_through_the_paths_of_the_log(street: LogHub) -> None:
    fill(street.store, 1)
    street.log.update()
    statuses: list[str] = []

    def start(status: str, _headers: object) -> None:
        statuses.append(status)

    application = LogApplication(LogFolder(street.folder), lambda *_: [b""])
    for method in ("PUT", "DELETE", "POST"):
        environ = {"PATH_INFO": "/log/checkpoint", "REQUEST_METHOD": method}
        list(application(environ, start))  # type: ignore[arg-type]

    assert statuses == ["405 Method Not Allowed"] * 3


def test_partial_tiles_are_dropped_once_the_full_one_is_there(street: LogHub) -> None:
    for size in (10, 20, 300):
        street.store.put(documents(size))
        street.log.update()

    names = sorted(
        str(path.relative_to(street.folder)) for path in street.folder.glob("tile/**/*")
    )
    tiles = [name for name in names if (street.folder / name).is_file()]
    assert tiles == ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"]
    assert all(parse_tile_path(name) for name in tiles)
