"""What no database accepts: each bad input gives one line and harms nothing stored."""

import pytest

from sync.couch_ports import DocumentStore
from sync.couch_values import Revision
from sync.errors import DocumentRefusedError
from tests.support.document_stores import NAME, changed, documents, edit, revision

__all__ = ["documents"]

NESTED = b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"
DEEP = b'{"a":' + b"[" * 1500 + b"]" * 1500 + b"}"


@pytest.mark.parametrize(
    ("bad", "error", "line"),
    [
        ({"id": ""}, "illegal_docid", "must not be empty"),
        ({"id": "_x"}, "illegal_docid", "Only reserved document ids"),
        ({"id": "_design/"}, "illegal_docid", "Only reserved document ids"),
        ({"id": "_local/a"}, "illegal_docid", "Only reserved document ids"),
        ({"id": "x" * 4097}, "illegal_docid", "too long"),
        ({"id": "a\ud800"}, "illegal_docid", "UTF-8"),
        ({"id": 7}, "illegal_docid", "must be a string"),
        ({"history": ()}, "bad_request", "Missing rev"),
        ({"history": ("1",)}, "bad_request", "Invalid rev format"),
        ({"history": ("1-" + "z" * 32,)}, "bad_request", "Invalid rev format"),
        ({"history": ("3-c", "1-a")}, "doc_validation", "fall by one"),
        ({"history": ("1-a", "2-b")}, "doc_validation", "fall by one"),
        ({"history": tuple(f"{n}-a" for n in range(10_001, 0, -1))}, "doc_validation", "long"),
        ({"body": b""}, "bad_request", "invalid UTF-8 JSON"),
        ({"body": b"[]"}, "bad_request", "must be a JSON object"),
        ({"body": b'{"a": NaN}'}, "bad_request", "invalid UTF-8 JSON"),
        ({"body": b'{"a": "\xff"}'}, "bad_request", "invalid UTF-8 JSON"),
        ({"body": b'{"_rev": 1}'}, "doc_validation", "Bad special document member: '_rev'"),
        ({"body": NESTED}, "bad_request", "nests too deep"),
        ({"body": DEEP}, "bad_request", ""),
        ({"body": b'{"a":"' + b"x" * 4096 + b'"}'}, "document_too_large", "4096 at most"),
    ],
)
def test_a_bad_revision_is_refused_in_one_line_and_the_others_are_stored(
    documents: DocumentStore, bad: dict[str, object], error: str, line: str
) -> None:
    values: dict[str, object] = {
        "id": "bad",
        "history": ("1-a",),
        "deleted": False,
        "body": b"{}",
        **bad,
    }

    results = documents.write(
        NAME,
        [revision("one", "1-a"), Revision(**values), revision("two", "1-a")],  # type: ignore[arg-type]
        new_edits=False,
    )

    assert [result.error for result in results] == ["", error, ""]
    assert line in results[1].reason
    assert "\n" not in results[1].reason
    assert len(results[1].reason) < 200
    assert [row[1] for row in changed(documents)] == ["one", "two"]


def test_ids_and_bodies_that_are_odd_but_lawful_are_taken(documents: DocumentStore) -> None:
    odd = ["_design/v", "a/b c%20", "\0", "x" * 4096, "驿", "\U0010ffff", "{}"]
    bodies = [b'{"a":1e400}', b'{"":{"_b":"\\ud800"}}', b' { "a" : 1 } ']

    for name in odd:
        assert edit(documents, name).error == ""
    for number, body in enumerate(bodies):
        found = Revision(f"body-{number}", (), deleted=False, body=body)
        assert documents.write(NAME, [found], new_edits=True)[0].error == ""
        stored = documents.read(NAME, f"body-{number}")
        assert stored is not None
        assert stored.body == body

    assert sorted(row.key for row in documents.rows_of(NAME, odd).rows if row.rev) == sorted(
        odd
    )


def test_an_edit_names_one_parent_at_most(documents: DocumentStore) -> None:
    result = documents.write(NAME, [revision("a", "2-b 1-a")], new_edits=True)[0]

    assert (result.rev, result.error) == ("", "bad_request")


def test_an_edit_past_the_last_generation_is_refused(documents: DocumentStore) -> None:
    documents.write(NAME, [revision("a", "999999999-a")], new_edits=False)

    assert edit(documents, "a", "999999999-a").error == "forbidden"


@pytest.mark.parametrize(
    "name",
    ["", "A", "1a", "_x", "a b", "a\0", "ä", "\ud800", "a" * 239, "a.b", "a\n", None],
)
def test_a_bad_name_makes_no_database(documents: DocumentStore, name: str) -> None:
    with pytest.raises(DocumentRefusedError) as caught:
        documents.create_database(name)

    assert caught.value.code == "illegal_database_name"
    assert "\n" not in str(caught.value)
    assert not documents.delete_database(name)
    assert documents.databases() == (NAME,)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.read(NAME, "a", "1"),
        lambda store: store.read(NAME, "\ud800"),
        lambda store: store.open_revisions(NAME, "a", ["x"]),
        lambda store: store.missing_revisions(NAME, {"a": ["1-a", ""]}),
        lambda store: store.missing_revisions(NAME, {"\ud800": ["1-a"]}),
        lambda store: store.missing_revisions(NAME, {"a": ["1-a"] * 100_001}),
        lambda store: store.purge(NAME, {"a": ["x"]}),
        lambda store: store.attachment(NAME, "a", "x", "scan"),
        lambda store: store.set_revs_limit(NAME, 0),
        lambda store: store.set_revs_limit(NAME, 2**63),
        lambda store: store.set_security(NAME, b"[]"),
        lambda store: store.set_security(NAME, b'{"a":"' + b"x" * 65536 + b'"}'),
        lambda store: store.set_security(NAME, NESTED),
        lambda store: store.get_local(NAME, ""),
        lambda store: store.get_local(NAME, "\ud800"),
        lambda store: store.put_local(NAME, "x" * 4097, b"{}", rev=None, checked=False),
        lambda store: store.put_local(NAME, "a", b"[]", rev=None, checked=False),
        lambda store: store.put_local(NAME, "a", b'{"_id":1}', rev=None, checked=False),
        lambda store: store.put_local(NAME, "a", b"{}", rev="1-a", checked=False),
        lambda store: store.delete_local(NAME, "a", rev="0-x", checked=False),
        lambda store: store.write(NAME, [revision("a")] * 10_001, new_edits=True),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(documents: DocumentStore, call: object) -> None:
    edit(documents, "a")
    before = changed(documents)

    with pytest.raises(DocumentRefusedError) as caught:
        call(documents)  # type: ignore[operator]

    assert caught.value.code
    assert "\n" not in str(caught.value)
    assert changed(documents) == before
    assert documents.security(NAME) == b"{}"
    assert documents.get_local(NAME, "a") is None
