import base64
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.support.couch_peers import Pouch, ask, revisions, serving, wait_until
from tests.support.cutting import CuttingProxy

PHOTO = random.Random(8).randbytes(300_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "store.sqlite") as url:
        yield url


@pytest.fixture
def remote(server: str) -> str:
    """The address of the empty served database `cases`."""
    assert ask("PUT", f"{server}cases")[0] == 201
    return f"{server}cases"


@pytest.fixture
def pouch(tmp_path: Path) -> Iterator[Pouch]:
    made = Pouch(tmp_path)
    yield made
    made.close()


def cases(count: int, start: int = 0, words: int = 20) -> list[dict[str, object]]:
    numbers = range(start, start + count)
    return [{"_id": f"hx-{number:05}", "note": "材料齐全 " * words} for number in numbers]


def port_of(url: str) -> int:
    return int(url.split(":")[2].partition("/")[0])


def test_what_pouchdb_pushes_another_pulls(pouch: Pouch, remote: str) -> None:
    office, hall = pouch.local("office"), pouch.local("hall")
    pouch.do("bulk", db=office, docs=cases(300))

    pushed = pouch.do("replicate", source=office, target=remote)
    pulled = pouch.do("replicate", source=remote, target=hall)

    assert pushed == pulled == {"read": 300, "written": 300, "errors": 0}
    assert pouch.revisions(office) == pouch.revisions(hall) == revisions(remote)


def test_a_second_replication_goes_on_where_the_first_ended(pouch: Pouch, remote: str) -> None:
    office = pouch.local("office")
    pouch.do("bulk", db=office, docs=cases(50))
    pouch.do("replicate", source=office, target=remote)

    assert pouch.do("replicate", source=office, target=remote)["read"] == 0
    pouch.do("bulk", db=office, docs=cases(3, start=50))
    assert pouch.do("replicate", source=office, target=remote)["read"] == 3


def test_a_deletion_and_an_update_travel(pouch: Pouch, remote: str) -> None:
    office, hall = pouch.local("office"), pouch.local("hall")
    first, second = pouch.do("bulk", db=office, docs=cases(2))
    pouch.do("replicate", source=office, target=remote)
    pouch.do("replicate", source=remote, target=hall)

    pouch.do("remove", db=office, id=first["id"], rev=first["rev"])
    pouch.do("put", db=office, doc={"_id": second["id"], "_rev": second["rev"], "days": 7})
    pouch.do("replicate", source=office, target=remote)
    pouch.do("replicate", source=remote, target=hall)

    assert pouch.attempt("get", db=hall, id=first["id"])["reason"] == "deleted"
    assert pouch.do("get", db=hall, id=second["id"])["days"] == 7


def test_attachments_arrive_whole_in_both_directions(pouch: Pouch, remote: str) -> None:
    office, hall = pouch.local("office"), pouch.local("hall")
    inline = {"照片.png": {"content_type": "image/png", "data": _packed(PHOTO)}}
    pouch.do("put", db=office, doc={"_id": "hx-1", "_attachments": inline})

    pouch.do("replicate", source=office, target=remote)
    pouch.do("replicate", source=remote, target=hall)

    with urlopen(f"{remote}/hx-1/%E7%85%A7%E7%89%87.png", timeout=30) as answer:
        assert answer.read() == PHOTO
    assert pouch.attachment(hall, "hx-1", "照片.png") == PHOTO


def test_an_attachment_that_did_not_change_is_not_sent_again(pouch: Pouch, remote: str) -> None:
    hall = pouch.local("hall")
    inline = {"a.png": {"content_type": "image/png", "data": _packed(PHOTO)}}
    rev = pouch.do("put", db=remote, doc={"_id": "hx-1", "_attachments": inline})["rev"]
    with CuttingProxy(port_of(remote)) as link:
        through = f"http://127.0.0.1:{link.port}/cases"
        pouch.do("replicate", source=through, target=hall)
        known = pouch.do("get", db=remote, id="hx-1")["_attachments"]
        pouch.do("put", db=remote, doc={"_id": "hx-1", "_rev": rev, "_attachments": known})
        before = link.passed
        pouch.do("replicate", source=through, target=hall)
        sent = link.passed - before

    assert sent < len(PHOTO) / 10
    assert pouch.do("get", db=hall, id="hx-1")["_rev"].startswith("2-")
    assert pouch.attachment(hall, "hx-1", "a.png") == PHOTO


