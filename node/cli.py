"""`postroad node`: run an installation, seal its store, keep the keys to it."""

from collections.abc import Callable
from typing import Any

from node import enrolcommands, sealing
from web.running import add_run_command
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `node` to the subjects, with its words."""
    verbs = add_run_command(commands, "node", _program)
    sealing.add_commands(verbs)
    enrolcommands.add_commands(verbs)


def _program() -> Callable[..., Any]:
    from node.program import run_node

    return run_node
