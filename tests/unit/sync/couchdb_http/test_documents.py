import pytest

from tests.support.couch_http import Couch, leaf, rev


def replicate(couch: Couch, *documents: dict[str, object]) -> None:
    answer = couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": list(documents)})
    assert (answer.status, answer.json) == (201, [])


def test_a_document_comes_back_as_it_was_put(couch: Couch) -> None:
    fields = {"item": "养老认证", "days": 7, "applicant": {"age": 68}}

    put = couch.put("/cases/hx-1", fields)

    assert put.status == 201
    assert put.json["ok"] is True
    assert couch.get("/cases/hx-1").json == {"_id": "hx-1", "_rev": put.json["rev"], **fields}


def test_an_id_may_have_a_slash_and_chinese(couch: Couch) -> None:
    assert couch.put("/cases/%E5%8A%9E%2F1", {}).json["id"] == "办/1"

    assert couch.get("/cases/%E5%8A%9E%2F1").json["_id"] == "办/1"


def test_a_document_without_an_id_is_given_one(couch: Couch) -> None:
    made = couch.post("/cases", {"days": 7})

    assert made.status == 201
    assert couch.get(f"/cases/{made.json['id']}").json["days"] == 7


def test_an_update_needs_the_revision(couch: Couch) -> None:
    first = couch.put("/cases/hx-1", {"days": 7}).json["rev"]

    assert couch.put("/cases/hx-1", {"days": 8}).status == 409
    assert couch.put("/cases/hx-1", {"_rev": first, "days": 8}).status == 201
    stale = couch.put(f"/cases/hx-1?rev={first}", {"days": 9})
    assert stale.json == {"error": "conflict", "reason": "Document update conflict."}


def test_the_revision_may_stand_in_the_query_or_in_a_header_but_not_differ(
    couch: Couch,
) -> None:
    first = couch.put("/cases/hx-1", {}).json["rev"]
    second = couch.put(f"/cases/hx-1?rev={first}", {}).json["rev"]
    third = couch.ask("PUT", "/cases/hx-1", {}, {"If-Match": f'"{second}"'})

    assert third.status == 201
    assert couch.put(f"/cases/hx-1?rev={first}", {"_rev": second}).status == 400


def test_a_deleted_document_is_missing_until_it_is_written_again(couch: Couch) -> None:
    first = couch.put("/cases/hx-1", {}).json["rev"]

    deleted = couch.delete(f"/cases/hx-1?rev={first}")

    assert deleted.status == 200
    assert couch.get("/cases/hx-1").json == {"error": "not_found", "reason": "deleted"}
    tombstone = couch.get(f"/cases/hx-1?rev={deleted.json['rev']}").json
    assert tombstone == {"_id": "hx-1", "_rev": deleted.json["rev"], "_deleted": True}
    assert couch.put("/cases/hx-1", {}).json["rev"].startswith("3-")


def test_a_delete_without_the_revision_is_a_conflict(couch: Couch) -> None:
    couch.put("/cases/hx-1", {})

    assert couch.delete("/cases/hx-1").status == 409
    assert couch.delete("/cases/none").status == 404


def test_an_unchanged_document_is_not_sent_again(couch: Couch) -> None:
    couch.put("/cases/hx-1", {})
    etag = couch.get("/cases/hx-1").headers["ETag"]

    answer = couch.get("/cases/hx-1", **{"If-None-Match": etag})

    assert (answer.status, answer.body) == (304, b"")


