"""What must hold after a day: each check counts what it looked at, and nothing is no proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cases.fold import digest
from postroad.demo.cleartext import Search
from postroad.demo.events import Fault
from postroad.demo.evidence import Holdings, Sighting
from postroad.demo.ledger import KINDS, Application
from postroad.demo.links import Traffic
from security.errors import SecurityError
from security.receipts import verify_receipt
from security.registry import Registry

APPLICATIONS_MIN = 100
OFFLINE_MIN = 10
FAULT_KINDS = ("cut", "drop", "kill", "stall")
FINDINGS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the checks look at, gathered after the last program has stopped.

    `paths` names for each outpost its units from the root down. `kills` says how often each
    unit was killed on purpose.
    """

    applications: Sequence[Application]
    paths: Mapping[str, tuple[str, ...]]
    holdings: Mapping[str, Holdings]
    registry: Registry
    traffic: Mapping[str, Traffic]
    faults: Sequence[Fault]
    exit_codes: Mapping[str, Sequence[int]]
    searches: Mapping[str, Search]
    hubs: Sequence[str]
    needles: int
    is_search_able: bool
    waiting: int

    def sightings(self) -> Iterable[tuple[Application, str, Sighting | None]]:
        """Every case of the ledger at every unit of its path, None where it is missing."""
        for application in self.applications:
            for unit in self.paths[application.outpost]:
                yield application, unit, self.holdings[unit].sightings.get(application.case)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one check: how much was looked at, and what was wrong."""

    name: str
    counted: int
    wrong: tuple[str, ...]

    @property
    def has_passed(self) -> bool:
        """Whether something was looked at and nothing was wrong with it."""
        return self.counted > 0 and not self.wrong

    @property
    def detail(self) -> str:
        """One line on what was wrong, empty for a check that passed."""
        if self.has_passed:
            return ""
        if not self.wrong:
            return "nothing to look at"
        more = len(self.wrong) - FINDINGS_SHOWN
        shown = "; ".join(self.wrong[:FINDINGS_SHOWN])
        return f"{shown}; and {more} more" if more > 0 else shown


def judge(evidence: Evidence) -> list[Verdict]:
    """Make every check, in the order in which a person would ask."""
    return [Verdict(name, *check(evidence)) for name, check in CHECKS.items()]


Finding = tuple[int, tuple[str, ...]]


def _enough(evidence: Evidence) -> Finding:
    received = sum(bool(each.case) for each in evidence.applications)
    if received >= APPLICATIONS_MIN:
        return received, ()
    return received, (f"{received} applications, wanted {APPLICATIONS_MIN}",)


def _offline(evidence: Evidence) -> Finding:
    offline = sum(each.is_offline for each in evidence.applications)
    if offline >= OFFLINE_MIN:
        return offline, ()
    return offline, (f"{offline} receipts with the link down, wanted {OFFLINE_MIN}",)


def _nothing_lost(evidence: Evidence) -> Finding:
    """Every receipt is a case at every unit of its path, and no store holds another case."""
    counted, wrong = 0, []
    for application, unit, sighting in evidence.sightings():
        counted += 1
        if sighting is None:
            wrong.append(f"case {application.case} is not at {unit}")
        elif sighting.state.case_no != application.receipt.split("|")[1]:
            wrong.append(f"case {application.case} has another number at {unit}")
    known = {application.case for application in evidence.applications}
    for unit, holdings in evidence.holdings.items():
        wrong += [f"{unit} holds {case}" for case in holdings.sightings if case not in known]
    return counted, tuple(wrong)


def _same_state(evidence: Evidence) -> Finding:
    """Every unit of its path folds a case to the same state."""
    digests: dict[str, set[str]] = {}
    for application, _unit, sighting in evidence.sightings():
        if sighting is not None:
            digests.setdefault(application.case, set()).add(digest(sighting.state))
    wrong = [
        f"case {case} has {len(seen)} states" for case, seen in digests.items() if len(seen) > 1
    ]
    return len(digests), tuple(wrong)


def _acts_kept(evidence: Evidence) -> Finding:
    """Every act that a page confirmed has its effect in the state of the topmost unit."""
    counted, wrong = 0, []
    for application in evidence.applications:
        top = evidence.paths[application.outpost][0]
        sighting = evidence.holdings[top].sightings.get(application.case)
        rows = sighting.state.timeline if sighting else ()
        effective = Counter((row.unit, row.act) for row in rows if row.effective)
        confirmed = Counter(application.acts)
        counted += confirmed.total()
        wrong += [
            f"case {application.case}: {act} of {unit} is missing"
            for unit, act in (confirmed - effective)
        ]
    return counted, tuple(wrong)


def _outcomes(evidence: Evidence) -> Finding:
    """Every application was decided as wanted, by its tier, and its result handed over."""
    counted, wrong = 0, []
    for application in evidence.applications:
        home = evidence.holdings[application.outpost].sightings.get(application.case)
        if home is None:
            wrong.append(f"case {application.case} is not at its outpost")
            continue
        counted += 1
        tier = evidence.holdings[_decided_by(home)].tier if _decided_by(home) else ""
        if (home.state.state, home.state.outcome) != ("delivered", application.outcome):
            wrong.append(f"case {application.case} is {home.state.state} {home.state.outcome}")
        if tier != application.kind.tier:
            wrong.append(f"case {application.case} was decided by the {tier or 'nobody'}")
    return counted, tuple(wrong)


def _every_tier(evidence: Evidence) -> Finding:
    """Something was decided at every tier, of every kind that is played."""
    decided = Counter(each.item for each in evidence.applications if each.is_delivered)
    wrong = [f"no {item} was delivered" for item in KINDS if not decided[item]]
    return decided.total(), tuple(wrong)


def _receipts(evidence: Evidence) -> Finding:
    """The registry alone verifies every receipt, and the copy in the case is the same."""
    wrong = []
    for application in evidence.applications:
        try:
            verify_receipt(application.receipt, evidence.registry)
        except SecurityError as error:
            wrong.append(f"case {application.case}: {error}")
            continue
        home = evidence.holdings[application.outpost].sightings.get(application.case)
        if home is None or home.receipt != application.receipt:
            wrong.append(f"case {application.case} holds another receipt")
    return len(evidence.applications), tuple(wrong)


def _readers(evidence: Evidence) -> Finding:
    """Every unit reads exactly what the audience of the item gives it."""
    seen: Counter[str] = Counter()
    wrong = []
    for application, unit, sighting in evidence.sightings():
        if sighting is None:
            continue
        seen[sighting.readable] += 1
        is_open = bool(sighting.form)
        if sighting.readable != sighting.may_read or is_open != (sighting.readable == "case"):
            wrong.append(
                f"case {application.case}: {unit} reads {sighting.readable or 'nothing'}"
            )
    wrong += [f"nobody reads only {kind}" for kind in ("case", "facts") if not seen[kind]]
    return seen.total(), tuple(wrong)


def _forms_whole(evidence: Evidence) -> Finding:
    """Whoever may open a form finds the citizen in it, as keyed in at the window."""
    counted, wrong = 0, []
    for application, unit, sighting in evidence.sightings():
        if sighting is None or sighting.readable != "case":
            continue
        counted += 1
        person = application.citizen
        if (sighting.form.get("name"), sighting.form.get("id_no")) != (
            person.name,
            person.id_no,
        ):
            wrong.append(f"case {application.case}: {unit} reads another form")
    return counted, tuple(wrong)


def _no_clear_text(evidence: Evidence) -> Finding:
    """No name, number, card or address lies in clear in any file of a hub."""
    files, wrong = 0, []
    for unit in evidence.hubs:
        search = evidence.searches.get(unit)
        if search is None or not search.bytes:
            wrong.append(f"{unit} was not looked through")
            continue
        files += search.files
        wrong += [f"{unit}: {place}" for place in search.found]
    if not evidence.needles or not evidence.is_search_able:
        wrong.append("the search does not find what is there")
    return files, tuple(wrong)


def _nothing_aside(evidence: Evidence) -> Finding:
    """Nothing is in quarantine, refused, held back, unopened or in conflict."""
    counted, wrong = 0, []
    for unit, holdings in evidence.holdings.items():
        counted += holdings.records
        wrong += [f"{unit}: {holdings.quarantined} in quarantine"] * bool(holdings.quarantined)
        wrong += [f"{unit}: {holdings.refused} refused above"] * bool(holdings.refused)
        wrong += [f"{unit}: {fault}" for fault in holdings.faults]
        for case, sighting in holdings.sightings.items():
            if sighting.unopened or sighting.state.held or sighting.state.conflicts:
                wrong.append(f"case {case} at {unit} has held entries or conflicts")
    return counted, tuple(wrong)


def _outboxes(evidence: Evidence) -> Finding:
    wrong = () if not evidence.waiting else (f"{evidence.waiting} records still wait",)
    return len(evidence.traffic), wrong


def _links(evidence: Evidence) -> Finding:
    """Every link carried bytes both ways."""
    wrong = [
        unit for unit, traffic in evidence.traffic.items() if not (traffic.up and traffic.down)
    ]
    return sum(each.up + each.down for each in evidence.traffic.values()), tuple(wrong)


def _faults(evidence: Evidence) -> Finding:
    """Links were dropped, cut in the middle and stalled, and programs killed."""
    seen = Counter(fault.kind for fault in evidence.faults)
    seen_by_links = {
        "cut": sum(each.cuts for each in evidence.traffic.values()),
        "drop": sum(each.drops for each in evidence.traffic.values()),
        "stall": sum(each.stalls for each in evidence.traffic.values()),
        "kill": sum(code < 0 for codes in evidence.exit_codes.values() for code in codes),
    }
    wrong = [
        f"{kind}: {seen[kind]} planned, {seen_by_links[kind]} happened"
        for kind in FAULT_KINDS
        if not seen[kind] or seen_by_links[kind] < seen[kind]
    ]
    return seen.total(), tuple(wrong)


def _clean_ends(evidence: Evidence) -> Finding:
    """Every program that was asked to stop stopped by itself and without an error."""
    killed = Counter(fault.where for fault in evidence.faults if fault.kind == "kill")
    wrong = [
        f"{unit} ended with {list(codes)}"
        for unit, codes in evidence.exit_codes.items()
        if not codes or codes[-1] != 0 or sum(map(bool, codes)) != killed[unit]
    ]
    return len(evidence.exit_codes), tuple(wrong)


def _decided_by(sighting: Sighting) -> str:
    rows = sighting.state.timeline
    return next((row.unit for row in rows if row.act == "decide" and row.effective), "")


CHECKS: Mapping[str, Callable[[Evidence], Finding]] = {
    "applications": _enough,
    "offline_receipts": _offline,
    "nothing_lost": _nothing_lost,
    "same_state_everywhere": _same_state,
    "confirmed_acts_kept": _acts_kept,
    "decided_and_delivered": _outcomes,
    "every_item_delivered": _every_tier,
    "receipts_verify": _receipts,
    "read_only_by_readers": _readers,
    "forms_whole": _forms_whole,
    "no_clear_personal_data": _no_clear_text,
    "nothing_set_aside": _nothing_aside,
    "outboxes_empty": _outboxes,
    "links_used": _links,
    "faults_happened": _faults,
    "programs_ended_well": _clean_ends,
}
"""Name to check; the names stand in the summary."""
