"""The papers that acts leave: which ones a case has, and what stands on each.

What a paper shows is one row of `KINDS`: names of lines and tables that `printparts` fills from
the case. The page of a paper is the same for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from casebook.views import CaseView
from cases.acts import ACT_TABLE
from cases.casestate import TimelineRow
from cases.entries import text
from cases.items import Item
from web.context import context
from web.glyphs import rare_characters
from web.masking import mask_name
from web.presenting import grouped, say, t, unit_name
from web.printparts import CARD_LINES, LINES, TABLES, Matter, Table, card_table

PUBLIC, FILE, APPLICANT = "public", "file", "applicant"
CARD = "what_to_bring"
POSTER = "publicity_poster"
PERMIT = "xuke"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table.

    `reader` says for whom it is: on a paper for the applicant the name stands in full, on all
    others it is masked. `lines` and `table` name what it shows. `has_words` adds what the
    author of the act wrote, `has_basis` the legal basis, `has_remedy` where to turn against it.
    `copies` are printed one after the other; `signs` are lines for signatures, `sealed` leaves
    room for the seal.
    """

    lines: tuple[str, ...]
    table: str = ""
    reader: str = APPLICANT
    has_words: bool = False
    has_basis: bool = False
    has_remedy: bool = False
    has_consequence: bool = False
    copies: tuple[str, ...] = (APPLICANT,)
    signs: tuple[str, ...] = ()
    sealed: bool = True


_BOTH = (APPLICANT, FILE)
_HANDED = ("applicant", "clerk")

KINDS: Mapping[str, Kind] = {
    "one_time_notice": Kind(
        ("told_on", "hold_until"),
        "missing",
        has_words=True,
        has_basis=True,
        copies=_BOTH,
        signs=_HANDED,
    ),
    "supplement_receipt": Kind(("brought_on",), "brought", copies=_BOTH, signs=_HANDED),
    "acceptance_notice": Kind(
        ("accepted_on", "promised", "promised_day", "legal", "legal_day", "fee"),
        has_basis=True,
    ),
    "commitment": Kind(
        ("accepted_on", "supply_within", "supply_day"),
        "owed",
        has_words=True,
        has_consequence=True,
        copies=_BOTH,
        signs=("promiser", "clerk"),
        sealed=False,
    ),
    "refusal_to_accept": Kind(
        ("refused_on", "reason", "whose"), has_words=True, has_basis=True, has_remedy=True
    ),
    "supplement_notice": Kind(
        ("opened_on", "hold_until", "clock"),
        has_words=True,
        has_basis=True,
        has_remedy=True,
        copies=_BOTH,
        signs=_HANDED,
    ),
    "special_procedure_notice": Kind(
        ("procedure", "opened_on", "needed", "clock"),
        has_words=True,
        has_basis=True,
        has_remedy=True,
    ),
    POSTER: Kind(("posted_on", "posted_until", "phone"), "posted", reader=PUBLIC),
    "extension_notice": Kind(
        ("extended_on", "extended_by", "legal_now", "reason"),
        has_words=True,
        has_basis=True,
        has_remedy=True,
    ),
    "transfer_list": Kind(
        ("sender", "receiver", "sent_on"),
        "carried",
        reader=FILE,
        copies=("sender", "receiver"),
        signs=("giver", "courier", "taker"),
    ),
    "return_note": Kind(
        ("sender", "receiver", "sent_on"),
        "carried",
        reader=FILE,
        has_words=True,
        signs=("giver", "courier", "taker"),
    ),
    "decision": Kind(("decided_on", "outcome", "result"), has_words=True),
    "refusal": Kind(("decided_on", "outcome"), has_words=True, has_basis=True, has_remedy=True),
    "proof_of_delivery": Kind(
        ("result", "document", "taken_by", "relation", "delivered_on"),
        copies=(FILE,),
        signs=("taker", "clerk"),
        sealed=False,
    ),
    "return_notice": Kind(("ended_on", "reason"), has_words=True, has_remedy=True),
    "termination_notice": Kind(("ended_on", "reason"), has_words=True, has_remedy=True),
    "withdrawal_slip": Kind(("ended_on",), has_words=True, signs=_HANDED, sealed=False),
}
"""Every paper of a case but the receipt, which has a page of its own."""