def test_a_conflict_is_seen_by_all_and_resolved_for_all(pouch: Pouch, remote: str) -> None:
    office, hall = pouch.local("office"), pouch.local("hall")
    rev = pouch.do("put", db=office, doc={"_id": "hx-1", "days": 5})["rev"]
    _sync(pouch, office, remote)
    _sync(pouch, hall, remote)
    pouch.do("put", db=office, doc={"_id": "hx-1", "_rev": rev, "days": 6})
    pouch.do("put", db=hall, doc={"_id": "hx-1", "_rev": rev, "days": 7})

    for _ in range(2):
        _sync(pouch, office, remote)
        _sync(pouch, hall, remote)
    seen = [_with_conflicts(pouch, name) for name in (office, hall, remote)]
    assert seen[0] == seen[1] == seen[2]
    (loser,) = seen[0]["_conflicts"]

    pouch.do("remove", db=hall, id="hx-1", rev=loser)
    _sync(pouch, hall, remote)
    _sync(pouch, office, remote)

    settled = [_with_conflicts(pouch, name) for name in (office, hall, remote)]
    assert settled[0] == settled[1] == settled[2]
    assert "_conflicts" not in settled[0]


@pytest.mark.parametrize(
    "options",
    [
        {"doc_ids": ["hx-00003", "hx-00007"]},
        {"selector": {"_id": {"$in": ["hx-00003", "hx-00007"]}}},
    ],
)
def test_a_part_can_be_pulled(pouch: Pouch, remote: str, options: dict[str, object]) -> None:
    hall = pouch.local("hall")
    pouch.do("bulk", db=remote, docs=cases(20))

    pouch.do("replicate", source=remote, target=hall, options=options)

    assert set(pouch.revisions(hall)) == {"hx-00003", "hx-00007"}


def test_a_live_sync_survives_a_link_that_breaks_all_the_time(
    pouch: Pouch, remote: str
) -> None:
    office = pouch.local("office")
    with CuttingProxy(port_of(remote), each=3) as link:
        through = f"http://127.0.0.1:{link.port}/cases"
        options = {"batch_size": 10, "heartbeat": 1000}
        pouch.do("bulk", db=office, docs=cases(150, words=60))
        pouch.do("bulk", db=remote, docs=cases(150, start=1000, words=60))
        pouch.do("start", name="sync", local=office, remote=through, options=options)
        wait_until(lambda: len(pouch.revisions(office)) == 300, "all that was there")
        pouch.do("bulk", db=office, docs=cases(20, start=2000))
        pouch.do("bulk", db=remote, docs=cases(20, start=3000))
        wait_until(lambda: len(pouch.revisions(office)) == 340, "what came to the office")
        wait_until(lambda: len(revisions(remote)) == 340, "what came to the server")
        cuts = link.cuts
        pouch.do("stop", name="sync")

    assert cuts > 5
    assert pouch.revisions(office) == revisions(remote)


def test_a_live_sync_goes_on_when_the_server_comes_back(pouch: Pouch, tmp_path: Path) -> None:
    office, path = pouch.local("office"), tmp_path / "again.sqlite"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with serving(path, port=port) as url:
        ask("PUT", f"{url}cases")
        options = {"heartbeat": 1000}
        pouch.do("start", name="sync", local=office, remote=f"{url}cases", options=options)
        pouch.do("bulk", db=office, docs=cases(5))
        wait_until(lambda: len(revisions(f"{url}cases")) == 5, "the first documents")
    pouch.do("bulk", db=office, docs=cases(5, start=5))

    with serving(path, port=port) as url:
        wait_until(lambda: len(revisions(f"{url}cases")) == 10, "the later documents")
        pouch.do("stop", name="sync")

        assert revisions(f"{url}cases") == pouch.revisions(office)


def test_pouchdb_signs_in(pouch: Pouch, tmp_path: Path) -> None:
    office = pouch.local("office")
    pouch.do("bulk", db=office, docs=cases(3))
    guarded = tmp_path / "guarded.sqlite"
    with serving(guarded, "--user", "it", POSTROAD_STORE_PASSWORD="zhu-he 2") as url:
        inside = url.replace("http://", "http://it:zhu-he%202@") + "cases"

        pushed = pouch.do("replicate", source=office, target=inside)
        shut_out = pouch.attempt("info", db=f"{url}cases")

    assert pushed["written"] == 3
    assert shut_out.get("status", shut_out.get("ok", {}).get("error")) in {401, "unauthorized"}


def _sync(pouch: Pouch, local: str, remote: str) -> None:
    pouch.do("replicate", source=local, target=remote)
    pouch.do("replicate", source=remote, target=local)


def _with_conflicts(pouch: Pouch, name: str) -> dict[str, Any]:
    document: dict[str, Any] = pouch.do("get", db=name, id="hx-1", options={"conflicts": True})
    return document


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()
