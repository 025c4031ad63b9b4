"""Who acts and where: the clerk and the station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from casebook.errors import StationError

if TYPE_CHECKING:
    from security.registry import Registry


@dataclass(frozen=True, slots=True)
class Clerk:
    """A person with a login on a device; only `user` is ever written into a record."""

    user: str
    name: str
    roles: tuple[str, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Station:
    """One installation: its unit in the tree, its device and its station number (1 to 99)."""

    unit: str
    device: str
    number: int
    tier: str
    name: str
    path: tuple[str, ...]


def station_of(registry: Registry, unit: str, device: str) -> Station:
    """Return the station that the registry describes for this device.

    Raises:
        StationError: Unit or device are unknown, or the device belongs to another unit.
        TrustError: The unit's path does not reach the root.
    """
    known_unit = registry.unit(unit)
    known_device = registry.device(device)
    if known_device.unit != unit:
        message = f"device {device} belongs to unit {known_device.unit}, not to {unit}"
        raise StationError(message)
    return Station(
        unit=unit,
        device=device,
        number=known_device.station,
        tier=known_unit.tier,
        name=known_unit.name,
        path=registry.path(unit),
    )
