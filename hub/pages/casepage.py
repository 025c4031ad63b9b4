"""The case page of a hub: the shared desk, cut down to the role, and a look before deciding."""

from collections.abc import Iterable

from flask import abort, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from hub.pages.decision import preview_of
from hub.pages.rights import may_do
from web.actforms import ActFormError, Terms, read_act
from web.casedesk import CaseDesk, open_case
from web.context import context
from web.decisions import part_name
from web.notes import note
from web.presenting import today

Answer = str | tuple[str, int] | AnyResponse

DESK = CaseDesk(template="hub/case.html", case="hub.case", act="hub.act", reveal="hub.reveal")


def show(case: str) -> Answer:
    """The page of a case, personal data masked."""
    return DESK.show(case)


def reveal(case: str) -> Answer:
    """The page of a case with personal data; who asked is noted."""
    return DESK.show_revealed(case)


def act(case: str, act: str) -> Answer:
    """Do an act that the clerk's role has; a decision is first shown with all it brings."""
    if not may_do(g.clerk, act):
        abort(403, "role")
    if act == "decide" and "confirmed" not in request.form:
        preview = _decision(case)
        if preview is not None:
            return preview
    return DESK.do(case, act)


def side_acts(acts: Iterable[str]) -> tuple[str, ...]:
    """The acts for the shared forms: all but the decision, which has a form of its own.

    The first stands open with a key of its own, so a return is never the first.
    """
    others = [act for act in acts if act != "decide"]
    if others[:1] == ["return"] and "note" in others:
        others.remove("note")
        others.insert(0, "note")
    return tuple(others)


def _decision(case_id: str) -> str | None:
    """The page that shows what a decision brings, or None where there is nothing to confirm.

    Then the form is not right, or the act not lawful, and the desk says why without writing.
    """
    view = open_case(case_id)
    terms = Terms(context().casebook.catalogue, context().divisions, today())
    try:
        given = read_act(view, "decide", request.form, terms)
    except ActFormError:
        return None
    if "decide" not in view.acts:
        return None
    note("open", case_id)
    preview = preview_of(view, str(given.facts["outcome"]), str(given.body["opinion"]))
    return render_template(
        "hub/decision.html",
        preview=preview,
        case_id=case_id,
        state=view.state,
        item=view.item,
        applicant=view.fields.get("name", ""),
        amount=given.body.get("amount", ""),
        decided_parts=given.facts.get("parts", {}),
        part_name=part_name,
    )
