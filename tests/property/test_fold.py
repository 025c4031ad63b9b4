"""Laws of the fold: the order of arrival and repetition do not matter, and nothing vanishes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cases.casestate import CaseState
from cases.entries import ACTS, Entry
from cases.errors import CaseError
from cases.fold import digest, fold
from cases.lifecycle import Actor, check
from cases.policy import HARMLESS
from cases.states import refusal
from tests.support.case_history import (
    PATH,
    STANDS,
    STREET,
    TIERS,
    VILLAGE,
    History,
    facts_of,
    item,
)

UNITS = PATH
# A unit, a station there, and what the desk has of the case.
Desk = tuple[str, int, History]
PENSION = item(
    {
        "city": [],
        "district": ["review", "decide", "issue"],
        "street": ["accept", "review", "deliver"],
        "village": ["accept", "precheck", "deliver"],
    },
    [("accept", "village"), ("first_review", "street"), ("decide", "district")],
)
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Entries of desks that act at will, lawfully or not, and meet now and then.

    Most desks start with the receipt; one that does not may give a second one. Two desks at
    one unit may share a device, as a clone does.
    """
    home = draw(st.sampled_from((VILLAGE, VILLAGE, STREET)))
    receipt = History()
    receipt.write(home, "receive")
    desks: list[Desk] = [(home, 1, receipt)]
    for unit in draw(st.lists(st.sampled_from(UNITS), min_size=2, max_size=5)):
        start = receipt if draw(st.integers(0, 9)) else History()
        desks.append((unit, draw(st.integers(1, 2)), History(dict(start.entries))))
    for _ in range(draw(st.integers(0, 20))):
        desk = draw(st.sampled_from(desks))
        for other in draw(st.lists(st.sampled_from(desks), max_size=3)):
            desk[2].merge(other[2])
        if draw(st.integers(0, 2)):
            _act(draw, desk)
        else:
            _hand_over(desk, draw(st.sampled_from(desks)))
    every = History().merge(*(desk for _unit, _station, desk in desks))
    entries = list(every.entries.values())
    return [_spoilt(draw, entry) for entry in entries]


def _act(draw: st.DrawFn, desk: Desk) -> None:
    unit, station, history = desk
    facts: dict[str, object] = {
        "to": draw(st.sampled_from(UNITS)),
        "fields": draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True)),
    }
    acts = _effective_acts(history, unit, facts) if draw(st.integers(0, 5)) else ()
    act = draw(st.sampled_from(acts or (*ACTS, "later_act")))
    history.write(unit, act, facts, station=station)


def _hand_over(giver: Desk, taker: Desk) -> None:
    """Offer and take, which come to nothing unless the giver has the case."""
    act = "send_up" if UNITS.index(taker[0]) < UNITS.index(giver[0]) else "return"
    giver[2].write(giver[0], act, station=giver[1], to=taker[0])
    taker[2].merge(giver[2]).write(taker[0], "take", station=taker[1])


def _effective_acts(history: History, unit: str, facts: dict[str, object]) -> tuple[str, ...]:
    """Acts that have an effect by all this desk knows, so that cases get somewhere."""
    state = history.state()
    return tuple(
        act
        for act in ACTS
        if act not in ("withdraw", "note")
        and not refusal(state, act, facts_of(act, **facts), unit, state.epoch)
    )


def _spoilt(draw: st.DrawFn, entry: Entry) -> Entry:
    """Now and then facts or an epoch that no honest program writes."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return replace(entry, epoch=draw(st.integers(0, 9)))
    if kind == 1:
        name = draw(st.sampled_from((*entry.facts, "to", "papers", "fields")))
        return replace(entry, facts={**entry.facts, name: draw(HOSTILE)})
    return entry


@given(histories(), st.data())
def test_any_order_and_any_repetition_give_the_same_state(
    entries: list[Entry], data: st.DataObject
) -> None:
    arrival = data.draw(st.permutations(entries))
    again = data.draw(st.lists(st.sampled_from(entries)))

    assert fold([*again, *arrival, *again]) == fold(entries)
    assert digest(fold([*again, *arrival])) == digest(fold(entries))


@given(histories(), st.data())
def test_every_entry_stays_visible_whatever_has_not_arrived_yet(
    entries: list[Entry], data: st.DataObject
) -> None:
    arrived = data.draw(st.lists(st.sampled_from(entries), unique_by=lambda entry: entry.id))

    state = fold(arrived)

    visible = [row.entry for row in state.timeline] + list(state.held)
    assert sorted(visible) == sorted(entry.id for entry in arrived)


@given(histories())
def test_one_unit_at_a_time_has_custody_and_every_change_is_a_take(
    entries: list[Entry],
) -> None:
    state = fold(entries)

    takes = [
        row for row in state.timeline if row.effective and row.act in ("take", "take_over")
    ]
    receipts = [row for row in state.timeline if row.effective and row.act == "receive"]
    assert len(receipts) == (1 if state.path else 0)
    assert state.epoch == len(takes)
    assert state.custody == (takes or receipts)[-1].unit if receipts else not state.custody
    assert not state.path or state.custody in state.path


@given(histories())
def test_every_act_without_effect_has_a_reason_and_all_but_harmless_ones_a_conflict(
    entries: list[Entry],
) -> None:
    state = fold(entries)

    named = [entry for conflict in state.conflicts for entry in conflict.entries]
    for row in state.timeline:
        assert row.effective == (not row.reason)
        assert row.effective or row.reason in HARMLESS or row.entry in named


@given(histories())
def test_an_entry_never_comes_before_what_its_author_had_seen(entries: list[Entry]) -> None:
    by_id = {entry.id: entry for entry in entries}
    seen: dict[str, None] = {}

    for row in fold(entries).timeline:
        assert all(parent in seen for parent in by_id[row.entry].parents)
        seen[row.entry] = None


@given(histories())
def test_losing_amendments_were_made_apart_from_the_winner(entries: list[Entry]) -> None:
    by_id = {entry.id: entry for entry in entries}

    for amendment in fold(entries).amended.values():
        ancestors = _ancestors(amendment.winner, by_id)
        assert not [loser for loser in amendment.losers if loser in ancestors]


@given(
    st.lists(
        st.tuples(st.sampled_from(UNITS), st.sampled_from(ACTS), st.sampled_from(UNITS)),
        max_size=40,
    )
)
def test_what_the_lifecycle_allows_on_the_newest_state_has_its_effect_in_the_fold(
    tries: list[tuple[str, str, str]],
) -> None:
    history = History()
    history.write(UNITS[-1], "receive")

    for unit, act, target in tries:
        actor = Actor(unit, TIERS[unit], STANDS[unit], f"{unit}-w1")
        try:
            check(history.state(), act, facts_of(act, to=target), actor, PENSION, STANDS)
        except CaseError:
            continue
        history.write(unit, act, to=target)
        assert history.state().timeline[-1].effective

    assert history.state().conflicts == ()


def test_no_entries_make_an_empty_state() -> None:
    assert fold([]) == CaseState()


def _ancestors(entry_id: str, by_id: dict[str, Entry]) -> dict[str, None]:
    found: dict[str, None] = {}
    waiting = list(by_id[entry_id].parents)
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found[parent] = None
            waiting.extend(by_id[parent].parents)
    return found
