"""The lines and tables of printed papers, each made from a case and the act it goes with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from casebook.views import CaseView
from cases.casestate import Promise, TimelineRow
from cases.catalogue import Field
from cases.clocks import LEGAL
from cases.effects import limit_of
from cases.entries import text
from cases.errors import CalendarError
from cases.items import Item, Limit
from cases.limits import due
from web.caselines import masked_value, material_name, shown_value
from web.context import context
from web.masking import mask_name
from web.presenting import day, limit_text, moment, say, t, term, unit_name

CARRIED = ("original", "copy", "made")
"""States of papers that lie in the file and travel with it."""

BLANK = "＿" * 10
"""Room to write by hand what the product does not know."""

_UNPOSTED = ("id_or_other", "id_number", "bank_card", "phone", "mobile", "uscc")
_POSTED = ("name", "live_div", "hukou")


@dataclass(frozen=True, slots=True)
class Matter:
    """The act that a paper goes with; `is_full` shows names in full, for the applicant."""

    view: CaseView = field(repr=False)
    row: TimelineRow
    is_full: bool

    @property
    def words(self) -> str:
        """What the author of the act wrote, empty where nothing was."""
        body = self.view.bodies.get(self.row.entry, {})
        found = (body.get(name) for name in ("reason", "opinion", "text"))
        return next((each for each in found if isinstance(each, str) and each), "")

    def name(self, full: str) -> str:
        """A person's name as this paper may show it."""
        return full if self.is_full else mask_name(full)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a paper, in words."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)


Part = Callable[[Matter], str]


def _at(matter: Matter) -> str:
    return moment(matter.row.at)


def _after(matter: Matter, limit: Limit | None) -> str:
    """The last day of a limit that begins with the act, empty where there is none."""
    if limit is None:
        return ""
    began = date.fromisoformat(matter.row.at[:10])
    try:
        return due(began, limit.n, limit.unit, context().casebook.calendar).date.isoformat()
    except (CalendarError, OverflowError):
        return ""


def _hold(_matter: Matter) -> Limit:
    return Limit(context().casebook.catalogue.defaults.supplement_hold_cd, "cd")


def _limit(matter: Matter, name: str) -> Limit | None:
    return limit_of(matter.row.facts.get(name))


def _promise(matter: Matter) -> Promise | None:
    promises = matter.view.state.promises
    return next((each for each in promises if each.entry == matter.row.entry), None)


def _accepted(matter: Matter) -> str:
    promise = _promise(matter)
    return day(promise.accepted_at if promise else matter.row.at)


def _promised_day(matter: Matter) -> str:
    promise = _promise(matter)
    return promise.promised_day if promise else ""


def _legal_day(matter: Matter) -> str:
    promise = _promise(matter)
    return promise.legal_day if promise else ""


def _legal_now(matter: Matter) -> str:
    clocks = matter.view.clocks
    return next((each.due.isoformat() for each in clocks if each.name == LEGAL), "")


def _fee(matter: Matter) -> str:
    return fee_text(matter.view.item)


def fee_text(item: Item) -> str:
    """What an item costs, in words."""
    return t(f"fee.{item.fee.kind}", yuan=item.fee.yuan)


def _reason(matter: Matter) -> str:
    return term(f"act_reason.{matter.row.act}", text(matter.row.facts, "reason_code"))


def _clock(matter: Matter) -> str:
    runs = matter.row.facts.get("counts") is True
    return t("print_text.clock_runs") if runs else t("print_text.clock_stands")


def _needed(matter: Matter) -> str:
    limit = _limit(matter, "needed") or _least(matter)
    return limit_text(limit) if limit else ""


def _least(matter: Matter) -> Limit | None:
    pause = matter.view.item.pause(text(matter.row.facts, "kind"))
    return pause.least or pause.most if pause else None


def _posted_until(matter: Matter) -> str:
    return _after(matter, _limit(matter, "needed") or _least(matter)) or BLANK


def _taken_by(matter: Matter) -> str:
    taker = matter.view.bodies.get(matter.row.entry, {}).get("taken_by")
    if not isinstance(taker, str) or not taker:
        taker = matter.view.fields.get("name")
    return matter.name(taker) if isinstance(taker, str) else ""


def _fact(prefix: str, name: str) -> Part:
    return lambda matter: term(prefix, text(matter.row.facts, name))


LINES: Mapping[str, Part] = {
    **dict.fromkeys(
        ("told_on", "brought_on", "refused_on", "opened_on", "posted_on", "extended_on"), _at
    ),
    **dict.fromkeys(("sent_on", "decided_on", "delivered_on", "ended_on"), _at),
    "hold_until": lambda matter: _after(matter, _hold(matter)),
    "accepted_on": _accepted,
    "promised": lambda matter: limit_text(_limit(matter, "promised")),
    "promised_day": _promised_day,
    "legal": lambda matter: limit_text(_limit(matter, "legal")),
    "legal_day": _legal_day,
    "legal_now": _legal_now,
    "fee": _fee,
    "supply_within": lambda matter: limit_text(_limit(matter, "supply_within")),
    "supply_day": lambda matter: _after(matter, _limit(matter, "supply_within")),
    "reason": _reason,
    "whose": lambda matter: text(matter.row.facts, "whose"),
    "procedure": _fact("pause", "kind"),
    "needed": _needed,
    "clock": _clock,
    "posted_until": _posted_until,
    "phone": lambda _matter: BLANK,
    "extended_by": lambda matter: limit_text(_limit(matter, "by")),
    "sender": lambda matter: unit_name(matter.row.unit),
    "receiver": lambda matter: unit_name(text(matter.row.facts, "to")),
    "outcome": _fact("outcome", "outcome"),
    "result": lambda matter: say(matter.view.item.result.name),
    "document": lambda matter: matter.view.state.document_no,
    "taken_by": _taken_by,
    "relation": _fact("relation", "relation"),
}
"""Every line that a paper may have; an empty one is left out."""


