"""The state of a case, as computed from its entries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256

from cases.conflicts import Conflict, Settlement
from cases.items import Limit
from cases.states import DRAFT


@dataclass(frozen=True, slots=True)
class Offer:
    """A hand-over that waits for its taker; the giver keeps custody until it is taken."""

    to: str
    by: str
    entry: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """The entry whose value of a field counts, and those amended apart from it that lost.

    A later amendment by somebody who had seen them all settles the matter: no losers are left.
    `base` is the entry whose value they all had seen, empty for the receipt. `rule` says what
    chose the winner. While `ask` waits for a person there is no winner, and `base` counts.
    """

    winner: str
    losers: tuple[str, ...] = ()
    base: str = ""
    rule: str = "latest"


@dataclass(frozen=True, slots=True)
class Promise:
    """What one notice of acceptance told the applicant, and the days printed on it."""

    entry: str
    accepted_at: str
    promised: Limit | None
    legal: Limit | None
    calendar: str
    promised_day: str = ""
    legal_day: str = ""


@dataclass(frozen=True, slots=True)
class Pausing:
    """A special procedure of a case; `closed_at` is empty while it lasts.

    `counts` says that the clock of the case runs on meanwhile. `needed` is the time that the
    applicant was told it would take. `opened` and `closed` are the entries.
    """

    kind: str
    opened_at: str
    counts: bool
    needed: Limit | None
    opened: str
    closed_at: str = ""
    closed: str = ""


@dataclass(frozen=True, slots=True)
class CoSign:
    """The answer of a consulted body in a joint case."""

    body: str
    opinion: str
    entry: str


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A unit above took the case from a unit that was silent, and which epoch that began."""

    entry: str
    by: str
    of: str
    epoch: int


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One entry in its place of the history; `reason` says why an ineffective one is so.

    `clerk` and `at` are what the author stated, or nothing where the facts are malformed.
    """

    entry: str
    act: str
    unit: str
    device: str
    clerk: str
    at: str
    effective: bool
    reason: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CaseState:
    """All that follows from the entries of one case; equal wherever the entries are equal.

    A text that is not known yet is empty. Times are as their authors stated them, unless a
    supervisor corrected one. `custody` is the unit that may move the case forward, `epoch`
    counts how often it moved, `holders` who had it in each epoch. `acceptance_from` is the
    receipt, or the day on which the papers were complete. `promises` holds every notice of
    acceptance, also one that came too late to count: each is in the applicant's hand. `papers`
    maps a material to how it was last shown. `clock_doubt` are entries whose time cannot be
    right. `urgent` says that the receipt asks for the urgent route. `conflicts` are the open
    ones, `settled` what persons decided about others. `heads` are the entries that nobody has
    seen yet: the parents of the next one. `held` are entries that wait for an ancestor.
    """

    case_no: str = ""
    item: str = ""
    item_version: str = ""
    path: tuple[str, ...] = ()
    state: str = DRAFT
    resumes: str = ""
    custody: str = ""
    epoch: int = 0
    holders: tuple[str, ...] = ()
    offer: Offer | None = None
    taken_over: tuple[TakeOver, ...] = ()
    steps_done: tuple[str, ...] = ()
    step_since: str = ""
    precheck: str = ""
    notices: int = 0
    missing: tuple[str, ...] = ()
    papers: Mapping[str, str] = field(default_factory=dict)
    deemed: bool = False
    urgent: bool = False
    tolerated: bool = False
    owed: tuple[str, ...] = ()
    supply_within: Limit | None = None
    asked_at: str = ""
    pauses: tuple[Pausing, ...] = ()
    co_signs: tuple[CoSign, ...] = ()
    extended: Limit | None = None
    outcome: str = ""
    document_no: str = ""
    end_reason: str = ""
    void_asked_by: str = ""
    ratings: tuple[str, ...] = ()
    received_at: str = ""
    acceptance_from: str = ""
    accepted_at: str = ""
    accepted_by: str = ""
    promised: Limit | None = None
    legal: Limit | None = None
    calendar: str = ""
    promises: tuple[Promise, ...] = ()
    decided_at: str = ""
    issued_at: str = ""
    delivered_at: str = ""
    withdrawn_at: str = ""
    ended_at: str = ""
    archived_at: str = ""
    withdraw_requested: bool = False
    clock_doubt: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    timeline: tuple[TimelineRow, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    settled: tuple[Settlement, ...] = ()
    held: tuple[str, ...] = ()
    amended: Mapping[str, Amendment] = field(default_factory=dict)

    @property
    def home(self) -> str:
        """The unit that received the case, or nothing before there is one."""
        return self.path[-1] if self.path else ""

    @property
    def offered_to(self) -> str:
        """The unit that may take the case, or nothing."""
        return self.offer.to if self.offer else ""

    @property
    def is_extended(self) -> bool:
        """Whether the legal limit was extended."""
        return self.extended is not None

    @property
    def form_entries(self) -> tuple[str, ...]:
        """The entries whose bodies hold the form as it is now: the receipt and amendments."""
        receipts = (
            row.entry for row in self.timeline if row.act == "receive" and row.effective
        )
        values = [
            entry
            for each in self.amended.values()
            for entry in (each.winner, each.base, *each.losers)
        ]
        return tuple(dict.fromkeys((*receipts, *filter(None, values))))

    @property
    def pause(self) -> Pausing | None:
        """The special procedure that is under way, or None."""
        return next((each for each in self.pauses if not each.closed), None)


def digest(state: CaseState) -> str:
    """64 hex digits that are equal on all nodes holding the same entries of a case.

    The facts are not written out, for the id of an entry is a hash that binds them.
    """
    canonical = json.dumps(state, default=_plain, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode("ascii")).hexdigest()


_PARTS = (
    *(CaseState, TimelineRow, Conflict, Settlement, Offer, Amendment, Limit),
    *(Promise, Pausing, CoSign, TakeOver),
)
_NAMES: Mapping[type, tuple[str, ...]] = {
    part: tuple(each.name for each in fields(part)) for part in _PARTS
}
_BOUND_BY_ID = "facts"


def _plain(value: object) -> dict[str, object]:
    names = _NAMES.get(type(value))
    if names is None:
        raise TypeError(f"no part of a case state: {type(value).__name__}")
    return {name: getattr(value, name) for name in names if name != _BOUND_BY_ID}
