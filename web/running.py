"""The command `postroad node run` and `postroad hub run`: the same words for both programs."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from web.terminal import Commands
from web.unlocking import Unlocking, add_options, unlocking

if TYPE_CHECKING:
    from web.opening import Installation

    Program = Callable[[Path, Callable[[Installation], None], Unlocking], None]


def add_run_command(
    commands: Commands, subject: str, load: "Callable[[], Program]"
) -> Commands:
    """Add a subject with the word `run`, which runs a program until it is told to stop.

    Gives where further words of the subject are added.

    Args:
        commands: where subjects are added.
        subject: `node` or `hub`; its texts are `<subject>.help` and so on.
        load: imports the program; called only when it is to run, so that help is fast.

    Returns:
        Where further words of the subject are added.
    """
    parser = commands.add_parser(subject, help=f"{subject}.help", description=f"{subject}.help")
    verbs: Commands = parser.add_subparsers(dest="verb")
    run = verbs.add_parser("run", help=f"{subject}.run.help", description=f"{subject}.run.help")
    run.add_argument("--config", required=True, type=Path, help=f"{subject}.run.config.help")

    add_options(run)

    def run_program(arguments: argparse.Namespace) -> None:
        # Only single characters are looked up; the dictionary of phrases would cost 45 MB.
        os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

        def ready(installation: "Installation") -> None:
            pages = installation.settings.pages
            name = installation.station.name
            arguments.terminal.say(f"{subject}.ready", unit=name, url=f"http://{pages}/")

        load()(arguments.config, ready, unlocking(arguments))

    run.set_defaults(run=run_program)
    return verbs
