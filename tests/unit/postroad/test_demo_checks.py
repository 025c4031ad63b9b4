"""Every check behind the scripted day can fail, and none passes on nothing."""

import functools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from cases.casestate import CaseState, TimelineRow
from cases.conflicts import Conflict
from cases.numbers import CaseNumber
from postroad.demo.checks import CHECKS, Evidence, Verdict, judge
from postroad.demo.citizens import citizens
from postroad.demo.cleartext import Search
from postroad.demo.events import Fault
from postroad.demo.evidence import Holdings, Sighting
from postroad.demo.ledger import KINDS, Application
from postroad.demo.links import Traffic
from security.caseids import new_case_id
from security.receipts import sign_receipt
from security.registry import Registry
from simulation.tree import KeyedTree, UnitRow, keyed_tree

CITY, DISTRICT, STREET = "120100000000", "120103000000", "120103001000"
OUTPOST = "120103001001"
PATH = (CITY, DISTRICT, STREET, OUTPOST)
TIERS = dict(zip(("city", "district", "street", "village"), PATH, strict=True))
UNIT_TIERS = {unit: tier for tier, unit in TIERS.items()}
COUNT = 102

Spoil = Callable[[Evidence], Evidence]


@functools.cache
def tree() -> KeyedTree:
    names = ("天津市", "河西区", "大营门街道", "九江路社区居委会")
    parents = (None, *PATH[:-1])
    rows = [
        UnitRow(code, name, tier, parent)
        for code, name, tier, parent in zip(PATH, names, TIERS, parents, strict=True)
    ]
    return keyed_tree(rows, random.Random(1).randbytes)


@functools.cache
def evidence() -> Evidence:
    """A day on which everything went well, with one outpost."""
    people = citizens(1)
    kinds = [*KINDS.values()]
    applications = [
        application(number, kinds[number % len(kinds)].item, people.__next__)
        for number in range(COUNT)
    ]
    return Evidence(
        applications=applications,
        paths={OUTPOST: PATH},
        holdings={unit: holdings(unit, applications) for unit in PATH},
        registry=tree().registry,
        traffic={unit: Traffic(9, 9, 3, 1, 1, 1) for unit in PATH[1:]},
        faults=[Fault(1.0, kind, STREET, 2.0) for kind in ("cut", "drop", "kill", "stall")],
        exit_codes={unit: [-9, 0] if unit == STREET else [0] for unit in PATH},
        searches={unit: Search(3, 100, ()) for unit in PATH},
        hubs=PATH[:-1],
        needles=400,
        is_search_able=True,
        waiting=0,
    )


RECEIPT_CASE = new_case_id(0, OUTPOST, bytes(6))


def application(number: int, item: str, person: Callable[[], object]) -> Application:
    made = Application(number, OUTPOST, item, "straight", person(), person())  # type: ignore[arg-type]
    made.case = f"{number:032x}"
    made.receipt = sign_receipt(
        case_no(number), "123456", RECEIPT_CASE, tree().units[OUTPOST].device
    )
    made.is_offline = made.is_delivered = True
    made.acts = [
        (OUTPOST, "receive"),
        (TIERS[KINDS[item].tier], "decide"),
        (OUTPOST, "deliver"),
    ]
    return made


def case_no(number: int) -> str:

    return CaseNumber(OUTPOST, 1, date(2026, 11, 20), number + 1).text


def holdings(unit: str, applications: list[Application]) -> Holdings:
    sightings = {each.case: sighting(unit, each) for each in applications}
    return Holdings(unit, UNIT_TIERS[unit], 3 * COUNT, 0, 0, (), sightings)


def sighting(unit: str, each: Application) -> Sighting:
    readable = "facts" if unit == CITY else "case"
    form = {"name": each.citizen.name, "id_no": each.citizen.id_no}
    return Sighting(
        state=state(each),
        readable=readable,
        may_read=readable,
        unopened=0,
        form=form if readable == "case" else {},
        receipt=each.receipt if readable == "case" else "",
    )


def state(each: Application) -> CaseState:
    rows = [
        TimelineRow(f"{n}", act, unit, f"{unit}-01", "w1", "", True, "", {})
        for n, (unit, act) in enumerate(each.acts)
    ]
    return CaseState(
        case_no=each.receipt.split("|")[1],
        item=each.item,
        path=PATH,
        state="delivered",
        outcome="granted",
        timeline=tuple(rows),
    )


def at(unit: str, **changes: object) -> Spoil:
    """Change what a unit holds."""

    def spoil(good: Evidence) -> Evidence:
        changed = replace(good.holdings[unit], **changes)  # type: ignore[arg-type]
        return replace(good, holdings={**good.holdings, unit: changed})

    return spoil


def seen_at(unit: str, **changes: object) -> Spoil:
    """Change how a unit sees the first case."""

    def spoil(good: Evidence) -> Evidence:
        sightings = good.holdings[unit].sightings
        case = good.applications[0].case
        changed = replace(sightings[case], **changes)  # type: ignore[arg-type]
        return at(unit, sightings={**sightings, case: changed})(good)

    return spoil


def folded_at(unit: str, **changes: object) -> Spoil:
    """Change the state to which a unit folds the first case."""

    def spoil(good: Evidence) -> Evidence:
        known = good.holdings[unit].sightings[good.applications[0].case].state
        changed = replace(known, **changes)  # type: ignore[arg-type]
        return seen_at(unit, state=changed)(good)

    return spoil


