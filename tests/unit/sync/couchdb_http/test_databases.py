import pytest

from tests.support.couch_http import Couch, leaf, rev


def test_the_welcome_has_a_uuid_that_stays(couch: Couch) -> None:
    first, second = couch.get("/").json, couch.get("/").json

    assert first["couchdb"] == "Welcome"
    assert first["uuid"] == second["uuid"] == couch.store.incarnation


def test_a_database_is_made_once(couch: Couch) -> None:
    again = couch.put("/cases", None)

    assert (again.status, again.json["error"]) == (412, "file_exists")
    assert couch.get("/_all_dbs").json == ["cases"]


@pytest.mark.parametrize("name", ["Cases", "1st", "_cases", "c%20x", "%2Fcases"])
def test_a_name_that_couchdb_refuses_is_refused(couch: Couch, name: str) -> None:
    answer = couch.put(f"/{name}", None)

    assert (answer.status, answer.json["error"]) == (400, "illegal_database_name")


def test_a_database_may_have_a_slash_in_its_name(couch: Couch) -> None:
    assert couch.put("/city%2Fcases", None).status == 201

    assert couch.get("/city%2Fcases/").json["db_name"] == "city/cases"


def test_a_replicator_finds_what_it_needs_to_open_a_database(couch: Couch) -> None:
    couch.put("/cases/hx-1", {"days": 7})

    shown = couch.get("/cases/").json

    assert isinstance(shown["instance_start_time"], str)
    assert (shown["doc_count"], shown["doc_del_count"], shown["update_seq"]) == (1, 0, 1)
    assert {"purge_seq", "compact_running", "sizes", "props", "cluster"} <= shown.keys()


def test_a_database_that_was_made_again_is_another(couch: Couch) -> None:
    before = couch.get("/cases").json["instance_start_time"]
    couch.delete("/cases")
    couch.put("/cases", None)

    assert couch.get("/cases").json["instance_start_time"] != before


@pytest.mark.parametrize("path", ["/none", "/none/x", "/none/_changes", "/none/_all_docs"])
def test_a_database_that_is_not_there_is_said_in_couchdbs_words(
    couch: Couch, path: str
) -> None:
    answer = couch.get(path)

    assert answer.status == 404
    assert answer.json == {"error": "not_found", "reason": "Database does not exist."}


def test_a_delete_with_a_revision_spares_the_database(couch: Couch) -> None:
    assert couch.delete("/cases?rev=1-x").status == 400
    assert couch.get("/cases").status == 200


def test_a_method_that_is_not_there_is_answered_with_those_that_are(couch: Couch) -> None:
    answer = couch.ask("PATCH", "/cases")

    assert answer.status == 405
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, POST, PUT"


def test_a_commit_tells_the_incarnation(couch: Couch) -> None:
    answer = couch.post("/cases/_ensure_full_commit", {})

    assert answer.status == 201
    assert answer.json["instance_start_time"] == couch.get("/cases").json["instance_start_time"]


def test_settings_of_a_database_are_kept(couch: Couch) -> None:
    security = {"admins": {"names": [], "roles": ["_admin"]}, "members": {"names": ["it"]}}

    assert couch.put("/cases/_revs_limit", 50).json == {"ok": True}
    assert couch.put("/cases/_security", security).json == {"ok": True}

    assert couch.get("/cases/_revs_limit").json == 50
    assert couch.get("/cases/_security").json == security


@pytest.mark.parametrize("limit", [0, -1, "5", None, True])
def test_a_limit_of_revisions_that_makes_no_sense_is_refused(
    couch: Couch, limit: object
) -> None:
    assert couch.put("/cases/_revs_limit", limit).status == 400


def test_a_purged_revision_is_gone(couch: Couch) -> None:
    couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": [leaf("hx-1", 1, "a")]})

    answer = couch.post("/cases/_purge", {"hx-1": [rev(1, "a"), rev(1, "b")]})

    assert answer.status == 201
    assert answer.json["purged"] == {"hx-1": [rev(1, "a")]}
    assert couch.get("/cases/hx-1").status == 404


@pytest.mark.parametrize("path", ["_compact", "_view_cleanup"])
def test_maintenance_is_accepted(couch: Couch, path: str) -> None:
    assert couch.post(f"/cases/{path}", {}).status == 202


def test_a_post_that_does_not_call_itself_json_is_refused(couch: Couch) -> None:
    answer = couch.ask("POST", "/cases/_bulk_docs", b"{}", {"Content-Type": "text/plain"})

    assert (answer.status, answer.json["error"]) == (415, "bad_content_type")


def test_a_form_of_another_page_cannot_post_without_a_type(couch: Couch) -> None:
    assert couch.ask("POST", "/cases/_bulk_docs", b'{"docs":[]}').status == 415


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[1,", b'{"a": NaN}', b'{"a": 1e999}', b'"\\ud800"', b"[" * 100_000],
)
def test_what_is_no_json_is_refused(couch: Couch, body: bytes) -> None:
    answer = couch.put("/cases/x", body)

    assert answer.status == 400
    assert answer.json["error"] == "bad_request"


def test_several_databases_are_described_at_once(couch: Couch) -> None:
    rows = couch.post("/_dbs_info", {"keys": ["cases", "none"]}).json

    assert rows[0]["info"]["db_name"] == "cases"
    assert rows[1] == {"key": "none", "error": "not_found"}


def test_ids_are_given_out(couch: Couch) -> None:
    made = couch.get("/_uuids?count=3").json["uuids"]

    assert len(set(made)) == 3
    assert couch.get("/_uuids?count=100000").status == 400
