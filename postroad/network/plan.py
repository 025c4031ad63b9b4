"""Which units a network has, which program each runs, on which ports, and who works there.

Pure: from a tree of divisions to a plan; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cases.divisions import Division, Tree
from postroad.errors import NetworkError

PORT_MAX = 65535
PORT_MIN = 1024
STATION = 1
GATEWAYS_AFTER_MIN = 1000
"""Distance of a unit's gateway port from its port for pages, while a network is small."""

OUTPOST_POSTS = (("w1", "window"), ("w2", "window"))
HUB_POSTS = (
    ("w1", "window"),
    ("r1", "reviewer"),
    ("a1", "approver"),
    ("s1", "supervisor"),
    ("i1", "it"),
)


@dataclass(frozen=True, slots=True)
class Post:
    """One clerk's place at a unit: user name and role."""

    user: str
    role: str


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """One installation to make.

    `gateway_port` is None at an outpost. `door_port` is where its clerks open the hub above
    through the tunnel; None at the root, and where the ports of one machine do not suffice.
    """

    division: Division
    path: tuple[str, ...]
    program: str
    device: str
    pages_port: int
    gateway_port: int | None
    door_port: int | None
    posts: tuple[Post, ...]

    @property
    def code(self) -> str:
        """The code of the unit."""
        return self.division.code


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """All installations of a network, each after its parent."""

    tree: Tree
    units: Mapping[str, UnitPlan]
    children: Mapping[str, int]

    @property
    def root(self) -> UnitPlan:
        """The unit at the top."""
        return self.units[self.tree.root]

    def count(self, program: str) -> int:
        """How many installations run a program, `node` or `hub`."""
        return sum(unit.program == program for unit in self.units.values())


def plan_network(
    divisions: Tree, units: Iterable[str], subtrees: Iterable[str], *, base_port: int
) -> NetworkPlan:
    """The plan for some units, some whole subtrees and everything above them.

    With neither, the whole table is planned. Units of the lowest tier run the outpost program,
    all others the hub program. Ports are counted from `base_port` in the order of the plan.

    Raises:
        NetworkError: The selection leaves a single unit, or the ports do not suffice.
        DivisionError: A unit is not in the table.
    """
    units, subtrees = list(units), list(subtrees)
    tree = divisions.select(units, subtrees or ([] if units else [divisions.root]))
    codes = tree.subtree(tree.root)
    if len(codes) == 1:
        raise NetworkError("network.single_unit", unit=tree.root)
    gateways_after = max(GATEWAYS_AFTER_MIN, -(-len(codes) // 1000) * 1000)
    lowest = tree.tiers[-1]
    has_doors = base_port + len(codes) + 2 * gateways_after <= PORT_MAX
    planned: dict[str, UnitPlan] = {}
    for place, code in enumerate(codes, 1):
        division = tree.unit(code)
        is_outpost = division.tier == lowest
        posts = OUTPOST_POSTS if is_outpost else HUB_POSTS
        port = base_port + place
        planned[code] = UnitPlan(
            division=division,
            path=tree.path(code),
            program="node" if is_outpost else "hub",
            device=f"{code}-{STATION:02d}",
            pages_port=port,
            gateway_port=None if is_outpost else port + gateways_after,
            door_port=port + 2 * gateways_after if has_doors and division.parent else None,
            posts=tuple(Post(f"{code}-{suffix}", role) for suffix, role in posts),
        )
    _check_ports(planned, base_port)
    return NetworkPlan(tree, planned, {code: len(tree.children(code)) for code in codes})


def _check_ports(planned: Mapping[str, UnitPlan], base_port: int) -> None:
    highest = max(unit.gateway_port or unit.pages_port for unit in planned.values())
    if base_port < PORT_MIN or highest > PORT_MAX:
        raise NetworkError(
            "network.ports", base_port=base_port, highest=highest, count=len(planned)
        )
