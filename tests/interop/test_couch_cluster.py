"""A hub's store on a cluster: what a quorum acknowledged stays, whatever fails meanwhile."""

import json
import random
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sync.errors import ClusterUnavailableError, StoreConflictError, StoreError
from sync.ports import Document
from sync.stores.couch import CouchStore
from sync.stores.couch_client import ClusterSettings
from sync.stores.couch_index import Index, remove_index
from sync.stores.couch_log import Row, Segment
from tests.support.couch_peers import HUB_PASSWORD, HUB_USER, ask, wait_until
from tests.support.couch_stores import open_stores, opened, settings, through
from tests.support.faulty import SOUND, Fault, FaultyLink
from tests.support.stores import (
    NEIGHBOUR,
    STREET,
    VILLAGE,
    document,
    ids,
    open_couch,
    revision,
    run_together,
)

__all__ = ["open_stores", "settings"]

LOGIN = {"Authorization": "Basic aHViOmppbi1oZS0zMg=="}


def test_two_processes_agree_on_every_number_and_on_the_incarnation(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    one = opened(open_stores, settings, tmp_path / "one.sqlite", 1)
    two = opened(open_stores, settings, tmp_path / "two.sqlite", 2)

    def put(store: CouchStore, name: str) -> None:
        for number in range(15):
            store.put([document(f"{name}{number}", tags=(VILLAGE,))])

    run_together(lambda: put(one, "a"), lambda: put(two, "b"))

    assert one.last_seq == two.last_seq == 30
    rows = one.changes(0, limit=100, tag=VILLAGE).rows
    assert rows == two.changes(0, limit=100, tag=VILLAGE).rows
    assert [row.seq for row in rows] == list(range(1, 31))
    assert one.incarnation == two.incarnation


def test_of_two_processes_that_expect_the_same_head_one_wins_each_round(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    stores = [
        opened(open_stores, settings, tmp_path / f"{seed}.sqlite", seed) for seed in (1, 2)
    ]
    stores[0].put([], {"head": b"0"})
    won: list[str] = []

    def append(store: CouchStore, name: str) -> None:
        for number in range(12):
            try:
                head = store.local("head") or b"0"
                store.put(
                    [document(f"{name}{number}")],
                    {"head": str(int(head) + 1).encode()},
                    expect={"head": head},
                )
                won.append(f"{name}{number}")
            except StoreConflictError:
                assert store.last_seq >= 0

    run_together(lambda: append(stores[0], "a"), lambda: append(stores[1], "b"))

    assert stores[0].last_seq == len(won)
    assert sorted(ids(stores[0].changes(0, limit=99))) == sorted(won)
    assert int(stores[0].local("head") or b"") == len(won)


def test_the_follower_brings_what_another_process_put(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    one = opened(open_stores, settings, tmp_path / "one.sqlite", 1)
    two = opened(open_stores, settings, tmp_path / "two.sqlite", 2)
    heard = threading.Event()
    two.follow(heard.set)

    one.put([document("a")], {"head": b"7"})

    assert heard.wait(30)
    assert ids(two.changes(0, limit=9)) == ["a"]
    assert two.local("head") == b"7"


def test_a_feed_that_begins_again_far_back_changes_nothing(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    one = opened(open_stores, settings, tmp_path / "one.sqlite", 1)
    link = open_stores.enter_context(FaultyLink(settings.urls[0]))
    two = opened(open_stores, through(settings, link), tmp_path / "two.sqlite", 2)
    asked: list[str] = []

    def rewound(_method: str, path: str) -> Fault:
        if "_changes" not in path:
            return SOUND
        asked.append(path)
        if len(asked) % 4 == 1:
            return Fault(refuse=429)
        if len(asked) % 4 == 2:
            return Fault(cut_after=True)
        start = path.index("since=")
        end = path.index("&", start)
        return Fault(path=f"{path[:start]}since=0{path[end:]}")

    link.rule = rewound
    two.follow()
    for number in range(5):
        one.put([document(str(number))])
    wait_until(lambda: len(asked) > 5 and len(ids(two.changes(0, limit=9))) == 5, "the feed")

    assert [row.seq for row in two.changes(0, limit=9).rows] == [1, 2, 3, 4, 5]
    assert one.changes(0, limit=9) == two.changes(0, limit=9)


def log_document(settings: ClusterSettings, number: int) -> tuple[str, dict[str, object]]:
    url = f"{settings.urls[0]}/{settings.prefix}log/{number:012d}"
    status, found = ask("GET", f"{url}?revs=true", headers=LOGIN)
    assert status == 200
    return url, found


def write_apart(settings: ClusterSettings, rows: list[str]) -> None:
    """What a second writer, cut off with a minority, left in the log beside the winner."""
    _, found = log_document(settings, 1)
    other = json.loads(json.dumps(found))
    names = other["names"] = [*other["names"], STREET]
    seq = other["last_seq"] - 1
    lost = other["rows"].pop()
    for place, name in enumerate(rows):
        row = document(name)
        columns = [seq + 1 + place, lost[1], name, row.rev, len(row.body), lost[5]]
        other["rows"].append([*columns, [len(names) - 1]])
    other["last_seq"] = seq + len(rows)
    other["_rev"] = f"{found['_revisions']['start']}-{'0' * 32}"  # type: ignore[index]
    parents = found["_revisions"]["ids"][1:]  # type: ignore[index]
    other["_revisions"] = {"start": found["_revisions"]["start"], "ids": ["0" * 32, *parents]}  # type: ignore[index]
    url = f"{settings.urls[0]}/{settings.prefix}log/_bulk_docs"
    assert ask("POST", url, {"new_edits": False, "docs": [other]}, LOGIN) == (201, [])
    documents = [
        {"_id": name, "_rev": document(name).rev, **json.loads(document(name).body)}
        for name in rows
    ]
    url = f"{settings.urls[0]}/{settings.prefix}cases/_bulk_docs"
    ask("POST", url, {"new_edits": False, "docs": documents}, LOGIN)


@pytest.mark.parametrize("is_heard", [False, True])
def test_two_writers_that_did_not_see_each_other_lose_nothing(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack, is_heard: bool
) -> None:
    store = opened(open_stores, settings, tmp_path / "index.sqlite", 1)
    for name in "abc":
        store.put([document(name, tags=(VILLAGE,))])
    if is_heard:
        # Long after the log went on in another segment; the feed tells of it.
        big = [document(f"m{number}", tags=(VILLAGE,)) for number in range(300)]
        store.put(big)
        store.put([document("n")])
        cursor = store.last_seq
    else:
        cursor = 2
    write_apart(settings, ["x", "y"])
    if is_heard:
        store.follow()
        wait_until(lambda: "x" in ids(store.changes(cursor, limit=999)), "the mending")
    else:
        store.put([document("d")])
        assert store.last_seq > cursor

    behind = ids(store.changes(cursor, limit=999))
    assert {"x", "y"} <= frozenset(behind)
    assert is_heard or {"c", "d"} <= frozenset(behind)
    assert ids(store.changes(0, limit=999, tag=STREET)) == ["x", "y"]
    fresh = opened(open_stores, settings, tmp_path / "fresh.sqlite", 2)
    assert frozenset(ids(fresh.changes(0, limit=999))) == frozenset(
        ids(store.changes(0, limit=999))
    )
    wait_until(
        lambda: (
            "_conflicts"
            not in ask("GET", f"{log_document(settings, 1)[0]}?conflicts=true", headers=LOGIN)[
                1
            ]
        ),
        "one revision to remain",
    )


def test_an_index_that_was_lost_or_damaged_is_built_again_with_the_same_numbers(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    path = tmp_path / "index.sqlite"
    store = opened(open_stores, settings, path)
    for part in range(4):
        store.put(
            [document(f"{part}-{number}", tags=(NEIGHBOUR,)) for number in range(150)],
            {f"cursor/{part}": bytes([part, 255])},
        )
    store.put([document("0-0", rev=revision(2, "a"), tags=(STREET,))])
    before = store.changes(0, limit=999), store.locals(""), store.incarnation
    store.close()

    remove_index(path)
    again = opened(open_stores, settings, path)
    found = again.changes(0, limit=999), again.locals(""), again.incarnation
    again.close()
    path.write_bytes(path.read_bytes()[:5000])
    mended = opened(open_stores, settings, path)

    assert found == before
    assert mended.changes(0, limit=999) == before[0]


def test_a_cluster_that_holds_less_than_the_index_knows_is_refused(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    index = tmp_path / "index.sqlite"
    store = opened(open_stores, settings, index)
    store.put([document("a")])
    store.close()
    ask("DELETE", f"{settings.urls[0]}/{settings.prefix}log", headers=LOGIN)

    with pytest.raises(StoreError, match="is gone") as gone:
        open_couch(settings, index)
    opened(open_stores, settings, tmp_path / "other.sqlite", 6)
    with pytest.raises(StoreError, match="another log"):
        open_couch(settings, index)

    assert "reindex" in gone.value.hint


def test_a_new_incarnation_reaches_every_process(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    one = opened(open_stores, settings, tmp_path / "one.sqlite", 1)
    two = opened(open_stores, settings, tmp_path / "two.sqlite", 2)
    before = one.incarnation

    one.renew_incarnation()
    two.put([document("a")])

    assert one.incarnation == two.incarnation != before


def test_a_wrong_password_and_a_dead_cluster_are_told_in_one_line(
    settings: ClusterSettings, tmp_path: Path
) -> None:
    wrong = replace(settings, password="yi-" + HUB_PASSWORD)
    dead = replace(settings, urls=("http://127.0.0.1:9",), patience_s=0.2)

    with pytest.raises(StoreError, match="refuses the user 'hub'") as denied:
        open_couch(wrong, tmp_path / "index.sqlite")
    with pytest.raises(ClusterUnavailableError, match=r"http://127\.0\.0\.1:9") as silent:
        open_couch(dead, tmp_path / "index.sqlite")

    for said in (denied, silent):
        assert "\n" not in str(said.value)
        assert HUB_PASSWORD not in str(said.value) + repr(said.value.__cause__)
    assert HUB_PASSWORD not in repr(wrong)
    assert HUB_USER in repr(wrong)


def test_what_a_replicator_brought_is_found_and_shown_only_after_it_was_put(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    store = opened(open_stores, settings, tmp_path / "index.sqlite")
    store.put([document("own")])
    url = f"{settings.urls[0]}/{settings.prefix}cases/_bulk_docs"
    row = {"_id": "brought", "_rev": revision(1, "b"), "record": "x"}
    ask("POST", url, {"new_edits": False, "docs": [row]}, LOGIN)

    [found] = store.foreign("cases")

    assert found == [Document("cases", "brought", revision(1, "b"), b'{"record":"x"}')]
    assert ids(store.changes(0, limit=9)) == ["own"]
    store.put(found)
    assert list(store.foreign("cases")) == [[]]
    assert ids(store.changes(0, limit=9)) == ["own", "brought"]


def test_a_row_whose_number_was_passed_unseen_is_named_so_that_it_can_be_entered_again(
    tmp_path: Path,
) -> None:
    def row(seq: int, name: str) -> Row:
        return Row(seq, "cases", name, revision(1, "a"), 2, "", (VILLAGE,))

    index = Index.open(tmp_path / "index.sqlite", random.Random(1).randbytes)
    first = Segment(1, "b", "c" * 32, 3, (row(1, "a"), row(2, "b"), row(3, "c")), rev="1-a")
    second = Segment(2, "b", "c" * 32, 5, (row(3, "x"), row(4, "y"), row(5, "z")), rev="1-b")

    assert index.take(first, None) == ()
    assert index.take(second, first) == (row(3, "x"),)
    assert index.take(first, None) == ()
    assert [change.seq for change in index.store.changes(0, limit=9).rows] == [1, 2, 3, 4, 5]
    index.close()
