"""The counter: find an item, fill in its form, receive the case, print the receipt.

An outpost has one, and so has every hub whose window takes in applications itself, as for a
village that has no machine of its own.
"""

from collections.abc import Callable

from werkzeug.wrappers import Response as AnyResponse

from web.context import Pages
from web.counter import drafting, intake, items, receipt, refusing

View = Callable[..., str | tuple[str, int] | AnyResponse]
Guard = Callable[[View], View]


def add_counter(pages: Pages, layout: str, guard: Guard = lambda view: view) -> None:
    """Give a program's pages the addresses of a counter.

    Args:
        pages: they must have `home`, `case` and `cases` or a shelf of their own.
        layout: the template that the pages of the counter extend.
        guard: wraps each view, where not everybody may open the counter.
    """
    add = pages.add_url_rule
    add("/items", "search", guard(items.search))
    add("/items/found", "found", guard(items.found))
    add("/items/<item>", "guide", guard(items.guide))
    add("/intake/<item>", "intake", guard(intake.show))
    add("/intake/<item>", "take_in", guard(intake.take_in), methods=["POST"])
    add("/intake/<item>/draft", "save_draft", guard(drafting.save), methods=["POST"])
    add("/intake/<item>/drop", "drop_draft", guard(drafting.drop), methods=["POST"])
    add("/cases/<case>/receipt", "receipt", guard(receipt.show))
    add("/refusals/<code>", "refuse", guard(refusing.refuse), methods=["POST"])
    pages.context_processor(lambda: {"counter_layout": layout})
