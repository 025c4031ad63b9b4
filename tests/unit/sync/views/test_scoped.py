"""What a child sees and may write when it speaks CouchDB to its hub."""

import base64
import json
from dataclasses import replace

import pytest

from security.records import Record
from sync.documents import CASES, document_of
from sync.ingest import Gate
from sync.quarantine import QUARANTINE
from sync.scope import scope_of
from sync.stores.memory import MemoryStore
from sync.views.reading import CHECKPOINT_BYTES_MAX, CHECKPOINTS_MAX
from sync.views.scoped import LOOKED_THROUGH, Child, Scoped
from tests.support.couch_http import Answer, Couch
from tests.support.tree import (
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    chain,
    make_registry,
    memory_store,
    seal,
)


class HubDesk:
    """A street's store with the records of two villages, as each of them sees it."""

    def __init__(self) -> None:
        self.store: MemoryStore = memory_store(STREET)
        self.registry = make_registry()
        self.gate = Gate(self.registry, self.store, STREET)
        self.woken = 0
        self.mine = self.push(VILLAGE, 3)
        self.theirs = self.push(OTHER_VILLAGE, 2)

    def push(self, unit: str, count: int) -> list[Record]:
        records = chain(unit, count)
        inspection = self.gate.inspect([one.raw for one in records], unit, "up")
        self.store.put(inspection.documents, inspection.local, expect=inspection.expect)
        return records

    def seen_by(self, unit: str) -> Couch:
        child = Child(unit, scope_of(self.registry, unit), self.gate, self._wake)
        return Couch(Scoped(self.store, child))

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def hub() -> HubDesk:
    return HubDesk()


@pytest.fixture
def couch(hub: HubDesk) -> Couch:
    return hub.seen_by(VILLAGE)


def replicated(record: Record) -> dict[str, object]:
    document = document_of(record, "")
    start, _, digest = document.rev.partition("-")
    body: dict[str, object] = json.loads(document.body)
    revisions = {"start": int(start), "ids": [digest]}
    return {"_id": document.id, "_rev": document.rev, "_revisions": revisions, **body}


def push(couch: Couch, *documents: object) -> Answer:
    answer = couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": list(documents)})
    assert answer.status == 201
    return answer


def test_a_child_reads_its_own_records_in_every_way(hub: HubDesk, couch: Couch) -> None:
    ids = [record.id for record in hub.mine]

    assert [row["id"] for row in couch.get("/cases/_changes").json["results"]] == ids
    listed = couch.get("/cases/_all_docs?include_docs=true").json
    assert [row["id"] for row in listed["rows"]] == sorted(ids)
    assert listed["total_rows"] == couch.get("/cases").json["doc_count"] == len(ids)
    raw = base64.b64decode(couch.get(f"/cases/{ids[0]}").json["record"])
    assert raw == hub.mine[0].raw


def test_nothing_tells_a_child_of_documents_outside_its_scope(
    hub: HubDesk, couch: Couch
) -> None:
    foreign = document_of(hub.theirs[0], "")
    asked = {"docs": [{"id": foreign.id, "rev": foreign.rev}]}

    assert couch.get(f"/cases/{foreign.id}").status == 404
    assert couch.get(f"/cases/{foreign.id}?rev={foreign.rev}").status == 404
    assert couch.get(f"/cases/{foreign.id}?open_revs=all").status == 404
    assert couch.get(f"/cases/{foreign.id}/x").status == 404
    got = couch.post("/cases/_bulk_get", asked).json["results"][0]["docs"][0]
    assert got["error"]["error"] == "not_found"
    missing = couch.post("/cases/_revs_diff", {foreign.id: [foreign.rev]}).json
    assert missing == {foreign.id: {"missing": [foreign.rev]}}
    rows = couch.post("/cases/_all_docs", {"keys": [foreign.id]}).json["rows"]
    assert rows == [{"key": foreign.id, "error": "not_found"}]
    feed = couch.post("/cases/_changes?filter=_doc_ids", {"doc_ids": [foreign.id]}).json
    assert feed["results"] == []
    backwards = couch.get("/cases/_changes?descending=true").json["results"]
    assert [row["id"] for row in backwards] == [one.id for one in reversed(hub.mine)]
    found = couch.post("/cases/_find", {"selector": {"_id": {"$gt": None}}}).json["docs"]
    assert foreign.id not in {document["_id"] for document in found}


def test_a_child_sees_no_database_that_does_not_travel(hub: HubDesk, couch: Couch) -> None:
    hub.store.create_database(QUARANTINE)

    assert couch.get("/_all_dbs").json == [CASES]
    assert couch.get(f"/{QUARANTINE}").status == 404
    assert couch.get(f"/{QUARANTINE}/_all_docs").status == 404
    assert couch.put(f"/{QUARANTINE}/_local/x", {}).status == 404


