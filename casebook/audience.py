"""Who may read a case: which units on its path get which key.

The audience of an item is its own unit, the hub above that unit, every unit that stands for a
tier of the item's steps or for the lowest tier that decides, and escrow: these get the case
key. Every other unit on the path gets the facts key alone, so that supervision covers all cases
and a hub that only relays reads nobody's name.
"""

from collections.abc import Mapping, Sequence

from cases.items import Item
from security.grants import CASE_KEY, ESCROW, FACTS_KEY, Reader
from security.registry import Registry

POLICY = "item"
"""Audience policy id in the header: the rule of this module."""


ESCROW_EPOCH = 1
"""The escrow key of the root statement; a second one comes with its own statement."""


def stands_for(
    path_tiers: Sequence[tuple[str, str]], tiers: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return for each unit on a path the tiers of the catalogue it stands for, highest first.

    A unit stands for its own tier. A tier that the path skips belongs to the nearest unit above
    it, or to the topmost unit where nothing is above: in a city without districts, city and
    district are one node; a case received at a street window is its own village.

    Args:
        path_tiers: (unit code, tier) from the root down.
        tiers: the catalogue's tiers, highest first.
    """
    own = {tier: unit for unit, tier in path_tiers}
    duties: dict[str, list[str]] = {unit: [] for unit, _ in path_tiers}
    holder = path_tiers[0][0]
    for tier in tiers:
        holder = own.get(tier, holder)
        duties[holder].append(tier)
    return {unit: tuple(held) for unit, held in duties.items()}


def path_tiers(registry: Registry, path: Sequence[str]) -> list[tuple[str, str]]:
    """Return each unit of a path with its tier; one that was closed stands for none any more.

    Raises:
        TrustError: A unit of the path is unknown to the registry.
    """
    units = [registry.unit(code) for code in path]
    return [(unit.code, "" if unit.closed else unit.tier) for unit in units]


def case_readers(
    item: Item, path: Sequence[str], duties: Mapping[str, tuple[str, ...]]
) -> set[str]:
    """Return the units of a path that hold the case key of an item."""
    wanted = set(item.audience_tiers)
    readers = {unit for unit in path if wanted & set(duties[unit])}
    return readers | set(path[-2:])


def audience(
    item: Item, path: Sequence[str], registry: Registry, tiers: Sequence[str]
) -> list[Reader]:
    """Return the readers of a new case: one per unit on the path, and escrow.

    Raises:
        TrustError: A unit of the path is unknown to the registry.
    """
    units = [registry.unit(code) for code in path]
    duties = stands_for(path_tiers(registry, path), tiers)
    full = case_readers(item, path, duties)
    readers = [
        Reader(
            unit.code, unit.epoch, unit.reading, CASE_KEY if unit.code in full else FACTS_KEY
        )
        for unit in units
    ]
    return [*readers, Reader(ESCROW, ESCROW_EPOCH, registry.escrow, CASE_KEY)]
