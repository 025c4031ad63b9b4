"""Each item of the shipped catalogue, walked by four tiers with real casebooks."""

from collections.abc import Iterator

import pytest

from casebook.errors import UnknownCaseError
from cases.errors import UnlawfulActError
from cases.items import Item, Limit, Step
from tests.support.applications import CONDITIONS, application, judged
from tests.support.network import (
    CITY,
    DISTRICT,
    OTHER_VILLAGE,
    STREET,
    VILLAGE,
    Network,
    catalogue,
    small_network,
)
from tests.support.pages import divisions
from tests.support.walking import USUAL, Walk

ITEMS = sorted(catalogue().items)
PATH = (CITY, DISTRICT, STREET, VILLAGE)
TIERS = ("city", "district", "street", "village")


@pytest.fixture
def network() -> Iterator[Network]:
    with small_network() as made:
        yield made


def home_of(item: Item) -> str:
    """The lowest unit that takes in an application for an item."""
    for tier, unit in zip(reversed(TIERS), reversed(PATH), strict=True):
        if {"accept", "precheck"} & set(item.rights_of(tier)):
            return unit
    raise AssertionError(item.code)


def received(
    network: Network,
    code: str,
    papers: dict[str, str] | None = None,
    changes: dict[str, str] | None = None,
) -> Walk:
    item = catalogue().items[code]
    walk = Walk(network, item, home_of(item))
    made = application(item, catalogue(), divisions(), papers=papers, changes=changes)
    walk.receive(made)
    if "precheck" in walk.view().acts:
        walk.do("precheck", result="fit")
    return walk


def finish(walk: Walk) -> None:
    walk.do("decide", **granted(walk.item))
    following = walk.view().next_step
    if following is not None and following.act == "issue":
        walk.go_on("issue", USUAL["issue"])
    walk.go_on("deliver", USUAL["deliver"])
    walk.do("archive", retention="y10")
    walk.network.carry()


def granted(item: Item) -> dict[str, object]:
    if item.joint is None or item.joint.consent != "independent":
        return {"outcome": "granted"}
    first, *others = item.joint.parts
    return {
        "outcome": "granted",
        "parts": {first: "granted"} | dict.fromkeys(others, "refused"),
    }


@pytest.mark.parametrize("code", ITEMS)
def test_the_item_walks_from_the_counter_to_the_archive(network: Network, code: str) -> None:
    walk = received(network, code)

    walk.go_on("accept")
    walk.walk_steps()
    finish(walk)

    item = walk.item
    for unit in PATH[: PATH.index(walk.home) + 1]:
        state = network.places[unit].casebook.state(walk.case)
        assert (state.state, state.conflicts) == ("archived", ())
        assert state.case_no == walk.case_no
        assert state.steps_done == tuple(each.name for each in done_by_hand(item))
    assert walk.case_no.startswith(walk.home + "01" + "261123")
    assert walk.paused
    assert_only_the_item_s_tiers_read(walk)


def done_by_hand(item: Item) -> list[Step]:
    steps: list[Step] = []
    for step in item.steps:
        if step.name in ("decide", "issue", "deliver"):
            break
        if step.name not in ("accept", "precheck"):
            steps.append(step)
    return steps


def assert_only_the_item_s_tiers_read(walk: Walk) -> None:
    item = walk.item
    wanted = {step.tier for step in item.steps} | {item.deciding_tiers[-1]}
    place = PATH.index(walk.home)
    may = {unit for tier, unit in zip(TIERS, PATH, strict=True) if tier in wanted}
    may |= set(PATH[max(place - 1, 0) : place + 1]) | walk.visited
    for unit in PATH[: place + 1]:
        file = walk.network.places[unit].casebook.open(walk.case)
        assert (unit, file.readable) == (unit, "case" if unit in may else "facts")
    with pytest.raises(UnknownCaseError):
        walk.network.places[OTHER_VILLAGE].casebook.open(walk.case)


def papers_of(need: str) -> list[tuple[str, str]]:
    """Each item with its first paper of a need."""
    return [
        (code, found[0])
        for code in ITEMS
        if (
            found := [
                each.code for each in catalogue().items[code].materials if each.need == need
            ]
        )
    ]


@pytest.mark.parametrize(("code", "paper"), papers_of("tolerable")[::4])
def test_a_paper_that_may_follow_follows_after_a_tolerant_acceptance(
    network: Network, code: str, paper: str
) -> None:
    walk = received(network, code, {paper: "owed"})

    walk.reach("accept_tolerant", owed=[paper])
    walk.network.carry()

    state = walk.view().state
    assert (state.tolerated, state.owed) == (True, (paper,))
    assert walk.due("supplement") <= max(walk.due("promised"), walk.due("legal"))
    walk.do("supply", walk.home, papers=[{"material": paper, "state": "copy"}], complete=True)
    assert not walk.view().state.tolerated


