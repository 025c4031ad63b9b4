"""The home page of a hub, and its units below."""

from collections import Counter
from dataclasses import dataclass
from itertools import islice

from flask import g, render_template

from casebook.book import Casebook
from hub.pages.children import ChildLine, child_lines
from hub.pages.quarantine import ROWS_MAX
from hub.pages.rights import CASES, QUARANTINE, may_open
from hub.pages.shelves import SHELVES
from sync.ports import Store
from sync.quarantine_desk import QuarantineDesk
from web.context import context
from web.presenting import t, term

CHILDREN_AT_HOME = 12

_CHILD_PREFIX = "child/"


@dataclass(frozen=True, slots=True)
class HomeDesk:
    """The pages that look at the hub as a whole, over its store and casebook."""

    store: Store
    casebook: Casebook
    aside: QuarantineDesk

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

    def _children(self) -> tuple[ChildLine, ...]:
        registry, unit = self.casebook.registry, self.casebook.station.unit
        local = self.store.locals(_CHILD_PREFIX)
        return child_lines(registry.children(unit), local, context().now_ms())

    def _set_aside(self) -> int:
        return sum(1 for _ in islice(self.aside.rows(), ROWS_MAX))


def _words(children: tuple[ChildLine, ...]) -> str:
    """A summary such as `3 in touch, 1 silent`, the worst first."""
    found = Counter(line.word for line in children)
    parts = [
        t("hub.contact.count", word=term("hub.contact", word), n=found[word])
        for word in ("silent", "never", "quiet", "here")
        if found[word]
    ]
    return t("list.comma").join(parts)
