"""Revision trees do what CouchDB's do: merge, choose, stem, rejoin, purge."""

import pytest

from sync.errors import DocumentRefusedError
from sync.stores.revision_tree import Rev, RevisionTree, parse_rev


def revs(*texts: str) -> tuple[Rev, ...]:
    return tuple(parse_rev(text) for text in texts)


def tree_of(*histories: str, deleted: frozenset[str] = frozenset()) -> RevisionTree:
    """A tree from histories like "3-c 2-b 1-a"; `deleted` names those that are tombstones."""
    tree = RevisionTree()
    for history in histories:
        names = history.split()
        tree = tree.merged(revs(*names), deleted=names[0] in deleted)
    return tree


def texts(found: tuple[Rev, ...]) -> str:
    return " ".join(rev.text for rev in found)


def test_an_empty_tree_has_no_leaves() -> None:
    assert RevisionTree().leaves() == ()


def test_an_edit_takes_the_place_of_its_parent() -> None:
    tree = tree_of("1-a", "2-b 1-a")

    assert texts(tree.leaves()) == "2-b"
    assert texts(tree.path(Rev(2, "b"))) == "2-b 1-a"


def test_a_history_brings_ancestors_that_were_never_given() -> None:
    tree = tree_of("3-c 2-b 1-a")

    assert texts(tree.leaves()) == "3-c"
    assert Rev(1, "a") in tree.nodes


def test_a_known_interior_revision_changes_nothing() -> None:
    tree = tree_of("3-c 2-b 1-a")

    assert tree.merged(revs("2-b", "1-a"), deleted=False) == tree


def test_the_winner_is_no_tombstone_then_the_higher_generation_then_the_higher_digest() -> None:
    tree = tree_of("1-a", "2-b 1-a", "2-c 1-a", "3-d 2-e 1-a", deleted=frozenset({"3-d"}))

    assert texts(tree.leaves()) == "2-c 2-b 3-d"


def test_generations_are_compared_as_numbers() -> None:
    assert texts(tree_of("9-f", "10-0").leaves()) == "10-0 9-f"


def test_among_tombstones_the_highest_wins() -> None:
    tree = tree_of("2-b 1-a", "2-c 1-a", deleted=frozenset({"2-b", "2-c"}))

    assert texts(tree.leaves()) == "2-c 2-b"


def test_histories_that_do_not_meet_are_branches_of_their_own() -> None:
    tree = tree_of("5-e 4-d", "2-b 1-a")

    assert texts(tree.leaves()) == "5-e 2-b"
    assert texts(tree.path(Rev(5, "e"))) == "5-e 4-d"


def test_branches_that_were_cut_apart_join_by_a_history_that_spans_the_gap() -> None:
    tree = tree_of("5-e 4-d", "2-b 1-a", "4-d 3-c 2-b")

    assert texts(tree.leaves()) == "5-e"
    assert texts(tree.path(Rev(5, "e"))) == "5-e 4-d 3-c 2-b 1-a"


def test_stemming_keeps_the_newest_of_each_branch() -> None:
    tree = tree_of("5-e 4-d 3-c 2-b 1-a", "3-x 2-b 1-a").stemmed(2)

    assert texts(tree.path(Rev(5, "e"))) == "5-e 4-d"
    assert texts(tree.path(Rev(3, "x"))) == "3-x 2-b"
    assert len(tree.nodes) == 4


def test_stemming_keeps_what_another_leaf_still_needs() -> None:
    tree = tree_of("4-d 3-c 2-b 1-a", "2-x 1-a").stemmed(2)

    assert texts(tree.path(Rev(2, "x"))) == "2-x 1-a"
    assert Rev(2, "b") not in tree.nodes


def test_stemming_to_one_leaves_the_leaves() -> None:
    tree = tree_of("3-c 2-b 1-a", "2-x 1-a").stemmed(1)

    assert texts(tree.leaves()) == "3-c 2-x"
    assert len(tree.nodes) == 2


def test_a_tree_within_the_limit_is_given_back_as_it_is() -> None:
    tree = tree_of("3-c 2-b 1-a")

    assert tree.stemmed(3) is tree


def test_purging_a_leaf_takes_its_branch_and_keeps_what_others_share() -> None:
    tree = tree_of("4-d 3-c 2-b 1-a", "2-x 1-a").without(revs("4-d"))

    assert texts(tree.leaves()) == "2-x"
    assert texts(tree.path(Rev(2, "x"))) == "2-x 1-a"
    assert len(tree.nodes) == 2


def test_purging_an_interior_or_unknown_revision_changes_nothing() -> None:
    tree = tree_of("2-b 1-a")

    assert tree.without(revs("1-a", "9-z")) is tree


def test_purging_the_last_leaf_leaves_nothing() -> None:
    assert tree_of("2-b 1-a").without(revs("2-b")).nodes == {}


def test_the_latest_of_a_revision_are_the_leaves_that_descend_from_it() -> None:
    tree = tree_of("3-c 2-b 1-a", "2-x 1-a")

    assert texts(tree.leaves_after(Rev(1, "a"))) == "3-c 2-x"
    assert texts(tree.leaves_after(Rev(2, "b"))) == "3-c"
    assert texts(tree.leaves_after(Rev(2, "x"))) == "2-x"


def test_possible_ancestors_are_lower_than_the_highest_missing() -> None:
    tree = tree_of("3-c 2-b 1-a", "2-x 1-a")

    assert texts(tree.possible_ancestors(revs("3-z", "1-q"))) == "2-x"
    assert texts(tree.possible_ancestors(revs("4-z"))) == "3-c 2-x"
    assert tree.possible_ancestors(()) == ()


def test_of_two_claimed_parents_the_greater_is_kept() -> None:
    one, other = tree_of("3-c 2-a", "3-c 2-b"), tree_of("3-c 2-b", "3-c 2-a")

    assert one == other
    assert texts(one.path(Rev(3, "c"))) == "3-c 2-b"


def test_an_ancestor_known_by_name_learns_that_it_is_a_tombstone() -> None:
    tree = tree_of("3-c 2-b 1-a", "2-b 1-a", deleted=frozenset({"2-b"}))

    assert tree.nodes[Rev(2, "b")].deleted
    assert texts(tree.leaves()) == "3-c"


def test_hex_digits_in_capitals_are_lowered() -> None:
    assert parse_rev("1-" + "AB" * 16).text == "1-" + "ab" * 16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1-",
        "-a",
        "0-a",
        "01-a",
        "a-b",
        "1_a",
        "٣-a",
        "1-a\n",
        "1-\0",
        "1-\ud800",
        "1-" + "g" * 32,
        "1-" + "a" * 129,
        "1234567890-a",
        None,
        7,
    ],
)
def test_what_is_no_revision_is_refused(text: object) -> None:
    with pytest.raises(DocumentRefusedError) as caught:
        parse_rev(text)

    assert caught.value.code == "bad_request"
