"""The conflict desk of a case: what does not fit, which rule settled it, and both versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from casebook.twins import DUPLICATE, NUMBER_CLASH
from casebook.views import CaseView, value_of
from cases.conflicts import AMENDMENT, FORK, Conflict
from cases.policy import BLOCKS
from web.caselines import HistoryLine, conflict_text, masked_value, shown_value
from web.conditions import field_name
from web.context import context
from web.language import texts
from web.presenting import grouped, moment, moment_ms, t, term, unit_name

_BETWEEN_CASES = (DUPLICATE, NUMBER_CLASH)


@dataclass(frozen=True, slots=True)
class Version:
    """One side of a conflict.

    `counts` is None where no side was chosen. `value` is what an amendment wrote, masked like
    the form. `heard` says when this node first saw it. `may_adopt` tells whether it can be made
    to count.
    """

    line: HistoryLine
    counts: bool | None
    heard: str
    may_adopt: bool
    value: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A conflict in words: `subject` is the field, the device or the other case.

    `of` are the entries that a settlement names, `form_field` its field. `base` is the value
    before both sides, `blocks` the acts that wait.
    """

    kind: str
    text: str
    subject: str
    soft: bool
    rule: str
    blocks: str
    of: str
    form_field: str
    versions: tuple[Version, ...]
    base: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A conflict that a person settled, and what names it to open it again."""

    text: str
    line: str
    kind: str
    field: str
    of: str
    may_reopen: bool


def conflict_lines(
    view: CaseView, history: Sequence[HistoryLine], *, revealed: bool
) -> list[ConflictLine]:
    """All open conflicts of a case, those that want a person first."""
    by_entry = {line.entry: line for line in history}
    lines = [
        _line(view, conflict, by_entry, revealed=revealed) for conflict in view.state.conflicts
    ]
    return sorted(lines, key=lambda line: line.soft)


def settled_lines(view: CaseView, history: Sequence[HistoryLine]) -> list[SettledLine]:
    """What persons have settled."""
    by_entry = {line.entry: line for line in history}
    lines = []
    for one in view.state.settled:
        row = by_entry.get(one.entry)
        words = {"unit": row.unit if row else "", "at": moment(row.at) if row else ""}
        told = t("desk.settled_line", choice=term("choice", one.choice), **words)
        lines.append(
            SettledLine(
                text=conflict_text(one.kind),
                line=told,
                kind=one.kind,
                field=one.field,
                of=" ".join(one.of),
                may_reopen=one.choice == "keep",
            )
        )
    return lines


def _line(
    view: CaseView, conflict: Conflict, by_entry: Mapping[str, HistoryLine], *, revealed: bool
) -> ConflictLine:
    kind, name, of = conflict.key
    is_amendment = kind == AMENDMENT
    versions = tuple(
        _version(view, conflict, by_entry[entry], revealed=revealed)
        for entry in conflict.entries
        if entry in by_entry
    )
    blocks = () if conflict.soft else BLOCKS.get(kind, ())
    waiting = t("list.comma").join(term("act", act) for act in blocks)
    return ConflictLine(
        kind=kind,
        text=conflict_text(kind),
        subject=_subject(conflict),
        soft=conflict.soft,
        rule=_rule(view, conflict),
        blocks=t("desk.blocks", acts=waiting) if blocks else "",
        of=" ".join(of),
        form_field=name,
        versions=versions,
        base=_base(view, conflict, revealed=revealed) if is_amendment else "",
    )


def _subject(conflict: Conflict) -> str:
    if conflict.kind == AMENDMENT:
        return field_name(conflict.field)
    if conflict.kind in _BETWEEN_CASES:
        return t("desk.other_case", number=grouped(conflict.field))
    return conflict.field


def _rule(view: CaseView, conflict: Conflict) -> str:
    code = conflict.kind
    if code == AMENDMENT:
        code = view.state.amended[conflict.field].rule
    return texts().find(f"desk.rule.{code}") or t("desk.rule.other")


def _version(
    view: CaseView, conflict: Conflict, line: HistoryLine, *, revealed: bool
) -> Version:
    is_amendment = conflict.kind == AMENDMENT
    counts: bool | None = None if conflict.kind == FORK else line.effective
    if conflict.kind in _BETWEEN_CASES:
        counts = None
    value, may_adopt = "", not line.effective
    if is_amendment:
        counts = line.entry == view.state.amended[conflict.field].winner
        value = _value(view, conflict.field, line.entry, revealed=revealed)
        may_adopt = not counts
    heard = view.heard.get(line.entry)
    told = t("desk.heard", at=moment_ms(heard)) if heard else ""
    if line.unit_code == context().casebook.station.unit and not heard:
        told = t("desk.own")
    return Version(line, counts, told, may_adopt, value)


def _base(view: CaseView, conflict: Conflict, *, revealed: bool) -> str:
    amended = view.state.amended[conflict.field]
    return _value(view, conflict.field, amended.base, revealed=revealed)


def _value(view: CaseView, name: str, entry: str, *, revealed: bool) -> str:
    catalogue = context().casebook.catalogue
    receipt = next((row.entry for row in view.state.timeline if row.act == "receive"), "")
    value = value_of(view.bodies, entry, name, receipt)
    known = catalogue.fields.get(name)
    if known is None or value is None:
        return ""
    shown = shown_value(known, str(value), catalogue)
    return shown if revealed else masked_value(known, shown)


def taken_over_lines(view: CaseView) -> list[str]:
    """What a person at the former unit has to know of a case that was taken over."""
    by_entry = {row.entry: row for row in view.state.timeline}
    lines = []
    for taken in view.state.taken_over:
        row = by_entry[taken.entry]
        reason = term("act_reason.take_over", str(row.facts.get("reason_code", "")))
        words = {"unit": unit_name(taken.by), "of": unit_name(taken.of), "reason": reason}
        lines.append(t("case.taken_over", at=moment(row.at), **words))
    kept = [row for row in view.state.timeline if row.reason in ("old_epoch", "late_act")]
    if lines and kept:
        lines.append(t("case.taken_over_kept", n=len(kept)))
    return lines
