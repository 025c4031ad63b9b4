"""The lines of a case page: form, papers and history, masked until somebody asks for more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casebook.views import CaseView
from cases.casestate import TimelineRow
from cases.catalogue import Catalogue, Field
from cases.entries import text
from web.actfields import REASONS
from web.conditions import field_name
from web.context import context, shell
from web.language import texts
from web.masking import mask_name, mask_number, mask_text
from web.presenting import grouped, limit_text, say, t, term, unit_name

_MASKED_NUMBERS = ("id_or_other", "id_number", "bank_card", "phone", "mobile", "uscc")
_DETAILS = {
    "precheck": ("precheck", "result"),
    "step_done": ("step", "step"),
    "decide": ("outcome", "outcome"),
    "deliver": ("relation", "relation"),
    "pause_open": ("pause", "kind"),
    "archive": ("retention", "retention"),
    "rate": ("level", "level"),
    "settle": ("choice", "choice"),
}
"""Acts of which one coded fact is told, with the prefix of its texts and its name."""

_NAMED = ("act", "tier", "step", "next", "state", "body", "pause")
_WORDS = ("opinion", "reason", "text")
"""Names under which the body of an act holds what its author wrote."""


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field of the form as shown: its name, and a text or a table of texts."""

    label: str
    text: str
    is_masked: bool
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper of the application and how it was shown."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One act as the timeline shows it; `reason` says why an ineffective one is so."""

    at: str
    unit: str
    unit_code: str
    clerk: str
    deed: str
    detail: str
    words: str
    effective: bool
    reason: str
    entry: str


def field_lines(view: CaseView, catalogue: Catalogue, *, revealed: bool) -> list[FieldLine]:
    """The form in the order of the item, without the fields that were left empty."""
    lines = []
    for entry in view.item.fields:
        value = view.fields.get(entry.name)
        field = catalogue.fields.get(entry.name)
        if field is None or value in (None, "", [], ()):
            continue
        if isinstance(value, Sequence) and not isinstance(value, str):
            lines.append(_table(field, value, catalogue, revealed=revealed))
        else:
            shown = shown_value(field, str(value), catalogue)
            masked = masked_value(field, shown)
            text_shown = shown if revealed else masked
            lines.append(FieldLine(say(field.label), text_shown, text_shown != shown))
    return lines


def paper_lines(view: CaseView, catalogue: Catalogue) -> list[PaperLine]:
    """The papers of the receipt and their states."""
    for row in view.state.timeline:
        papers = row.facts.get("papers")
        if row.act == "receive" and row.effective and isinstance(papers, Sequence):
            return [
                PaperLine(material_name(text(paper, "material"), catalogue), _state(paper))
                for paper in papers
                if isinstance(paper, Mapping)
            ]
    return []


def history_lines(view: CaseView, *, revealed: bool) -> list[HistoryLine]:
    """All acts in the order of the case, the newest last."""
    return [_history_line(row, view, revealed=revealed) for row in view.state.timeline]


def shown_value(field: Field, value: str, catalogue: Catalogue) -> str:
    """A stored value as people read it: the name of an option, the name of a place."""
    if field.type == "enum":
        options = catalogue.enums[field.enum].options
        return next((say(one.label) for one in options if one.key == value), value)
    if field.type == "division":
        name = unit_name(value)
        return value if name == value else t("list.bracket", text=name, note=value)
    if field.type == "file":
        return term("file_state", value)
    return value


def masked_value(field: Field, value: str) -> str:
    """A value as it may stand on a screen that passers-by can see."""
    if "name_cn" in field.validators:
        return mask_name(value)
    if field.sensitive and any(rule in field.validators for rule in _MASKED_NUMBERS):
        return mask_number(value)
    if field.sensitive == "high":
        return mask_number(value)
    if field.sensitive or (field.type == "text" and "text2000" in field.validators):
        return mask_text(value)
    if field.type == "date" and field.fill_from:
        return f"{value[:4]}-**-**"
    return value


def material_name(code: str, catalogue: Catalogue) -> str:
    """The name of a paper, or its code where this catalogue does not have it."""
    material = catalogue.materials.get(code)
    return say(material.name) if material else code


