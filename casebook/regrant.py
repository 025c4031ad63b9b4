"""Granting a case again: to a unit that has come onto its path and holds no key of it yet.

Whoever holds the case key may grant it. So that not everybody does, the home unit grants; for
a home without a machine of its own it is the nearest unit above that has one.
"""

from collections.abc import Iterable, Sequence

from security.grants import CASE_KEY, Reader
from security.records import Record
from security.registry import Registry, Unit

REGRANT_KEY = "regranted"
"""Local document: for which homes and paths all cases were granted again."""


def speaker_of(registry: Registry, path: tuple[str, ...]) -> str:
    """Return the unit of a case's path that grants: its home, or the nearest with a machine.

    Raises:
        TrustError: A unit of the path is unknown.
    """
    for code in reversed(path):
        if any(registry.is_active(device.id) for device in registry.devices(code)):
            return code
    return path[0]


def moved_homes(registry: Registry, unit: str) -> list[tuple[str, tuple[str, ...], str]]:
    """Return the homes with another path than once that a unit is or was above.

    Each with its path and with who writes for it: when either changes, somebody may have to
    grant again.
    """
    moved = registry.moved()
    if not moved:
        return []
    found = []
    for each in registry.units():
        is_moved = any(code in moved for code in each.path)
        if is_moved and unit in registry.stood_above(each.code):
            found.append((each.code, each.path, speaker_of(registry, each.path)))
    return sorted(found)


def lacking(grants: Iterable[Record], wanted: Sequence[Reader]) -> list[Reader]:
    """Return the readers to whom no grant gives what they should have, in any epoch.

    Whoever was granted the case key lacks nothing; a unit keeps the keys of its old epochs.
    """
    given: dict[str, set[str]] = {}
    for record in grants:
        for reader in record.readers:
            given.setdefault(reader.unit, set()).add(reader.kind)
    return [
        reader
        for reader in wanted
        if reader.kind not in given.get(reader.unit, set())
        and CASE_KEY not in given.get(reader.unit, set())
    ]


def reader_now(unit: Unit) -> Reader:
    """Return a unit as the reader of a case key, under its newest reading key."""
    return Reader(unit.code, unit.epoch, unit.reading, CASE_KEY)


def is_granted(grants: Iterable[Record], reader: Reader) -> bool:
    """Tell whether a reader was granted what it should have, in this very epoch."""
    wanted = (reader.unit, reader.epoch, reader.kind)
    return any(
        (each.unit, each.epoch, each.kind) == wanted
        for record in grants
        for each in record.readers
    )
