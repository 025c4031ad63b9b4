import gzip
import json

import pytest

from sync.couchdb_http.limits import ServingLimits
from tests.support.couch_http import JSON, Couch, leaf, rev


def bulk(couch: Couch, *documents: object) -> object:
    answer = couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": list(documents)})
    assert answer.status == 201
    return answer.json


def test_edits_are_answered_in_order_one_by_one(couch: Couch) -> None:
    first = couch.put("/cases/a", {}).json["rev"]

    rows = couch.post(
        "/cases/_bulk_docs",
        {"docs": [{"_id": "b"}, {"_id": "a"}, {"_id": "a", "_rev": first, "days": 7}]},
    ).json

    assert rows[0]["ok"]
    assert rows[1] == {"id": "a", "error": "conflict", "reason": "Document update conflict."}
    assert rows[2]["rev"].startswith("2-")


def test_replicated_revisions_are_answered_with_errors_alone(couch: Couch) -> None:
    stub = leaf("c", 1, "c", _attachments={"x": {"stub": True, "revpos": 1}})

    rows = bulk(couch, leaf("a", 1, "a"), stub)

    assert isinstance(rows, list)
    assert [(row["id"], row["rev"], row["error"]) for row in rows] == [
        ("c", rev(1, "c"), "missing_stub")
    ]


def test_a_revision_may_come_twice(couch: Couch) -> None:
    assert bulk(couch, leaf("a", 2, "b", "a")) == bulk(couch, leaf("a", 2, "b", "a")) == []
    assert bulk(couch, leaf("a", 1, "a")) == []

    assert couch.get("/cases").json["update_seq"] == 1


def test_a_revision_without_a_history_is_refused(couch: Couch) -> None:
    answer = couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": [{"_id": "a"}]})

    assert answer.status == 400


@pytest.mark.parametrize("body", [{}, {"docs": 1}, {"docs": [], "new_edits": 1}, {"docs": [1]}])
def test_a_batch_that_is_none_is_refused(couch: Couch, body: object) -> None:
    assert couch.post("/cases/_bulk_docs", body).status == 400


def test_a_batch_may_hold_local_documents(couch: Couch) -> None:
    docs = [{"_id": "_local/check", "seq": 1}, {"_id": "a"}]

    rows = couch.post("/cases/_bulk_docs", {"docs": docs}).json

    assert [row["id"] for row in rows] == ["_local/check", "a"]
    assert couch.get("/cases/_local/check").json["seq"] == 1


def test_a_packed_batch_is_unpacked(couch: Couch) -> None:
    packed = gzip.compress(json.dumps({"docs": [{"_id": "a"}]}).encode())

    answer = couch.ask(
        "POST", "/cases/_bulk_docs", packed, {**JSON, "Content-Encoding": "gzip"}
    )

    assert answer.json[0]["ok"]


@pytest.mark.parametrize("packed", [b"no gzip", gzip.compress(b"{}" * 9000, mtime=0)[:-9]])
def test_a_batch_that_is_packed_wrongly_is_refused(couch: Couch, packed: bytes) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}

    assert couch.ask("POST", "/cases/_bulk_docs", packed, headers).status == 400


def test_a_batch_that_swells_is_stopped(couch: Couch) -> None:
    small = Couch(couch.store, limits=ServingLimits(json_bytes=100_000))
    bomb = gzip.compress(b" " * 50_000_000, mtime=0)

    answer = small.ask("POST", "/cases/_bulk_docs", bomb, {**JSON, "Content-Encoding": "gzip"})

    assert (answer.status, answer.json["error"]) == (413, "too_large")


