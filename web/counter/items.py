"""Finding a service item, and its guide card: what to bring, how long it takes, who decides."""

from dataclasses import dataclass

from flask import abort, current_app, g, render_template, request

from cases.catalogue import Catalogue
from cases.items import Item
from cases.lifecycle import Actor, available
from cases.search import ItemSearch
from web.context import context
from web.counter.refusing import refused
from web.drafts import drafts_here

FOUND_MAX = 30
QUERY_MAX = 60
DRAFTS_SHOWN_MAX = 6
_SEARCH = "postroad-item-search"


@dataclass(frozen=True, slots=True)
class Offer:
    """An item, and what this window may do with an application for it."""

    item: Item
    may_receive: bool
    may_accept: bool
    may_decide: bool


def search() -> str:
    """The search page; without a query it lists what this window may receive."""
    query = request.args.get("q", "")[:QUERY_MAX]
    kept = drafts_here().of(g.clerk.user)[:DRAFTS_SHOWN_MAX]
    return render_template("counter/items.html", drafts=kept, **_found(query))


def found() -> str:
    """The list alone, for the script that asks while the clerk types."""
    query = request.args.get("q", "")[:QUERY_MAX]
    return render_template("counter/_found.html", **_found(query))


def _found(query: str) -> dict[str, object]:
    return {
        "query": query,
        "offers": offers_for(query),
        "refused": refused(query),
        "law": context().casebook.catalogue.negative.law,
    }


def guide(item: str) -> str:
    """The guide card of an item."""
    found_item = item_of(item)
    catalogue = context().casebook.catalogue
    return render_template(
        "counter/guide.html",
        item=found_item,
        offer=offer(found_item),
        catalogue=catalogue,
        rights=[
            (tier, [right for right in found_item.rights_of(tier) if right != "query"])
            for tier in catalogue.tiers
        ],
    )


def item_of(code: str) -> Item:
    """The item of an address; the page ends with 404 where there is none."""
    item = context().casebook.catalogue.items.get(code)
    if item is None:
        abort(404)
    return item


def offers_for(query: str) -> list[Offer]:
    """What a query finds, best first; for no query all items, those to be received first."""
    catalogue = context().casebook.catalogue
    if query.strip():
        hits = _search(catalogue).find(query, FOUND_MAX)
        return [offer(catalogue.items[hit.code]) for hit in hits]
    every = [offer(item) for item in catalogue.items.values()]
    return sorted(every, key=lambda one: not one.may_receive)


def offer(item: Item) -> Offer:
    """What the clerk who is signed in may do with an application for an item."""
    actor = actor_here(item)
    rights = {right for tier in actor.tiers for right in item.rights_of(tier)}
    return Offer(
        item=item,
        may_receive="receive" in available(None, actor, item),
        may_accept="accept" in rights,
        may_decide="decide" in rights,
    )


def actor_here(item: Item) -> Actor:
    """The clerk who is signed in, at work on a case that begins here."""
    book = context().casebook
    return book.actor(g.clerk, book.station.path, item)


def _search(catalogue: Catalogue) -> ItemSearch:
    known = current_app.extensions.get(_SEARCH)
    if known is None or known[0] is not catalogue:
        known = (catalogue, ItemSearch(catalogue.items.values(), catalogue.aliases))
        current_app.extensions[_SEARCH] = known
    search_of_items = known[1]
    assert isinstance(search_of_items, ItemSearch)
    return search_of_items
