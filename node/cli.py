"""`postroad node`: run an installation."""

from collections.abc import Callable
from typing import Any

from web.running import add_run_command
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `node` to the subjects, with the word `run`."""
    add_run_command(commands, "node", _program)


def _program() -> Callable[..., Any]:
    from node.program import run_node

    return run_node
