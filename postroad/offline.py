"""An installation opened by a command: keys, registry, store and journal, without its pages."""

from __future__ import annotations

from typing import Protocol, Self

from casebook.desk import World
from casebook.feed import Feed
from casebook.journal import Journal
from casebook.people import Station, station_of
from security.keystore import NodeKeys
from security.registry import Registry
from sync.authority import Authority, replay
from sync.ports import Store
from sync.wallclock import WallClock, random_bytes
from web.mark import FILE as MARK_FILE
from web.mark import StoreMark
from web.opening import load_registry, reading_keys
from web.settings import Settings
from web.storing import open_store as open_alone


class OpenStore(Protocol):
    """How the store is opened: alone for writing, or beside its program for reading."""

    def __call__(self, settings: Settings) -> Store:
        """The open store."""


class OfflineDesk:
    """Keys, registry and store of one installation; closes the store when its block ends."""

    def __init__(self, settings: Settings, open_store: OpenStore = open_alone) -> None:
        """Open them.

        Raises:
            SettingsError, KeyFileError, TrustError, StoreError: One of them is missing,
                damaged, in use, or not this node's.
        """
        self.settings = settings
        self.keys = NodeKeys.load(settings.keys)
        self.registry: Registry = load_registry(settings)
        self.station: Station = station_of(self.registry, settings.unit, settings.device)
        self.store: Store = open_store(settings)
        self.authority = Authority(self.registry)
        replay(self.authority, self.store)
        self.reading = reading_keys(settings, self.keys)
        self.reading.adopt(self.registry, self.station)
        self.feed = Feed(self.store, self.station.device, WallClock())

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.store.close()

    @property
    def is_behind(self) -> bool:
        """Whether the store was set back: then its feed may not be written before a session."""
        return StoreMark(self.settings.keys.parent / MARK_FILE).is_behind(self.store)

    def journal(self) -> Journal:
        """The journal of this device."""
        world = World(WallClock(), random_bytes)
        signer = self.keys.signing
        journal = Journal(self.station, self.registry, signer, self.feed, self.store, world)
        journal.read_with(self.reading)
        if self.is_behind:
            journal.hold()
        return journal
