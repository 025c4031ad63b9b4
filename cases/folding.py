"""The fold under way: the state so far, and what only the fold needs to remember."""

from collections.abc import Mapping
from dataclasses import replace

from cases.amendments import Amendments
from cases.casestate import CaseState, TimelineRow
from cases.clockdoubt import ClockDoubt
from cases.conflicts import (
    AMENDMENT,
    FORK,
    OLD_ITEM_VERSION,
    WITHDRAWAL_DECIDED,
    Conflict,
    Settlement,
)
from cases.corrections import corrected
from cases.effects import apply, holds, promise_of, write
from cases.entries import Entry, check_facts, is_moment, text
from cases.errors import FactsError
from cases.order import Ancestry
from cases.policy import HARMLESS, SOFT
from cases.states import refusal

# Acts whose causality matters later: they can be done apart and then do not fit together.
_MARKED = ("amend", "step_done", "withdraw", "settle")

# Acts from which clocks count.
_CLOCKED = (
    *("receive", "notify_missing", "supply", "accept", "accept_tolerant", "deem_accepted"),
    *("pause_open", "pause_close", "decide", "issue", "deliver"),
)

# Reasons for which an entry lost against the entry that last moved the case.
_OVERTAKEN = (
    *("second_receive", "not_in_state", "too_late", "old_epoch", "no_custody", "not_offered"),
    *("late_act", "accepted_twice"),
)

_Place = tuple[str, int, int]