def _missing(matter: Matter) -> Table:
    shown = _papers_before(matter)
    rows = [
        (name, term("paper", shown.get(code, "lacking")), t("print_text.bring", form=form))
        for code, name, form in _materials(matter.row.facts.get("missing"))
    ]
    return _table(("paper", "now", "put_right"), rows)


def _owed(matter: Matter) -> Table:
    rows = [(name, form) for _code, name, form in _materials(matter.row.facts.get("owed"))]
    return _table(("paper", "form"), rows)


def _brought(matter: Matter) -> Table:
    shown = _papers(matter.row.facts.get("papers"))
    return _paper_table(shown)


def _carried(matter: Matter) -> Table:
    papers = _papers_before(matter)
    return _paper_table({code: how for code, how in papers.items() if how in CARRIED})


def _posted(matter: Matter) -> Table:
    """What a wall may show: no numbers of persons or accounts, and names masked."""
    catalogue = context().casebook.catalogue
    view = matter.view
    pause = view.item.pause(text(matter.row.facts, "kind"))
    hidden = pause.hides if pause else ()
    for one in view.item.fields:
        known, rows = catalogue.fields.get(one.name), view.fields.get(one.name)
        if known is not None and known.type == "rows" and _is_listed(rows) and rows:
            columns = [catalogue.fields[name] for name in known.columns]
            return _public_table(columns, rows, hidden)
    wanted = (pause.shows if pause else ()) or _POSTED
    own = [catalogue.fields[name] for name in wanted if name in catalogue.fields]
    return _public_table(
        [each for each in own if each.name in view.fields], [view.fields], hidden
    )


def _is_listed(rows: object) -> bool:
    return isinstance(rows, Sequence) and not isinstance(rows, str)


def _public_table(columns: Sequence[Field], rows: object, hidden: Sequence[str]) -> Table:
    catalogue = context().casebook.catalogue
    open_ones = [one for one in columns if one.name not in hidden and _may_hang(one)]
    listed = rows if isinstance(rows, Sequence) else ()
    cells = [
        tuple(
            masked_value(one, shown_value(one, str(row.get(one.name, "")), catalogue))
            for one in open_ones
        )
        for row in listed
        if isinstance(row, Mapping)
    ]
    return Table(tuple(say(one.label) for one in open_ones), tuple(cells))


def _may_hang(one: Field) -> bool:
    return one.sensitive != "high" and not any(rule in _UNPOSTED for rule in one.validators)


TABLES: Mapping[str, Callable[[Matter], Table]] = {
    "missing": _missing,
    "owed": _owed,
    "brought": _brought,
    "carried": _carried,
    "posted": _posted,
}
"""Every table that a paper may have."""

CARD_LINES: tuple[tuple[str, Callable[[Item], str]], ...] = (
    ("dept", lambda item: say(item.dept)),
    ("promised", lambda item: limit_text(item.promised)),
    ("legal", lambda item: limit_text(item.legal)),
    ("fee", fee_text),
    ("result", lambda item: say(item.result.name)),
    ("phone", lambda _item: BLANK),
)
"""The lines of the card of an item."""


def card_table(item: Item) -> Table:
    """The papers that an item asks for, in which form, and how strictly."""
    materials = context().casebook.catalogue.materials
    rows = [
        (
            say(materials[one.code].name),
            term("paper_form", materials[one.code].form),
            t(f"need.{one.need}"),
        )
        for one in item.materials
    ]
    return _table(("paper", "form", "need"), rows)


def _table(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    return Table(tuple(t(f"print_column.{name}") for name in columns), tuple(rows))


def _paper_table(shown: Mapping[str, str]) -> Table:
    catalogue = context().casebook.catalogue
    rows = [
        (material_name(code, catalogue), term("paper", how), t("print_text.one"))
        for code, how in shown.items()
    ]
    return _table(("paper", "form", "copies"), rows)


def _materials(codes: object) -> list[tuple[str, str, str]]:
    """Code, name and wanted form of each of some papers."""
    if not isinstance(codes, Sequence) or isinstance(codes, str):
        return []
    catalogue = context().casebook.catalogue
    found = []
    for code in map(str, codes):
        material = catalogue.materials.get(code)
        form = term("paper_form", material.form) if material else ""
        found.append((code, material_name(code, catalogue), form))
    return found


def _papers(value: object) -> dict[str, str]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return {}
    return {
        text(paper, "material"): text(paper, "state")
        for paper in value
        if isinstance(paper, Mapping)
    }


def _papers_before(matter: Matter) -> dict[str, str]:
    """How each paper of the case had been shown when the act was done."""
    found: dict[str, str] = {}
    for row in matter.view.state.timeline:
        if row.entry == matter.row.entry:
            break
        if row.effective:
            found |= _papers(row.facts.get("papers"))
    return found
