"""What the statements come to: units, devices and the logs they stand in.

One writer at a time changes it; readers hold no lock. So every value that a reader can reach is
replaced whole, and whoever walks over a table walks over a copy, which CPython makes in one
step.
"""

from dataclasses import dataclass, field

from security.statements import OWN, Device, Epoch, PublishedSet


@dataclass(frozen=True, slots=True)
class Unit:
    """A place in the organisation tree, as the registry knows it now.

    `path` runs from the root to the unit itself. `signing` signs statements about the units
    below; `reading` is the key of `epoch`, to which case keys are sealed. A unit that is
    `closed` receives no more cases. `gateways` are the addresses at which it takes calls, if
    the registry states any.
    """

    code: str
    name: str
    tier: str
    parent: str | None
    path: tuple[str, ...]
    signing: bytes
    reading: bytes
    epoch: int
    closed: bool = False
    gateways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """A version of a set that `unit` published, at its place `position` in the unit's log."""

    unit: str
    position: int
    stated: PublishedSet


@dataclass(slots=True)
class Log:
    """What is kept of a log beside the unit itself.

    `keys` are the unit's signing keys in the order in which they were stated. `floors` says for
    each signer which of its keys this log has come to: an older one counts no more.
    """

    hashes: list[bytes] = field(default_factory=list)
    parents: dict[str, None] = field(default_factory=dict)  # all it ever had
    children: dict[str, None] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)
    keys: list[bytes] = field(default_factory=list)
    floors: dict[str, int] = field(default_factory=dict)
    epochs: dict[int, Epoch] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """Everything that was accepted."""

    root_public: bytes
    root: str | None = None
    escrow: bytes | None = None
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    logs: dict[str, Log] = field(default_factory=dict)
    moved: dict[str, None] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    device_keys: dict[bytes, str] = field(default_factory=dict)
    revoked_after: dict[str, int] = field(default_factory=dict)
    incarnations: dict[str, tuple[int, ...]] = field(default_factory=dict)
    publications: dict[str, tuple[Publication, ...]] = field(default_factory=dict)


def log_name(unit: str, log: str) -> str:
    """The name of a log of a unit: the code for the parent's, with a suffix for its own."""
    return f"{unit}/{OWN}" if log else unit
