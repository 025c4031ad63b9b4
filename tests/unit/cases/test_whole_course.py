"""Each item of the shipped catalogue, from the counter to the citizen's hand."""

from pathlib import Path

import pytest

from cases.catalogue import Catalogue, load_catalogue
from cases.items import Item
from cases.lifecycle import available, check, hand_over_targets, next_step
from cases.progress import unanswered
from tests.support.case_history import (
    DISTRICT,
    STANDS,
    STREET,
    VILLAGE,
    History,
    facts_of,
)
from tests.support.case_items import actor

SHIPPED = Path(__file__).parents[3] / "configs" / "catalogue.yaml"
ACTS_MAX = 40


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(SHIPPED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("home", [VILLAGE, STREET, DISTRICT])
def test_every_item_that_a_unit_receives_reaches_delivery_along_the_first_targets(
    catalogue: Catalogue, home: str
) -> None:
    received = [
        item
        for item in catalogue.items.values()
        if available(None, actor(home), item) == ("receive",)
    ]

    assert received
    for item in received:
        state = course(item, home).state()
        assert (item.code, state.state, state.conflicts) == (item.code, "delivered", ())


def course(item: Item, home: str) -> History:
    """Do what comes next, and hand the case over to whom the page names first."""
    history = History()
    do(history, home, "receive", item, {"item": item.code})
    for turn in range(ACTS_MAX):
        state = history.state()
        following = next_step(state, item)
        if following is None:
            break
        if state.offer:
            do(history, state.offer.to, "take", item, {})
            continue
        # Another clerk each turn, so that who accepted does not decide.
        who = actor(state.custody, f"clerk-{turn}")
        if following.act in available(state, who, item, STANDS):
            facts: dict[str, object] = {"step": following.step}
            if following.act == "co_sign":
                facts = {"body": unanswered(state, item)[0]}
            joint = item.joint
            if following.act == "decide" and joint and joint.consent == "independent":
                facts = {"parts": dict.fromkeys(joint.parts, "granted")}
            do(history, who.unit, following.act, item, facts, who.clerk)
            continue
        above, below = hand_over_targets(state, who, item, STANDS)
        targets = [
            target
            for target in (*above[:1], *below[:1])
            if following.act == "deliver" or set(STANDS[target]) & set(following.tiers)
        ]
        act = "send_up" if targets[0] in above else "return"
        do(history, who.unit, act, item, {"to": targets[0]}, who.clerk)
    return history


def do(
    history: History, unit: str, act: str, item: Item, facts: dict[str, object], clerk: str = ""
) -> None:
    """Check an act on the newest state and write it."""
    who = actor(unit, clerk)
    check(history.state(), act, facts_of(act, **facts), who, item, STANDS)
    history.write(unit, act, facts, clerk=who.clerk)
