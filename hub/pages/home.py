"""The home page of a hub, its units below, and what was set aside."""

from collections import Counter
from dataclasses import dataclass

from flask import g, render_template, request

from casebook.book import Casebook
from hub.pages.children import ChildLine, child_lines
from hub.pages.rights import CASES, QUARANTINE, may_open
from hub.pages.shelves import SHELVES
from sync.feeds import frozen_feeds
from sync.ports import Store
from web.context import context
from web.presenting import t, term

CHILDREN_AT_HOME = 12
QUARANTINE_ROWS = 50
OFFSET_DIGITS_MAX = 6

_CHILD_PREFIX = "child/"
_FEED_PREFIX = "feed/"


@dataclass(frozen=True, slots=True)
class HomeDesk:
    """The pages that look at the hub as a whole, over its store and casebook."""

    store: Store
    casebook: Casebook

    def home(self) -> str:
        """How many cases lie on each shelf, and how the units below are."""
        children = self._children()
        return render_template(
            "hub/home.html",
            shelves=SHELVES if may_open(g.clerk, CASES) else (),
            counts=self.casebook.counts() if may_open(g.clerk, CASES) else {},
            children=children[:CHILDREN_AT_HOME],
            children_total=len(children),
            words=_words(children),
            set_aside=self._set_aside() if may_open(g.clerk, QUARANTINE) else None,
        )

    def units(self) -> str:
        """Every unit below with its last contact; for IT staff also the link to above."""
        children = self._children()
        return render_template(
            "hub/units.html",
            children=children,
            words=_words(children),
            status=context().status() if may_open(g.clerk, QUARANTINE) else None,
        )

    def quarantine(self) -> str:
        """The records that were set aside, with where they came from and why."""
        rows = self.casebook.quarantine()
        offset = _offset(request.args.get("offset", ""))
        return render_template(
            "hub/quarantine.html",
            frozen=frozen_feeds(self.store.locals(_FEED_PREFIX)),
            rows=rows[offset : offset + QUARANTINE_ROWS],
            total=len(rows),
            offset=offset,
            size=QUARANTINE_ROWS,
        )

    def _children(self) -> tuple[ChildLine, ...]:
        registry, unit = self.casebook.registry, self.casebook.station.unit
        local = self.store.locals(_CHILD_PREFIX)
        return child_lines(registry.children(unit), local, context().now_ms())

    def _set_aside(self) -> int:
        return len(self.casebook.quarantine())


def _words(children: tuple[ChildLine, ...]) -> str:
    """A summary such as `3 in touch, 1 silent`, the worst first."""
    found = Counter(line.word for line in children)
    parts = [
        t("hub.contact.count", word=term("hub.contact", word), n=found[word])
        for word in ("silent", "never", "quiet", "here")
        if found[word]
    ]
    return t("list.comma").join(parts)


def _offset(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > OFFSET_DIGITS_MAX:
        return 0
    return int(text) // QUARANTINE_ROWS * QUARANTINE_ROWS
