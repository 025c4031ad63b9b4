"""The gate's rules by type of record: where each may come from, and what it may say.

Whoever writes a new type adds its rule to `RULES`; a type without one is judged like an entry,
so that records of a newer program travel along the path of their case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from security.carriers import carried_statement
from security.caseids import is_case_of
from security.errors import FormatError, TrustError
from security.header import AUDIT, PUBLISH, STATEMENT, Header
from security.publications import part_of
from security.records import Record
from security.registry import Registry
from sync.allowance import Allowance, journal_fault
from sync.authority import Authority, Learnt

Direction = Literal["up", "down"]
"""Up: a child sent it. Down: the parent sent it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record at the gate of `unit`, and the neighbour that brought it.

    `allowance` bounds how many notes a device may bring; None where they are not counted.
    """

    record: Record
    unit: str
    neighbour: str
    direction: Direction
    allowance: Allowance | None = None

    @property
    def header(self) -> Header:
        """The header of the record."""
        return self.record.header


@dataclass(frozen=True, slots=True)
class Rule:
    """How one type is judged; each part gives the reason to set a record aside, or None.

    Attributes:
        before: Asked first, before the author is looked at.
        place: Whether what it says may stand under its path, and may come this way.
        per_device_max: Records of this type that are taken from below of one device, 0 for any
            number: what belongs to no case has no other bound.
    """

    before: Callable[[Arrival, Authority], str | None]
    place: Callable[[Arrival, Registry], str | None]
    per_device_max: int = 0


PARTS_PER_DEVICE_MAX = 2_000
"""Parts of published sets; a district that publishes a catalogue each week: ten years."""

STATEMENTS_PER_DEVICE_MAX = 20_000
"""A hub with 500 units below carries a new key for each every quarter: ten years."""


def rule_of(record_type: str) -> Rule:
    """The rule for a type."""
    return RULES.get(record_type, _CASE_RULE)


def _nothing(_arrival: Arrival, _authority: Authority) -> str | None:
    return None


def _learn(arrival: Arrival, authority: Authority) -> str | None:
    """Try the statement first: it may be what makes the author of its record known."""
    try:
        raw = carried_statement(arrival.record)
    except FormatError:
        return Learnt.WRONG.value
    learnt = authority.learn(raw)
    return learnt.value if learnt in {Learnt.EARLY, Learnt.WRONG} else None


def _place_of_case(arrival: Arrival, registry: Registry) -> str | None:
    header = arrival.header
    if not is_case_of(header.case, header.path[-1]):
        return "home"
    if not _is_author_on_path(header, registry):
        return "path"
    if arrival.unit not in registry.concerned(header.path):
        return "scope"
    return None if _may_come(arrival, registry) else "scope"


def _place_of_journal(arrival: Arrival, registry: Registry) -> str | None:
    author = registry.device(arrival.header.device).unit
    reason = _place_of_case(arrival, registry)
    return reason or journal_fault(arrival.record, author, arrival.allowance)


def _place_of_registry(arrival: Arrival, registry: Registry) -> str | None:
    header = arrival.header
    if not _is_author_on_path(header, registry):
        return "path"
    concerned = registry.concerned(header.path)
    is_below = header.path[-1] in registry.path(arrival.unit)
    if arrival.unit not in concerned and not is_below:
        return "scope"
    return None if _may_come(arrival, registry) else "scope"


def _is_author_on_path(header: Header, registry: Registry) -> bool:
    author = registry.device(header.device).unit
    return author in header.path and registry.knows_path(header.path)


def _may_come(arrival: Arrival, registry: Registry) -> bool:
    """Whether this neighbour may bring it.

    The parent may bring all, a child what its subtree wrote, what it takes along from its old
    place, and what had come down to it through this node.
    """
    if arrival.direction == "down":
        return True
    if arrival.neighbour not in registry.concerned(arrival.header.path):
        return False
    return (
        is_of_subtree(arrival, registry)
        or is_carried_over(arrival, registry)
        or is_given_back(arrival, registry)
    )


def is_of_subtree(arrival: Arrival, registry: Registry) -> bool:
    """Whether the author stands below the neighbour, so that its feed comes this way whole."""
    return arrival.neighbour in registry.path(registry.device(arrival.header.device).unit)


def is_given_back(arrival: Arrival, registry: Registry) -> bool:
    """Whether this unit or one above it wrote it, so that this node had it and has lost it."""
    author = registry.device(arrival.header.device).unit
    return author in registry.path(arrival.unit)


def is_carried_over(arrival: Arrival, registry: Registry) -> bool:
    """Whether a unit that was moved brings what units above its old place wrote about it."""
    header = arrival.header
    try:
        return header.path != registry.path(header.path[-1])
    except TrustError:
        return False


_CASE_RULE = Rule(before=_nothing, place=_place_of_case)


def _place_of_part(arrival: Arrival, registry: Registry) -> str | None:
    """A part is taken only of a set that the unit at the end of its path has stated."""
    try:
        part = part_of(arrival.record)
    except FormatError:
        return "part"
    unit = arrival.header.path[-1]
    stated = {each.stated.hash for each in registry.publications(unit)}
    if part.hash not in stated:
        return "part_early"
    if registry.device(arrival.header.device).unit != unit:
        return "path"
    return _place_of_registry(arrival, registry)


RULES: Mapping[str, Rule] = {
    PUBLISH: Rule(before=_nothing, place=_place_of_part, per_device_max=PARTS_PER_DEVICE_MAX),
    AUDIT: Rule(before=_nothing, place=_place_of_journal),
    STATEMENT: Rule(
        before=_learn,
        place=_place_of_registry,
        per_device_max=STATEMENTS_PER_DEVICE_MAX,
    ),
}
