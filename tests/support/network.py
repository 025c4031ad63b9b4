"""A tiny real network in memory: real keys, registry, catalogue, stores and casebooks.

City > district > street > two villages of Hexi. Keys come from a seed, so a failure replays.
"""

import functools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from casebook.book import Casebook, Office
from casebook.desk import World
from casebook.index import CaseIndex
from casebook.people import Clerk, station_of
from cases.catalogue import Catalogue, load_catalogue
from cases.limits import Calendar, load_calendar
from security.records import Record
from security.registry import Registry
from security.signing import ReadingKey, SigningKey
from simulation.clock import START_MS
from simulation.tree import UnitRow, keyed_tree
from sync.documents import document_of, record_of
from sync.ports import Store
from sync.stores.memory import MemoryStore

ROOT = Path(__file__).parents[2]

CITY = "120100000000"
DISTRICT = "120103000000"
STREET = "120103001000"
VILLAGE = "120103001001"
OTHER_VILLAGE = "120103001004"

UNITS = (
    UnitRow(CITY, "天津市", "city", None),
    UnitRow(DISTRICT, "河西区", "district", CITY),
    UnitRow(STREET, "大营门街道", "street", DISTRICT),
    UnitRow(VILLAGE, "九江路社区", "village", STREET),
    UnitRow(OTHER_VILLAGE, "荣华里社区", "village", STREET),
)


class SteppingClock:
    """A clock that moves one second each time it is read, and can be set."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self.ms = start_ms

    def now_ms(self) -> int:
        self.ms += 1_000
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000


@dataclass
class Place:
    """One node: its store and casebook, and clerks to work with."""

    unit: str
    store: Store
    casebook: Casebook
    signing: SigningKey
    reading: ReadingKey
    clock: SteppingClock

    def clerk(self, name: str = "w1", *roles: str) -> Clerk:
        wanted = roles or ("window", "reviewer", "approver")
        return Clerk(f"{self.unit}-{name}", "测试员", wanted, self.unit)


@dataclass
class Network:
    """All places by unit code, and the registry that they share."""

    registry: Registry
    root: SigningKey
    escrow: ReadingKey
    places: dict[str, Place] = field(default_factory=dict)

    def carry(self) -> None:
        """Copy every record to every place whose unit is on its path: a perfect link."""
        records: dict[str, Record] = {}
        for place in self.places.values():
            for record in stored_records(place.store):
                records[record.id] = record
        for place in self.places.values():
            own = {record.id for record in stored_records(place.store)}
            place.store.put(
                [
                    document_of(record, origin="elsewhere")
                    for record in records.values()
                    if record.id not in own and place.unit in record.header.path
                ]
            )
            place.casebook.refresh()


def stored_records(store: Store) -> Iterator[Record]:
    """Every record of a store in its order."""
    changes = store.changes(0, limit=10_000, databases=("cases", "keys", "audit"))
    return (record_of(change.document) for change in changes.rows)


@functools.cache
def catalogue() -> Catalogue:
    return load_catalogue((ROOT / "configs" / "catalogue.yaml").read_text(encoding="utf-8"))


@functools.cache
def calendar() -> Calendar:
    return load_calendar((ROOT / "configs" / "calendar.toml").read_text(encoding="utf-8"))


def make_network(seed: int = 1) -> Network:
    """The network with empty memory stores."""
    source = random.Random(seed)
    tree = keyed_tree(UNITS, source.randbytes)
    network = Network(tree.registry, tree.root, tree.escrow)
    for code, keys in tree.units.items():
        seed = source.randrange(1 << 30)
        network.places[code] = _place(tree.registry, code, keys.device, keys.reading, seed)
    return network


def _place(
    registry: Registry, code: str, device: SigningKey, reading: ReadingKey, seed: int
) -> Place:
    source = random.Random(seed)
    clock = SteppingClock()
    store = MemoryStore(source.randbytes)
    casebook = Casebook(
        Office(
            station_of(registry, code, f"{code}-01"),
            registry,
            catalogue(),
            calendar(),
            device,
            {1: reading},
        ),
        store,
        World(clock, source.randbytes),
        CaseIndex(None),
    )
    return Place(code, store, casebook, device, reading, clock)


def clone_of(network: Network, unit: str, seed: int = 99) -> Place:
    """A second machine with the keys of the first and an empty store, as after a bad copy."""
    place = network.places[unit]
    return _place(network.registry, unit, place.signing, place.reading, seed)


@contextmanager
def small_network(seed: int = 1) -> Iterator[Network]:
    """The network, closed afterwards."""
    network = make_network(seed)
    try:
        yield network
    finally:
        for place in network.places.values():
            place.casebook.close()
            place.store.close()
