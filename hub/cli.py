"""`postroad hub`: run an installation."""

import argparse
import os
from pathlib import Path

from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `hub` to the subjects, with the word `run`."""
    subject = commands.add_parser("hub", help="hub.help", description="hub.help")
    verbs: Commands = subject.add_subparsers(dest="verb")
    run = verbs.add_parser("run", help="hub.run.help", description="hub.run.help")
    run.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    run.set_defaults(run=run_program)


def run_program(arguments: argparse.Namespace) -> None:
    """Run until told to stop; says where the pages are once they answer."""
    # Only single characters are looked up; the dictionary of phrases would cost 45 MB.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from hub.program import run_hub
    from web.opening import Installation

    def ready(installation: Installation) -> None:
        pages = installation.settings.pages
        arguments.terminal.say(
            "hub.ready", unit=installation.station.name, url=f"http://{pages}/"
        )

    run_hub(arguments.config, ready)
