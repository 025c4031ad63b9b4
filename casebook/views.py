"""What a case page shows: the folded facts, and the body where this unit may read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cases.amendments import UNION
from cases.casestate import Amendment
from cases.clocks import Clock
from cases.fold import CaseState
from cases.items import Item
from cases.progress import NextStep


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case as one clerk of this unit may see and move it.

    `heard` says when entries of other units were first seen here (milliseconds since 1970), and
    `suffix` stands behind a case number that another case has too. `fields` is the form as
    amended, empty where only facts are readable. `acts` are those that `cases.lifecycle` would
    let this clerk do now; `targets_up` and `targets_down` are units.
    """

    case: bytes
    state: CaseState
    item: Item
    readable: str
    acts: tuple[str, ...]
    targets_up: tuple[str, ...]
    targets_down: tuple[str, ...]
    next_step: NextStep | None
    due: str
    due_provisional: bool
    own_seq: int
    clocks: tuple[Clock, ...] = ()
    suffix: str = ""
    heard: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, object] = field(repr=False, default_factory=dict)
    bodies: Mapping[str, Mapping[str, object]] = field(repr=False, default_factory=dict)
    query_code: str | None = field(repr=False, default=None)
    receipt: str | None = field(repr=False, default=None)


def merged_fields(
    state: CaseState, bodies: Mapping[str, Mapping[str, object]]
) -> dict[str, object]:
    """Return the form of the effective receipt with every winning amendment laid over it."""
    fields: dict[str, object] = {}
    for row in state.timeline:
        if row.act == "receive" and row.effective:
            fields |= _mapping(bodies.get(row.entry, {}).get("fields"))
            break
    for name, amendment in state.amended.items():
        found = [
            values[name]
            for entry in _counting(amendment)
            if name in (values := _mapping(bodies.get(entry, {}).get("values")))
        ]
        if found:
            fields[name] = _joined(found)
    return fields


def value_of(
    bodies: Mapping[str, Mapping[str, object]], entry: str, name: str, receipt: str
) -> object:
    """Return what an entry says of a field; no entry stands for the receipt."""
    if not entry:
        return _mapping(bodies.get(receipt, {}).get("fields")).get(name)
    return _mapping(bodies.get(entry, {}).get("values")).get(name)


def _counting(amendment: Amendment) -> tuple[str, ...]:
    """The entries whose values of a field count: one, or all of them where they are joined."""
    if amendment.rule == UNION:
        return (*amendment.losers, amendment.winner)
    return (amendment.winner or amendment.base,)


def _joined(values: list[object]) -> object:
    if len(values) == 1:
        return values[0]
    texts = dict.fromkeys(str(value) for value in values if value not in (None, ""))
    return "；".join(texts)


def printed(
    state: CaseState, bodies: Mapping[str, Mapping[str, object]], name: str
) -> str | None:
    """Return a text of the paper receipt from the body, such as `query_code` or `receipt`.

    None where the body is not readable.
    """
    for row in state.timeline:
        if row.act == "receive" and row.effective:
            text = bodies.get(row.entry, {}).get(name)
            return text if isinstance(text, str) else None
    return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
