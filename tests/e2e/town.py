"""A small town of Hexi: real programs on loopback, each link through a proxy with weather.

The network is made once by the command itself; every town is a copy of some of its
installations on ports of its own, so that what one test kills or cuts is no other's.
"""

import contextlib
import csv
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tomli_w

from postroad.demo.area import Area, Place
from postroad.demo.browser import Browser
from postroad.demo.gauges import Gauges
from postroad.demo.links import Link
from postroad.demo.pacing import Pace
from postroad.demo.processes import Programs
from tests.architecture.source_tree import ROOT

HOST = "127.0.0.1"
CITY = "120100000000"
DISTRICT = "120103000000"
STREET = "120103001000"
VILLAGES = ("120103001001", "120103001004", "120103001006", "120103001007", "120103001009")
VILLAGE = VILLAGES[0]

HEXI = ROOT / "configs" / "divisions" / "tianjin-hexi.csv"
ARGON2_KIB = "8"
"""The least that the command takes: a sign-in costs the tests a millisecond."""

MAKE_S = 60
INTERVAL_S = 0.5
READY_S = 60.0
ARRIVE_S = 40.0
"""Two busy cores: a quiet machine needs a tenth of it."""

_BLOCKS = range(12_000, 19_900, 50)
"""Below the ports that the system gives to outgoing connections; browsers bar none of them."""

_LOOK_S = 0.05


def until(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait for a condition, looking often; `what` names it if it does not come true."""
    deadline = time.monotonic() + limit_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: {what}"
        pause.wait(_LOOK_S)


@contextlib.contextmanager
def port_block() -> Iterator[int]:
    """Ports of our own: all above the one given, up to the next block.

    The first port of a block is held as long as the block is used, so that two test processes
    never choose the same.
    """
    for first in _BLOCKS:
        guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            guard.bind((HOST, first))
            guard.listen(1)
        except OSError:
            guard.close()
            continue
        with guard:
            if all(_is_free(port) for port in range(first + 1, first + _BLOCKS.step)):
                yield first
                return
    raise AssertionError("no block of free ports")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@dataclass
class Town:
    """Some installations, the links between them, and the programs that run them."""

    area: Area
    passwords: dict[str, str] = field(repr=False)
    links: dict[str, Link] = field(default_factory=dict)
    programs: Programs = field(default_factory=lambda: Programs(()))
    pace: Pace = field(default_factory=Pace)

    def place(self, unit: str) -> Place:
        return self.area.place(unit)

    def start(self, *units: str) -> None:
        """Start these installations, all if none is named, and wait until they answer."""
        wanted = [self.programs[unit] for unit in units] or list(self.programs)
        for program in wanted:
            program.start()
        for program in wanted:
            self.pace.until(program.is_ready, READY_S, program.command.name)

    def clerk(self, unit: str, post: str) -> Browser:
        """A clerk who has signed in at a unit; `post` is such as `w1`."""
        browser = Browser(self.place(unit).pages)
        browser.sign_in(post, self.passwords[f"{unit}-{post}"])
        return browser

    def settle(self) -> None:
        """Wait until every store holds all that is meant for it."""
        gauges = Gauges(self.area)
        here = {place.unit for place in self.area.places}
        linked = [place for place in self.area.places if place.parent in here]

        def is_quiet() -> bool:
            found = [gauges.waiting(place) for place in linked]
            return all(each is not None and each.is_nothing for each in found)

        try:
            until(is_quiet, ARRIVE_S, "every store holds all that is meant for it")
        finally:
            gauges.close()


def made_network(folder: Path) -> Path:
    """A network of city, district, street and villages, made as an operator makes it."""
    words = [sys.executable, "-m", "postroad", "network", "make", "--divisions", str(HEXI)]
    units = [word for unit in VILLAGES for word in ("--unit", unit)]
    options = ["--out", str(folder), "--argon2-memory-kib", ARGON2_KIB, "--clerks-demo"]
    subprocess.run([*words, *units, *options], check=True, capture_output=True, timeout=MAKE_S)
    return folder


@contextlib.contextmanager
def laid_out(network: Path, folder: Path, units: Sequence[str]) -> Iterator[Town]:
    """A town of these units with open links and stopped programs; nothing of it remains.

    Args:
        network: what `postroad network make` made; stays as it is.
        folder: where the copy goes.
        units: their codes, parents first; a unit without its parent dials into the void.
    """
    summary = json.loads((network / "network.json").read_bytes())
    rows = {row["unit"]: row for row in summary["units"]}
    with contextlib.ExitStack() as stack:
        base = stack.enter_context(port_block())
        ports = {unit: base + 1 + 4 * index for index, unit in enumerate(units)}
        logs = folder / "logs"
        logs.mkdir(parents=True)
        places = tuple(_place(folder, rows, ports, unit) for unit in units)
        for place in places:
            shutil.copytree(network / "nodes" / place.unit, place.folder)
            fit(place)
        town = Town(Area(folder, logs, places), read_passwords(network))
        for place in places:
            if place.link and place.gateway:
                town.links[place.unit] = Link(place.unit, place.link, place.gateway)
                stack.callback(town.links[place.unit].close)
        for link in town.links.values():
            link.start()
        town.programs = stack.enter_context(Programs(place.command(logs) for place in places))
        yield town


def fit(place: Place) -> None:
    """Write the ports of a place into its settings, and lead its link through the proxy."""
    path = place.folder / "config.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    tables["pages"]["port"] = place.pages[1]
    if "gateway" in tables:
        tables["gateway"]["port"] = place.pages[1] + 1
    if place.link and place.door:
        tables["upstream"] |= {
            "addresses": [f"{HOST}:{place.link[1]}"],
            "interval_s": INTERVAL_S,
            "door": f"{HOST}:{place.door[1]}",
        }
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")


def read_passwords(network: Path) -> dict[str, str]:
    """The initial password of every login of a network."""
    with (network / "logins.txt").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {row["user"]: row["password"] for row in rows}


def answers(address: tuple[str, int]) -> str:
    """The device that answers at an address, or nothing."""
    connection = http.client.HTTPConnection(*address, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return str(json.loads(connection.getresponse().read())["device"])
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return ""
    finally:
        connection.close()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, by its path."""
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _place(
    folder: Path, rows: Mapping[str, dict[str, str]], ports: Mapping[str, int], unit: str
) -> Place:
    row, port = rows[unit], ports[unit]
    above = ports.get(row["parent"])
    path = [unit]
    while rows[path[0]]["parent"]:
        path.insert(0, rows[path[0]]["parent"])
    return Place(
        unit=unit,
        name=row["name"],
        tier=row["tier"],
        path=tuple(path),
        program=row["program"],
        folder=folder / "nodes" / unit,
        pages=(HOST, port),
        # Without a parent in the town the proxy dials a port of the block that nobody uses.
        link=(HOST, port + 2) if row["parent"] else None,
        gateway=(HOST, above + 1 if above else port + 1) if row["parent"] else None,
        door=(HOST, port + 3) if row["parent"] else None,
    )
