import pytest

from sync.couchdb_http.listing import PAGE
from tests.support.couch_http import Couch, leaf

IDS = ["A", "_design/app", "a", "b", "ä", "养"]


@pytest.fixture
def listed(couch: Couch) -> Couch:
    docs: list[object] = [{"_id": name} for name in IDS]
    couch.post("/cases/_bulk_docs", {"docs": docs})
    gone = leaf("gone", 1, "a", _deleted=True)
    couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": [gone]})
    return couch


def ids(couch: Couch, query: str) -> list[str]:
    return [row.get("id") for row in couch.get(f"/cases/_all_docs?{query}").json["rows"]]


def test_all_documents_are_listed_in_the_order_of_their_bytes(listed: Couch) -> None:
    listing = listed.get("/cases/_all_docs").json

    assert [row["key"] for row in listing["rows"]] == IDS
    assert (listing["total_rows"], listing["offset"]) == (6, 0)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('startkey="a"&endkey="b"', ["a", "b"]),
        ('start_key="a"&end_key="b"&inclusive_end=false', ["a"]),
        ('key="b"', ["b"]),
        ('descending=true&startkey="b"&endkey="a"', ["b", "a"]),
        ("limit=2&skip=1", ["_design/app", "a"]),
        ("limit=0", []),
        ('keys=["b","A"]', ["b", "A"]),
        ('keys=["b","A"]&limit=1', ["b"]),
        ("startkey=[]", []),
        ("endkey=1", []),
    ],
)
def test_a_range_can_be_asked_for(listed: Couch, query: str, found: list[str]) -> None:
    assert ids(listed, query) == found


def test_keys_say_what_became_of_a_document(listed: Couch) -> None:
    rows = listed.post("/cases/_all_docs", {"keys": ["gone", "none"]}).json["rows"]

    assert rows[0]["value"]["deleted"] is True
    assert rows[1] == {"key": "none", "error": "not_found"}


def test_documents_come_along_when_asked_for(listed: Couch) -> None:
    rows = listed.get('/cases/_all_docs?include_docs=true&keys=["a","gone"]').json["rows"]

    assert rows[0]["doc"]["_id"] == "a"
    assert rows[1]["doc"] is None


@pytest.mark.parametrize("query", ['keys=["a"]&startkey="a"', "keys=1", "limit=x", "skip=-1"])
def test_a_list_that_makes_no_sense_is_refused(listed: Couch, query: str) -> None:
    assert listed.get(f"/cases/_all_docs?{query}").status == 400


def test_a_long_list_is_whole(couch: Couch) -> None:
    names = [f"hx-{number:05}" for number in range(2 * PAGE + 10)]
    couch.post("/cases/_bulk_docs", {"docs": [{"_id": name} for name in names]})

    assert ids(couch, "") == names
    assert ids(couch, "descending=true") == names[::-1]
    assert ids(couch, f"limit={PAGE + 1}&skip=3") == names[3 : PAGE + 4]


def test_several_lists_come_in_one_answer(listed: Couch) -> None:
    queries = [{"key": "a"}, {"keys": ["b"], "include_docs": True}, {"limit": 1}]

    lists = listed.post("/cases/_all_docs/queries", {"queries": queries}).json["results"]

    assert [[row["id"] for row in one["rows"]] for one in lists] == [["a"], ["b"], ["A"]]


def test_design_documents_and_local_ones_have_lists_of_their_own(listed: Couch) -> None:
    listed.put("/cases/_local/check", {"seq": 1})

    assert [row["id"] for row in listed.get("/cases/_design_docs").json["rows"]] == [
        "_design/app"
    ]
    rows = listed.get("/cases/_local_docs?include_docs=true").json["rows"]
    assert [row["doc"] for row in rows] == [{"_id": "_local/check", "_rev": "0-1", "seq": 1}]