def test_a_long_range_is_looked_through_in_pages(hub: HubDesk, couch: Couch) -> None:
    own = hub.store.get(CASES, hub.mine[0].id)
    assert own is not None
    others = [replace(own, id=f"-{number}", tags=()) for number in range(LOOKED_THROUGH + 5)]
    last = replace(own, id="~")
    hub.store.put([*others, last])

    listed = couch.get("/cases/_all_docs?skip=3&limit=2").json["rows"]

    assert [row["id"] for row in listed] == ["~"]


def test_a_record_that_follows_on_is_taken_as_if_it_had_been_pushed(
    hub: HubDesk, couch: Couch
) -> None:
    following = seal(VILLAGE, 4, hub.mine[-1].hash)

    assert push(couch, replicated(following)).json == []

    stored = hub.store.get(CASES, following.id)
    assert stored is not None
    assert (stored.origin, f"unit:{STREET}" in stored.tags) == (VILLAGE, True)
    assert hub.woken == 1


def test_a_record_that_is_known_is_a_success_that_changes_nothing(
    hub: HubDesk, couch: Couch
) -> None:
    before = hub.store.last_seq

    assert push(couch, replicated(hub.mine[0])).json == []
    assert hub.store.last_seq == before


def test_a_record_of_somebody_else_is_set_aside_and_refused(hub: HubDesk, couch: Couch) -> None:
    forged = seal(OTHER_VILLAGE, 3, hub.theirs[-1].hash)

    (row,) = push(couch, replicated(forged)).json

    assert (row["id"], row["error"]) == (forged.id, "forbidden")
    assert hub.store.get(CASES, forged.id) is None
    assert hub.store.get(QUARANTINE, forged.id) is not None


@pytest.mark.parametrize("fault", ["name", "rev", "deleted", "field", "empty", "attachment"])
def test_what_is_more_or_less_than_a_record_is_refused(
    hub: HubDesk, couch: Couch, fault: str
) -> None:
    document = replicated(seal(VILLAGE, 4, hub.mine[-1].hash))
    before = hub.store.last_seq
    match fault:
        case "name":
            document["_id"] = "0" * 64
        case "rev":
            document["_revisions"] = {"start": 1, "ids": ["0" * 32]}
        case "deleted":
            document["_deleted"] = True
        case "field":
            document["more"] = 1
        case "empty":
            document["record"] = ""
        case _:
            document["_attachments"] = {"x": {"data": "AAAA", "content_type": "text/plain"}}

    (row,) = push(couch, document).json

    assert row["error"] == "forbidden"
    assert hub.store.last_seq == before


def test_a_child_changes_and_removes_nothing(hub: HubDesk, couch: Couch) -> None:
    own = document_of(hub.mine[0], "")

    assert couch.delete("/cases").status == 403
    assert couch.delete(f"/cases/{own.id}?rev={own.rev}").status == 403
    assert couch.put(f"/cases/{own.id}", {"_rev": own.rev, "days": 7}).status == 403
    assert couch.put(f"/cases/{own.id}/x?rev={own.rev}", b"x").status == 403
    assert couch.post("/cases/_purge", {own.id: [own.rev]}).status == 403
    assert couch.put("/cases/_security", {}).status == 403
    assert couch.put("/cases/_revs_limit", 1).status == 403
    assert couch.put("/free", None).status == 403
    assert couch.post("/cases/_compact", {}).status == 403
    assert couch.get(f"/cases/{own.id}").json["_rev"] == own.rev


def test_checkpoints_are_each_childs_own(hub: HubDesk, couch: Couch) -> None:
    other = hub.seen_by(OTHER_VILLAGE)
    assert couch.put("/cases/_local/c", {"seq": 3}).json["rev"] == "0-1"

    assert other.get("/cases/_local/c").status == 404
    assert other.get("/cases/_local_docs").json["rows"] == []
    assert couch.get("/cases/_local/c").json["seq"] == 3
    listed = couch.get("/cases/_local_docs").json["rows"]
    assert [row["id"] for row in listed] == ["_local/c"]


def test_checkpoints_fill_no_disk(couch: Couch) -> None:
    long = "x" * CHECKPOINT_BYTES_MAX
    for number in range(CHECKPOINTS_MAX):
        assert couch.put(f"/cases/_local/{number}", {}).status == 201

    assert couch.put("/cases/_local/one-more", {}).status == 403
    assert couch.put("/cases/_local/0", {"_rev": "0-1", "seq": long}).status == 413
    assert couch.put("/cases/_local/0", {"_rev": "0-1", "seq": 1}).status == 201
