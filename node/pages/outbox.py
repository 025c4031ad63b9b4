"""What has not reached the unit above yet, and the button that sends it now."""

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from node.pages.cases import ListRow
from web.context import context
from web.presenting import light, sync_of

LOOKED_AT_MAX = 200


def show() -> str:
    """The state of the link, and the cases with something that waits."""
    rows = context().casebook.rows("all", limit=LOOKED_AT_MAX).rows
    waiting = [
        ListRow(row, light(row, row.due), "")
        for row in rows
        if sync_of(row.own_seq) == "waiting"
    ]
    return render_template(
        "node/outbox.html",
        status=context().status(),
        rows=waiting,
        upstream=context().settings.upstream,
    )


def send() -> AnyResponse:
    """Ask for a session now; the page shows what came of it."""
    context().insist()
    flash("node.outbox.asked", "good")
    return redirect(url_for("node.outbox"), 303)
