"""What the port promises of databases, edits and local documents, every store keeps."""

import json

import pytest

from sync.couch_ports import DocumentStore
from sync.couch_values import Revision
from sync.errors import StoreConflictError, UnknownDatabaseError
from tests.support.document_stores import (
    NAME,
    changed,
    documents,
    edit,
    give,
    revision,
    winner,
)

__all__ = ["documents"]


def test_databases_are_made_once_and_listed_in_order(documents: DocumentStore) -> None:
    assert documents.create_database("a/b+c$(d)-e_f")
    assert not documents.create_database("a/b+c$(d)-e_f")
    assert documents.create_database("_users")
    assert documents.databases() == ("_users", "a/b+c$(d)-e_f", NAME)


def test_a_new_database_is_empty(documents: DocumentStore) -> None:
    info = documents.describe(NAME)

    assert (info.doc_count, info.doc_del_count, info.update_seq, info.purge_seq) == (0, 0, 0, 0)
    assert info.revs_limit == 1000
    assert not info.compact_running
    assert documents.security(NAME) == b"{}"
    assert changed(documents) == []


def test_counts_follow_edits_deletions_and_conflicts(documents: DocumentStore) -> None:
    give(documents, revision("a", "1-a"), revision("b", "1-b"), revision("c", "1-c"))
    edit(documents, "a", "1-a", deleted=True)
    give(documents, revision("b", "1-x"))

    info = documents.describe(NAME)

    assert (info.doc_count, info.doc_del_count, info.update_seq) == (2, 1, 5)


def test_a_deleted_database_is_gone_with_all_it_had(documents: DocumentStore) -> None:
    give(documents, revision("a", "1-a"))
    documents.put_local(NAME, "mark", b"{}", rev=None, checked=False)
    documents.set_security(NAME, b'{"admins": {}}')
    documents.set_revs_limit(NAME, 3)

    assert documents.delete_database(NAME)
    assert not documents.delete_database(NAME)
    assert documents.databases() == ()
    with pytest.raises(UnknownDatabaseError):
        documents.read(NAME, "a")
    documents.create_database(NAME)

    assert documents.read(NAME, "a") is None
    assert documents.get_local(NAME, "mark") is None
    assert documents.security(NAME) == b"{}"
    assert documents.describe(NAME).revs_limit == 1000
    assert edit(documents, "b").error == ""
    assert changed(documents)[0][:2] == (1, "b")


def test_a_database_made_again_starts_at_another_time(documents: DocumentStore) -> None:
    before = documents.describe(NAME).instance_start_time
    give(documents, revision("a", "1-a"))
    assert documents.describe(NAME).instance_start_time == before

    documents.delete_database(NAME)
    documents.create_database(NAME)
    documents.create_database("other")

    after = documents.describe(NAME).instance_start_time
    assert before.isdigit()
    assert after != before
    assert documents.describe("other").instance_start_time not in {before, after}


def test_an_edit_of_nothing_makes_a_document(documents: DocumentStore) -> None:
    result = edit(documents, "收件-1", content={"text": "甲"})

    found = documents.read(NAME, "收件-1")

    assert result.error == ""
    assert found is not None
    assert found.rev == result.rev
    assert found.history == (result.rev,)
    assert found.availability == ("available",)
    assert json.loads(found.body) == {"text": "甲"}
    assert (found.deleted, found.is_winner, found.seq) == (False, True, 1)
    assert result.rev.startswith("1-")
    assert bytes.fromhex(result.rev[2:])


def test_an_edit_takes_the_place_of_its_parent(documents: DocumentStore) -> None:
    first = edit(documents, "a").rev

    second = edit(documents, "a", first, content={"text": "again"}).rev
    found = documents.read(NAME, "a")

    assert found is not None
    assert found.history == (second, first)
    assert found.availability == ("available", "available")
    assert second.startswith("2-")
    assert changed(documents) == [(2, "a", second, False)]


@pytest.mark.parametrize("parent", ["", "1-wrong", "2-wrong"])
def test_an_edit_of_anything_but_a_leaf_is_a_conflict(
    documents: DocumentStore, parent: str
) -> None:
    first = edit(documents, "a").rev

    result = edit(documents, "a", parent)

    assert (result.rev, result.error) == ("", "conflict")
    assert result.reason == "Document update conflict."
    assert winner(documents, "a") == first
    assert edit(documents, "absent", "1-a").error == "conflict"


def test_an_edit_of_a_revision_that_was_edited_is_a_conflict(documents: DocumentStore) -> None:
    first = edit(documents, "a").rev
    edit(documents, "a", first)

    assert edit(documents, "a", first, content={"other": 1}).error == "conflict"


def test_of_two_edits_of_one_leaf_in_one_batch_the_second_is_a_conflict(
    documents: DocumentStore,
) -> None:
    results = documents.write(
        NAME, [revision("a", content={"n": 1}), revision("a", content={"n": 2})], new_edits=True
    )

    assert [result.error for result in results] == ["", "conflict"]
    assert changed(documents) == [(1, "a", results[0].rev, False)]


