"""Case state as a function of the entries: any order, any repetition, one result.

An act that comes too late, from the wrong place, or in words this program does not know stays
in the timeline without effect and with the reason. Whatever the facts say, folding ends with a
state and never with an error: one bad entry must not hide a case.
"""

from collections.abc import Iterable
from dataclasses import replace

from cases.casestate import Amendment, CaseState, Offer, TimelineRow, digest
from cases.conflicts import AMENDMENT, HARMLESS, WITHDRAWAL_DECIDED, Conflict, find_forks
from cases.effects import apply, holds
from cases.entries import Entry, check_facts, is_moment, text
from cases.errors import FactsError
from cases.order import Ancestry, Ordered, in_order
from cases.states import refusal

__all__ = ["Amendment", "CaseState", "Conflict", "Offer", "TimelineRow", "digest", "fold"]

# Acts whose causality matters later: they can be done apart and then do not fit together.
_MARKED = ("amend", "step_done", "withdraw")

# Reasons for which an entry lost against the entry that last moved the case.
_OVERTAKEN = (
    "second_receive",
    "not_in_state",
    "too_late",
    "old_epoch",
    "no_custody",
    "not_offered",
)


def fold(entries: Iterable[Entry]) -> CaseState:
    """The state of one case from its entries.

    The cost is about linear. Amendments, steps and withdrawals cost one bit in each entry that
    had seen them, so the caller bounds how many entries a case may have.
    """
    ordered = in_order(entries)
    folding = _Folding()
    for entry in ordered.entries:
        folding.add(entry)
    return folding.result(ordered)


class _Folding:
    """The fold under way: the state so far, and what only the fold needs to remember."""

    def __init__(self) -> None:
        self._state = CaseState()
        self._ancestry = Ancestry()
        self._timeline: list[TimelineRow] = []
        self._conflicts: list[Conflict] = []
        self._moved_by = ""
        self._steps: dict[str, int] = {}
        self._requests = 0
        self._winners: dict[str, str] = {}
        self._rivals: dict[str, int] = {}

    def add(self, entry: Entry) -> None:
        """Take in the next entry of the order."""
        act = text(entry.facts, "act")
        self._ancestry.add(entry, marked=act in _MARKED)
        reason = self._reason(entry, act)
        self._timeline.append(_row(entry, reason))
        if reason:
            self._report(entry, act, reason)
        else:
            self._note_causality(entry, act)
            self._move(entry)

    def result(self, ordered: Ordered) -> CaseState:
        """The state after the last entry."""
        amended = {
            name: Amendment(winner, self._losers(name, winner))
            for name, winner in sorted(self._winners.items())
        }
        soft = [
            Conflict(AMENDMENT, (*each.losers, each.winner), soft=True, field=name)
            for name, each in amended.items()
            if each.losers
        ]
        forks = find_forks((*ordered.entries, *ordered.held))
        return replace(
            self._state,
            heads=_heads(ordered.entries),
            timeline=tuple(self._timeline),
            conflicts=(*self._conflicts, *forks, *soft),
            held=tuple(entry.id for entry in ordered.held),
            amended=amended,
        )

    def _reason(self, entry: Entry, act: str) -> str:
        try:
            check_facts(entry.facts)
        except FactsError:
            return "malformed"
        # A home that was moved has another path from then on: each act goes by its own.
        is_same = entry.path == self._state.path
        case = self._state if is_same else replace(self._state, path=entry.path)
        reason = refusal(case, act, entry.facts, entry.unit, entry.epoch)
        if not reason and act == "receive" and entry.path[-1:] != (entry.unit,):
            return "not_home"
        if not reason and act == "receive" and not _is_own_number(entry):
            return "foreign_number"
        if not reason and act == "step_done":
            # Two desks did one step apart: it is done once. Who has seen it done may do it
            # again, for some items post their publicity at two tiers under one name.
            done = self._steps.get(text(entry.facts, "step"), 0)
            return "repeated_step" if done & ~self._ancestry.seen(entry.id) else ""
        return reason

    def _report(self, entry: Entry, act: str, reason: str) -> None:
        if reason in HARMLESS:
            return
        overtaken = reason in _OVERTAKEN and self._moved_by
        entries = (entry.id, self._moved_by) if overtaken else (entry.id,)
        late_withdrawal = act == "withdraw" and reason == "too_late"
        self._conflicts.append(
            Conflict(WITHDRAWAL_DECIDED if late_withdrawal else reason, entries)
        )

    def _note_causality(self, entry: Entry, act: str) -> None:
        seen = self._ancestry.seen(entry.id)
        if act == "amend":
            self._amend(entry, seen)
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

    def _amend(self, entry: Entry, seen: int) -> None:
        """Put what the author had seen behind, and what was amended apart beside."""
        names = entry.facts["fields"]
        assert isinstance(names, list | tuple)
        bit = self._ancestry.bit(entry.id)
        for name in names:
            self._rivals[name] = self._rivals.get(name, 0) & ~seen | bit
            self._winners[name] = entry.id

    def _losers(self, name: str, winner: str) -> tuple[str, ...]:
        return self._ancestry.members(self._rivals[name] & ~self._ancestry.bit(winner))

    def _move(self, entry: Entry) -> None:
        before = self._state
        self._state = apply(before, entry)
        if (before.state, before.epoch) != (self._state.state, self._state.epoch):
            self._moved_by = entry.id


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


def _is_own_number(entry: Entry) -> bool:
    """Tell whether a receipt's number is of the station that signed it: `<unit>-<station>`."""
    number = text(entry.facts, "case_no")
    return entry.device == f"{number[:12]}-{number[12:14]}"


def _heads(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    seen = {parent: None for entry in entries for parent in entry.parents}
    return tuple(sorted(entry.id for entry in entries if entry.id not in seen))
