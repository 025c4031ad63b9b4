"""The stage: network, links and programs, put up for a demonstration and taken down after."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from postroad.demo.area import Area
from postroad.demo.events import Events
from postroad.demo.ledger import Ledger
from postroad.demo.links import Link
from postroad.demo.pacing import Pace
from postroad.demo.processes import Programs


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that those who play can touch; `text` gives texts in the user's language."""

    area: Area
    links: Mapping[str, Link]
    programs: Programs
    ledger: Ledger
    events: Events
    pace: Pace
    text: Callable[..., str]


@dataclass
class Phases:
    """How long each part of the demonstration took, in seconds."""

    pace: Pace
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a block; a block that fails is measured as well."""
        began = self.pace.seconds
        try:
            yield
        finally:
            self.seconds[name] = round(self.pace.seconds - began, 1)


@contextlib.contextmanager
def raised(area: Area, events: Events, pace: Pace, text: Callable[..., str]) -> Iterator[Stage]:
    """A stage with open links and stopped programs; the block starts those.

    However the block ends, no program and no link is left behind.

    Raises:
        DemoError: A port is taken.
    """
    with contextlib.ExitStack() as stack:
        links = {}
        for place in area.places:
            if place.link and place.gateway:
                links[place.unit] = Link(place.unit, place.link, place.gateway)
                stack.callback(links[place.unit].close)
        for link in links.values():
            link.start()
        programs = stack.enter_context(
            Programs(place.command(area.logs) for place in area.places)
        )
        yield Stage(area, links, programs, Ledger(), events, pace, text)
