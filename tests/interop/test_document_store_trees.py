"""What the port promises of revision trees, every store keeps."""

import json

import pytest

from sync.couch_ports import DocumentStore
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

HEX = "0123456789abcdef" * 2


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]])
def test_any_order_of_arrival_gives_the_same_document(
    documents: DocumentStore, order: list[int]
) -> None:
    given = [
        revision("a", "1-a"),
        revision("a", "2-b 1-a"),
        revision("a", "3-c 2-x 1-a"),
        revision("a", "4-d 3-c 2-x 1-a", deleted=True),
    ]

    for place in order:
        give(documents, given[place])
    found = documents.read(NAME, "a")

    assert found is not None
    assert found.rev == "2-b"
    assert [(leaf.rev, leaf.deleted) for leaf in found.leaves] == [
        ("2-b", False),
        ("4-d", True),
    ]
    assert json.loads(found.body) == {"text": "2-b"}


def test_ancestors_that_came_by_name_alone_are_known_and_missing(
    documents: DocumentStore,
) -> None:
    give(documents, revision("a", "3-c 2-b 1-a"))

    found = documents.read(NAME, "a")

    assert found is not None
    assert found.availability == ("available", "missing", "missing")
    assert documents.read(NAME, "a", "2-b") is None
    assert documents.missing_revisions(NAME, {"a": ["1-a", "2-b", "3-c"]}) == {}


def test_what_is_known_already_is_a_success_that_changes_nothing(
    documents: DocumentStore,
) -> None:
    give(documents, revision("a", "3-c 2-b 1-a"), revision("b", "1-a"))
    before = changed(documents)

    give(documents, revision("a", "3-c 2-b 1-a", content={"forged": 1}))
    give(documents, revision("a", "2-b 1-a"), revision("b", "1-a"))
    found = documents.read(NAME, "a")

    assert changed(documents) == before
    assert found is not None
    assert json.loads(found.body) == {"text": "3-c"}


def test_an_ancestor_given_later_gets_its_body(documents: DocumentStore) -> None:
    give(documents, revision("a", "3-c 2-b 1-a"))

    give(documents, revision("a", "2-b 1-a"))
    old = documents.read(NAME, "a", "2-b")

    assert old is not None
    assert json.loads(old.body) == {"text": "2-b"}
    assert old.history == ("2-b", "1-a")
    assert not old.is_winner


def test_a_revision_of_any_shape_comes_back_as_it_was(documents: DocumentStore) -> None:
    shapes = ["x", "é" * 8, "sixteen-letters!", "fifteen-letters", HEX, "Z" * 40]
    for shape in shapes:
        give(documents, revision(f"id-{shape}", f"1-{shape}"))

    assert [winner(documents, f"id-{shape}")[2:] for shape in shapes] == shapes
    assert (
        documents.missing_revisions(NAME, {f"id-{shape}": [f"1-{shape}"] for shape in shapes})
        == {}
    )


def test_capitals_in_a_hex_revision_are_lowered(documents: DocumentStore) -> None:
    give(documents, revision("a", f"1-{HEX.upper()}"))

    assert winner(documents, "a") == f"1-{HEX}"
    assert documents.read(NAME, "a", f"1-{HEX.upper()}") is not None


def test_a_winner_among_digests_of_many_shapes_is_the_highest_text(
    documents: DocumentStore,
) -> None:
    for digest in ("f" * 32, "fz", "0" * 16, "sixteen-letters!"):
        give(documents, revision("a", f"1-{digest}"))

    assert [row[2] for row in changed(documents)] == [
        f"1-sixteen-letters! 1-fz 1-{'f' * 32} 1-{'0' * 16}"
    ]


def test_branches_that_were_cut_apart_join_again(documents: DocumentStore) -> None:
    give(documents, revision("a", "5-e 4-d"), revision("a", "2-b 1-a"))
    apart = changed(documents)

    give(documents, revision("a", "4-d 3-c 2-b"))

    assert [row[2] for row in apart] == ["5-e 2-b"]
    assert [row[2] for row in changed(documents)] == ["5-e"]


def test_a_branch_is_cut_to_the_limit_and_longer_ones_are_forgotten(
    documents: DocumentStore,
) -> None:
    documents.set_revs_limit(NAME, 3)
    rev = ""
    for number in range(5):
        rev = edit(documents, "a", rev, content={"n": number}).rev

    found = documents.read(NAME, "a")

    assert documents.describe(NAME).revs_limit == 3
    assert found is not None
    assert len(found.history) == 3
    assert documents.missing_revisions(NAME, {"a": ["1-a"]})["a"].missing == ("1-a",)


