"""Hubs with logs on real disks, a channel between them, and records to fill them with."""

from dataclasses import dataclass, field
from pathlib import Path

from security.registry import Registry
from sync.log.alarms import Alarms
from sync.log.contact import ChildSide, ParentSide
from sync.log.folder import LogFolder
from sync.log.hublog import HubLog
from sync.log.witness import Witness
from sync.ports import Document, Store
from tests.support.tree import StillClock, device_key, device_of, memory_store, secret


def documents(count: int, name: str = "record") -> list[Document]:
    """Documents named by a hash, as records are."""
    return [
        Document("cases", secret(f"{name} {number}").hex(), f"1-{number:032x}", b"{}")
        for number in range(count)
    ]


def fill(store: Store, count: int, name: str = "record") -> None:
    store.put(documents(count, name))


@dataclass
class LogHub:
    """One hub: its store, its log, what it witnesses, and the alarms it raised."""

    unit: str
    registry: Registry
    folder: Path
    store: Store
    clock: StillClock = field(default_factory=StillClock)
    raised: list[tuple[str, str]] = field(default_factory=list)
    evidence: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alarms = Alarms(self.store, self._raise)
        self.log = self.opened()
        self.witness = Witness(
            store=self.store,
            registry=self.registry,
            device=device_of(self.unit),
            signer=device_key(self.unit),
            clock=self.clock,
            may_witness=lambda _unit: True,
        )

    def opened(self) -> HubLog:
        """The log as a start of the program opens it."""
        device = device_of(self.unit)
        return HubLog(LogFolder(self.folder), self.store, device, device_key(self.unit))

    def side(self) -> ParentSide:
        return ParentSide(self.log, self.witness, self.store, self.registry, self.alarms)

    def child(self, parent: str) -> ChildSide:
        return ChildSide(
            store=self.store,
            registry=self.registry,
            parent=parent,
            on_alarm=self.alarms,
            log=self.log,
            witness=self.witness,
        )

    def _raise(self, origin: str, kind: str, facts: "object") -> None:
        self.raised.append((origin, kind))
        assert isinstance(facts, dict)
        self.evidence.append(facts)


def hub(unit: str, registry: Registry, folder: Path) -> LogHub:
    return LogHub(unit, registry, folder / unit, memory_store(unit))


def speak(child: ChildSide, parent: LogHub, device: str, times: int = 3) -> None:
    """Contacts as a child makes them, until there is nothing more to say."""
    for _ in range(times):
        if not child.take(parent.side().answer(child.request(), device)):
            return
