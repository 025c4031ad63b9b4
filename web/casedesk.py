"""The case page of both programs: show a case, show it unmasked on demand, do an act on it."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from casebook.views import CaseView
from cases.acts import ACT_TABLE
from cases.casestate import TimelineRow
from cases.catalogue import Field
from cases.errors import FactsError, UnlawfulActError
from cases.grammar import OUTCOMES
from cases.judging import row_of
from cases.retractions import NEVER
from cases.states import refusal
from web.actfields import PAPER_STATES, fields_of
from web.actforms import (
    PRECHECKS,
    RELATIONS,
    RETURN_REASONS,
    ActFormError,
    Terms,
    read_act,
)
from web.caselines import (
    field_lines,
    history_lines,
    material_name,
    paper_lines,
    reason_text,
)
from web.clocklines import clock_lines, pause_lines
from web.conditions import finding_text
from web.conflictlines import conflict_lines, settled_lines, taken_over_lines
from web.context import context
from web.decisions import DecisionForm
from web.notes import note
from web.presenting import light, moment, sync_of, t, term, today
from web.previews import preview_lines

_ID_DIGITS = 32
_NO_FIELD = ("rows", "file")
"""Types of fields that are not amended one by one on the case page."""

Answer = str | tuple[str, int] | AnyResponse


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act was not done, beside the form that asked for it."""

    act: str
    line: str


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """The case page of one program.

    `case`, `act` and `reveal` name its endpoints, `template` the page that puts the shared
    parts together. Every endpoint takes the case id as 32 hex digits in `case`.
    """

    template: str
    case: str
    act: str
    reveal: str

    def show(self, case_id: str) -> Answer:
        """The page of a case with personal data masked."""
        return self._page(open_case(case_id), revealed=False)

    def show_revealed(self, case_id: str) -> Answer:
        """The page with personal data, because a clerk asked for them; who is noted."""
        view = open_case(case_id)
        if view.readable == "case":
            note("unmask", case_id)
        return self._page(view, revealed=view.readable == "case")

    def do(self, case_id: str, act: str) -> Answer:
        """Do an act as posted and lead back to the page; a refused one keeps what was typed."""
        view = open_case(case_id)
        book = context().casebook
        terms = Terms(book.catalogue, context().divisions, today())
        try:
            given = read_act(view, act, request.form, terms)
            if act == "retract" and sync_of(view.own_seq) == "sent":
                raise UnlawfulActError("already_sent")
            book.act(view.case, act, g.clerk, facts=given.facts, body=given.body)
        except ActFormError as error:
            line = finding_text(error.flaw.code, error.flaw.params)
            return self._page(view, revealed=False, refusal=Refusal(act, line)), 422
        except FactsError:
            refusal = Refusal(act, t("act_form.malformed"))
            return self._page(view, revealed=False, refusal=refusal), 422
        except UnlawfulActError as error:
            refusal = Refusal(act, reason_text(error.code, error.params))
            return self._page(open_case(case_id), revealed=False, refusal=refusal), 409
        context().poke()
        flash(f"done.{act}", "good")
        return redirect(url_for(self.case, case=case_id), 303)

    def _page(self, view: CaseView, *, revealed: bool, refusal: Refusal | None = None) -> str:
        book = context().casebook
        history = history_lines(view, revealed=revealed)
        return render_template(
            self.template,
            desk=self,
            view=view,
            case_id=view.case.hex(),
            state=view.state,
            item=view.item,
            light_now=light(view.state, view.due),
            held_by=book.held_by(view.case),
            revealed=revealed,
            refusal=refusal,
            typed=request.form if refusal else {},
            fields=field_lines(view, book.catalogue, revealed=revealed),
            papers=paper_lines(view, book.catalogue),
            history=history,
            act_order=act_order(view),
            amendable=amendable(view),
            amended_field=_chosen_field(view),
            clocks=clock_lines(view),
            pauses=pause_lines(view),
            found_conflicts=conflict_lines(view, history, revealed=revealed),
            settled=settled_lines(view, history),
            taken_over=taken_over_lines(view),
            may_settle=may_point(view, "settle"),
            undo=undoable(view),
            preview_lines=preview_lines,
            choices=CHOICES,
            suggested_number=suggested_number(view),
            fields_of=fields_of,
            decision=DecisionForm(view),
            paper_states=PAPER_STATES,
            paper_name=lambda code: material_name(code, book.catalogue),
            entry_name=lambda entry: entry_name(view, entry),
            is_confirmed=lambda act: ACT_TABLE[act].confirmed,
        )


CHOICES: Mapping[str, tuple[str, ...]] = {
    "result": PRECHECKS,
    "outcome": OUTCOMES,
    "relation": RELATIONS,
    "reason_code": RETURN_REASONS,
}
"""The choices of the forms of acts, by name of the form field."""


def open_case(case_id: str) -> CaseView:
    """The view of a case named in an address, for the clerk who is signed in.

    Raises:
        UnknownCaseError: The case is not in this node's store.
    """
    if len(case_id) != _ID_DIGITS or case_id.strip("0123456789abcdef"):
        abort(404)
    return context().casebook.view(bytes.fromhex(case_id), g.clerk)


def act_order(view: CaseView) -> tuple[str, ...]:
    """The acts that may be done now, the one that takes the case further first."""
    first = view.next_step.act if view.next_step else ""
    likely = ("take", first, "send_up")
    pointed = ("correct",) if may_point(view, "correct") else ()
    return tuple(
        sorted(
            (*view.acts, *pointed),
            key=lambda act: likely.index(act) if act in likely else len(likely),
        )
    )


def may_point(view: CaseView, act: str) -> bool:
    """Tell whether this clerk may do an act that names an entry or a conflict."""
    roles = ACT_TABLE[act].roles
    if view.readable != "case" or not any(role in roles for role in g.clerk.roles):
        return False
    unit = context().casebook.station.unit
    return not refusal(view.state, act, {}, unit, view.state.epoch)


def undoable(view: CaseView) -> TimelineRow | None:
    """The act that this clerk has just done here and may take back, if there is one."""
    own = context().casebook.station.device
    if view.readable != "case" or sync_of(view.own_seq) == "sent":
        return None
    for row in reversed(view.state.timeline):
        is_own = row.device == own and row.clerk == g.clerk.user and row.effective
        if row.entry in view.state.heads and is_own and row.act not in NEVER:
            return row
    return None


def entry_name(view: CaseView, entry: str) -> str:
    """An entry of the timeline in words, for a choice among several."""
    row = row_of(view.state, entry)
    return t("list.bracket", text=term("act", row.act), note=moment(row.at)) if row else entry


def amendable(view: CaseView) -> list[Field]:
    """The fields of the form that may be corrected one by one."""
    fields = context().casebook.catalogue.fields
    return [
        fields[one.name]
        for one in view.item.fields
        if one.name in fields and fields[one.name].type not in _NO_FIELD
    ]


def suggested_number(view: CaseView) -> str:
    """A document number that no other case of this station has, for the clerk to change.

    It is made of the case number: year, month and day, station, serial.
    """
    number = view.state.case_no
    if not number:
        return ""
    return f"〔20{number[14:16]}〕{number[16:20]}-{number[12:14]}-{number[20:24]}号"


def _chosen_field(view: CaseView) -> Field | None:
    name = request.values.get("field", "")
    return next((field for field in amendable(view) if field.name == name), None)
