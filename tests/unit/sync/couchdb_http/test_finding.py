import pytest

from tests.support.couch_http import Couch


@pytest.fixture
def filled(couch: Couch) -> Couch:
    docs = [{"_id": f"hx-{n}", "days": n % 3, "at": {"street": "马场"}} for n in range(9)]
    couch.post("/cases/_bulk_docs", {"docs": [*docs, {"_id": "_design/app"}]})
    return couch


def found(couch: Couch, **query: object) -> list[str]:
    return [doc["_id"] for doc in couch.post("/cases/_find", query).json["docs"]]


def test_a_query_finds_what_its_selector_means(filled: Couch) -> None:
    assert found(filled, selector={"days": 2}) == ["hx-2", "hx-5", "hx-8"]


def test_a_query_shows_the_fields_that_were_asked_for(filled: Couch) -> None:
    query = {"selector": {"days": 0}, "fields": ["_id", "at.street", "none"], "limit": 1}

    docs = filled.post("/cases/_find", query).json["docs"]

    assert docs == [{"_id": "hx-0", "at": {"street": "马场"}}]


@pytest.mark.parametrize("sort", [None, ["days", "_id"], [{"days": "desc"}]])
def test_pages_of_a_query_hold_every_document_once(filled: Couch, sort: object) -> None:
    query = {"selector": {"days": {"$gte": 0}}, "limit": 4, "sort": sort or []}
    seen: list[str] = []
    for _ in range(4):
        page = filled.post("/cases/_find", query).json
        seen += [doc["_id"] for doc in page["docs"]]
        query["bookmark"] = page["bookmark"]

    assert sorted(seen) == [f"hx-{n}" for n in range(9)]


def test_a_query_can_be_sorted(filled: Couch) -> None:
    query = {"selector": {"_id": {"$gt": None}}, "sort": [{"days": "desc"}], "limit": 3}

    assert set(found(filled, **query)) == {"hx-2", "hx-5", "hx-8"}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"selector": []},
        {"selector": {}, "limit": -1},
        {"selector": {}, "sort": ["a", {"b": "desc"}]},
        {"selector": {}, "sort": [{"a": "up"}]},
        {"selector": {}, "fields": [1]},
        {"selector": {}, "bookmark": "???"},
        {"selector": {}, "sort": ["a"], "skip": 100_000},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(filled: Couch, query: object) -> None:
    assert filled.post("/cases/_find", query).status == 400


def test_an_index_is_kept_and_forgotten(couch: Couch) -> None:
    definition = {"index": {"fields": ["days"]}, "name": "by-days", "ddoc": "app"}

    assert couch.post("/cases/_index", definition).json["result"] == "created"
    assert couch.post("/cases/_index", definition).json["result"] == "exists"

    names = [row["name"] for row in couch.get("/cases/_index").json["indexes"]]
    assert names == ["_all_docs", "by-days"]
    assert couch.delete("/cases/_index/_design/app/json/by-days").json == {"ok": True}
    assert len(couch.get("/cases/_index").json["indexes"]) == 1
    assert couch.delete("/cases/_index/_design/app/json/by-days").status == 404


def test_a_query_can_be_explained(couch: Couch) -> None:
    assert couch.post("/cases/_explain", {"selector": {}}).json["index"]["type"] == "special"
