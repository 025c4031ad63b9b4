"""The piece of Hexi that is played: made as every network, then fitted to one machine."""

from __future__ import annotations

import json
import shutil
import socket
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from cases.divisions import load_divisions
from postroad.demo.errors import DemoError
from postroad.demo.processes import Command
from postroad.network.clerks import COST_DEFAULT, demo_naming
from postroad.network.identities import Making
from postroad.network.plan import NetworkPlan, UnitPlan, plan_network
from postroad.network.writing import (
    LOGINS,
    SUMMARY,
    NetworkWriter,
    Published,
    Terms,
    new_folder,
)
from sync.wallclock import WallClock, random_bytes
from web.accounts import Accounts, Login, load_accounts, write_accounts
from web.passwords import SALT_BYTES, make_phc
from web.settings import Settings, load_settings

HOST = "127.0.0.1"
COMMUNITIES = ("120103001001", "120103001004", "120103002001", "120103002003")
PASSWORD = "hexi-demo-2026"  # noqa: S105 - printed on the screen; it opens a demonstration
"""One password for all logins: a person at a demonstration types it often."""

PORT_FIRST = 20_000
PORT_STEP = 50
PORT_LAST = 30_000
LINKS_AFTER = 2_000
DOORS_AFTER = 3_000
"""Distances of a unit's two further ports from its port for pages; its gateway is at 1,000."""

INTERVAL_S = 2
"""Outposts call every 5 s; here somebody watches."""

CONFIGS = Path(__file__).parents[2] / "configs"


