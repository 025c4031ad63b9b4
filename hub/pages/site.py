"""The addresses of a hub's pages, and who may open each."""

import functools
from collections.abc import Callable, Mapping

from flask import abort, g
from werkzeug.wrappers import Response as AnyResponse

from hub.ledger import SessionLedger
from hub.pages import audit, casepage, home, shelves
from hub.pages.finding import FindingDesk
from hub.pages.quarantine import QuarantinePages
from hub.pages.rights import (
    AUDIT,
    CASES,
    COUNTER,
    QUARANTINE,
    SESSIONS,
    UNITS,
    acts_of,
    may_do,
    may_open,
    roles_that_open,
)
from hub.pages.tunnels import SessionsDesk
from sync.ingest import Gate
from sync.ports import Store
from sync.quarantine_desk import QuarantineDesk
from web import registerlists
from web.context import MenuEntry, Pages, WebContext
from web.counter import add_counter
from web.printpages import add_prints
from web.receiptpage import add_receipt_page

Answer = str | tuple[str, int] | AnyResponse
View = Callable[..., Answer]

_SHELF_KEYS: Mapping[str, str] = {
    "to_take": "F2 Alt+T",
    "in_hand": "Alt+I",
    "to_decide": "Alt+J",
    "to_deliver": "Alt+L",
    "all": "Alt+A",
    "conflicts": "Alt+C",
}

MENU = (
    MenuEntry("hub.home", "hub.menu.home", "Alt+H"),
    *(
        MenuEntry(
            "hub.shelf",
            f"shelf.{shelf}",
            _SHELF_KEYS[shelf],
            {"shelf": shelf},
            roles_that_open(CASES),
        )
        for shelf in shelves.SHELVES
    ),
    MenuEntry("hub.search", "hub.menu.intake", "Alt+N", roles=roles_that_open(COUNTER)),
    MenuEntry("hub.find", "hub.menu.find", "Alt+F", roles=roles_that_open(CASES)),
    MenuEntry("hub.units", "hub.menu.units", "Alt+U", roles=roles_that_open(UNITS)),
    MenuEntry(
        "hub.quarantine", "hub.menu.quarantine", "Alt+Q", roles=roles_that_open(QUARANTINE)
    ),
    MenuEntry("hub.sessions", "hub.menu.sessions", "Alt+S", roles=roles_that_open(SESSIONS)),
    MenuEntry("hub.audit", "hub.menu.audit", "Alt+G", roles=roles_that_open(AUDIT)),
    MenuEntry("hub.receipts", "receipts.menu"),
)
"""The navigation bar of a hub."""


def blueprint(context: WebContext, store: Store, ledger: SessionLedger | None = None) -> Pages:
    """The pages of one hub.

    Args:
        context: the same that the shell gets.
        store: the hub's store, of which the local documents of its children are read.
        ledger: the accounts of its tunnels, for the page of sessions.
    """
    pages = Pages(
        "hub",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static/hub",
    )
    pages.menu = MENU
    casebook = context.casebook
    gate = Gate(casebook.registry, store, casebook.station.unit)
    aside = QuarantineDesk(store, gate, context.now_ms)
    desk, quarantine = home.HomeDesk(store, casebook, aside), QuarantinePages(aside, store)
    add = pages.add_url_rule
    add("/", "home", desk.home)
    add("/units", "units", _for(UNITS, desk.units))
    add("/quarantine", "quarantine", _for(QUARANTINE, quarantine.show))
    add(
        "/quarantine/<record>/<verdict>",
        "decide_aside",
        _for(QUARANTINE, quarantine.decide),
        methods=["POST"],
    )
    add("/sessions", "sessions", _for(SESSIONS, SessionsDesk(ledger).sessions))
    finding = FindingDesk()
    add("/find", "find", _for(CASES, finding.show))
    add("/find", "find_by", _for(CASES, finding.find), methods=["POST"])
    add("/shelf/<shelf>", "shelf", _for(CASES, shelves.show))
    add("/shelf/to_take/take", "take_many", _for(CASES, shelves.take_many), methods=["POST"])
    add("/cases/<case>", "case", _for(CASES, casepage.show))
    add("/cases/<case>/reveal", "reveal", _for(CASES, casepage.reveal), methods=["POST"])
    add("/cases/<case>/acts/<act>", "act", _for(CASES, casepage.act), methods=["POST"])
    lists = _for(CASES, registerlists.show)
    add("/cases/<case>/register/<kind>", "register_list", lists)
    add_counter(pages, "hub/page.html", functools.partial(_for, COUNTER))
    add_prints(pages, functools.partial(_for, CASES))
    audits = audit.AuditDesk(store)
    add("/audit", "audit", _for(AUDIT, audits.show))
    add("/audit/sheet", "audit_sheet", _for(AUDIT, audits.sheet))
    add_receipt_page(pages)
    pages.context_processor(_names)
    return pages


def _for(group: str, view: View) -> View:
    """The view, for those alone whose roles open this group of pages."""

    @functools.wraps(view)
    def guarded(**values: str) -> Answer:
        if not may_open(g.clerk, group):
            abort(403, "role")
        return view(**values)

    return guarded


def _names() -> dict[str, object]:
    return {
        "acts_of": acts_of,
        "may_do": may_do,
        "may_open": may_open,
        "side_acts": casepage.side_acts,
        "shelf_of": shelves.shelf_of,
    }
