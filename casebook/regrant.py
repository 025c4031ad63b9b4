"""Granting a case again: to a unit that has come onto its path and holds no key of it yet.

Whoever holds the case key may grant it. So that not everybody does, the home unit grants; for
a home without a machine of its own it is the nearest unit above that has one.
"""

from collections.abc import Iterable, Sequence

from security.grants import CASE_KEY, Reader
from security.records import Record
from security.registry import Registry


def speaker_of(registry: Registry, home: str) -> str:
    """Return the unit whose machines write for a unit: itself, or the nearest above with one.

    Raises:
        TrustError: There is no such unit.
    """
    path = registry.path(home)
    for code in reversed(path):
        if any(registry.is_active(device.id) for device in registry.devices(code)):
            return code
    return path[0]


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
