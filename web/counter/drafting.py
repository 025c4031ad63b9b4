"""Saving an intake form while it is filled in, and finding it again after a power cut."""

from flask import abort, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from web.context import context
from web.counter.intakeform import FIELD_PREFIX, PAPER_PREFIX
from web.counter.items import item_of, offer
from web.drafts import Draft, drafts_here

_KEPT = ("reason", "for_unit")


def save(item: str) -> tuple[str, int]:
    """Keep what is typed so far; the answer says whether it is on the disk."""
    found = item_of(item)
    if not offer(found).may_receive:
        abort(403, "item")
    values = {
        name: value
        for name, value in request.form.items()
        if name.startswith((FIELD_PREFIX, PAPER_PREFIX)) or name in _KEPT
    }
    draft = Draft(request.form.get("draft", ""), found.code, context().now_ms(), values)
    if not drafts_here().save(g.clerk.user, draft):
        abort(413)
    return "", 204


def drop(item: str) -> AnyResponse:
    """Forget a form that nobody wants to go on with."""
    item_of(item)
    drafts_here().forget(g.clerk.user, request.form.get("draft", ""))
    flash("draft.drop", "notice")
    return redirect(url_for(".home"), 303)