@pytest.mark.parametrize(("code", "paper"), papers_of("main")[::4])
def test_an_item_is_not_accepted_without_a_main_paper_until_it_was_asked_for(
    network: Network, code: str, paper: str
) -> None:
    walk = received(network, code, {paper: "lacking"})

    with pytest.raises(UnlawfulActError, match="papers_lacking"):
        walk.reach("accept")
    walk.do("notify_missing", missing=[paper])
    walk.pass_days(7)
    supplied = [{"material": paper, "state": "original"}]
    walk.do("supply", walk.home, papers=supplied, complete=True)
    walk.do("accept")

    assert walk.view().state.state == "accepted"
    assert walk.view().state.acceptance_from[:10] == "2026-11-30"


def conditional() -> list[tuple[str, str, str]]:
    return [
        (code, each.code, each.condition.source)
        for code in ITEMS
        for each in catalogue().items[code].materials
        if each.condition is not None
    ]


@pytest.mark.parametrize(("code", "paper", "condition"), conditional())
def test_a_conditional_paper_is_asked_for_when_its_condition_holds(
    code: str, paper: str, condition: str
) -> None:
    item = catalogue().items[code]

    plain, _ = judged(item, catalogue(), divisions())
    met, _ = judged(item, catalogue(), divisions(), changes=dict(CONDITIONS[condition]))

    assert paper not in [each.material.code for each in plain.papers]
    assert (paper, "main") in [(each.material.code, each.need) for each in met.papers]


def test_urgent_relief_comes_first_and_its_papers_afterwards(network: Network) -> None:
    walk = received(network, "MZ-003", {"verify_auth": "lacking"}, {"urgent": "1"})

    walk.reach("accept_tolerant", owed=["verify_auth"])

    state = walk.view().state
    assert (state.promised, state.supply_within) == (Limit(48, "h"), Limit(5, "wd"))
    assert walk.due("promised").isoformat() == "2026-11-25"
    walk.do("step_done", step="check")
    following = walk.view().next_step
    assert following is not None
    assert following.act == "decide"
    walk.do("decide", outcome="granted")
    walk.go_on("deliver", USUAL["deliver"])
    with pytest.raises(UnlawfulActError, match="papers_owed"):
        walk.do("archive", retention="y10")


def test_without_urgency_the_same_paper_does_not_follow(network: Network) -> None:
    walk = received(network, "MZ-003", {"verify_auth": "lacking"})

    with pytest.raises(UnlawfulActError, match="not_tolerable"):
        walk.reach("accept_tolerant", owed=["verify_auth"])


@pytest.mark.parametrize(
    ("asked", "outcome", "sum_granted", "who"),
    [
        ("2000.00", "granted", None, STREET),
        ("2000.01", "granted", None, DISTRICT),
        ("5000.00", "granted", "2000.00", STREET),
        ("1500.00", "granted", "2000.01", DISTRICT),
        ("5000.00", "refused", "1.00", DISTRICT),
    ],
)
def test_a_sum_is_decided_by_the_tier_that_may(
    network: Network, asked: str, outcome: str, sum_granted: str | None, who: str
) -> None:
    walk = received(network, "MZ-003", changes={"urgent": "1", "amount": asked})
    walk.reach("accept")
    walk.do("step_done", step="check")
    body = {"opinion": "同意", **({"amount": sum_granted} if sum_granted else {})}

    if who != STREET:
        with pytest.raises(UnlawfulActError, match="amount_above"):
            walk.write("decide", body, outcome=outcome)
        walk.do("send_up", to=DISTRICT)
        walk.do("take", DISTRICT)
    walk.write("decide", body, outcome=outcome)

    assert walk.view(who).state.outcome == outcome


@pytest.mark.parametrize(
    ("outcome", "parts", "code"),
    [
        ("granted", None, "parts_wanted"),
        ("granted", {"household_entry": "granted"}, "parts_wanted"),
        ("granted", ["refused", "refused", "refused"], "parts_outcome"),
        ("refused", ["refused", "granted", "refused"], "parts_outcome"),
    ],
)
def test_the_parts_of_a_joint_case_are_each_decided(
    network: Network, outcome: str, parts: object, code: str
) -> None:
    walk = received(network, "JT-001")
    walk.reach("accept")
    walk.walk_steps()
    joint = walk.item.joint
    assert joint is not None
    if isinstance(parts, list):
        parts = dict(zip(joint.parts, parts, strict=True))

    with pytest.raises(UnlawfulActError, match=code):
        walk.do("decide", outcome=outcome, **({"parts": parts} if parts else {}))


def test_a_body_against_stops_what_needs_all_and_not_what_is_independent(
    network: Network,
) -> None:
    for code in ("NY-001", "JT-001"):
        walk = received(network, code)
        walk.answer = "disagree"
        walk.reach("accept")
        walk.walk_steps()
        if code == "JT-001":
            walk.do("decide", **granted(walk.item))
        else:
            with pytest.raises(UnlawfulActError, match="not_all_agree"):
                walk.do("decide", outcome="granted")
            walk.do("decide", outcome="refused")