def test_the_head_of_a_document_has_its_revision_and_no_body(couch: Couch) -> None:
    first = couch.put("/cases/hx-1", {"days": 7}).json["rev"]

    answer = couch.ask("HEAD", "/cases/hx-1")

    assert (answer.status, answer.headers["ETag"], answer.body) == (200, f'"{first}"', b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_conflicts_and_history_are_shown_when_asked_for(couch: Couch) -> None:
    replicate(couch, leaf("hx-1", 2, "b", "a"), leaf("hx-1", 2, "c", "a"))
    replicate(couch, leaf("hx-1", 2, "d", "a", _deleted=True))

    shown = couch.get("/cases/hx-1?meta=true&revs=true&local_seq=true").json

    assert shown["_rev"] == rev(2, "c")
    assert shown["_conflicts"] == [rev(2, "b")]
    assert shown["_deleted_conflicts"] == [rev(2, "d")]
    assert shown["_revisions"] == {"start": 2, "ids": ["c" * 32, "a" * 32]}
    assert [one["status"] for one in shown["_revs_info"]] == ["available", "missing"]
    assert shown["_local_seq"] == 3


def test_open_revisions_say_which_are_missing(couch: Couch) -> None:
    replicate(couch, leaf("hx-1", 2, "b", "a"), leaf("hx-1", 2, "c", "a"))

    asked = f'["{rev(2, "b")}","{rev(9, "f")}"]'
    rows = couch.get(f"/cases/hx-1?open_revs={asked}").json

    assert rows[0]["ok"]["_rev"] == rev(2, "b")
    assert rows[1] == {"missing": rev(9, "f")}
    leaves = couch.get("/cases/hx-1?open_revs=all").json
    assert [row["ok"]["_rev"] for row in leaves] == [rev(2, "c"), rev(2, "b")]


def test_latest_gives_the_leaves_that_came_of_a_revision(couch: Couch) -> None:
    replicate(couch, leaf("hx-1", 3, "c", "b", "a"))

    rows = couch.get(f'/cases/hx-1?open_revs=["{rev(1, "a")}"]&latest=true').json

    assert [row["ok"]["_rev"] for row in rows] == [rev(3, "c")]


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("/cases/hx-1?open_revs={}", "unknown_error"),
        ('/cases/hx-1?open_revs=["keys"]', "bad_request"),
        ("/cases/hx-1?open_revs=[1]", "bad_request"),
        ("/cases/hx-1?rev=keys", "bad_request"),
    ],
)
def test_a_revision_that_is_none_is_refused(couch: Couch, target: str, error: str) -> None:
    couch.put("/cases/hx-1", {})

    answer = couch.get(target)

    assert (answer.status, answer.json["error"]) == (400, error)


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"_signature": "x"}, "doc_validation"),
        ({"_deleted": 1}, "doc_validation"),
        ({"_revisions": {"start": "1", "ids": []}}, "doc_validation"),
        ({"_rev": 1}, "bad_request"),
        ([], "bad_request"),
        ({"_attachments": {"_x": {"data": ""}}}, "bad_request"),
        ({"_attachments": {"x": {"data": "***"}}}, "bad_request"),
    ],
)
def test_a_document_that_is_none_is_refused(couch: Couch, document: object, error: str) -> None:
    answer = couch.put("/cases/hx-1", document)

    assert (answer.status, answer.json["error"]) == (400, error)


@pytest.mark.parametrize("name", ["_hidden", "_design/", "_local/"])
def test_an_id_that_couchdb_keeps_for_itself_refuses_the_whole_batch(
    couch: Couch, name: str
) -> None:
    answer = couch.post("/cases/_bulk_docs", {"docs": [{"_id": "fine"}, {"_id": name}]})

    assert (answer.status, answer.json["error"]) == (400, "illegal_docid")
    assert couch.get("/cases/fine").status == 404


def test_a_stub_of_nothing_is_told_from_other_faults(couch: Couch) -> None:
    document = leaf("hx-1", 2, "b", "a", _attachments={"x": {"stub": True, "revpos": 1}})

    answer = couch.put("/cases/hx-1?new_edits=false", document)

    assert (answer.status, answer.json["error"]) == (412, "missing_stub")


def test_a_copy_has_the_fields_and_attachments_of_its_original(couch: Couch) -> None:
    inline = {"photo.txt": {"content_type": "text/plain", "data": "aGVsbG8="}}
    couch.put("/cases/hx-1", {"days": 7, "_attachments": inline})

    copied = couch.ask("COPY", "/cases/hx-1", None, {"Destination": "hx%2D2"})

    assert copied.status == 201
    assert couch.get("/cases/hx-2").json["days"] == 7
    assert couch.get("/cases/hx-2/photo.txt").body == b"hello"


def test_local_documents_stay_out_of_the_feed(couch: Couch) -> None:
    assert couch.put("/cases/_local/check", {"seq": 1}).json["rev"] == "0-1"

    assert couch.get("/cases/_local/check").json == {
        "_id": "_local/check",
        "_rev": "0-1",
        "seq": 1,
    }
    assert couch.get("/cases/_changes").json["results"] == []
    assert couch.delete("/cases/_local/check?rev=0-1").status == 200
    assert couch.get("/cases/_local/check").json["error"] == "not_found"


def test_a_checkpoint_is_not_wiped_out_unseen(couch: Couch) -> None:
    couch.put("/cases/_local/check", {"seq": 1})

    assert couch.put("/cases/_local/check", {"seq": 2}).status == 409
    assert couch.put("/cases/_local/check", {"_rev": "0-1", "seq": 2}).json["rev"] == "0-2"


def test_local_documents_take_no_attachments(couch: Couch) -> None:
    answer = couch.put("/cases/_local/check/x", b"x")

    assert answer.json["reason"] == "_local documents do not accept attachments."


def test_design_documents_are_kept_and_never_run(couch: Couch) -> None:
    design = {"views": {"all": {"map": "function (doc) { emit(doc._id); }"}}}

    assert couch.put("/cases/_design/app", design).status == 201
    assert couch.get("/cases/_design/app").json["views"] == design["views"]
    assert couch.get("/cases/_design/app/_view/all").status == 501
