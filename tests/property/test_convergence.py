"""Nodes that act apart and exchange at will come to one state and one list of conflicts."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from cases.entries import ACTS, Entry
from cases.fold import Fold, digest, fold
from tests.support.case_history import PATH, VILLAGE, History

UNITS = st.sampled_from(PATH)
CHOSEN = st.sampled_from(("keep", "adopt", "reopen"))
FIELDS = st.lists(st.sampled_from(("mobile", "address", "amount")), min_size=1, unique=True)
RULES = {"mobile": "union", "address": "custody", "amount": "ask"}


class Offices(RuleBasedStateMachine):
    """Four offices of one path; each keeps its case folded as entries come in."""

    desks = Bundle("desks")

    def __init__(self) -> None:
        super().__init__()
        self.histories: list[tuple[str, History, Fold]] = []
        self.everything: dict[str, Entry] = {}

    @initialize(target=desks, rules=st.sampled_from(({}, RULES)))
    def receive(self, rules: dict[str, str]) -> int:
        history = History()
        history.write(VILLAGE, "receive", field_rules=rules)
        return self._open(VILLAGE, history)

    @rule(target=desks, unit=UNITS, desk=desks)
    def open_another(self, unit: str, desk: int) -> int:
        return self._open(unit, self.histories[desk][1].fork())

    @rule(desk=desks, act=st.sampled_from((*ACTS, "later_act")), to=UNITS, fields=FIELDS)
    def act(self, desk: int, act: str, to: str, fields: list[str]) -> None:
        unit, history, kept = self.histories[desk]
        state = history.state()
        facts: dict[str, object] = {"to": to, "fields": fields}
        if act in ("retract", "correct"):
            facts["of"] = state.heads[0]
        self._note(history, kept, history.write(unit, act, facts))

    @rule(desk=desks, choice=CHOSEN, number=st.integers(0, 5))
    def settle(self, desk: int, choice: str, number: int) -> None:
        unit, history, kept = self.histories[desk]
        conflicts = history.state().conflicts
        if conflicts:
            kind, field, of = conflicts[number % len(conflicts)].key
            facts: dict[str, object] = {"kind": kind, "of": list(of), "choice": choice}
            if field:
                facts["field"] = field
            self._note(history, kept, history.write(unit, "settle", facts))

    @rule(desk=desks, data=st.data())
    def hear(self, desk: int, data: st.DataObject) -> None:
        """Some entries arrive, in any order and any number of times."""
        _unit, history, kept = self.histories[desk]
        known = sorted(self.everything)
        wanted = data.draw(st.lists(st.sampled_from(known), max_size=8))
        arrived = [self.everything[entry] for entry in wanted]
        history.add(*arrived)
        kept.add(arrived)

    @invariant()
    def a_case_kept_folded_is_the_case_folded_anew(self) -> None:
        for _unit, history, kept in self.histories:
            assert kept.state == fold(history.entries.values())

    def teardown(self) -> None:
        if not self.histories:
            return
        entries = list(self.everything.values())
        whole = fold(entries)
        for number, (_unit, _history, kept) in enumerate(self.histories):
            missing = entries[number:] + entries[:number]
            kept.add(reversed(missing))
            assert kept.state == whole
            assert kept.state.conflicts == whole.conflicts
            assert digest(kept.state) == digest(whole)

    def _open(self, unit: str, history: History) -> int:
        self.histories.append((unit, history, Fold(history.entries.values())))
        self.everything |= history.entries
        return len(self.histories) - 1

    def _note(self, history: History, kept: Fold, written: str) -> None:
        entry = history.entries[written]
        self.everything[written] = entry
        kept.add([entry])


Offices.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestOffices = Offices.TestCase
