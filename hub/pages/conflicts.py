"""The conflict desk of a case: which entries do not fit together, and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from casebook.views import CaseView
from cases.conflicts import AMENDMENT, FORK, Conflict
from web.caselines import HistoryLine, masked_value, shown_value
from web.conditions import field_name
from web.context import context
from web.presenting import term


@dataclass(frozen=True, slots=True)
class ConflictEntry:
    """One entry of a conflict; `counts` is None where no side was chosen.

    `value` is what an amendment wrote, masked like the form; empty for other acts.
    """

    line: HistoryLine
    counts: bool | None
    value: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A conflict in words: `subject` is the amended field or the forked device.

    `field` names the field that a person may amend to settle the matter, empty for none.
    """

    kind: str
    text: str
    subject: str
    soft: bool
    field: str
    entries: tuple[ConflictEntry, ...]


def conflict_lines(
    view: CaseView, history: list[HistoryLine], *, revealed: bool
) -> list[ConflictLine]:
    """All conflicts of a case, those that want a person first."""
    by_entry = {line.entry: line for line in history}
    lines = [
        _line(view, conflict, by_entry, revealed=revealed) for conflict in view.state.conflicts
    ]
    return sorted(lines, key=lambda line: line.soft)


def _line(
    view: CaseView, conflict: Conflict, by_entry: Mapping[str, HistoryLine], *, revealed: bool
) -> ConflictLine:
    is_amendment = conflict.kind == AMENDMENT
    winner = ""
    if is_amendment and conflict.field in view.state.amended:
        winner = view.state.amended[conflict.field].winner
    entries = []
    for entry in conflict.entries:
        if entry not in by_entry:
            continue
        counts = None if conflict.kind == FORK else by_entry[entry].effective
        if is_amendment:
            counts = entry == winner
        value = _value(view, conflict.field, entry, revealed=revealed) if is_amendment else ""
        entries.append(ConflictEntry(by_entry[entry], counts, value))
    return ConflictLine(
        kind=conflict.kind,
        text=term("conflict", conflict.kind),
        subject=field_name(conflict.field) if is_amendment else conflict.field,
        soft=conflict.soft,
        field=conflict.field if is_amendment else "",
        entries=tuple(entries),
    )


def _value(view: CaseView, name: str, entry: str, *, revealed: bool) -> str:
    catalogue = context().casebook.catalogue
    values = view.bodies.get(entry, {}).get("values")
    known = catalogue.fields.get(name)
    if known is None or not isinstance(values, Mapping) or name not in values:
        return ""
    shown = shown_value(known, str(values[name]), catalogue)
    return shown if revealed else masked_value(known, shown)
