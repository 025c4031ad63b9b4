"""The state of a case, as computed from its entries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256

from cases.conflicts import Conflict
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
    """

    winner: str
    losers: tuple[str, ...] = ()


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

    A text that is not known yet is empty. Times are as their authors stated them. `custody` is
    the unit that may move the case forward and `epoch` counts how often it moved. `heads` are
    the entries that nobody has seen yet: the parents of the next one. `held` are entries that
    wait for an ancestor.
    """

    case_no: str = ""
    item: str = ""
    item_version: str = ""
    path: tuple[str, ...] = ()
    state: str = DRAFT
    custody: str = ""
    epoch: int = 0
    offer: Offer | None = None
    steps_done: tuple[str, ...] = ()
    precheck: str = ""
    outcome: str = ""
    document_no: str = ""
    received_at: str = ""
    accepted_at: str = ""
    accepted_by: str = ""
    promised: Limit | None = None
    legal: Limit | None = None
    calendar: str = ""
    decided_at: str = ""
    issued_at: str = ""
    delivered_at: str = ""
    withdrawn_at: str = ""
    withdraw_requested: bool = False
    heads: tuple[str, ...] = ()
    timeline: tuple[TimelineRow, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
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


def digest(state: CaseState) -> str:
    """64 hex digits that are equal on all nodes holding the same entries of a case.

    The facts are not written out, for the id of an entry is a hash that binds them.
    """
    canonical = json.dumps(state, default=_plain, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode("ascii")).hexdigest()


def _plain(value: object) -> dict[str, object]:
    match value:
        case TimelineRow() | CaseState() | Conflict() | Offer() | Amendment() | Limit():
            names = (each.name for each in fields(value))
            return {name: getattr(value, name) for name in names if name != "facts"}
    raise TypeError(f"no part of a case state: {type(value).__name__}")
