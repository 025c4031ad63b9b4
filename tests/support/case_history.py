"""Entries of a case in a piece of Tianjin Hexi, written as the units there would write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256

from cases.casestate import CaseState
from cases.entries import Entry
from cases.fold import fold
from cases.items import Item, ItemMaterial, Joint, Limit, Pause, Result, Step, Text
from cases.numbers import CaseNumber

CITY = "120100000000"
DISTRICT = "120103000000"
STREET = "120103003000"
VILLAGE = "120103003001"
PATH = (CITY, DISTRICT, STREET, VILLAGE)
TIERS = {CITY: "city", DISTRICT: "district", STREET: "street", VILLAGE: "village"}
STANDS = {unit: (tier,) for unit, tier in TIERS.items()}
ELSEWHERE = "120103004002"
CASE_NO = "1201030030010126112300077"

ACCEPTED: Mapping[str, object] = {
    "promised": {"n": 5, "unit": "wd"},
    "legal": {"n": 20, "unit": "wd"},
    "calendar": "2026-1",
}

FACTS: Mapping[str, Mapping[str, object]] = {
    "receive": {
        "case_no": CASE_NO,
        "item": "RS-002",
        "item_version": "draft-1",
        "papers": [{"material": "id_card", "state": "seen"}],
    },
    "precheck": {"result": "fit"},
    "accept": ACCEPTED,
    "return": {"reason_code": "incomplete"},
    "step_done": {"step": "first_review"},
    "decide": {"outcome": "granted"},
    "issue": {"document_no": "河西民准〔2026〕01-0007号"},
    "deliver": {"relation": "self"},
    "amend": {"fields": ["mobile"]},
    "notify_missing": {"missing": ["photo"]},
    "supply": {"papers": [{"material": "photo", "state": "copy"}], "complete": True},
    "accept_tolerant": {
        **ACCEPTED,
        "owed": ["photo"],
        "supply_within": {"n": 5, "unit": "wd"},
    },
    "deem_accepted": ACCEPTED,
    "not_accept": {"reason_code": "incomplete"},
    "co_sign": {"body": "fire", "opinion": "agree"},
    "pause_open": {"kind": "site_visit", "counts": False, "needed": {"n": 3, "unit": "wd"}},
    "extend": {"by": {"n": 10, "unit": "wd"}, "reason_code": "complex"},
    "send_back": {"reason_code": "wrong_data"},
    "terminate": {"reason_code": "not_supplied"},
    "void": {"reason_code": "wrong_entry"},
    "archive": {"retention": "y10"},
    "rate": {"level": "satisfied", "channel": "window"},
    "attach": {"papers": [{"material": "photo", "state": "copy"}]},
    "correct": {
        "of": "a" * 64,
        "right": "2026-11-23T09:05:00+08:00",
        "reason_code": "clock_wrong",
    },
    "take_over": {"reason_code": "silent"},
    "settle": {"kind": "late_act", "of": ["a" * 64], "choice": "keep"},
    "retract": {"of": "a" * 64},
}


def _signed(act: str, unit: str, station: int) -> dict[str, object]:
    """What follows from who writes: the clerk, and the number that a receipt gives."""
    clerk: dict[str, object] = {"clerk": f"{unit}-w{station}"}
    if act != "receive":
        return clerk
    return {**clerk, "case_no": CaseNumber(unit, station, date(2026, 11, 23), 7).text}


@dataclass
class History:
    """What one desk has of a case: it writes acts with what it has seen, as a node does.

    Feed positions are counted per device over all histories that share `positions`.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)

    def state(self) -> CaseState:
        return fold(self.entries.values())

    def write(
        self,
        unit: str,
        act: str,
        drawn: Mapping[str, object] | None = None,
        *,
        station: int = 1,
        path: tuple[str, ...] = (),
        **facts: object,
    ) -> str:
        """Write an act at a unit and give the id of its entry."""
        device = f"{unit}-{station:02d}"
        seq = self.positions.get(device, 0) + 1
        self.positions[device] = seq
        state = self.state()
        entry = Entry(
            id="",
            parents=state.heads,
            epoch=state.epoch,
            device=device,
            seq=seq,
            unit=unit,
            path=_path(state, unit, act, path),
            hlc=(seq, 0),
            facts=facts_of(act, **{**_signed(act, unit, station), **(drawn or {}), **facts}),
        )
        # As the hash of a record does, the id binds everything the entry says.
        entry = replace(entry, id=sha256(repr(entry).encode()).hexdigest())
        self.add(entry)
        return entry.id

    def add(self, *entries: Entry) -> None:
        self.entries.update({entry.id: entry for entry in entries})

    def fork(self) -> "History":
        """A desk that has seen the same and from now on works apart."""
        return History(dict(self.entries), self.positions)

    def merge(self, *others: "History") -> "History":
        """What all of these desks have together."""
        for other in others:
            self.entries.update(other.entries)
        return self


def _path(state: CaseState, unit: str, act: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The path a unit writes under: of a receipt its own, then that of the case."""
    if act == "receive":
        return path or PATH[: PATH.index(unit) + 1]
    return path or state.path or PATH


def facts_of(act: str, **facts: object) -> dict[str, object]:
    """Well-formed facts of an act, with some of them replaced."""
    every = {"act": act, "at": "2026-11-23T09:05:00+08:00", "clerk": "120103003001-w1"}
    return {**every, **FACTS.get(act, {}), **facts}


def received() -> History:
    """A case received at the outpost, and nothing more."""
    history = History()
    history.write(VILLAGE, "receive")
    return history


def handed_to_street() -> History:
    """A case accepted at the outpost and taken by the street."""
    history = received()
    history.write(VILLAGE, "accept")
    history.write(VILLAGE, "send_up", to=STREET)
    history.write(STREET, "take")
    return history


def rows(state: CaseState) -> list[tuple[str, str]]:
    """Act and reason of each row of the timeline."""
    return [(row.act, row.reason) for row in state.timeline]


def item(
    rights: Mapping[str, Iterable[str]],
    steps: Iterable[tuple[str, str]] = (),
    *,
    handling: str = "promised",
    pauses: Iterable[Pause] = (),
    materials: Iterable[tuple[str, str]] = (),
    extend: Limit | None = None,
    joint: Joint | None = None,
) -> Item:
    """An item of the catalogue with these rights per tier, highest first, and these steps."""
    return Item(
        code="RS-002",
        version="draft-1",
        name=Text("城乡居民养老保险待遇申领", "Resident pension claim"),
        dept=Text("人力资源和社会保障局", "Human resources and social security"),
        category="public_service",
        legal_type="gonggong",
        seed_kind="convenience",
        handling=handling,
        village_mode="agent",
        rights={tier: tuple(names) for tier, names in rights.items()},
        legal=Limit(20, "wd"),
        promised=Limit(5, "wd"),
        result=Result(Text("待遇核定表", "Benefit statement"), None),
        steps=tuple(Step(name, tier, 1, "wd") for name, tier in steps),
        pauses=tuple(pauses),
        materials=tuple(ItemMaterial(code, need) for code, need in materials),
        extend=extend,
        joint=joint,
    )