def test_the_same_edit_has_the_same_revision_in_any_database_and_key_order(
    documents: DocumentStore,
) -> None:
    documents.create_database("other")
    here = Revision("a", (), deleted=False, body=b'{"a":1,"b":"\xe7\x94\xb2"}')
    there = Revision("a", (), deleted=False, body=b'{ "b": "\\u7532", "a": 1 }')

    one = documents.write(NAME, [here], new_edits=True)[0]
    other = documents.write("other", [there], new_edits=True)[0]

    assert one.rev == other.rev
    assert edit(documents, "b", content={"a": 2}).rev != one.rev


def test_deleting_leaves_a_tombstone_that_keeps_its_body(documents: DocumentStore) -> None:
    first = edit(documents, "a").rev

    gone = edit(documents, "a", first, deleted=True, content={"reason": "double"})
    found = documents.read(NAME, "a")

    assert found is not None
    assert found.deleted
    assert json.loads(found.body) == {"reason": "double"}
    assert found.availability == ("deleted", "available")
    assert changed(documents) == [(2, "a", gone.rev, True)]


def test_a_document_made_again_goes_on_from_its_tombstone(documents: DocumentStore) -> None:
    first = edit(documents, "a").rev
    gone = edit(documents, "a", first, deleted=True).rev

    again = edit(documents, "a").rev
    found = documents.read(NAME, "a")

    assert found is not None
    assert found.history == (again, gone, first)
    assert again.startswith("3-")
    assert documents.describe(NAME).doc_count == 1


def test_a_conflicting_leaf_can_be_deleted_and_the_other_wins(documents: DocumentStore) -> None:
    give(documents, revision("a", "2-b 1-a"), revision("a", "2-c 1-a"))

    gone = edit(documents, "a", "2-c", deleted=True).rev
    found = documents.read(NAME, "a")

    assert found is not None
    assert found.rev == "2-b"
    assert found.conflicts() == ()
    assert found.deleted_conflicts() == (gone,)
    assert not found.deleted


def test_settings_of_a_database_are_kept(documents: DocumentStore) -> None:
    documents.set_security(NAME, '{"members": {"names": ["甲"]}}'.encode())

    assert json.loads(documents.security(NAME)) == {"members": {"names": ["甲"]}}


def test_local_documents_count_their_writes_and_stay_out_of_the_feed(
    documents: DocumentStore,
) -> None:
    first = documents.put_local(NAME, "mark", b'{"n":1}', rev=None, checked=True)
    second = documents.put_local(NAME, "mark", b'{"n":2}', rev=first, checked=True)
    third = documents.put_local(NAME, "mark", b'{"n":3}', rev=None, checked=False)

    found = documents.get_local(NAME, "mark")

    assert (first, second, third) == ("0-1", "0-2", "0-3")
    assert found is not None
    assert (found.id, found.rev, found.body) == ("mark", "0-3", b'{"n":3}')
    assert documents.describe(NAME).update_seq == 0
    assert documents.get_local(NAME, "other") is None


@pytest.mark.parametrize("rev", [None, "0-7"])
def test_a_checked_local_document_is_replaced_only_by_who_knows_it(
    documents: DocumentStore, rev: str | None
) -> None:
    documents.put_local(NAME, "mark", b"{}", rev=None, checked=True)

    with pytest.raises(StoreConflictError):
        documents.put_local(NAME, "mark", b'{"n":1}', rev=rev, checked=True)
    with pytest.raises(StoreConflictError):
        documents.delete_local(NAME, "mark", rev=rev, checked=True)

    found = documents.get_local(NAME, "mark")
    assert found is not None
    assert found.body == b"{}"


def test_a_local_document_can_be_deleted_once(documents: DocumentStore) -> None:
    documents.put_local(NAME, "mark", b"{}", rev=None, checked=True)

    assert documents.delete_local(NAME, "mark", rev="0-1", checked=True)
    assert not documents.delete_local(NAME, "mark", rev=None, checked=True)
    assert documents.get_local(NAME, "mark") is None


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.describe("none"),
        lambda store: store.describe("Not a name"),
        lambda store: store.write("none", [], new_edits=True),
        lambda store: store.read("none", "a"),
        lambda store: store.read("\ud800", "a"),
        lambda store: store.feed("none", 0, limit=1),
        lambda store: store.wait_for_change("none", 0, 1),
        lambda store: store.rows_of("none", []),
        lambda store: store.missing_revisions("none", {}),
        lambda store: store.purge("none", {}),
        lambda store: store.compact("none"),
        lambda store: store.security("none"),
        lambda store: store.set_security("none", b"{}"),
        lambda store: store.set_revs_limit("none", 1),
        lambda store: store.get_local("none", "a"),
        lambda store: store.put_local("none", "a", b"{}", rev=None, checked=False),
        lambda store: store.delete_local("none", "a", rev=None, checked=False),
    ],
)
def test_a_database_that_is_not_there_is_named(documents: DocumentStore, call: object) -> None:
    with pytest.raises(UnknownDatabaseError, match="there is no database"):
        call(documents)  # type: ignore[operator]

    assert not documents.delete_database("none")
    assert documents.databases() == (NAME,)
