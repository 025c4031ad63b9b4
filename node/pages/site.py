"""All pages of an outpost under their addresses, and the entries of the navigation bar."""

from flask import Blueprint

from node.pages import case, cases, home, outbox
from web import registerlists
from web.context import MenuEntry, Pages, WebContext
from web.counter import add_counter
from web.printpages import add_prints
from web.receiptpage import add_receipt_page

MENU = (
    MenuEntry("node.home", "node.menu.home", "Alt+H"),
    MenuEntry("node.search", "node.menu.intake", "F2"),
    MenuEntry("node.cases", "node.menu.cases", "F6"),
    MenuEntry("node.outbox", "node.menu.outbox", "F7"),
    MenuEntry("node.receipts", "receipts.menu"),
)


def blueprint(_context: WebContext) -> Blueprint:
    """The pages of an outpost, to be registered on one application."""
    pages = Pages(
        "node",
        "node.pages",
        template_folder="templates",
    )
    pages.menu = MENU
    pages.add_url_rule("/", "home", home.show)
    add_counter(pages, "node/_layout.html")
    add_prints(pages)
    pages.add_url_rule("/cases", "cases", cases.show)
    pages.add_url_rule("/cases/<case>", "case", case.show)
    pages.add_url_rule("/cases/<case>/full", "reveal", case.reveal, methods=["POST"])
    pages.add_url_rule("/cases/<case>/acts/<act>", "act", case.do, methods=["POST"])
    pages.add_url_rule("/cases/<case>/register/<kind>", "register_list", registerlists.show)
    pages.add_url_rule("/outbox", "outbox", outbox.show)
    pages.add_url_rule("/outbox/send", "send", outbox.send, methods=["POST"])
    add_receipt_page(pages)
    return pages
