"""`postroad network`: make a whole network on this machine, and look at one."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from cases.catalogue import load_catalogue
from cases.divisions import load_divisions
from cases.limits import load_calendar
from postroad.errors import NetworkError
from postroad.network.clerks import COST_DEFAULT, Naming, demo_naming
from postroad.network.identities import Identities, Making
from postroad.network.plan import NetworkPlan, plan_network
from postroad.network.writing import (
    FORMAT,
    LOGINS,
    SUMMARY,
    NetworkWriter,
    Published,
    Terms,
    new_folder,
)
from sync.wallclock import WallClock, random_bytes
from web.passwords import ARGON2_KIB_MIN
from web.settings import MEMORY_KIB_MAX, PasswordCost
from web.terminal import Commands, Terminal

INPUT_BYTES_MAX = 64 * 1024 * 1024
"""The divisions of all of China are 38 MB."""

PROGRESS_EVERY = 1000
CONFIGS = Path(__file__).parents[2] / "configs"


def add_commands(commands: Commands) -> None:
    """Add `network` to the subjects."""
    parser = commands.add_parser("network", help="network.help", description="network.help")
    subcommands = parser.add_subparsers()
    make = subcommands.add_parser(
        "make", help="network.make.help", description="network.make.description"
    )
    _add_make_options(make)
    make.set_defaults(run=make_network)
    show = subcommands.add_parser(
        "show", help="network.show.help", description="network.show.help"
    )
    show.add_argument("folder", metavar="DIR", type=Path, help="network.folder.help")
    show.set_defaults(run=show_network)


def make_network(arguments: argparse.Namespace) -> None:
    """Make the folder of a network: every installation with its keys, settings and logins.

    Raises:
        NetworkError: The folder is not empty, or the selection or the ports make no network.
        CaseError, SecurityError, OSError: An input is wrong, or the disk refuses. In every case
            nothing is left behind.
    """
    clock, terminal = WallClock(), arguments.terminal
    started = clock.monotonic()
    out = arguments.out.resolve()
    with new_folder(out) as folder:
        published = _published(arguments)
        plan = plan_network(
            published.divisions,
            arguments.unit,
            arguments.subtree,
            base_port=arguments.base_port,
        )
        cost = PasswordCost(arguments.argon2_memory_kib, COST_DEFAULT.passes)
        naming = _naming(arguments)
        writer = NetworkWriter(folder, plan, published, Terms(arguments.host, naming, cost))
        making = Making(clock.now_ms() // 1000, random_bytes)
        identities = writer.write(making, lambda done, total: _tell(terminal, done, total))
    _say_made(terminal, out, plan, identities)
    terminal.say(
        "network.cost",
        logins=sum(len(unit.posts) for unit in plan.units.values()),
        memory_kib=cost.memory_kib,
        passes=cost.passes,
        seconds=round(clock.monotonic() - started, 1),
    )


def show_network(arguments: argparse.Namespace) -> None:
    """Say which installations a folder holds: one line for the network, one for each unit.

    Raises:
        NetworkError: The folder holds no network.
        OSError: It cannot be read.
    """
    folder, terminal = arguments.folder, arguments.terminal
    try:
        network, units = _read_summary(folder)
    except FileNotFoundError as error:
        raise NetworkError("network.none", folder=str(folder)) from error
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise NetworkError("network.damaged", folder=str(folder)) from error
    terminal.say("network.shown", folder=str(folder), **network)
    for unit in units:
        terminal.say("network.unit", **unit)


def _add_make_options(make: argparse.ArgumentParser) -> None:
    def add_option(name: str, metavar: str, **options: object) -> None:
        key = f"network.make.{name.strip('-').replace('-', '_')}"
        make.add_argument(name, metavar=metavar, help=key, **options)  # type: ignore[arg-type]

    add_option("--divisions", "CSV", type=Path, required=True)
    add_option("--unit", "CODE", action="append", default=[])
    add_option("--subtree", "CODE", action="append", default=[])
    add_option("--catalogue", "FILE", type=Path, default=CONFIGS / "catalogue.yaml")
    add_option("--calendar", "FILE", type=Path, default=CONFIGS / "calendar.toml")
    add_option("--out", "DIR", type=Path, required=True)
    add_option("--base-port", "PORT", type=int, default=20000)
    add_option("--host", "HOST", default="127.0.0.1")
    add_option("--argon2-memory-kib", "KIB", type=_memory_kib, default=COST_DEFAULT.memory_kib)
    make.add_argument("--clerks-demo", action="store_true", help="network.make.clerks_demo")


def _memory_kib(text: str) -> int:
    value = int(text)
    if not ARGON2_KIB_MIN <= value <= MEMORY_KIB_MAX:
        raise argparse.ArgumentTypeError(f"{ARGON2_KIB_MIN}..{MEMORY_KIB_MAX}")
    return value


def _published(arguments: argparse.Namespace) -> Published:
    """The three sets, each read and checked as the nodes will read and check it."""
    divisions = _text(arguments.divisions)
    tree = load_divisions(divisions, str(arguments.divisions))
    catalogue, calendar = _text(arguments.catalogue), _text(arguments.calendar)
    tree.order(load_catalogue(catalogue).tiers)
    load_calendar(calendar)
    return Published(catalogue.encode(), calendar.encode(), tree)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(INPUT_BYTES_MAX + 1)
    if len(raw) > INPUT_BYTES_MAX:
        raise NetworkError("network.too_large", file=str(path), limit=INPUT_BYTES_MAX)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise NetworkError("network.not_utf8", file=str(path)) from error


def _naming(arguments: argparse.Namespace) -> Naming:
    # Names of clerks stand in signed papers: they are Chinese whatever the operator reads.
    return demo_naming() if arguments.clerks_demo else Naming()


def _tell(terminal: Terminal, done: int, total: int) -> None:
    if done % PROGRESS_EVERY == 0:
        terminal.say("network.progress", done=done, total=total)


def _say_made(terminal: Terminal, out: Path, plan: NetworkPlan, identities: Identities) -> None:
    terminal.say(
        "network.made",
        folder=str(out),
        root=plan.root.code,
        name=plan.root.division.name,
        units=len(plan.units),
        tiers=len(plan.tree.tiers),
        hubs=plan.count("hub"),
        outposts=plan.count("node"),
        root_key=identities.root_key.hex(),
        logins=str(out / LOGINS),
        until=_day(identities.valid_to_s),
    )


def _read_summary(folder: Path) -> tuple[dict[str, object], list[dict[str, object]]]:
    summary = json.loads(_text(folder / SUMMARY))
    if summary["format"] != FORMAT:
        raise ValueError(summary["format"])
    keys = ("unit", "name", "tier", "program", "device", "pages", "gateway", "config", "users")
    units = [{key: unit[key] for key in keys} for unit in summary["units"]]
    network: dict[str, object] = {
        "root": summary["root"],
        "root_key": summary["root_key"],
        "tiers": len(summary["tiers"]),
        "units": len(units),
        "until": _day(summary["certificates_until_s"]),
    }
    return network, units


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
