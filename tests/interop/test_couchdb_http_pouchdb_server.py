import base64
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.couch_http import leaf, rev
from tests.support.couch_peers import Pouch, ask, pouchdb_server, revisions, serving

PHOTO = random.Random(8).randbytes(50_000)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "store.sqlite") as url:
        ask("PUT", f"{url}cases")
        yield f"{url}cases"


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[str]:
    with pouchdb_server(tmp_path) as url:
        ask("PUT", f"{url}cases")
        yield f"{url}cases"


@pytest.fixture
def pouch(tmp_path: Path) -> Iterator[Pouch]:
    made = Pouch(tmp_path)
    yield made
    made.close()


def fill(url: str) -> None:
    """Documents of every kind: plain, with a conflict, deleted, with an attachment."""
    photo = {"content_type": "image/png", "data": base64.b64encode(PHOTO).decode()}
    docs = [
        *(leaf(f"hx-{number}", 1, "a", days=number) for number in range(20)),
        leaf("conflict", 2, "b", "a", days=5),
        leaf("conflict", 2, "c", "a", days=6),
        leaf("gone", 2, "d", "a", _deleted=True),
        leaf("photo", 1, "e", _attachments={"照片.png": photo}),
    ]
    status, rows = ask("POST", f"{url}/_bulk_docs", {"new_edits": False, "docs": docs})
    assert (status, rows) == (201, [])


def same(first: str, second: str) -> bool:
    """Whether two databases have the same winners, the same conflict and the same photo."""
    asked = f"%22{rev(2, 'b')}%22,%22{rev(2, 'c')}%22"
    shown = [
        (
            revisions(url),
            ask("GET", f"{url}/conflict?open_revs=[{asked}]&revs=true"),
            ask("GET", f"{url}/photo")[1]["_attachments"],
        )
        for url in (first, second)
    ]
    return shown[0] == shown[1]


def test_what_pouchdb_server_holds_comes_to_us(pouch: Pouch, ours: str, theirs: str) -> None:
    fill(theirs)

    done = pouch.do("replicate", source=theirs, target=ours)

    assert done["errors"] == 0
    assert same(ours, theirs)
    assert ask("GET", f"{ours}/gone")[1]["reason"] == "deleted"
    assert pouch.attachment(ours, "photo", "照片.png") == PHOTO


def test_what_we_hold_comes_to_pouchdb_server(pouch: Pouch, ours: str, theirs: str) -> None:
    fill(ours)

    done = pouch.do("replicate", source=ours, target=theirs)

    assert done["errors"] == 0
    assert same(ours, theirs)
    assert ask("GET", f"{theirs}/gone")[0] == 404
    assert pouch.attachment(theirs, "photo", "照片.png") == PHOTO


def test_both_miss_the_same_revisions(ours: str, theirs: str) -> None:
    asked = {"hx-1": [rev(1, "a"), rev(2, "f")], "none": [rev(1, "a")], "hx-2": [rev(1, "a")]}
    for url in (ours, theirs):
        fill(url)

    missing = []
    for url in (ours, theirs):
        rows = ask("POST", f"{url}/_revs_diff", asked)[1]
        missing.append({name: row["missing"] for name, row in rows.items()})

    assert missing[0] == missing[1] == {"hx-1": [rev(2, "f")], "none": [rev(1, "a")]}


def test_there_and_back_again_nothing_is_left_to_do(
    pouch: Pouch, ours: str, theirs: str
) -> None:
    fill(ours)
    pouch.do("replicate", source=ours, target=theirs)
    before = ask("GET", ours)[1]["update_seq"]

    back = pouch.do("replicate", source=theirs, target=ours)

    assert back["written"] == 0
    assert ask("GET", ours)[1]["update_seq"] == before
