"""`postroad quarantine`: what was set aside, and a person's decision on it."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from postroad.errors import QuarantineError
from sync.quarantine_desk import REASON_CHARS_MAX, QuarantineDesk
from sync.wallclock import WallClock
from web.opening import Installation, open_installation
from web.settings import load_settings
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `quarantine` to the subjects, with `list`, `release` and `reject`."""
    subject = commands.add_parser(
        "quarantine", help="quarantine.help", description="quarantine.help"
    )
    verbs: Commands = subject.add_subparsers(dest="verb")
    listing = verbs.add_parser(
        "list", help="quarantine.list.help", description="quarantine.list.help"
    )
    listing.add_argument("--config", required=True, type=Path, help="quarantine.config.help")
    listing.add_argument("--all", action="store_true", help="quarantine.all.help")
    listing.set_defaults(run=list_aside)
    for verdict in ("release", "reject"):
        text = f"quarantine.{verdict}.help"
        parser = verbs.add_parser(verdict, help=text, description=text)
        parser.add_argument("record", metavar="RECORD", help="quarantine.record.help")
        parser.add_argument("--config", required=True, type=Path, help="quarantine.config.help")
        parser.add_argument("--reason", required=True, help="quarantine.reason.help")
        parser.set_defaults(run=decide)


def list_aside(arguments: argparse.Namespace) -> None:
    """Say each record that waits, and how many of each neighbour were not kept."""
    installation = open_installation(load_settings(arguments.config))
    try:
        desk = _desk(installation)
        found: Counter[str] = Counter()
        for row in desk.rows(decided=arguments.all):
            found[row.neighbour] += 1
            arguments.terminal.say("quarantine.row", **asdict(row))
        for neighbour in found:
            if desk.over(neighbour):
                arguments.terminal.say(
                    "quarantine.over", neighbour=neighbour, count=desk.over(neighbour)
                )
        arguments.terminal.say("quarantine.total", count=found.total())
    finally:
        installation.close()


def decide(arguments: argparse.Namespace) -> None:
    """Release or reject one record; the journal of this device says so first.

    Raises:
        QuarantineError: No reason was given, or a longer one than anybody reads.
        RefusedError: There is no such record, it was decided, or nobody may let it through.
    """
    words = arguments.reason.strip()
    if not 1 <= len(words) <= REASON_CHARS_MAX:
        raise QuarantineError("quarantine.words")
    installation = open_installation(load_settings(arguments.config))
    try:
        desk = _desk(installation)
        act = {"release": desk.release, "reject": desk.reject}[arguments.verb]
        installation.casebook.journal.note(
            f"quarantine_{arguments.verb}",
            clerk="",
            object=arguments.record[:64],
            body={"words": words},
        )
        act(arguments.record, by="", words=words)
        arguments.terminal.say(
            "quarantine.done", record=arguments.record, verdict=arguments.verb
        )
    finally:
        installation.close()


def _desk(installation: Installation) -> QuarantineDesk:
    return QuarantineDesk(installation.store, installation.gate(), WallClock().now_ms)
