"""The tree of administrative divisions: read from a table, asked by everybody.

The number of tiers and their names are data (2 to 6 tiers). Their order is taken from the rows:
a parent's tier stands above its child's. A child may stand several tiers below its parent, as
under the cities 441900, 442000 and 460400, which have no districts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cases.errors import DivisionError

CODE = re.compile(r"[0-9]{12}", re.ASCII)
KNOWN_TIERS = ("province", "city", "district", "street", "village")
TIERS_MIN, TIERS_MAX = 2, 6


@dataclass(frozen=True, slots=True)
class Division:
    """One place: a 12-digit code, its name, its tier, and the code above it, if any."""

    code: str
    name: str
    tier: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Tree:
    """A checked tree of divisions under one root; make it with `load_divisions`.

    `tiers` are listed from the highest to the lowest. Asking for an unknown code raises a
    DivisionError, except `code in tree`.
    """

    root: str
    tiers: tuple[str, ...]
    _units: Mapping[str, Division] = field(repr=False)
    _children: Mapping[str, tuple[str, ...]] = field(repr=False)

    def __contains__(self, code: object) -> bool:
        return code in self._units

    def __iter__(self) -> Iterator[Division]:
        """Every division, in the order of the table."""
        return iter(self._units.values())

    def __len__(self) -> int:
        return len(self._units)

    def unit(self, code: str) -> Division:
        """The division of a code."""
        unit = self._units.get(code)
        if unit is None:
            raise DivisionError(f"no division has the code {code[:40]!r}")
        return unit

    def path(self, code: str) -> tuple[str, ...]:
        """The codes from the root down to a division, both included."""
        found = [self.unit(code).code]
        while (above := self._units[found[-1]].parent) is not None:
            found.append(above)
        return tuple(reversed(found))

    def children(self, code: str) -> tuple[str, ...]:
        """The codes directly below a division, in the order of the table."""
        return self._children.get(self.unit(code).code, ())

    def subtree(self, code: str) -> tuple[str, ...]:
        """The codes of a division and of all below it, each after its parent."""
        found = [self.unit(code).code]
        for above in found:
            found.extend(self._children.get(above, ()))
        return tuple(found)

    def covers(self, code: str) -> bool:
        """Tell whether a code belongs to the area of the root by its leading digits."""
        return code.startswith(significant(self.root))

    def stands_for(self, code: str, tiers: Sequence[str] = ()) -> tuple[str, ...]:
        """The tiers whose work a division does, highest first: its own and those missing.

        Missing are the tiers skipped directly below it on the way to some child, and above the
        root all higher ones. `tiers` is the order of the catalogue, which may know tiers that
        no row has.
        """
        order = self.order(tiers)
        unit = self.unit(code)
        own = order.index(unit.tier)
        below = [order.index(self._units[child].tier) for child in self.children(code)]
        first = 0 if unit.parent is None else own
        return order[first : max([own + 1, *below])]

    def order(self, tiers: Sequence[str] = ()) -> tuple[str, ...]:
        """The tiers of the tree and of a catalogue in one order, highest first.

        Raises:
            DivisionError: The two put the same tiers in different orders.
        """
        shared = [tier for tier in self.tiers if tier in tiers]
        if shared != [tier for tier in tiers if tier in self.tiers]:
            raise DivisionError(
                f"the divisions order their tiers {'>'.join(self.tiers)}, "
                f"the catalogue {'>'.join(tiers)}"
            )
        merged = list(tiers)
        for tier in reversed(self.tiers):
            if tier not in merged:
                lower = self.tiers[self.tiers.index(tier) + 1 :]
                merged.insert(merged.index(lower[0]) if lower else len(merged), tier)
        return tuple(merged)

    def select(self, units: Iterable[str], subtrees: Iterable[str] = ()) -> "Tree":
        """The smaller tree of these divisions, of whole subtrees, and of all above them."""
        wanted = {self.root}
        for code in units:
            wanted.update(self.path(code))
        for code in subtrees:
            wanted.update(self.path(code))
            wanted.update(self.subtree(code))
        return grown(unit for unit in self if unit.code in wanted)


def grown(units: Iterable[Division]) -> Tree:
    """A tree of divisions that are known to form one: one root, no orphan, no cycle.

    Raises:
        DivisionError: The tiers contradict each other, or are too few or too many.
    """
    by_code = {unit.code: unit for unit in units}
    children: dict[str, list[str]] = {}
    for unit in by_code.values():
        if unit.parent is not None:
            children.setdefault(unit.parent, []).append(unit.code)
    root = next(unit.code for unit in by_code.values() if unit.parent is None)
    frozen = {code: tuple(below) for code, below in children.items()}
    return Tree(root, tier_order(by_code), by_code, frozen)


def tier_order(units: Mapping[str, Division]) -> tuple[str, ...]:
    """The tiers of some divisions, highest first.

    Rows that say nothing about two tiers leave them in the usual order of their names, and
    other names in order of appearance.

    Raises:
        DivisionError: A tier stands above itself, perhaps through others.
    """
    waiting = _above(units)
    names = sorted(waiting, key=_usual_rank)
    order: list[str] = []
    while names:
        free = next((name for name in names if not waiting[name].difference(order)), None)
        if free is None:
            raise DivisionError(f"the tiers {', '.join(sorted(names))} stand above each other")
        names.remove(free)
        order.append(free)
    return tuple(order)


def _above(units: Mapping[str, Division]) -> dict[str, set[str]]:
    above: dict[str, set[str]] = {unit.tier: set() for unit in units.values()}
    for unit in units.values():
        if unit.parent is not None:
            above[unit.tier].add(units[unit.parent].tier)
    return above


def significant(code: str) -> str:
    """The leading digits of a code that name its place; the rest are zeros."""
    ends = (2, 4, 6, 9, len(code))
    return next(code[:end] for end in ends if not code[end:].strip("0"))


def _usual_rank(tier: str) -> int:
    return KNOWN_TIERS.index(tier) if tier in KNOWN_TIERS else len(KNOWN_TIERS)
