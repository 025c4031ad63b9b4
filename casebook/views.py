"""What a case page shows: the folded facts, and the body where this unit may read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cases.clocks import Clock
from cases.fold import CaseState
from cases.items import Item
from cases.progress import NextStep


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case as one clerk of this unit may see and move it.

    `fields` is the form as amended, empty where only facts are readable. `acts` are those that
    `cases.lifecycle` would let this clerk do now; `targets_up` and `targets_down` are units.
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
        values = _mapping(bodies.get(amendment.winner, {}).get("values"))
        if name in values:
            fields[name] = values[name]
    return fields


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
