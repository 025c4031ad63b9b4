from dataclasses import replace

from cases.entries import Entry
from cases.order import Ancestry, in_order
from tests.support.case_history import PATH, STREET, VILLAGE, facts_of

RECEIPT = Entry(
    id="receipt",
    parents=(),
    epoch=0,
    device=f"{VILLAGE}-01",
    seq=1,
    unit=VILLAGE,
    path=PATH,
    hlc=(1, 0),
    facts=facts_of("receive"),
)


def note(entry_id: str, *parents: str, **header: object) -> Entry:
    facts = facts_of("note")
    return replace(RECEIPT, id=entry_id, parents=parents, facts=facts, **header)  # type: ignore[arg-type] # the header is the test's own


def ids(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.id for entry in entries]


def test_an_entry_comes_after_all_that_its_author_had_seen() -> None:
    late = note("late", "early", epoch=0, seq=1)
    early = note("early", "receipt", epoch=9, seq=9)

    assert ids(in_order([late, early, RECEIPT]).entries) == ["receipt", "early", "late"]


def test_entries_that_had_not_seen_each_other_go_by_epoch_then_device_then_feed_position() -> (
    None
):
    apart = [
        note("a", "receipt", epoch=1, device=f"{STREET}-01", seq=1),
        note("b", "receipt", epoch=0, device=f"{VILLAGE}-01", seq=3),
        note("c", "receipt", epoch=0, device=f"{VILLAGE}-01", seq=2),
        note("d", "receipt", epoch=0, device=f"{STREET}-01", seq=7),
    ]

    assert ids(in_order([*apart, RECEIPT]).entries) == ["receipt", "d", "c", "b", "a"]


def test_clocks_do_not_sort() -> None:
    slow = note("b", "receipt", seq=2, hlc=(1, 0))
    fast = note("a", "receipt", seq=3, hlc=(0, 0))

    assert ids(in_order([fast, slow, RECEIPT]).entries) == ["receipt", "b", "a"]


def test_hashes_sort_only_the_two_entries_of_one_forked_feed_position() -> None:
    cloned = [note("b", "receipt", seq=2), note("a", "receipt", seq=2)]

    assert ids(in_order([*cloned, RECEIPT]).entries) == ["receipt", "a", "b"]


def test_a_feed_that_began_anew_comes_after_its_former_life() -> None:
    before = note("b", "receipt", seq=8, incarnation=0)
    after = note("a", "receipt", seq=1, incarnation=1)

    assert ids(in_order([after, before, RECEIPT]).entries) == ["receipt", "b", "a"]


def test_an_entry_waits_for_an_absent_parent_and_so_do_its_descendants() -> None:
    child = note("child", "receipt", "lost", seq=2)
    grandchild = note("grandchild", "child", seq=3)

    ordered = in_order([grandchild, child, RECEIPT])

    assert ids(ordered.entries) == ["receipt"]
    assert ids(ordered.held) == ["child", "grandchild"]


def test_an_entry_that_arrives_again_counts_once() -> None:
    assert ids(in_order([RECEIPT, RECEIPT]).entries) == ["receipt"]


def test_a_parent_named_twice_counts_once() -> None:
    twice = note("twice", "receipt", "receipt", seq=2)

    assert ids(in_order([twice, RECEIPT]).entries) == ["receipt", "twice"]


def test_entries_that_claim_each_other_as_parents_are_held() -> None:
    circle = [note("a", "b", seq=2), note("b", "a", seq=3), note("c", "c", seq=4)]

    ordered = in_order([*circle, RECEIPT])

    assert ids(ordered.entries) == ["receipt"]
    assert ids(ordered.held) == ["a", "b", "c"]


def test_ancestry_knows_marked_entries_over_many_generations() -> None:
    ancestry = Ancestry()
    ancestry.add(RECEIPT, marked=True)
    ancestry.add(note("left", "receipt"), marked=True)
    ancestry.add(note("right", "receipt"), marked=True)
    ancestry.add(note("plain", "left"), marked=False)
    ancestry.add(note("end", "plain"), marked=False)

    assert ancestry.members(ancestry.seen("end")) == ("receipt", "left")