@dataclass(frozen=True, slots=True)
class Place:
    """One installation of the demonstration, and where it is reached.

    `link` is where its proxy listens and `gateway` what the proxy dials, `door` where clerks
    of this unit open the pages of the hub above through the tunnel; None at the top.
    """

    unit: str
    name: str
    tier: str
    path: tuple[str, ...]
    program: str
    folder: Path
    pages: tuple[str, int]
    link: tuple[str, int] | None
    gateway: tuple[str, int] | None
    door: tuple[str, int] | None

    @property
    def device(self) -> str:
        """Its one machine."""
        return f"{self.unit}-01"

    @property
    def parent(self) -> str | None:
        """The unit above."""
        return self.path[-2] if self.path[1:] else None

    @property
    def is_outpost(self) -> bool:
        """Whether it is of the lowest tier."""
        return self.program == "node"

    @property
    def data(self) -> Path:
        """The folder with the store, the read model and the log."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """The address of its pages."""
        return f"http://{self.pages[0]}:{self.pages[1]}/"

    def settings(self) -> Settings:
        """Its configuration as the program reads it."""
        return load_settings(self.folder / "config.toml")

    def command(self, logs: Path) -> Command:
        """How its program is started."""
        return Command(
            unit=self.unit,
            name=self.name,
            program=self.program,
            config=self.folder / "config.toml",
            log=logs / f"{self.unit}.log",
            device=f"{self.unit}-01",
            pages=self.pages,
        )


@dataclass(frozen=True, slots=True)
class Area:
    """All places, each after its parent, and the folders they live in."""

    folder: Path
    logs: Path
    places: tuple[Place, ...]

    @property
    def outposts(self) -> tuple[Place, ...]:
        """The places of the lowest tier."""
        return tuple(place for place in self.places if place.is_outpost)

    @property
    def hubs(self) -> tuple[Place, ...]:
        """All places above."""
        return tuple(place for place in self.places if not place.is_outpost)

    def place(self, unit: str) -> Place:
        """The place of a unit."""
        return next(place for place in self.places if place.unit == unit)


def make_area(folder: Path) -> Area:
    """Make the network anew; what an earlier demonstration left there is removed.

    Raises:
        DemoError: The folder holds something else, or no ports are free.
        NetworkError, OSError: As `postroad network make`.
    """
    network, logs = folder / "network", folder / "logs"
    _clear(network)
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    published = _published()
    plan = _plan_on_free_ports(published)
    with new_folder(network) as scratch:
        terms = Terms(HOST, demo_naming(), COST_DEFAULT)
        writer = NetworkWriter(scratch, plan, published, terms)
        making = Making(WallClock().now_ms() // 1000, random_bytes)
        writer.write(making, lambda _done, _total: None)
    places = tuple(_place(network, plan, unit) for unit in plan.units.values())
    for place in places:
        _fit(place)
    _write_logins(network, places)
    return Area(network, logs, places)


def _published() -> Published:
    divisions = CONFIGS / "divisions" / "tianjin-hexi.csv"
    return Published(
        catalogue=(CONFIGS / "catalogue.yaml").read_bytes(),
        calendar=(CONFIGS / "calendar.toml").read_bytes(),
        divisions=load_divisions(divisions.read_text(encoding="utf-8"), divisions.name),
    )


def _plan_on_free_ports(published: Published) -> NetworkPlan:
    for base in range(PORT_FIRST, PORT_LAST, PORT_STEP):
        plan = plan_network(published.divisions, COMMUNITIES, (), base_port=base)
        if all(_is_free(port) for port in _ports(plan)):
            return plan
    raise DemoError("demo.no_ports", first=PORT_FIRST, last=PORT_LAST)


def _ports(plan: NetworkPlan) -> Iterable[int]:
    for unit in plan.units.values():
        yield unit.pages_port
        if unit.gateway_port is not None:
            yield unit.gateway_port
        yield unit.pages_port + LINKS_AFTER
        yield unit.pages_port + DOORS_AFTER


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _place(network: Path, plan: NetworkPlan, unit: UnitPlan) -> Place:
    above = plan.units[unit.path[-2]] if unit.path[1:] else None
    return Place(
        unit=unit.code,
        name=unit.division.name,
        tier=unit.division.tier,
        path=unit.path,
        program=unit.program,
        folder=network / "nodes" / unit.code,
        pages=(HOST, unit.pages_port),
        link=(HOST, unit.pages_port + LINKS_AFTER) if above else None,
        gateway=(HOST, above.gateway_port) if above and above.gateway_port else None,
        door=(HOST, unit.pages_port + DOORS_AFTER) if above else None,
    )


def _fit(place: Place) -> None:
    """Lead the link through its proxy, open the door to the hub, and set the one password."""
    path = place.folder / "config.toml"
    if place.link and place.door:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        tables["upstream"] |= {
            "addresses": [_text(place.link)],
            "interval_s": INTERVAL_S,
            "door": _text(place.door),
        }
        path.write_text(tomli_w.dumps(tables), encoding="utf-8")
    accounts = load_accounts(place.folder / "accounts.json")
    phc = make_phc(PASSWORD, COST_DEFAULT, random_bytes(SALT_BYTES))
    logins = [Login(login.clerk, phc) for login in accounts.logins]
    write_accounts(place.folder / "accounts.json", Accounts(accounts.unit, logins))


def _write_logins(network: Path, places: Sequence[Place]) -> None:
    rows = ["user\tpassword\trole\tname\tunit\tpages"]
    for place in places:
        for clerk in load_accounts(place.folder / "accounts.json").clerks():
            cells = (clerk.user, PASSWORD, clerk.roles[0], clerk.name, place.name, place.url)
            rows.append("\t".join(cells))
    (network / LOGINS).write_text("\n".join(rows) + "\n", encoding="utf-8")


def _clear(network: Path) -> None:
    if not network.exists():
        return
    if any(network.iterdir()) and not _is_network(network):
        raise DemoError("demo.foreign_folder", folder=str(network))
    shutil.rmtree(network)


def _is_network(folder: Path) -> bool:
    try:
        return "root_key" in json.loads((folder / SUMMARY).read_bytes())
    except (OSError, ValueError):
        return False


def _text(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
