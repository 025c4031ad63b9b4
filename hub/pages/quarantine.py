"""The quarantine of a hub: what was set aside and why, and the decision of a person on it."""

from itertools import islice

from flask import abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sync.errors import RefusedError
from sync.feeds import frozen_feeds
from sync.ports import Store
from sync.quarantine_desk import REASON_CHARS_MAX, QuarantineDesk
from web.context import context
from web.notes import note

ROWS = 50
ROWS_MAX = 1_000
_OFFSET_DIGITS_MAX = 9
_FEED_PREFIX = "feed/"


class QuarantinePages:
    """The pages over one desk."""

    def __init__(self, desk: QuarantineDesk, store: Store) -> None:
        """Take the desk, and the store whose feeds may be frozen."""
        self._desk = desk
        self._store = store

    def show(self) -> str:
        """The records that wait, or with `all` every record that was ever set aside."""
        decided = request.args.get("all") == "1"
        rows = list(islice(self._desk.rows(decided=decided), ROWS_MAX))
        offset = _offset(request.args.get("offset", ""))
        neighbours = dict.fromkeys(row.neighbour for row in rows)
        return render_template(
            "hub/quarantine.html",
            frozen=frozen_feeds(self._store.locals(_FEED_PREFIX)),
            rows=rows[offset : offset + ROWS],
            total=len(rows),
            offset=offset,
            size=ROWS,
            decided=decided,
            words_max=REASON_CHARS_MAX,
            over={unit: self._desk.over(unit) for unit in neighbours if self._desk.over(unit)},
        )

    def decide(self, record: str, verdict: str) -> AnyResponse:
        """Release or reject one record; a reason in words is needed, and goes on record."""
        acts = {"release": self._desk.release, "reject": self._desk.reject}
        if verdict not in acts:
            abort(404)
        words = request.form.get("words", "").strip()
        if not words or len(words) > REASON_CHARS_MAX:
            flash("hub.quarantine.words_needed", "bad")
            return redirect(url_for("hub.quarantine"), 303)
        note(f"quarantine_{verdict}", record, body={"words": words})
        try:
            acts[verdict](record, by=g.clerk.user, words=words)
        except RefusedError as error:
            flash(f"hub.quarantine.{error.code}", "bad")
        else:
            flash(f"hub.quarantine.{verdict}.done", "good")
            context().poke()
        return redirect(url_for("hub.quarantine"), 303)


def _offset(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > _OFFSET_DIGITS_MAX:
        return 0
    return int(text) // ROWS * ROWS