def first(**changes: object) -> Spoil:
    """Change what the ledger says of the first application."""

    def spoil(good: Evidence) -> Evidence:
        changed = replace(good.applications[0], **changes)  # type: ignore[arg-type]
        return replace(good, applications=[changed, *good.applications[1:]])

    return spoil


def of_all(**changes: object) -> Spoil:
    return lambda good: replace(good, **changes)  # type: ignore[arg-type]


def without_the_first_case_at(unit: str) -> Spoil:
    def spoil(good: Evidence) -> Evidence:
        case = good.applications[0].case
        kept = {
            key: value for key, value in good.holdings[unit].sightings.items() if key != case
        }
        return at(unit, sightings=kept)(good)

    return spoil


def only(item: str) -> Spoil:
    return lambda good: replace(
        good, applications=[each for each in good.applications if each.item != item]
    )


def receipt_of_another_key() -> str:
    return sign_receipt(case_no(0), "123456", RECEIPT_CASE, tree().units[STREET].device)


CONFLICT = Conflict("old_epoch", ("0", "1"))
SPOILT: dict[str, list[Spoil]] = {
    "applications": [lambda good: replace(good, applications=good.applications[:99])],
    "offline_receipts": [
        lambda good: replace(
            good, applications=[replace(each, is_offline=False) for each in good.applications]
        )
    ],
    "nothing_lost": [
        without_the_first_case_at(CITY),
        without_the_first_case_at(OUTPOST),
        folded_at(DISTRICT, case_no=case_no(4000)),
        lambda good: replace(good, applications=good.applications[1:]),
    ],
    "same_state_everywhere": [folded_at(CITY, custody=STREET), folded_at(OUTPOST, epoch=1)],
    "confirmed_acts_kept": [
        first(acts=[(STREET, "take")]),
        first(acts=[(OUTPOST, "receive")] * 2),
        folded_at(CITY, timeline=()),
    ],
    "decided_and_delivered": [
        folded_at(OUTPOST, state="decided"),
        folded_at(OUTPOST, outcome="refused"),
        folded_at(OUTPOST, timeline=()),
        first(item="TY-001"),
    ],
    "every_item_delivered": [only("TY-001"), only("MZ-007")],
    "receipts_verify": [
        first(receipt=receipt_of_another_key()),
        first(receipt="v1|x"),
        seen_at(OUTPOST, receipt="v1|x"),
    ],
    "read_only_by_readers": [
        seen_at(CITY, readable="case"),
        seen_at(STREET, readable="facts"),
        seen_at(CITY, form={"name": "王例甲子"}),
        seen_at(DISTRICT, form={}),
    ],
    "forms_whole": [seen_at(STREET, form={"name": "王例甲子", "id_no": "1"})],
    "no_clear_personal_data": [
        of_all(searches={}),
        of_all(searches={unit: Search(0, 0, ()) for unit in PATH}),
        of_all(searches={unit: Search(3, 9, ("data/hub.log",)) for unit in PATH}),
        of_all(is_search_able=False),
        of_all(needles=0),
    ],
    "nothing_set_aside": [
        at(DISTRICT, quarantined=1),
        at(OUTPOST, refused=1),
        at(OUTPOST, faults=("page 3 is damaged",)),
        seen_at(CITY, unopened=1),
        folded_at(CITY, conflicts=(CONFLICT,)),
        folded_at(CITY, held=("0",)),
    ],
    "outboxes_empty": [of_all(waiting=1)],
    "links_used": [
        lambda good: replace(good, traffic={**good.traffic, STREET: Traffic(9, 0, 1, 1, 1, 1)})
    ],
    "faults_happened": [
        of_all(faults=[]),
        lambda good: replace(good, faults=good.faults[1:]),
        lambda good: replace(good, faults=[*good.faults] * 9),
    ],
    "programs_ended_well": [
        of_all(exit_codes={unit: [0] for unit in PATH}),
        of_all(exit_codes={unit: [] for unit in PATH}),
        lambda good: replace(good, exit_codes={**good.exit_codes, CITY: [1]}),
        lambda good: replace(good, exit_codes={**good.exit_codes, CITY: [-9]}),
    ],
}


def verdict(name: str, about: Evidence) -> Verdict:
    return next(each for each in judge(about) if each.name == name)


def test_every_check_holds_after_a_good_day_and_has_counted_something() -> None:
    verdicts = judge(evidence())

    assert [each.name for each in verdicts if not each.has_passed] == []
    assert all(each.counted > 0 for each in verdicts)


@pytest.mark.parametrize(
    ("name", "spoil"), [(name, spoil) for name, spoils in SPOILT.items() for spoil in spoils]
)
def test_a_check_fails_when_its_matter_is_spoilt_and_says_why(name: str, spoil: Spoil) -> None:
    found = verdict(name, spoil(evidence()))

    assert not found.has_passed
    assert found.detail


def test_there_is_a_spoilt_day_for_every_check() -> None:
    assert set(SPOILT) == set(CHECKS)


def test_no_check_passes_on_nothing() -> None:
    nothing = Evidence(
        applications=(),
        paths={},
        holdings={},
        registry=Registry(tree().root.public),
        traffic={},
        faults=(),
        exit_codes={},
        searches={},
        hubs=(),
        needles=0,
        is_search_able=False,
        waiting=0,
    )

    assert [each.name for each in judge(nothing) if each.has_passed] == []


def test_a_long_list_of_faults_is_told_in_one_short_line() -> None:
    found = Verdict("nothing_lost", 9, tuple(f"case {number}" for number in range(9)))

    assert found.detail == "case 0; case 1; case 2; and 6 more"
