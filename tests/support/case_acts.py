"""Acts done on a case as a page does them: judged on the newest state, then written."""

from dataclasses import replace

import pytest

from cases.errors import UnlawfulActError
from cases.items import Item, Joint, Limit, Pause
from cases.judging import Actor
from cases.lifecycle import check
from tests.support.case_history import (
    STANDS,
    TIERS,
    VILLAGE,
    History,
    facts_of,
    item,
    received,
)

WHOLE = item(
    {
        "city": [],
        "district": ["review", "decide"],
        "street": ["accept", "review", "decide", "issue", "deliver"],
        "village": ["accept", "precheck", "review", "decide", "issue", "deliver"],
    },
    pauses=(
        Pause("site_visit", counts=False),
        Pause("publicity", counts=True, least=Limit(7, "cd")),
        Pause("hearing", counts=False, most=Limit(20, "cd")),
    ),
    materials=(("app_form", "main"), ("photo", "tolerable"), ("bank_book", "tolerable")),
    extend=Limit(10, "wd"),
)
JOINT = replace(
    WHOLE,
    handling="joint",
    joint=Joint("market", ("fire", "ecology"), Limit(7, "wd"), "all"),
)


def actor(unit: str, *roles: str, clerk: str = "") -> Actor:
    tier = TIERS[unit]
    return Actor(unit, tier, (tier,), clerk or f"{unit}-w1", roles or ("approver",))


def do(
    history: History,
    unit: str,
    name: str,
    who: Actor | None = None,
    subject: Item = WHOLE,
    /,
    **facts: object,
) -> str:
    """Do an act as a page does: check it on the newest state, then write it."""
    person = who or actor(unit)
    said = facts_of(name, **{"clerk": person.clerk, **facts})
    check(history.state(), name, said, person, subject, STANDS)
    return history.write(unit, name, facts, clerk=person.clerk)


def refused(
    history: History,
    unit: str,
    name: str,
    who: Actor | None = None,
    subject: Item = WHOLE,
    /,
    **facts: object,
) -> str:
    """The code with which an act is refused."""
    with pytest.raises(UnlawfulActError) as error:
        do(history, unit, name, who, subject, **facts)
    return error.value.code


def accepted() -> History:
    history = received()
    do(history, VILLAGE, "accept")
    return history


def decided(outcome: str = "granted") -> History:
    history = accepted()
    do(history, VILLAGE, "decide", actor(VILLAGE, clerk="other"), outcome=outcome)
    return history
