"""`postroad version`: what runs here."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform

from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `version` to the subjects."""
    parser = commands.add_parser("version", help="version.help", description="version.help")
    parser.set_defaults(run=show_version)


def show_version(arguments: argparse.Namespace) -> None:
    """Say the version of the product and of Python, which every report of a fault needs."""
    arguments.terminal.say(
        "version.shown",
        version=importlib.metadata.version("postroad"),
        python=platform.python_version(),
        system=platform.system(),
    )
