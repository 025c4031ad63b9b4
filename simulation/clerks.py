"""What clerks of a simulated office do: take in applications and move cases, at random."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from casebook.intake import Intake, Paper, Received
from casebook.views import CaseView
from cases.judging import pauses_of, tolerable
from simulation.places import CLERKS, Place

ITEMS = ("MZ-007", "GA-002", "MZ-009", "MZ-003", "RS-002", "TY-001")
"""Immediate, decided at the street, by amount, at the district, reported to the city."""

SURNAMES = "赵钱孙李周吴郑王冯陈"
RARE_ACTS = (
    *("withdraw", "note", "amend", "attach", "rate", "urge", "void", "not_accept", "send_back"),
    *("terminate", "notify_missing", "pause_open", "extend", "deem_accepted", "take_over"),
)
RARE = 0.08
NOT_THEIRS = ("deem_accepted",)
"""What depends on the day; the days of a simulated office run by in minutes."""
OPEN_MAX = 30
"""Cases of an office that a clerk looks through for something to do."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a clerk did, in words that are the same in every run of a seed."""

    what: str
    case_no: str
    received: Received | None = None


def receive(place: Place, source: random.Random) -> Done:
    """Take in one application of an item that the place may receive."""
    item = source.choice(ITEMS)
    name = source.choice(SURNAMES) + "某" * source.randint(1, 2)
    form = {"name": name, "mobile": f"138{source.randrange(10**8):08d}", "reason": "家庭困难"}
    intake = Intake(form, (Paper("id_card", "seen"),))
    received = place.casebook.receive(item, intake, place.clerk(source.choice(CLERKS)))
    return Done(f"receive {item}", received.case_no, received)


def work(place: Place, source: random.Random) -> Done | None:
    """Do one lawful act on one case of the place, None where there is nothing to do."""
    rows = place.casebook.rows("all", limit=OPEN_MAX).rows
    if not rows:
        return None
    row = source.choice(rows)
    clerk = place.clerk(source.choice(CLERKS))
    view = place.casebook.view(row.case, clerk)
    acts = [
        act
        for act in view.acts
        if act not in NOT_THEIRS and (act not in RARE_ACTS or source.random() < RARE)
    ]
    if not acts:
        return None
    act = source.choice(acts)
    facts = _facts(act, view, source)
    place.casebook.act(row.case, act, clerk, facts=facts, body=_body(act, source))
    return Done(act, row.case_no)


def _facts(act: str, view: CaseView, source: random.Random) -> dict[str, object]:
    if act == "send_up":
        return {"to": view.targets_up[0]}
    if act == "return":
        return {"to": source.choice(view.targets_down), "reason_code": "deliver"}
    if act == "step_done":
        return {"step": view.next_step.step if view.next_step else ""}
    if act == "decide":
        return {"outcome": source.choice(("granted", "refused"))}
    if act == "pause_open":
        return {"kind": source.choice(pauses_of(view.item)).kind, "needed": None}
    if act == "accept_tolerant":
        return {"owed": list(tolerable(view.state, view.item))}
    return dict(_FIXED.get(act, {}))


_PAPERS = [{"material": "photo", "state": "copy"}]
_FIXED: Mapping[str, Mapping[str, object]] = {
    "precheck": {"result": "fit"},
    "notify_missing": {"missing": ["photo"], "reason_code": "new_fact"},
    "supply": {"papers": _PAPERS, "complete": True},
    "attach": {"papers": _PAPERS},
    "not_accept": {"reason_code": "incomplete"},
    "send_back": {"reason_code": "wrong_data"},
    "terminate": {"reason_code": "not_supplied"},
    "void": {"reason_code": "wrong_entry"},
    "extend": {"reason_code": "complex"},
    "archive": {"retention": "y10"},
    "rate": {"level": "satisfied", "channel": "window"},
    "issue": {"document_no": "津〔2026〕01-0001号"},
    "deliver": {"relation": "self"},
    "amend": {"fields": ["mobile"]},
    "take_over": {"reason_code": "silent"},
}


def _body(act: str, source: random.Random) -> dict[str, object]:
    if act == "amend":
        return {"values": {"mobile": f"139{source.randrange(10**8):08d}"}}
    return {"opinion": "同意", "reason": "材料齐全"}
