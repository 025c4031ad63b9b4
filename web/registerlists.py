"""The lists of a register on paper: one to sign, household by household, and one to hang up."""

from dataclasses import dataclass

from flask import abort, render_template

from casebook.views import CaseView
from cases.catalogue import Field
from cases.registers import register_field, sums
from web.casedesk import open_case
from web.caselines import masked_value
from web.context import context
from web.notes import note
from web.presenting import say

KINDS = ("sign", "posting")
NEVER_POSTED = ("id_no", "bank_card", "mobile")
"""Never on a wall, whatever a catalogue says."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One printable list: headings, lines, and the sums beneath."""

    kind: str
    headings: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]


def show(case: str, kind: str) -> str:
    """The page of a list, ready to be printed; that it was opened is noted."""
    view = open_case(case)
    field = register_field(view.item, context().casebook.catalogue)
    if kind not in KINDS or field is None or view.readable != "case":
        abort(404)
    note("print", case)
    return render_template(
        "register_list.html",
        sheet=sheet_of(view, field, kind),
        item=view.item,
        state=view.state,
        year=view.fields.get("batch_year", ""),
    )


def sheet_of(view: CaseView, field: Field, kind: str) -> Sheet:
    """A list to be signed, with numbers masked, or to be posted, without them."""
    catalogue = context().casebook.catalogue
    columns = posted_columns(view, field) if kind == "posting" else field.columns
    given = view.fields.get(field.name, ())
    rows = given if isinstance(given, list | tuple) else ()
    fields = [catalogue.fields[column] for column in columns]
    totals = sums(field, catalogue, rows)
    return Sheet(
        kind,
        tuple(say(one.label) for one in fields),
        tuple(tuple(_cell(one, row.get(one.name, "")) for one in fields) for row in rows),
        tuple(str(totals.get(one.name, "")) for one in fields),
    )


def posted_columns(view: CaseView, field: Field) -> tuple[str, ...]:
    """The columns that a posted list shows: those of the item, less what is never posted."""
    posted = view.item.pause("publicity")
    shown = posted.shows if posted and posted.shows else field.columns
    hidden = (*NEVER_POSTED, *(posted.hides if posted else ()))
    return tuple(column for column in field.columns if column in shown and column not in hidden)


def _cell(field: Field, value: str) -> str:
    # Whoever signs has to find the own line: names in full, numbers by their ends.
    return value if field.name == "name" else masked_value(field, value)
