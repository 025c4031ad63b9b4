"""`postroad compare`: what a node and its neighbour do not have in common, and the repair."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from postroad.errors import CompareError, VerdictError
from sync.batches import Arriving, put_judged
from sync.differing import Difference, compare_stores, differences
from sync.driver import UpstreamDriver
from sync.rules import Direction
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from web.connection import Connection
from web.opening import Installation, open_installation
from web.settings import load_settings
from web.terminal import Commands, Terminal

LISTED_MAX = 1_000
"""Differences that are listed one by one; the count says how many there are."""


def add_commands(commands: Commands) -> None:
    """Add `compare` to the subjects."""
    parser = commands.add_parser("compare", help="compare.help", description="compare.help")
    parser.add_argument("--config", required=True, type=Path, help="compare.config.help")
    parser.add_argument("--store", type=Path, help="compare.store.help")
    parser.add_argument("--neighbour", help="compare.neighbour.help")
    parser.add_argument("--repair", action="store_true", help="compare.repair.help")
    parser.add_argument("--yes", action="store_true", help="compare.yes.help")
    parser.set_defaults(run=compare)


def compare(arguments: argparse.Namespace) -> None:
    """List what differs; with `--repair --yes` give each side what it lacks.

    Raises:
        CompareError: The question cannot be put so.
        VerdictError: The two differ, and nothing was mended.
        TransportError, RefusedError: The unit above cannot be asked.
    """
    if (arguments.store is None) != (arguments.neighbour is None):
        raise CompareError("compare.store_and_neighbour")
    installation = open_installation(load_settings(arguments.config))
    try:
        if arguments.store is None:
            _with_parent(installation, arguments)
        else:
            _with_store(installation, arguments)
    finally:
        installation.close()


def _with_parent(installation: Installation, arguments: argparse.Namespace) -> None:
    upstream = installation.settings.upstream
    if upstream is None:
        raise CompareError("compare.no_parent", unit=installation.settings.unit)
    way = Connection(installation, upstream)
    try:
        driver = way.driver
        survey = driver.survey()
        found = differences(survey.here, survey.there)
        _settle(found, upstream.unit, arguments, lambda: _repair(driver))
    finally:
        way.close()


def _repair(driver: UpstreamDriver) -> int:
    report = driver.repair()
    if report.outcome != "done":
        raise CompareError("compare.broken", error=report.error)
    return report.quarantined


def _with_store(installation: Installation, arguments: argparse.Namespace) -> None:
    neighbour: str = arguments.neighbour
    registry, unit = installation.registry, installation.station.unit
    is_above = registry.unit(unit).parent == neighbour
    if not is_above and registry.unit(neighbour).parent != unit:
        raise CompareError("compare.no_neighbour", unit=unit, neighbour=neighbour)
    other = SqliteStore.open_for_reading(arguments.store)
    try:
        tags = (f"unit:{unit if is_above else neighbour}",)
        here, there = compare_stores(installation.store, other, tags, random_bytes(16))
    finally:
        other.close()
    direction: Direction = "down" if is_above else "up"
    arriving = Arriving(there, neighbour, direction)

    def take() -> int:
        taken = put_judged(installation.store, installation.gate(), arriving, {})
        return len(taken.quarantined)

    _settle(differences(here, there), neighbour, arguments, take)


def _settle(
    found: tuple[Difference, ...],
    neighbour: str,
    arguments: argparse.Namespace,
    repair: Callable[[], int],
) -> None:
    terminal: Terminal = arguments.terminal
    for one in found[:LISTED_MAX]:
        terminal.say("compare.difference", **asdict(one))
    here = sum(one.side == "here" for one in found)
    counts = {"neighbour": neighbour, "here": here, "there": len(found) - here}
    if not found:
        terminal.say("compare.equal", neighbour=neighbour)
    elif not (arguments.repair and arguments.yes):
        raise VerdictError("compare.differ", **counts)
    else:
        terminal.say("compare.repaired", **counts, quarantined=repair())
