"""What somebody does to history, on real files, and who finds it out.

`docs/architecture.md` has the table of who must work together for each to go unseen.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from casebook.feed import Position
from security.hlc import Hlc
from security.records import AUDIT, Record
from sync.documents import document_of
from sync.log.folder import LogFolder
from sync.log.hublog import HubLog
from tests.support.audited import NOW_S, Audited
from tests.support.logs import LogHub, speak
from tests.support.tree import (
    CITY,
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    device_key,
    device_of,
    memory_store,
)

DAY_S = 24 * 3_600


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    """A day of work on disk, made once and copied for each attack."""
    town = Audited(tmp_path_factory.mktemp("day"))
    town.work(12)
    town.work(3, AUDIT)
    town.close()
    return town.folder, town.written


@pytest.fixture
def town(day: tuple[Path, list[Record]], tmp_path: Path) -> Iterator[Audited]:
    folder, written = day
    shutil.copytree(folder, tmp_path / "town")
    town = Audited(tmp_path / "town", written=list(written))
    town.clock.ms = written[-1].header.hlc.ms
    yield town
    town.close()


def at(record: Record) -> Position:
    header = record.header
    return Position(header.seq, header.prev, header.hlc, header.extra)


def test_an_untouched_network_has_nothing_to_find(town: Audited) -> None:
    assert town.findings(with_all=True) == []


def test_entry_changed(town: Audited) -> None:
    victim = town.written[4]
    changed = town.draft(replace(at(victim), hlc=Hlc(1)), signer=device_key(OTHER_VILLAGE))

    town.replace_in_store(victim, changed, renamed=False)

    assert {"unreadable", "gap"} <= town.kinds()


def test_entry_changed_and_renamed_after_its_new_hash(town: Audited) -> None:
    victim = town.written[4]
    changed = town.draft(replace(at(victim), hlc=Hlc(1)), signer=device_key(OTHER_VILLAGE))

    town.replace_in_store(victim, changed, renamed=True)

    assert {"signature", "missing", "chain"} <= town.kinds()


def test_entry_changed_by_its_own_device_later(town: Audited) -> None:
    victim = town.written[4]
    changed = town.draft(replace(at(victim), hlc=Hlc(victim.header.hlc.ms, 7)))

    town.replace_in_store(victim, changed, renamed=True)

    assert {"chain", "missing", "unlogged"} <= town.kinds()


def test_entry_deleted(town: Audited) -> None:
    town.remove_from_store(town.written[6])

    assert town.kinds() == {"gap", "missing"}


def test_newest_entry_deleted(town: Audited) -> None:
    town.remove_from_store(town.written[-1])

    assert town.kinds() == {"missing"}


def test_entry_inserted(town: Audited) -> None:
    last = town.written[-1]
    forged = town.draft(
        Position(last.header.seq + 1, last.hash, Hlc(last.header.hlc.ms + 1)),
        signer=device_key(OTHER_VILLAGE),
    )

    town.street.store.put([document_of(forged, VILLAGE)])

    assert town.kinds() == {"signature"}


def test_entry_inserted_among_those_that_were_logged(town: Audited) -> None:
    spare = Audited(town.folder / "spare")
    spare.work(20)
    victim, foreign = town.written[3], spare.written[16]
    spare.close()

    town.replace_in_store(victim, foreign, renamed=True)

    assert {"gap", "missing", "unlogged"} <= town.kinds()


def test_entries_reordered_in_the_log(town: Audited) -> None:
    path = town.street.folder / "entries"
    raw = path.read_bytes()
    path.write_bytes(raw[48:96] + raw[:48] + raw[96:])

    assert town.kinds() == {"log"}


def test_entries_reordered_in_the_log_with_their_tiles(town: Audited) -> None:
    for name, width in (("entries", 48), ("tile/0/000.p/15", 32)):
        path = town.street.folder / name
        raw = path.read_bytes()
        path.write_bytes(raw[width : 2 * width] + raw[:width] + raw[2 * width :])

    assert "log" in town.kinds()


def test_entry_back_dated(town: Audited) -> None:
    last = town.written[-1]
    earlier = Hlc(last.header.hlc.ms - DAY_S * 1_000)
    record = town.draft(Position(last.header.seq + 1, last.hash, earlier))

    assert town.carry(record.raw) == ()
    town.street.log.update()

    assert town.kinds() == {"clock"}


def test_log_rebuilt_by_a_malicious_hub_with_its_own_key(town: Audited) -> None:
    shutil.rmtree(town.street.folder)
    town.remove_from_store(town.written[2])
    rebuilt = town.street.opened()
    rebuilt.update()

    alone, together = town.findings(), town.findings(with_all=True)

    assert "history" in {finding.kind for finding in alone}
    said = " ".join(finding.detail for finding in together if finding.kind == "history")
    assert f"{device_of(VILLAGE)} #" in said
    assert "village" in said or "city" in said


def test_log_rebuilt_to_the_same_length(town: Audited) -> None:
    shutil.rmtree(town.street.folder)
    store = memory_store("rebuilt")
    rows = town.street.store.changes(0, limit=100).rows
    store.put([row.document for row in reversed(rows)])
    HubLog(LogFolder(town.street.folder), store, device_of(STREET), device_key(STREET)).update()

    assert "history" in town.kinds(with_all=True)


def test_hub_shows_two_trees_to_two_children(town: Audited, tmp_path: Path) -> None:
    other = LogHub(STREET, town.registry, tmp_path / "other", memory_store("other"))
    other.store.put([row.document for row in town.street.store.changes(0, limit=9).rows])
    other.log.update()

    speak(town.below, other, device_of(VILLAGE))

    assert town.street.raised == [("postroad/" + device_of(STREET), "rollback")]
    [evidence] = town.street.evidence
    assert evidence["kept"] != evidence["shown"]


def test_database_restored_from_yesterday(town: Audited) -> None:
    town.street.store.close()
    saved = {path.name: path.read_bytes() for path in town.folder.glob("street.sqlite*")}
    logs = town.folder / "saved"
    shutil.copytree(town.street.folder, logs)
    town.street.store = town._store("street")
    town.street = LogHub(
        STREET, town.registry, town.street.folder, town.street.store, town.clock
    )
    town.above = town.street.child(CITY)
    town.work(5)

    town.street.store.close()
    for name, raw in saved.items():
        (town.folder / name).write_bytes(raw)
    shutil.rmtree(town.street.folder)
    shutil.copytree(logs, town.street.folder)
    town.street.store = town._store("street")

    assert "rollback" in town.kinds(with_all=True)


def test_device_cloned(town: Audited) -> None:
    last = town.written[-1]
    here, there = (
        town.draft(Position(last.header.seq + 1, last.hash, Hlc(last.header.hlc.ms + step)))
        for step in (1, 2)
    )

    first, second = town.carry(here.raw), town.carry(there.raw)
    town.street.log.update()

    assert first == ()
    assert second == ((there.id, "fork"),)
    assert town.kinds() == {"fork"}


def test_checkpoint_replayed(town: Audited) -> None:
    old = town.street.log.head.signed
    town.work(4)
    assert old is not None
    older = LogHub(STREET, town.registry, town.folder / "replayed", memory_store("replayed"))
    older.store.put([row.document for row in town.street.store.changes(0, limit=15).rows])
    older.log.update()

    speak(older.child(CITY), town.city, device_of(STREET))

    assert town.city.raised == [("postroad/" + device_of(STREET), "rollback")]


def test_checkpoint_replayed_in_the_files_of_the_log(town: Audited) -> None:
    head = (town.street.folder / "head").read_bytes()
    town.work(4)
    (town.street.folder / "head").write_bytes(head)

    assert "rollback" in town.kinds(with_all=True)


def test_witness_rolled_back(town: Audited) -> None:
    key = f"witness/postroad/{device_of(STREET)}"
    before = town.city.store.local(key)
    town.work(4)
    town.city.store.put([], {key: before})
    other = LogHub(STREET, town.registry, town.folder / "second", memory_store("second"))
    other.store.put([row.document for row in town.street.store.changes(0, limit=15).rows])
    other.store.put([document_of(town.draft(Position(99, bytes(31) + b"\x01", Hlc(5))), "")])
    other.log.update()

    speak(other.child(CITY), town.city, device_of(STREET))
    town.city.log.update()

    assert "history" in town.kinds(with_all=True) or "rollback" in town.kinds(with_all=True)


def test_tiles_truncated(town: Audited) -> None:
    os.truncate(town.street.folder / "tile/0/000.p/15", 14 * 32)

    assert town.kinds() == {"log"}


def test_tiles_removed(town: Audited) -> None:
    shutil.rmtree(town.street.folder / "tile")

    assert town.kinds() == {"log"}


def test_clock_set_back(town: Audited) -> None:
    town.clock.ms -= 10 * DAY_S * 1_000
    for each in (town.street, town.city):
        each.clock.ms += DAY_S * 1_000
    town.work(1)

    town.work(1)

    stamps = [record.header.hlc for record in town.written]
    assert stamps == sorted(stamps)
    assert town.kinds(with_all=True) == {"clock"}


def test_registry_statement_hidden(town: Audited) -> None:
    revocation = town.state_revocation()
    town.street.log.update()
    town.work(1)

    town.remove_from_store(revocation)

    assert {"gap", "missing"} <= town.kinds()


def test_accounting_row_removed(town: Audited) -> None:
    row = next(record for record in town.written if record.header.type == AUDIT)

    town.remove_from_store(row)

    assert town.kinds() == {"gap", "missing"}


def test_witness_that_fell_silent(town: Audited) -> None:
    late = town.findings(now_s=NOW_S + 3 * DAY_S)

    assert late == []
    town.street.store.put(
        [document_of(town.draft(Position(99, bytes(31) + b"\x01", Hlc(5))), "")]
    )
    town.street.log.update()
    assert "stale" in {finding.kind for finding in town.findings(now_s=NOW_S + 3 * DAY_S)}
