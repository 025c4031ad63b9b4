"""One node of the simulated network: what survives a power cut, and what does not."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from casebook.book import Casebook, Office
from casebook.desk import World as DeskWorld
from casebook.epochs import ReadingKeys
from casebook.index import CaseIndex
from casebook.people import Clerk, station_of
from casebook.published import PublishedSets
from casebook.registrar import Pens, Registrar, subtree
from cases.catalogue import Catalogue
from cases.limits import Calendar
from security.registry import Registry
from security.signing import ReadingKey
from simulation.clock import OfficeClock
from simulation.disk import Backup, FragileStore
from simulation.links import SimulatedLink, Weather
from simulation.tree import EPOCH, KeyedTree, device_of
from sync.answering import DownstreamDriver
from sync.authority import Authority, replay
from sync.driver import UpstreamDriver
from sync.holdings import Holdings
from sync.ingest import Gate
from sync.protocol.upstream import Link
from sync.stores.memory import MemoryStore

COMPARE_FROM = 20
"""Small stores must compare too: what is rare outside is daily here."""

CLERKS = ("w1", "w2", "a1")
ROLES = ("window", "reviewer", "approver", "supervisor")


@dataclass(frozen=True, slots=True)
class Published:
    """The published sets that every place works with."""

    catalogue: Catalogue
    calendar: Calendar


@dataclass
class Place:
    """A node: `store`, `clock` and `source` outlive its machine, the rest is built at start."""

    unit: str
    seed: tuple[bytes, ...]
    pens: Pens
    reading: ReadingKeys
    store: FragileStore
    clock: OfficeClock
    source: random.Random
    office: Office
    authority: Authority = field(init=False)
    registrar: Registrar = field(init=False)
    hub: DownstreamDriver = field(init=False)
    casebook: Casebook = field(init=False)
    link: SimulatedLink | None = None
    upstream: UpstreamDriver | None = None
    starts: int = 0
    is_held: bool = False
    """Its store was set back, and the unit above has not been heard since."""

    backup: Backup | None = None

    def start(self, parent: Callable[[bytes], bytes] | None, weather: Weather) -> None:
        """Build the program anew over what the disk holds, as after a reboot."""
        self.starts += 1
        registry = Registry(self.office.registry.root_key)
        registry.apply_all(self.seed)
        self.authority = Authority(registry)
        replay(self.authority, self.store)
        self.reading.adopt(registry, self.office.station)
        self.casebook = Casebook(
            replace(self.office, registry=registry, reading=self.reading),
            self.store,
            DeskWorld(self.clock, self.source.randbytes),
            CaseIndex(None),
        )
        if self.is_held:
            self.casebook.hold()
        self.registrar = Registrar(
            self.office.station,
            self.authority,
            self.casebook.feed,
            self.store,
            self.pens,
            self.source.randbytes,
        )
        self.authority.listen(lambda _news: self._take_care())
        gate = Gate(registry, self.store, self.unit, authority=self.authority)
        holdings = Holdings(
            device_of(self.unit), self.office.signer, registry, self.store, self.clock
        )
        self.hub = DownstreamDriver(
            unit=self.unit,
            store=self.store,
            gate=gate,
            registry=registry,
            clock=self.clock,
            holdings=holdings,
        )
        if self.parent is None or parent is None:
            return
        is_up = self.link.is_up if self.link else True
        self.link = SimulatedLink(parent, self.source, weather)
        self.link.is_up = is_up
        self.upstream = UpstreamDriver(
            link=Link(self.unit, device_of(self.unit), self.parent),
            store=self.store,
            gate=gate,
            transport=self.link,
            clock=self.clock,
            jitter=self.source.random,
            random_bytes=self.source.randbytes,
            compare_from=COMPARE_FROM,
            holdings=holdings,
        )

    def _take_care(self) -> None:
        """Do what a program does after its registry has grown."""
        if self.reading.adopt(self.registry, self.office.station):
            self.casebook.read_again()
        self.casebook.regrant()

    @property
    def published(self) -> PublishedSets:
        """The published sets at this place."""
        return PublishedSets(self.registry, self.store, self.unit, self.clock.now_ms)

    @property
    def registry(self) -> Registry:
        """What this place knows of the organisation."""
        return self.authority.registry

    @property
    def parent(self) -> str | None:
        """The unit above, as far as this place knows."""
        registry = self.authority.registry if self.starts else self.office.registry
        return registry.unit(self.unit).parent

    def heard(self) -> None:
        """After a whole session: this store holds all that the unit above knows of it."""
        if self.is_held:
            self.casebook.refresh()
            self.casebook.release()
            self.is_held = False

    def clerk(self, name: str) -> Clerk:
        """Return one of the place's clerks."""
        return Clerk(f"{self.unit}-{name}", "测试员", ROLES, self.unit)


def _kept_by_the_disk(_epoch: int, _key: ReadingKey) -> None:
    """The keys of a place outlive its machine: they are part of the place."""


def make_place(
    unit: str, tree: KeyedTree, published: Published, clock: OfficeClock, seed: int
) -> Place:
    """Return a place with an empty disk; it is not started."""
    source = random.Random(seed)
    keys = tree.units[unit]
    office = Office(
        station_of(tree.registry, unit, device_of(unit)),
        tree.registry,
        published.catalogue,
        published.calendar,
        keys.device,
        {EPOCH: keys.reading},
    )
    scope = [*tree.registry.path(unit), *subtree(tree.registry, unit)]
    return Place(
        unit=unit,
        seed=tree.registry.statements(scope),
        pens=Pens(keys.device, keys.unit),
        reading=ReadingKeys({EPOCH: keys.reading}, keys.device_reading, _kept_by_the_disk),
        store=FragileStore(MemoryStore(source.randbytes), unit),
        clock=clock,
        source=source,
        office=office,
    )
