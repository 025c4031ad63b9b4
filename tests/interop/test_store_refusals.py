"""What no store accepts: each bad input gives one line and harms nothing stored."""

from collections.abc import Callable

import pytest

from sync.errors import StoreError
from sync.ports import Document, Store
from tests.support.stores import document, revision, store

__all__ = ["store"]


DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
NESTED = b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ({"id": ""}, "0 characters"),
        ({"id": "x" * 513}, "513 characters"),
        ({"id": "_design/x"}, "underscore"),
        ({"id": "a\0b"}, "no text may hold"),
        ({"id": "a\ud800"}, "no text may hold"),
        ({"database": "Cases"}, "is no database"),
        ({"database": ""}, "is no database"),
        ({"rev": "1-abc"}, "is no revision"),
        ({"rev": "1-" + "A" * 32}, "is no revision"),
        ({"rev": "0-" + "a" * 32}, "is no revision"),
        ({"rev": "1-" + "a" * 32 + "\n"}, "is no revision"),
        ({"rev": "٣-" + "a" * 32}, "is no revision"),
        ({"body": b""}, "is not JSON"),
        ({"body": b"[]"}, "is not a JSON object"),
        ({"body": b"{} {}"}, "is not JSON"),
        ({"body": b'{"a": NaN}'}, "is not JSON"),
        ({"body": b'{"a": 1' + b"0" * 5000 + b"}"}, "is not JSON"),
        ({"body": b'{"a": "\xff"}'}, "is not JSON"),
        ({"body": '{"a": 1}'.encode("utf-16")}, "is not JSON"),
        ({"body": b'{"_id": 1}'}, "reserved"),
        ({"body": b'{"a":"' + b"x" * (2 * 1024 * 1024) + b'"}'}, "2097152 at most"),
        ({"body": DEEP}, "is not JSON"),
        ({"body": NESTED}, "nests deeper"),
        ({"tags": tuple(f"case:{number}" for number in range(33))}, "33 tags"),
        ({"tags": ("case:a", "case:a")}, "a tag twice"),
        ({"tags": ("",)}, "tag has 0 characters"),
        ({"tags": ("x" * 129,)}, "129 characters"),
        ({"origin": "x" * 65}, "65 characters"),
    ],
)
def test_a_bad_document_is_refused_in_one_line_and_nothing_is_written(
    store: Store, bad: dict[str, object], line: str
) -> None:
    values: dict[str, object] = {
        "database": "cases",
        "id": "bad",
        "rev": revision(1, "a"),
        "body": b"{}",
        **bad,
    }

    with pytest.raises(StoreError) as caught:
        store.put([document("good"), Document(**values)], {"cursor": b"1"})  # type: ignore[arg-type]

    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
    assert store.last_seq == 0
    assert store.get("cases", "good") is None
    assert store.local("cursor") is None


def test_the_largest_and_deepest_body_that_may_be_is_taken(store: Store) -> None:
    long = b'{"a":"' + b"x" * (2 * 1024 * 1024 - 8) + b'"}'
    deep = b'{"a":' + b"[" * 199 + b"]" * 199 + b"}"
    wide = b'{"a":[' + b",".join([b"{}"] * 1000) + b"]}"
    documents = [
        Document("cases", name, revision(1, "a"), body)
        for name, body in (("long", long), ("deep", deep), ("wide", wide))
    ]

    store.put(documents)

    assert [row.document.body for row in store.changes(0, limit=9).rows] == [long, deep, wide]


@pytest.mark.parametrize(
    ("local", "line"),
    [
        ({"": b"1"}, "0 characters"),
        ({"x" * 513: b"1"}, "513 characters"),
        ({"big": bytes(2 * 1024 * 1024 + 1)}, "exceeds"),
        ({"text": "1"}, "is not bytes"),
    ],
)
def test_a_bad_local_document_stops_the_put(
    store: Store, local: dict[str, bytes | None], line: str
) -> None:
    with pytest.raises(StoreError, match=line):
        store.put([document("good")], local)

    assert store.last_seq == 0


def test_a_put_of_too_many_documents_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="10001 documents"):
        store.put([document("a")] * 10_001)

    assert store.last_seq == 0


@pytest.mark.parametrize(
    "page",
    [
        {"since": -1, "limit": 1},
        {"since": 2**63, "limit": 1},
        {"since": 0, "limit": -1},
        {"since": 0, "limit": 2**63},
        {"since": 0, "limit": 1, "bytes_max": -1},
        {"since": 0, "limit": 1, "tag": ""},
        {"since": 0, "limit": 1, "tag": "\ud800"},
        {"since": 0, "limit": 1, "databases": ("x y",)},
        {"since": 0, "limit": 1, "skip_origin": "x" * 65},
    ],
)
def test_a_page_that_makes_no_sense_is_refused(store: Store, page: dict[str, object]) -> None:
    with pytest.raises(StoreError):
        store.changes(**page)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.get("Cases", "a"),
        lambda store: store.get("cases", "\ud800"),
        lambda store: store.missing("cases", {"a": ["1-x"]}),
        lambda store: store.missing("cases", {"": [revision(1, "a")]}),
        lambda store: store.missing("", {}),
        lambda store: store.local("\0"),
        lambda store: store.locals("\ud800"),
    ],
)
def test_a_question_with_a_bad_name_is_refused(
    store: Store, ask: Callable[[Store], object]
) -> None:
    with pytest.raises(StoreError):
        ask(store)


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.put([document("a")]),
        lambda store: store.get("cases", "a"),
        lambda store: store.missing("cases", {"a": [revision(1, "a")]}),
        lambda store: store.changes(0, limit=1),
        lambda store: store.local("a"),
        lambda store: store.locals(""),
        lambda store: store.last_seq,
    ],
)
def test_a_closed_store_refuses_every_call(
    store: Store, ask: Callable[[Store], object]
) -> None:
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"):
        ask(store)
