"""Every example of the paper on conflicts, run as it stands there."""

import re

import pytest

from cases.casestate import CaseState
from cases.policy import BLOCKS
from tests.architecture import papers
from tests.architecture.source_tree import ROOT
from tests.support.case_history import CITY, DISTRICT, STREET, VILLAGE, History

PAPER = (ROOT / "docs" / "conflicts.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```example\n(.*?)```", PAPER, flags=re.DOTALL)
UNITS = {"city": CITY, "district": DISTRICT, "street": STREET, "village": VILLAGE}
NAMES = {code: name for name, code in UNITS.items()}


class Telling:
    """An example while it is told: one desk for all, or one for each unit that acts apart."""

    def __init__(self) -> None:
        self.common = History()
        self.apart: dict[str, History] | None = None

    def line(self, text: str) -> None:
        if text == "apart":
            self.apart = {name: self.common.fork() for name in UNITS}
        elif text == "together":
            self.common.merge(*(self.apart or {}).values())
            self.apart = None
        else:
            name, _, deed = text.partition(": ")
            history = self.apart[name] if self.apart is not None else self.common
            act, *words = deed.split()
            history.write(UNITS[name], act, self._facts(history, act, words))

    def _facts(self, history: History, act: str, words: list[str]) -> dict[str, object]:
        if act == "retract":
            return {"of": history.state().heads[0]}
        if act == "settle":
            return _settlement(history.state(), *words)
        return dict(_fact(*word.split("=")) for word in words)


def _fact(name: str, value: str) -> tuple[str, object]:
    if name == "fields":
        return name, value.split(",")
    if name == "field_rules":
        return name, dict([value.split(":")])
    if name == "promised":
        return name, {"n": int(value), "unit": "wd"}
    return name, UNITS.get(value, value)


def _settlement(state: CaseState, kind: str, choice: str) -> dict[str, object]:
    settled = [one.key for one in state.settled if one.kind == kind]
    keys = [one.key for one in state.conflicts if one.kind == kind] or settled
    _, field, of = keys[0]
    return {
        "kind": kind,
        "of": list(of),
        "choice": choice,
        **({"field": field} if field else {}),
    }


def shown(state: CaseState, name: str) -> str:
    """What a state says under the name that an example uses."""
    if name == "conflicts":
        found = [f"{one.kind} {'soft' if one.soft else 'hard'}" for one in state.conflicts]
        return ", ".join(found) or "none"
    if name in state.amended:
        units = {row.entry: row.unit for row in state.timeline}
        return NAMES.get(units.get(state.amended[name].winner, ""), "nobody")
    values = {
        "state": state.state,
        "custody": NAMES[state.custody],
        "outcome": state.outcome,
        "steps": ", ".join(state.steps_done),
        "promises": str(len(state.promises)),
    }
    return values[name]


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(n) for n in range(1, len(EXAMPLES) + 1)])
def test_an_example_of_the_paper_gives_what_it_says(example: str) -> None:
    told, _, wanted = example.partition("gives\n")
    telling = Telling()
    for line in told.strip().splitlines():
        telling.line(line)

    state = telling.common.state()

    for line in wanted.strip().splitlines():
        name, _, value = line.partition(" = ")
        assert (line, shown(state, name)) == (line, value)


def test_the_paper_names_every_conflict_that_holds_acts_up_and_which() -> None:
    stated = papers.table(PAPER, "Kind")

    assert {kind: papers.code_words(cells[2]) for kind, cells in stated.items()} == dict(BLOCKS)


def test_the_paper_has_an_example_for_every_rule() -> None:
    assert len(EXAMPLES) >= 15