def test_the_difference_names_what_is_missing_and_what_it_may_build_upon(couch: Couch) -> None:
    bulk(couch, leaf("a", 2, "b", "a"), leaf("b", 1, "a"))

    answer = couch.post(
        "/cases/_revs_diff",
        {"a": [rev(1, "a"), rev(3, "c")], "b": [rev(1, "a")], "c": [rev(1, "a")]},
    )

    assert answer.json == {
        "a": {"missing": [rev(3, "c")], "possible_ancestors": [rev(2, "b")]},
        "c": {"missing": [rev(1, "a")]},
    }


def test_the_older_difference_is_answered_too(couch: Couch) -> None:
    answer = couch.post("/cases/_missing_revs", {"a": [rev(1, "a")]})

    assert answer.json == {"missing_revs": {"a": [rev(1, "a")]}}


@pytest.mark.parametrize("body", [[], {"a": 1}, {"a": [1]}, {"a": ["x"]}])
def test_a_difference_of_nonsense_is_refused(couch: Couch, body: object) -> None:
    assert couch.post("/cases/_revs_diff", body).status == 400


def test_a_bulk_get_has_exactly_the_shape_that_replicators_take(couch: Couch) -> None:
    bulk(couch, leaf("a", 2, "b", "a", days=7))

    answer = couch.post(
        "/cases/_bulk_get?revs=true&latest=true",
        {"docs": [{"id": "a", "rev": rev(1, "a")}, {"id": "b", "rev": rev(1, "b")}]},
    )

    assert answer.json == {
        "results": [
            {
                "id": "a",
                "docs": [
                    {
                        "ok": {
                            "_id": "a",
                            "_rev": rev(2, "b"),
                            "_revisions": {"start": 2, "ids": ["b" * 32, "a" * 32]},
                            "days": 7,
                        }
                    }
                ],
            },
            {
                "id": "b",
                "docs": [
                    {
                        "error": {
                            "id": "b",
                            "rev": rev(1, "b"),
                            "error": "not_found",
                            "reason": "missing",
                        }
                    }
                ],
            },
        ]
    }


def test_a_bulk_get_answers_every_entry_alone(couch: Couch) -> None:
    bulk(couch, leaf("a", 1, "b"), leaf("a", 1, "c"))
    asked = [{"id": "a"}, {"id": "z"}, {}, 5, {"id": "a", "rev": "x"}]

    results = couch.post("/cases/_bulk_get", {"docs": asked}).json["results"]

    assert [row["ok"]["_rev"] for row in results[0]["docs"]] == [rev(1, "c"), rev(1, "b")]
    assert results[1]["docs"][0]["error"]["rev"] == "undefined"
    assert [row["docs"][0]["error"]["error"] for row in results[2:4]] == ["bad_request"] * 2
    assert len(results) == 5


def test_a_bulk_get_takes_revisions_in_the_body_only(couch: Couch) -> None:
    assert couch.post("/cases/_bulk_get?rev=1-x", {"docs": []}).status == 400
    assert couch.post("/cases/_bulk_get", {}).status == 400


def test_a_bulk_get_can_come_in_parts(couch: Couch) -> None:
    inline = {"x": {"content_type": "text/plain", "data": "aGVsbG8="}}
    bulk(couch, leaf("a", 1, "a", _attachments=inline), leaf("b", 1, "b"))

    answer = couch.ask(
        "POST",
        "/cases/_bulk_get",
        {"docs": [{"id": "a"}, {"id": "b"}, {"id": "c"}]},
        {"Accept": "multipart/mixed"},
    )

    body = answer.body
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    assert b"X-Doc-Id: a\r\nX-Rev-Id: " + rev(1, "a").encode() in body
    assert b"\r\n\r\nhello\r\n--" in body
    assert b'error="true"' in body


def test_too_many_documents_are_refused_so_that_the_client_sends_less(couch: Couch) -> None:
    few = Couch(couch.store, limits=ServingLimits(requested_ids=2))
    docs = [{"_id": name, "id": name} for name in "abc"]

    for path in ("_bulk_docs", "_bulk_get"):
        assert few.post(f"/cases/{path}", {"docs": docs}).status == 413
