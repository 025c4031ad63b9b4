"""Laws of revision trees: the order of arrival does not matter, and a naive model agrees."""

from hypothesis import given
from hypothesis import strategies as st

from sync.stores.revision_tree import Rev, RevisionTree

Given = tuple[tuple[Rev, ...], bool]


@st.composite
def edits(draw: st.DrawFn) -> list[Given]:
    """Histories of the edits of one document, some cut short, as peers would send them."""
    parents: dict[Rev, Rev | None] = {}
    for number in range(draw(st.integers(1, 14))):
        parent = draw(st.sampled_from([None, *parents]))
        generation = parent.generation + 1 if parent else draw(st.integers(1, 3))
        parents[Rev(generation, f"{number:02x}")] = parent
    tombstones = draw(st.frozensets(st.sampled_from(list(parents))))
    given_revs = draw(st.lists(st.sampled_from(list(parents)), min_size=1, max_size=20))
    found = []
    for rev in given_revs:
        history = [rev]
        while (parent := parents[history[-1]]) is not None:
            history.append(parent)
        length = draw(st.integers(1, len(history)))
        found.append((tuple(history[:length]), rev in tombstones))
    return found


def merged(histories: list[Given]) -> RevisionTree:
    tree = RevisionTree()
    for history, deleted in histories:
        tree = tree.merged(history, deleted=deleted)
    return tree


@given(edits(), st.randoms(use_true_random=False))
def test_any_order_of_the_same_histories_gives_the_same_tree(
    histories: list[Given], dice: st.DataObject
) -> None:
    shuffled = list(histories)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random in disguise

    assert merged(shuffled) == merged(histories)


@given(edits())
def test_giving_everything_again_changes_nothing(histories: list[Given]) -> None:
    assert merged(histories + histories) == merged(histories)


@given(edits())
def test_leaves_and_winner_are_those_of_a_naive_model(histories: list[Given]) -> None:
    named = {rev for history, _ in histories for rev in history}
    ancestors = {rev for history, _ in histories for rev in history[1:]}
    tombstones = {history[0] for history, deleted in histories if deleted}

    tree = merged(histories)
    leaves = tree.leaves()

    assert set(tree.nodes) == named
    assert set(leaves) == named - ancestors
    assert leaves[0] == max(named - ancestors, key=lambda rev: (rev not in tombstones, rev))


@given(edits(), st.integers(1, 6))
def test_a_stemmed_tree_has_the_same_leaves_and_exactly_what_is_near_one(
    histories: list[Given], limit: int
) -> None:
    tree = merged(histories)
    near = {rev for leaf in tree.leaves() for rev in tree.path(leaf)[:limit]}

    stemmed = tree.stemmed(limit)

    assert stemmed.leaves() == tree.leaves()
    assert set(stemmed.nodes) == near
    assert stemmed.stemmed(limit) == stemmed


@given(edits(), st.integers(1, 6))
def test_a_stemmed_branch_joins_again_when_its_history_is_given(
    histories: list[Given], limit: int
) -> None:
    tree = merged(histories)

    again = tree.stemmed(limit)
    for history, deleted in histories:
        again = again.merged(history, deleted=deleted)

    assert set(again.leaves()) == set(tree.leaves())
    assert {rev: node.parent for rev, node in again.nodes.items()} == {
        rev: node.parent for rev, node in tree.nodes.items()
    }


@given(edits(), st.data())
def test_purging_leaves_takes_them_and_keeps_all_other_branches_whole(
    histories: list[Given], data: st.DataObject
) -> None:
    tree = merged(histories)
    purged = data.draw(st.frozensets(st.sampled_from(tree.leaves())))

    rest = tree.without(purged)

    assert set(rest.leaves()) == set(tree.leaves()) - purged
    assert all(rest.path(leaf) == tree.path(leaf) for leaf in rest.leaves())
    assert set(rest.nodes) == {rev for leaf in rest.leaves() for rev in tree.path(leaf)}


@given(edits())
def test_the_latest_of_a_revision_are_exactly_the_leaves_whose_path_holds_it(
    histories: list[Given],
) -> None:
    tree = merged(histories)

    for rev in tree.nodes:
        descending = {leaf for leaf in tree.leaves() if rev in tree.path(leaf)}
        assert set(tree.leaves_after(rev)) == descending
