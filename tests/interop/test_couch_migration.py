"""A hub's store moved to a cluster and back, copied by a replicator, brought back."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from sync.adoption import adopt
from sync.authority import Authority
from sync.documents import document_of
from sync.errors import ClusterUnavailableError, StoreError
from sync.feeds import decode_feed, feed_key
from sync.migration import MIGRATION, check_whole, copy_store, tally
from sync.ports import Store
from sync.stores.couch import CouchStore
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from tests.support.couch_peers import HUB_PASSWORD, HUB_USER, Pouch
from tests.support.faulty import SOUND, Fault, FaultyLink
from tests.support.stores import (
    STREET,
    VILLAGE,
    cluster,
    cluster_settings,
    document,
    ids,
    open_couch,
    revision,
)
from tests.support.tree import PATH, Node, StillClock, Tree, chain, device_of, make_registry

OUTPOST = PATH[-1]
HALL = PATH[-2]


def quiet(_done: int, _total: int) -> None:
    return


def fill(store: Store) -> None:
    """Rows with holes between their numbers, local documents that are no text."""
    for part in range(3):
        store.put(
            [document(f"{part}-{number}", tags=(VILLAGE, STREET)) for number in range(40)],
            {f"child/{part}": bytes([part, 254, 255]), "head": str(part).encode()},
        )
    store.put([document("0-3", rev=revision(2, "c"), content={"again": 1}, origin="x")])
    store.put([document("k", database="keys")])
    store.put([document("0-4", rev=revision(3, "c"), content={"again": 2})])


@pytest.fixture
def source(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(tmp_path / "source.sqlite", random_bytes)) as store:
        fill(store)
        yield store


def test_a_store_goes_to_a_cluster_and_back_and_stays_the_same_to_its_peers(
    source: SqliteStore, tmp_path: Path
) -> None:
    settings = cluster_settings(cluster("pouchdb"))
    with (
        closing(open_couch(settings, tmp_path / "index.sqlite")) as couch,
        closing(SqliteStore.open(tmp_path / "back.sqlite", random_bytes)) as back,
    ):
        there = copy_store(source, couch, quiet)
        home = copy_store(couch, back, quiet)

        assert there == home == tally(source)
        assert there.documents == {"cases": 120, "keys": 1}
        for copy in (couch, back):
            assert copy.incarnation == source.incarnation
            assert copy.changes(0, limit=999) == source.changes(0, limit=999)
            assert copy.changes(60, limit=9, tag=STREET) == source.changes(
                60, limit=9, tag=STREET
            )
            assert copy.locals("") == source.locals("")
            assert copy.put([document("new")]) == source.last_seq + 1


def test_a_copy_that_was_broken_off_is_not_opened_and_goes_on_where_it_stopped(
    source: SqliteStore, tmp_path: Path
) -> None:
    settings = cluster_settings(cluster("pouchdb"))
    puts = [0]

    def dies(method: str, path: str) -> Fault:
        puts[0] += method == "PUT" and "log/" in path
        return Fault(refuse=503) if puts[0] > 2 else SOUND

    with FaultyLink(settings.urls[0]) as link:
        broken = replace(settings, urls=(link.url,), patience_s=0.2)
        with closing(open_couch(broken, tmp_path / "index.sqlite")) as couch:
            link.rule = dies
            with pytest.raises(ClusterUnavailableError):
                copy_store(source, couch, quiet)
    with closing(open_couch(settings, tmp_path / "index.sqlite")) as couch:
        with pytest.raises(StoreError, match="not copied into this one to the end"):
            check_whole(couch)
        reached = couch.last_seq

        copied = copy_store(source, couch, quiet)

        assert 0 < reached < source.last_seq
        assert copied == tally(source)
        assert couch.local(MIGRATION) is None


def test_a_store_that_holds_something_else_is_not_filled(
    source: SqliteStore, tmp_path: Path
) -> None:
    settings = cluster_settings(cluster("pouchdb"))
    with closing(open_couch(settings, tmp_path / "index.sqlite")) as couch:
        couch.put([document("other")])

        with pytest.raises(StoreError, match="not empty"):
            copy_store(source, couch, quiet)

        assert ids(couch.changes(0, limit=9)) == ["other"]


def address(url: str, prefix: str, database: str) -> str:
    return f"{url.replace('//', f'//{HUB_USER}:{HUB_PASSWORD}@')}/{prefix}{database}"


def test_a_backup_by_standard_replication_becomes_a_hub_again(tmp_path: Path) -> None:
    authority = Authority(make_registry())
    records = chain(OUTPOST, 12)
    live = cluster_settings(cluster("pouchdb"))
    new = cluster_settings(cluster("pouchdb"))
    with ExitStack() as stack:
        hub = stack.enter_context(closing(open_couch(live, tmp_path / "hub.sqlite")))
        hub.put([document_of(record, OUTPOST) for record in records])
        pouch = stack.enter_context(closing(Pouch(tmp_path)))
        url = live.urls[0]
        kept = address(cluster("postroad"), new.prefix, "cases")
        pouch.do("replicate", source=address(url, live.prefix, "cases"), target=kept)
        restored = stack.enter_context(closing(open_couch(new, tmp_path / "new.sqlite", 6)))
        restored.prepare()
        pouch.do("replicate", source=kept, target=address(url, new.prefix, "cases"))
        forged = {"_id": "f" * 64, "record": "eA=="}
        pouch.do("bulk", db=address(url, new.prefix, "cases"), docs=[forged])

        adopted = adopt(restored, authority, quiet)
        again = adopt(restored, authority, quiet)

        assert (adopted.records, adopted.refused) == (12, 1)
        assert again.records == 0
        assert_same_scope(hub, restored)
        head = decode_feed(restored.local(feed_key(device_of(OUTPOST))))
        assert (head.head, head.hash, head.gaps) == (12, records[-1].hash, ())


def assert_same_scope(hub: CouchStore, restored: CouchStore) -> None:
    """Every unit of the path is sent the same bodies by both."""
    for unit in PATH:
        pages = [store.changes(0, limit=99, tag=f"unit:{unit}") for store in (hub, restored)]
        first, second = (
            {row.document.id: row.document.body for row in page.rows} for page in pages
        )
        assert first == second
        assert len(first) == 12


def test_a_child_that_meets_another_process_each_time_goes_on_where_it_was(
    tmp_path: Path,
) -> None:
    tree = Tree()
    settings = cluster_settings(cluster("pouchdb"))
    with ExitStack() as stack:
        halls = [
            Node(
                HALL,
                tree.registry,
                stack.enter_context(
                    closing(open_couch(settings, tmp_path / f"{seed}.sqlite", seed))
                ),
                StillClock(),
            )
            for seed in (1, 2)
        ]
        village = tree[OUTPOST]
        pushed = pulled = 0
        for turn in range(6):
            village.write(2)
            halls[turn % 2].write(1, path=PATH)
            report = village.session_with(halls[(turn + 1) % 2]).run_once()
            assert report.outcome == "done", report
            pushed, pulled = pushed + report.pushed, pulled + report.pulled

        assert [hall.store.last_seq for hall in halls] == [18, 18]
        assert (pushed, pulled) == (12, 6)
        assert len(frozenset(village.ids)) == 18
        assert sorted(halls[0].ids) == sorted(halls[1].ids) == sorted(village.ids)
