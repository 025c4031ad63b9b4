"""`postroad hub`: run an installation, keep its store, set up its gateway."""

from collections.abc import Callable
from typing import Any

from hub import accountcommands, enrolcommands, sshdcommands, storekeeping
from hub.commands import add_acts
from web.running import add_run_command
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `hub` to the subjects, with its words."""
    verbs = add_run_command(commands, "hub", _program)
    add_acts(verbs)
    storekeeping.add_commands(verbs)
    sshdcommands.add_commands(verbs)
    accountcommands.add_commands(verbs)
    enrolcommands.add_commands(verbs)


def _program() -> Callable[..., Any]:
    from hub.program import run_hub

    return run_hub
