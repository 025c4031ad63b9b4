"""`postroad node`: run an installation."""

import argparse
import os
from pathlib import Path

from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `node` to the subjects, with the word `run`."""
    subject = commands.add_parser("node", help="node.help", description="node.help")
    verbs: Commands = subject.add_subparsers(dest="verb")
    run = verbs.add_parser("run", help="node.run.help", description="node.run.help")
    run.add_argument("--config", required=True, type=Path, help="node.run.config.help")
    run.set_defaults(run=run_program)


def run_program(arguments: argparse.Namespace) -> None:
    """Run until told to stop; says where the pages are once they answer."""
    # Only single characters are looked up; the dictionary of phrases would cost 45 MB.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from node.program import run_node
    from web.opening import Installation

    def ready(installation: Installation) -> None:
        pages = installation.settings.pages
        arguments.terminal.say(
            "node.ready", unit=installation.station.name, url=f"http://{pages}/"
        )

    run_node(arguments.config, ready)