@dataclass(frozen=True, slots=True)
class PrintLink:
    """A paper that a case has: its kind, the entry that it goes with, and when that was."""

    kind: str
    entry: str
    at: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper in words, ready to be laid out.

    `code` is what the QR code says: case, kind and entry, nothing personal. `rare` are the
    characters that the printer may not have.
    """

    kind: str
    title: str
    number: str
    unit: str
    is_copy: bool
    opening: str = field(repr=False)
    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    tables: tuple[Table, ...] = field(repr=False)
    paragraphs: tuple[str, ...] = field(repr=False)
    copies: tuple[str, ...]
    signs: tuple[str, ...]
    sealed: bool
    day: str
    code: str
    rare: tuple[str, ...]


def prints_of(view: CaseView) -> tuple[PrintLink, ...]:
    """The papers that a case has by now, in the order of its acts, the receipt left out."""
    return tuple(
        PrintLink(kind, row.entry, row.at)
        for row in view.state.timeline
        if row.effective
        for kind in _kinds_of(row, view.item)
    )


def sheet_of(view: CaseView, entry: str, kind: str) -> Sheet | None:
    """A paper of a case in the reader's language, None where the case has no such paper."""
    if not any((each.entry, each.kind) == (entry, kind) for each in prints_of(view)):
        return None
    row = next(each for each in view.state.timeline if each.entry == entry)
    shape = KINDS[kind]
    matter = Matter(view, row, is_full=shape.reader == APPLICANT)
    pairs = tuple((t(f"print_line.{name}"), LINES[name](matter)) for name in shape.lines)
    table = TABLES[shape.table](matter) if shape.table else None
    return _checked(
        Sheet(
            kind=kind,
            title=t(f"print.{kind}"),
            number=number_of(view, row, kind),
            unit=unit_name(row.unit),
            is_copy=row.unit != context().casebook.station.unit,
            opening=_opening(view, kind, shape),
            pairs=tuple(pair for pair in pairs if pair[1]),
            tables=(table,) if table else (),
            paragraphs=_paragraphs(matter, kind, shape),
            copies=tuple(t(f"print_copy.{name}") for name in shape.copies),
            signs=tuple(t(f"print_sign.{name}") for name in shape.signs),
            sealed=shape.sealed,
            day=row.at[:10],
            code=f"{view.state.case_no} {kind} {entry}",
            rare=(),
        )
    )


def card_of(item: Item) -> Sheet:
    """The card of an item that says what to bring."""
    return _checked(
        Sheet(
            kind=CARD,
            title=t(f"print.{CARD}"),
            number="",
            unit=context().casebook.station.name,
            is_copy=False,
            opening=t("list.bracket", text=say(item.name), note=item.code),
            pairs=tuple((t(f"print_line.{name}"), part(item)) for name, part in CARD_LINES),
            tables=(card_table(item),),
            paragraphs=(t("print_text.card"),),
            copies=("",),
            signs=(),
            sealed=False,
            day="",
            code=item.code,
            rare=(),
        )
    )


def number_of(view: CaseView, row: TimelineRow, kind: str) -> str:
    """The document number of a paper: `受理〔2026〕120103003001-01-1123-0007-0415号`.

    It is made of the case number and of the entry, so every unit and every reprint has the
    same, and no two papers meet. A poster and a list have none.
    """
    number = view.state.case_no
    if not number or KINDS[kind].reader != APPLICANT:
        return ""
    last = int(row.entry[:12], 16) % 10_000
    parts = (number[:12], number[12:14], number[16:20], number[20:24], f"{last:04d}")
    return t(
        "print_text.number",
        kind=t(f"print_short.{kind}"),
        year=f"20{number[14:16]}",
        digits="-".join(parts),
    )


def _kinds_of(row: TimelineRow, item: Item) -> tuple[str, ...]:
    known = tuple(kind for kind in ACT_TABLE[row.act].prints if kind in KINDS)
    if row.act == "decide" and text(row.facts, "outcome") == "refused":
        return ("refusal",)
    if row.act == "pause_open":
        named = text(row.facts, "kind")
        if named == "supplement":
            return ("supplement_notice",)
        # What concerns a child or somebody's health is never posted on a wall.
        if named == "publicity" and not item.privacy:
            return (*known, POSTER)
    return known


def _opening(view: CaseView, kind: str, shape: Kind) -> str:
    name = view.fields.get("name")
    full = name if isinstance(name, str) else ""
    return t(
        f"print_open.{kind}",
        name=full if shape.reader == APPLICANT else mask_name(full),
        item=say(view.item.name),
        case_no=grouped(view.state.case_no),
    )


def _paragraphs(matter: Matter, kind: str, shape: Kind) -> tuple[str, ...]:
    found = []
    if shape.has_words and matter.words:
        found.append(t("print_text.words", words=matter.words))
    if shape.has_basis:
        is_permit = matter.view.item.legal_type == PERMIT
        basis = t(f"print_basis.{kind}") if is_permit else t("print_basis.other")
        found.append(t("print_text.basis", basis=basis))
    if shape.has_consequence:
        found.append(t("print_text.consequence"))
    if shape.has_remedy:
        found.append(t("print_text.remedy"))
    if shape.reader == PUBLIC:
        found.append(t("print_text.posted"))
    return tuple(found)


def _checked(sheet: Sheet) -> Sheet:
    """The same sheet with the characters named that may not come out of the printer."""
    cells = [cell for table in sheet.tables for row in table.rows for cell in row]
    pairs = [value for _label, value in sheet.pairs]
    texts = (sheet.title, sheet.unit, sheet.opening, *pairs, *cells, *sheet.paragraphs)
    return replace(sheet, rare=rare_characters(texts))
