"""The addresses of the printed papers of cases and of the cards of items."""

from collections.abc import Callable

from flask import abort, render_template
from werkzeug.wrappers import Response as AnyResponse

from web.casedesk import open_case
from web.context import Pages
from web.counter.items import item_of
from web.counter.receipt import qr_code
from web.notes import note
from web.prints import CARD, Sheet, card_of, prints_of, sheet_of

View = Callable[..., str | tuple[str, int] | AnyResponse]
Guard = Callable[[View], View]


def add_prints(pages: Pages, guard: Guard = lambda view: view) -> None:
    """Give a program's pages the addresses of printed papers; they must have a counter."""
    pages.add_url_rule("/cases/<case>/prints/<entry>/<kind>", "paper", guard(show))
    pages.add_url_rule("/items/<item>/card", "card", guard(card))
    pages.context_processor(lambda: {"prints_of": prints_of})


def show(case: str, entry: str, kind: str) -> str:
    """A paper of a case; whoever opens it is noted before it is shown."""
    view = open_case(case)
    if view.readable != "case":
        abort(403)
    sheet = sheet_of(view, entry, kind)
    if sheet is None:
        abort(404)
    note("print", case, body={"paper": kind, "entry": entry})
    return _page(sheet, case)


def card(item: str) -> str:
    """The card of an item that says what to bring."""
    sheet = card_of(item_of(item))
    note("print", item, body={"paper": CARD})
    return _page(sheet, "")


def _page(sheet: Sheet, case_id: str) -> str:
    code = qr_code(sheet.code)
    return render_template("prints/sheet.html", sheet=sheet, case_id=case_id, code=code)
