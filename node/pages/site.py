"""All pages of an outpost under their addresses, and the entries of the navigation bar."""

from flask import Blueprint

from node.pages import case, cases, home, intake, items, outbox, receipt
from web import registerlists
from web.context import MenuEntry, Pages, WebContext

MENU = (
    MenuEntry("node.home", "node.menu.home", "Alt+H"),
    MenuEntry("node.search", "node.menu.intake", "F2"),
    MenuEntry("node.cases", "node.menu.cases", "F6"),
    MenuEntry("node.outbox", "node.menu.outbox", "F7"),
)


def blueprint(_context: WebContext) -> Blueprint:
    """The pages of an outpost, to be registered on one application."""
    pages = Pages(
        "node",
        "node.pages",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static/node",
    )
    pages.menu = MENU
    pages.add_url_rule("/", "home", home.show)
    pages.add_url_rule("/items", "search", items.search)
    pages.add_url_rule("/items/found", "found", items.found)
    pages.add_url_rule("/items/<item>", "guide", items.guide)
    pages.add_url_rule("/intake/<item>", "intake", intake.show)
    pages.add_url_rule("/intake/<item>", "take_in", intake.take_in, methods=["POST"])
    pages.add_url_rule("/cases", "cases", cases.show)
    pages.add_url_rule("/cases/<case>", "case", case.show)
    pages.add_url_rule("/cases/<case>/full", "reveal", case.reveal, methods=["POST"])
    pages.add_url_rule("/cases/<case>/acts/<act>", "act", case.do, methods=["POST"])
    pages.add_url_rule("/cases/<case>/receipt", "receipt", receipt.show)
    pages.add_url_rule("/cases/<case>/register/<kind>", "register_list", registerlists.show)
    pages.add_url_rule("/outbox", "outbox", outbox.show)
    pages.add_url_rule("/outbox/send", "send", outbox.send, methods=["POST"])
    return pages
