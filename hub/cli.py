"""`postroad hub`: run an installation."""

from collections.abc import Callable
from typing import Any

from hub.commands import add_acts
from web.running import add_run_command
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `hub` to the subjects, with the word `run` and the acts on the registry."""
    add_acts(add_run_command(commands, "hub", _program))


def _program() -> Callable[..., Any]:
    from hub.program import run_hub

    return run_hub
