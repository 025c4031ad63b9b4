"""The audit explorer of a hub: who did what where and when, and how the hub's log stands."""

import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for

from casebook.auditindex import AuditIndex, Wanted
from casebook.promises import broken_promises
from casebook.times import local_date, local_text
from security.tlog_trust import policy_of
from sync.errors import LogError
from sync.feeds import frozen_feeds
from sync.log.folder import Head, LogFolder
from sync.ports import Store
from web.checkpointsheet import sheet_html
from web.context import context
from web.language import texts
from web.notes import note
from web.opening import case_numbers

LOG_FOLDER = "log"
INDEX_FILE = "audit.sqlite"
ROWS = 50
FIELD_MAX = 64
OFFSET_DIGITS_MAX = 8

_FIELDS = ("thing", "clerk", "device", "unit", "action", "first_day", "last_day")
_CASE_DIGITS = 25


@dataclass(slots=True, eq=False)
class AuditDesk:
    """The pages about journals and the log, over the hub's store."""

    store: Store
    _index: AuditIndex | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def show(self) -> str:
        """One page of notes, as the address asks; looking is itself noted."""
        typed = {name: request.args.get(name, "")[:FIELD_MAX].strip() for name in _FIELDS}
        offset = _offset(request.args.get("offset", ""))
        asked = {name: value for name, value in typed.items() if value}
        note("audit", typed["thing"], body=asked)
        index = self._opened()
        is_whole = index.refresh()
        wanted = Wanted(**{**typed, "thing": _case_of(typed["thing"])})
        rows, total = index.find(wanted, offset, ROWS)
        head = _head()
        return render_template(
            "hub/audit.html",
            typed=typed,
            rows=rows,
            total=total,
            offset=offset,
            size=ROWS,
            is_whole=is_whole,
            address=f"{url_for('hub.audit')}?{urlencode(asked)}",
            head=head,
            is_final=_is_final(head),
            frozen=frozen_feeds(self.store.locals("feed/")),
            promises=broken_promises(
                case_numbers(context().settings), local_date(context().now_ms())
            ),
        )

    def sheet(self) -> Response | tuple[str, int]:
        """The checkpoint of the day as a file to print and countersign."""
        signed = _head().signed
        if signed is None:
            return texts().text("hub.audit.no_log"), 404
        note("print", signed.checkpoint.origin)
        settings = context().settings
        about = {
            "unit": context().casebook.station.name,
            "now": local_text(context().now_ms()),
            "root_key": settings.root_key.hex(),
        }
        page = sheet_html(signed, texts(), about)
        name = f"checkpoint-{signed.checkpoint.size}.html"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(page, mimetype="text/html", headers=headers)

    def _opened(self) -> AuditIndex:
        with self._lock:
            if self._index is None:
                path = context().settings.data / INDEX_FILE
                self._index = AuditIndex(path, self.store, context().casebook.notes)
            return self._index


def _head() -> Head:
    try:
        return LogFolder(context().settings.data / LOG_FOLDER).head()
    except LogError:
        return Head()


def _is_final(head: Head) -> bool:
    book = context().casebook
    policy = policy_of(book.registry, book.station.unit)
    return head.signed is not None and policy.is_final(head.signed)


def _case_of(text: str) -> str:
    """The case id for a case number that this hub knows; anything else stays as typed."""
    digits = "".join(text.split())
    if len(digits) != _CASE_DIGITS or not digits.isdecimal():
        return digits
    rows = context().casebook.rows("all", text=digits, limit=1).rows
    return rows[0].case_id if rows else digits


def _offset(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > OFFSET_DIGITS_MAX:
        return 0
    return int(text) // ROWS * ROWS
