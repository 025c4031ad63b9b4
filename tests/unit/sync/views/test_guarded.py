"""What clients of a served file may do to the databases of the program itself."""

import json

import pytest

from sync.documents import CASES, document_of
from sync.stores.memory import MemoryStore
from sync.views.guarded import Guarded
from tests.support.couch_http import Couch
from tests.support.tree import STREET, VILLAGE, chain, memory_store


@pytest.fixture
def store() -> MemoryStore:
    made = memory_store(STREET)
    made.put([document_of(record, "") for record in chain(VILLAGE, 2)])
    return made


@pytest.fixture
def couch(store: MemoryStore) -> Couch:
    return Couch(Guarded(store))


def replicated(number: int) -> dict[str, object]:
    document = document_of(chain(VILLAGE, number)[-1], "")
    return {"_id": document.id, "_rev": document.rev, **json.loads(document.body)}


def test_a_record_that_a_replicator_brings_gets_its_scopes(
    store: MemoryStore, couch: Couch
) -> None:
    brought = replicated(3)

    rows = couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": [brought]}).json

    assert rows == []
    page = store.changes(0, limit=10, tag=f"unit:{VILLAGE}", databases=(CASES,))
    assert [row.document.id for row in page.rows][-1] == brought["_id"]


def test_a_copy_made_over_the_protocol_has_the_scopes_of_its_original() -> None:
    copy = memory_store("copy")
    couch = Couch(Guarded(copy))
    couch.put("/cases", None)

    couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": [replicated(1)]})

    assert copy.count_tagged(CASES, (f"unit:{STREET}",)) == 1


def test_what_the_program_keeps_is_neither_edited_nor_deleted(
    store: MemoryStore, couch: Couch
) -> None:
    own = document_of(chain(VILLAGE, 1)[0], "")
    tombstone = {
        "_id": own.id,
        "_deleted": True,
        "_revisions": {"start": 2, "ids": ["0" * 32, own.rev[2:]]},
    }

    assert couch.delete(f"/cases/{own.id}?rev={own.rev}").status == 403
    assert couch.put(f"/cases/{own.id}", {"_rev": own.rev}).status == 403
    assert couch.delete("/cases").status == 403
    assert couch.post("/cases/_purge", {own.id: [own.rev]}).status == 403
    rows = couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": [tombstone]}).json
    assert [row["error"] for row in rows] == ["forbidden"]
    assert couch.put("/cases/free", {"days": 7}).status == 403
    assert store.get(CASES, own.id) == own


def test_what_is_known_already_is_a_success(couch: Couch) -> None:
    body = {"new_edits": False, "docs": [replicated(1), replicated(2)]}

    assert couch.post("/cases/_bulk_docs", body).json == []


def test_the_operator_may_lift_the_guard(store: MemoryStore) -> None:
    couch = Couch(Guarded(store, allow_edits=True))
    own = document_of(chain(VILLAGE, 1)[0], "")

    assert couch.delete(f"/cases/{own.id}?rev={own.rev}").status == 200
    assert couch.delete("/cases").status == 200


def test_databases_made_over_the_protocol_are_free_whatever_their_name() -> None:
    couch = Couch(Guarded(memory_store("free")))
    couch.put("/cases", None)
    rev = couch.put("/cases/a", {"record": "none"}).json["rev"]

    assert couch.put("/cases/a", {"_rev": rev, "days": 7}).status == 201
    assert couch.delete("/cases").status == 200