class Folding:
    """Takes in the entries of one case in their order and says what follows from them."""

    def __init__(self, retracted: Mapping[str, str]) -> None:
        """Begin a case, knowing which entries count as taken back and by which others."""
        self._state = CaseState()
        self._ancestry = Ancestry()
        self._amendments = Amendments(self._ancestry)
        self._doubt = ClockDoubt()
        self._retracted = retracted
        self._retracting = set(retracted.values())
        self._timeline: list[TimelineRow] = []
        self._conflicts: list[Conflict] = []
        self._settled: dict[tuple[str, str, tuple[str, ...]], Settlement] = {}
        self._lost: dict[str, Entry] = {}
        self._effective: dict[str, TimelineRow] = {}
        self._moved_by = ""
        self._steps: dict[str, int] = {}
        self._requests = 0
        self._heads: dict[str, None] = {}
        self._places: dict[_Place, tuple[str, ...]] = {}
        self.last = ""

    def add(self, entry: Entry) -> None:
        """Take in the next entry of the order."""
        act = text(entry.facts, "act")
        self.last = entry.id
        self._ancestry.add(entry, marked=act in _MARKED)
        self._note_place(entry)
        is_doubtful = self._doubt.add(entry)
        reason = self._reason(entry, act)
        self._timeline.append(_row(entry, reason))
        if reason:
            self._report(entry, act, reason)
            return
        self._effective[entry.id] = self._timeline[-1]
        self._note_causality(entry, act)
        self._move(entry, act)
        if is_doubtful and act in _CLOCKED:
            write(self._state, clock_doubt=(*self._state.clock_doubt, entry.id))

    def result(self, held: tuple[Entry, ...]) -> CaseState:
        """The state after the last entry; `held` are those that wait for an ancestor."""
        amended, rivals = self._amendments.result()
        found = (*self._conflicts, *self._forks(held), *rivals)
        settled = {key: each for key, each in self._settled.items() if each.choice != "reopen"}
        return replace(
            self._state,
            heads=tuple(sorted(self._heads)),
            timeline=tuple(self._timeline),
            conflicts=tuple(each for each in found if each.key not in settled),
            settled=tuple(settled[key] for key in sorted(settled)),
            held=tuple(entry.id for entry in held),
            amended=amended,
        )

    def _reason(self, entry: Entry, act: str) -> str:
        try:
            check_facts(entry.facts)
        except FactsError:
            return "malformed"
        if entry.id in self._retracted:
            return "retracted"
        # A home that was moved has another path from then on: each act goes by its own.
        is_same = entry.path == self._state.path
        case = self._state if is_same else replace(self._state, path=entry.path)
        reason = refusal(case, act, entry.facts, entry.unit, entry.epoch)
        return reason or self._reason_of_fact(entry, act)

    def _reason_of_fact(self, entry: Entry, act: str) -> str:
        match act:
            case "receive":
                return _reason_of_receipt(entry)
            case "step_done":
                return self._reason_of_step(entry)
            case "retract":
                return "" if entry.id in self._retracting else "retract_late"
            case "settle":
                return self._reason_of_settlement(entry)
        return ""

    def _reason_of_step(self, entry: Entry) -> str:
        # Two desks did one step apart: it is done once. Who has seen it done may do it again,
        # for some items post their publicity at two tiers under one name.
        done = self._steps.get(text(entry.facts, "step"), 0)
        return "repeated_step" if done & ~self._ancestry.seen(entry.id) else ""

    def _reason_of_settlement(self, entry: Entry) -> str:
        facts = entry.facts
        kind, field, choice = text(facts, "kind"), text(facts, "field"), facts["choice"]
        [chosen, *_] = _entries(facts)
        if kind == AMENDMENT:
            return "" if self._amendments.knows(field, chosen) else "unknown_entry"
        if choice != "adopt":
            return ""
        lost = self._lost.get(chosen)
        if lost is None:
            return "unknown_entry"
        # The holder does now what the other unit had done then.
        state = self._state
        act = text(lost.facts, "act")
        refused = refusal(state, act, lost.facts, state.custody, state.epoch)
        return "not_adoptable" if refused else ""

    def _report(self, entry: Entry, act: str, reason: str) -> None:
        self._lost[entry.id] = entry
        if reason in HARMLESS:
            return
        if reason == "accepted_twice":
            at = text(entry.facts, "at")
            promise = promise_of(entry, at)
            write(self._state, promises=(*self._state.promises, promise))
        overtaken = reason in _OVERTAKEN and self._moved_by
        entries = (entry.id, self._moved_by) if overtaken else (entry.id,)
        late_withdrawal = act == "withdraw" and reason == "too_late"
        kind = WITHDRAWAL_DECIDED if late_withdrawal else reason
        self._conflicts.append(Conflict(kind, entries, soft=kind in SOFT))

    def _note_causality(self, entry: Entry, act: str) -> None:
        seen = self._ancestry.seen(entry.id)
        if act == "amend":
            self._amend(entry)
        elif act == "settle":
            self._settle(entry)
        elif act == "step_done":
            step = text(entry.facts, "step")
            self._steps[step] = self._steps.get(step, 0) | self._ancestry.bit(entry.id)
        elif act == "withdraw" and not holds(self._state, entry):
            self._requests |= self._ancestry.bit(entry.id)
        elif act == "decide":
            unseen = self._ancestry.members(self._requests & ~seen)
            self._conflicts.extend(
                Conflict(WITHDRAWAL_DECIDED, (request, entry.id)) for request in unseen
            )

    def _amend(self, entry: Entry, value: str = "", field: str = "") -> None:
        state = self._state
        rank, held = entry.path.index(entry.unit), holds(state, entry)
        names = (field,) if field else entry.facts["fields"]
        assert isinstance(names, list | tuple)
        for name in names:
            self._amendments.add(name, entry.id, value or entry.id, rank=rank, held=held)

    def _settle(self, entry: Entry) -> None:
        facts = entry.facts
        of = _entries(facts)
        settlement = Settlement(
            kind=text(facts, "kind"),
            field=text(facts, "field"),
            of=of,
            choice=text(facts, "choice"),
            entry=entry.id,
        )
        if settlement.kind == AMENDMENT:
            self._amend(entry, of[0], settlement.field)
            return
        self._settled[settlement.key] = settlement
        if settlement.choice == "adopt":
            self._move(self._lost[of[0]], text(self._lost[of[0]].facts, "act"))

    def _move(self, entry: Entry, act: str) -> None:
        state = self._state
        before = (state.state, state.epoch)
        if act == "correct":
            row = self._effective.get(text(entry.facts, "of"))
            write(state, **corrected(state, entry, row))
        else:
            apply(state, entry)
        if before != (state.state, state.epoch):
            self._moved_by = entry.id
        if act == "receive":
            rules = entry.facts.get("field_rules", {})
            assert isinstance(rules, Mapping)
            self._amendments.rule_by(rules)
        version = text(entry.facts, "item_version")
        if act in ("accept", "accept_tolerant") and version not in ("", state.item_version):
            write(state, item_version=version)
            self._conflicts.append(Conflict(OLD_ITEM_VERSION, (entry.id,), soft=True))

    def _note_place(self, entry: Entry) -> None:
        for parent in entry.parents:
            self._heads.pop(parent, None)
        self._heads[entry.id] = None
        place = (entry.device, entry.incarnation, entry.seq)
        self._places[place] = (*self._places.get(place, ()), entry.id)

    def _forks(self, held: tuple[Entry, ...]) -> list[Conflict]:
        """The feed positions that hold two entries or more, by device and position."""
        places = self._places
        if held:
            places = dict(places)
            for entry in held:
                place = (entry.device, entry.incarnation, entry.seq)
                places[place] = (*places.get(place, ()), entry.id)
        double = sorted(place for place, entries in places.items() if len(entries) > 1)
        return [
            Conflict(FORK, tuple(sorted(places[place])), field=place[0]) for place in double
        ]


def _entries(facts: Mapping[str, object]) -> tuple[str, ...]:
    named = facts["of"]
    assert isinstance(named, list | tuple)
    return tuple(named)


def _row(entry: Entry, reason: str) -> TimelineRow:
    at = entry.facts.get("at")
    return TimelineRow(
        entry=entry.id,
        act=text(entry.facts, "act"),
        unit=entry.unit,
        device=entry.device,
        clerk=text(entry.facts, "clerk"),
        at=at if is_moment(at) else "",
        effective=not reason,
        reason=reason,
        facts=entry.facts,
    )


def _reason_of_receipt(entry: Entry) -> str:
    if entry.path[-1:] != (entry.unit,):
        return "not_home"
    return "" if _is_own_number(entry) else "foreign_number"


def _is_own_number(entry: Entry) -> bool:
    """Tell whether a receipt's number is of the station that signed it: `<unit>-<station>`."""
    number = text(entry.facts, "case_no")
    return entry.device == f"{number[:12]}-{number[12:14]}"
