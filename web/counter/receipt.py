"""The printed receipt: two halves on one A4 sheet, with a code that verifies offline."""

import segno
from flask import abort, g, render_template, session
from markupsafe import Markup

from casebook.views import CaseView
from web.casedesk import open_case
from web.caselines import paper_lines
from web.context import context, shell
from web.lights import acceptance_due
from web.masking import mask_name, mask_number
from web.notes import note
from web.presenting import acceptance_wd, sync_of

FRESH = "fresh_receipt"
"""Key of the session under which the case stands whose receipt was not printed yet."""


def show(case: str) -> str:
    """The receipt of a case that this unit received; a second look at it is a reprint."""
    view = open_case(case)
    if not view.receipt or not view.query_code:
        abort(403)
    note("print", case)
    is_fresh = session.get(FRESH) == case
    if is_fresh:
        session.pop(FRESH)
    book = context().casebook
    accepts_by = acceptance_due(view.state.acceptance_from, book.calendar, acceptance_wd())
    return render_template(
        "counter/receipt.html",
        view=view,
        case_id=case,
        state=view.state,
        item=view.item,
        papers=paper_lines(view, book.catalogue),
        applicant=mask_name(_text(view, "name")),
        number=mask_number(_text(view, "id_no")),
        clerk_name=_receiver(view),
        accepts_by=accepts_by,
        acceptance_wd=acceptance_wd(),
        is_fresh=is_fresh,
        is_provisional=sync_of(view.own_seq) == "waiting",
        code=qr_code(view.receipt),
        printed_by=g.clerk.name,
    )


def qr_code(text: str) -> Markup:
    """A text as a QR code in inline SVG; level M is read with an eighth of it soiled."""
    code = segno.make_qr(text, error="m", boost_error=False)
    return Markup(  # noqa: S704 - segno writes paths and numbers, nothing of the text
        code.svg_inline(scale=3, border=2, svgclass="qr", lineclass="qr-line", omitsize=True)
    )


def _receiver(view: CaseView) -> str:
    for row in view.state.timeline:
        if row.act == "receive" and row.effective:
            return shell().roster.clerk_name(row.clerk)
    return ""


def _text(view: CaseView, name: str) -> str:
    value = view.fields.get(name)
    return value if isinstance(value, str) else ""
