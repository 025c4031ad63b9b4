"""The first page of an outpost: what waits, and the ways to begin."""

from collections import Counter

from flask import g, render_template

from casebook.index import CaseRow
from node.pages.cases import ListRow
from web.context import context
from web.drafts import drafts_here
from web.presenting import light

FREQUENT_MAX = 8
RECENT_MAX = 6
LOOKED_AT_MAX = 200
_URGENT = ("soon", "today")


def show() -> str:
    """Counts, doors and the latest cases."""
    book = context().casebook
    counts = book.counts()
    in_hand = book.rows("in_hand", limit=LOOKED_AT_MAX).rows
    words = Counter(light(row, row.due).word for row in in_hand)
    mine = book.rows("mine", limit=LOOKED_AT_MAX).rows
    status = context().status()
    return render_template(
        "node/home.html",
        counts=counts,
        to_accept=sum(1 for row in in_hand if row.state == "received"),
        urgent=sum(words[word] for word in _URGENT),
        overdue=words["overdue"],
        waiting=status.waiting if status else 0,
        frequent=_frequent(mine),
        drafts=drafts_here().of(g.clerk.user)[:RECENT_MAX],
        recent=[ListRow(row, light(row, row.due), "") for row in mine[:RECENT_MAX]],
    )


def _frequent(rows: tuple[CaseRow, ...]) -> list[str]:
    known = context().casebook.catalogue.items
    counted = Counter(row.item for row in rows if row.item in known)
    return [code for code, _ in counted.most_common(FREQUENT_MAX)]