def reason_text(code: str, params: Mapping[str, str] | None = None) -> str:
    """Why an act has no effect or may not be done, in words.

    Codes of acts, units, tiers and steps in the parameters become names.
    """
    words = {
        "act": "",
        "tier": "",
        "to": "",
        "custody": "",
        "step": "",
        "next": "",
        "state": "",
        "material": "",
        "body": "",
        "pause": "",
        "conflict": "",
    }
    for name, value in (params or {}).items():
        words[name] = _named(name, value)
    return term("unlawful", code, **words)


def _named(name: str, value: str) -> str:
    if name in ("to", "custody"):
        return unit_name(value) if value else ""
    if name == "material":
        return material_name(value, context().casebook.catalogue)
    if name == "conflict":
        return conflict_text(value)
    prefix = {"next": "step"}.get(name, name)
    return term(prefix, value) if name in _NAMED and value else value


def conflict_text(kind: str) -> str:
    """A kind of conflict in words; many are named like the reason of an act without effect."""
    return texts().find(f"conflict.{kind}") or reason_text(kind)


def _table(
    field: Field, rows: Sequence[object], catalogue: Catalogue, *, revealed: bool
) -> FieldLine:
    columns = [catalogue.fields[name] for name in field.columns]
    shown = []
    for row in rows:
        cells = row if isinstance(row, Mapping) else {}
        texts = [
            shown_value(column, str(cells.get(column.name, "")), catalogue)
            for column in columns
        ]
        if not revealed:
            texts = [
                masked_value(column, cell) for column, cell in zip(columns, texts, strict=True)
            ]
        shown.append(tuple(texts))
    return FieldLine(
        label=say(field.label),
        text="",
        is_masked=not revealed,
        columns=tuple(say(column.label) for column in columns),
        rows=tuple(shown),
    )


def _state(paper: Mapping[str, object]) -> str:
    return term("paper", text(paper, "state"))


def _history_line(row: TimelineRow, view: CaseView, *, revealed: bool) -> HistoryLine:
    body = view.bodies.get(row.entry, {})
    words = [str(body[name]) for name in _WORDS if isinstance(body.get(name), str)]
    taken_by = body.get("taken_by")
    if isinstance(taken_by, str) and taken_by:
        words.append(t("deliver.by", name=taken_by if revealed else mask_name(taken_by)))
    return HistoryLine(
        at=row.at,
        unit=unit_name(row.unit),
        unit_code=row.unit,
        clerk=_clerk(row),
        deed=term("act", row.act),
        detail=_detail(row, view),
        words="\n".join(word for word in words if word),
        effective=row.effective,
        reason="" if row.effective else reason_text(row.reason),
        entry=row.entry,
    )


def _clerk(row: TimelineRow) -> str:
    """The name of a colleague; of other units the last part of the user name."""
    if row.unit == context().casebook.station.unit:
        return shell().roster.clerk_name(row.clerk)
    return row.clerk.rpartition("-")[2]


def _detail(row: TimelineRow, view: CaseView) -> str:
    facts = row.facts
    match row.act:
        case "accept" if row.effective:
            return t("timeline.promised", limit=limit_text(view.state.promised))
        case "receive" if text(facts, "for_unit"):
            return t("timeline.for_unit", unit=unit_name(text(facts, "for_unit")))
        case "send_up" | "return":
            return t("timeline.to", unit=unit_name(text(facts, "to")))
        case "amend":
            return _amended(facts)
        case "issue":
            return text(facts, "document_no")
        case "notify_missing" | "accept_tolerant":
            return _papers(facts.get("missing", facts.get("owed")))
        case "co_sign":
            words = (term("body", text(facts, "body")), term("answer", text(facts, "opinion")))
            return t("list.comma").join(words)
        case _:
            return _coded(row.act, facts)


def _coded(act: str, facts: Mapping[str, object]) -> str:
    if text(facts, "other"):
        return grouped(text(facts, "other"))
    if act in REASONS:
        return term(f"act_reason.{act}", text(facts, "reason_code"))
    prefix, name = _DETAILS.get(act, ("", ""))
    return term(prefix, text(facts, name)) if prefix else ""


def _papers(codes: object) -> str:
    if not isinstance(codes, Sequence) or isinstance(codes, str):
        return ""
    catalogue = context().casebook.catalogue
    return t("list.comma").join(material_name(str(code), catalogue) for code in codes)


def _amended(facts: Mapping[str, object]) -> str:
    names = facts.get("fields")
    if not isinstance(names, Sequence) or isinstance(names, str):
        return ""
    return t("list.comma").join(field_name(str(name)) for name in names)