def test_a_document_may_not_have_more_leaves_than_allowed(documents: DocumentStore) -> None:
    for digit in "abcde":
        give(documents, revision("a", f"1-{digit}"))

    refused = documents.write(NAME, [revision("a", "1-f")], new_edits=False)[0]
    give(documents, revision("a", "2-b 1-b"), revision("a", "1-a"))

    assert (refused.rev, refused.error) == ("1-f", "forbidden")
    assert [row[2] for row in changed(documents)] == ["2-b 1-e 1-d 1-c 1-a"]


def test_missing_revisions_come_with_possible_ancestors(documents: DocumentStore) -> None:
    give(documents, revision("a", "3-c 2-b 1-a"), revision("a", "2-x 1-a"))

    lacking = documents.missing_revisions(
        NAME, {"a": ["4-d", "2-b", "1-q", "4-d"], "new": ["1-n"], "none": []}
    )

    assert lacking["a"].missing == ("4-d", "1-q")
    assert lacking["a"].possible_ancestors == ("3-c", "2-x")
    assert (lacking["new"].missing, lacking["new"].possible_ancestors) == (("1-n",), ())
    assert list(lacking) == ["a", "new"]


def test_all_leaves_are_given_the_winner_first(documents: DocumentStore) -> None:
    give(documents, revision("a", "2-b 1-a"), revision("a", "2-c 1-a", deleted=True))

    leaves = documents.leaves(NAME, "a")

    assert [(leaf.rev, leaf.deleted) for leaf in leaves] == [("2-b", False), ("2-c", True)]
    assert documents.leaves(NAME, "absent") == ()


def test_open_revisions_answer_in_order_and_name_what_is_missing(
    documents: DocumentStore,
) -> None:
    give(
        documents, revision("a", "1-a"), revision("a", "3-c 2-b 1-a"), revision("a", "2-x 1-a")
    )

    exact = documents.open_revisions(NAME, "a", ["2-x", "2-b", "9-z", "1-a"])
    latest = documents.open_revisions(NAME, "a", ["2-b", "1-a", "9-z"], latest=True)
    absent = documents.open_revisions(NAME, "none", ["1-a"])

    assert [one if isinstance(one, str) else one.body for one in exact] == [
        b'{"text": "2-x"}',
        "2-b",
        "9-z",
        b'{"text": "1-a"}',
    ]
    assert [one if isinstance(one, str) else one.rev for one in latest] == ["3-c", "2-x", "9-z"]
    assert absent == ("1-a",)


def test_purging_takes_a_leaf_and_brings_the_next_to_the_front(
    documents: DocumentStore,
) -> None:
    give(documents, revision("a", "2-b 1-a"), revision("a", "2-c 1-a"))

    purged = documents.purge(NAME, {"a": ["2-c", "1-a"], "absent": ["1-z"]})

    assert purged.purged == {"a": ("2-c",), "absent": ()}
    assert purged.purge_seq == 1
    assert changed(documents) == [(3, "a", "2-b", False)]
    assert documents.missing_revisions(NAME, {"a": ["2-c"]})["a"].missing == ("2-c",)


def test_purging_all_leaves_leaves_no_trace_of_the_document(documents: DocumentStore) -> None:
    give(documents, revision("a", "2-b 1-a"), revision("b", "1-b"))

    documents.purge(NAME, {"a": ["2-b"]})
    info = documents.describe(NAME)

    assert documents.read(NAME, "a") is None
    assert [row[1] for row in changed(documents)] == ["b"]
    assert (info.doc_count, info.doc_del_count, info.update_seq, info.purge_seq) == (1, 0, 3, 1)
    give(documents, revision("a", "1-new"))
    assert winner(documents, "a") == "1-new"


def test_compaction_drops_old_bodies_and_keeps_every_leaf(documents: DocumentStore) -> None:
    give(documents, revision("a", "1-a"), revision("a", "2-b 1-a"), revision("a", "2-c 1-a"))

    documents.compact(NAME)
    found = documents.read(NAME, "a")

    assert found is not None
    assert found.availability == ("available", "missing")
    assert documents.read(NAME, "a", "1-a") is None
    assert documents.read(NAME, "a", "2-b") is not None
    assert documents.missing_revisions(NAME, {"a": ["1-a"]}) == {}
