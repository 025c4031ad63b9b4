from dataclasses import replace

import pytest

from cases.casestate import digest
from cases.conflicts import Conflict
from cases.entries import ACTS, check_facts
from cases.errors import FactsError
from cases.states import RULES
from tests.support.case_history import STREET, VILLAGE, facts_of, received


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"act": None},
        {"act": ["receive"]},
        {"act": "x" * 65},
        {"act": "note", "at": "yesterday", "clerk": "w1"},
        {"act": "note", "at": "2026-02-30T09:05:00+08:00", "clerk": "w1"},
        {"act": "note", "at": "2026-11-23T09:05:00", "clerk": "w1"},
        {"act": "note", "at": 20261123, "clerk": "w1"},
        facts_of("note", clerk=""),
        facts_of("note", clerk="line\nbreak"),
        facts_of("receive", case_no="1201030030010126112300078"),
        facts_of("receive", case_no=1201030030010126112300077),
        facts_of("receive", papers={}),
        facts_of("receive", papers=["id_card"]),
        facts_of("receive", papers=[{"material": "id_card"}]),
        facts_of("receive", papers=[{"material": "id_card", "state": "seen"}] * 101),
        facts_of("precheck", result="perhaps"),
        facts_of("precheck", result=["fit"]),
        facts_of("accept", promised=5),
        facts_of("accept", promised={"n": True, "unit": "wd"}),
        facts_of("accept", legal={"n": -1, "unit": "wd"}),
        facts_of("accept", legal={"n": 10**30, "unit": "wd"}),
        facts_of("accept", legal={"n": 5, "unit": ["wd"]}),
        facts_of("send_up", to="up"),
        facts_of("send_up", to=None),
        facts_of("return", to=STREET, reason_code=None),
        facts_of("step_done", step=""),
        facts_of("decide", outcome="maybe"),
        facts_of("issue", document_no=7),
        facts_of("deliver", relation={}),
        facts_of("amend", fields="mobile"),
        facts_of("amend", fields=[]),
        facts_of("amend", fields=["mobile", "mobile"]),
        facts_of("amend", fields=[["mobile"]]),
        facts_of("amend", fields=[f"field_{n}" for n in range(101)]),
    ],
)
def test_malformed_facts_are_refused_and_fold_to_a_row_without_effect(
    facts: dict[str, object],
) -> None:
    history = received()
    written = history.write(VILLAGE, "note")
    history.add(replace(history.entries[written], facts=facts))

    state = history.state()

    assert (state.timeline[-1].reason, state.conflicts) == (
        "malformed",
        (Conflict("malformed", (written,)),),
    )
    assert len(digest(state)) == 64
    with pytest.raises(FactsError, match="facts"):
        check_facts(facts)


@pytest.mark.parametrize("act", ACTS)
def test_well_formed_facts_pass_with_facts_that_a_newer_program_adds(act: str) -> None:
    check_facts(facts_of(act, to=STREET, added_later=[1, None, {"deep": True}]))


def test_every_act_has_a_rule() -> None:
    assert tuple(RULES) == ACTS


def test_an_item_without_legal_limit_is_accepted() -> None:
    history = received()
    history.write(VILLAGE, "accept", legal=None)

    assert history.state().legal is None
