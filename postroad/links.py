"""`postroad link test`: where the way to the hub ends, in words for the telephone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from postroad.errors import UsageError, VerdictError
from web.terminal import Commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from security.tunnel.trial import Step

_PORT_MAX = 65535


def add_commands(commands: Commands) -> None:
    """Add `link` to the subjects, with the word `test`."""
    parser = commands.add_parser("link", help="link.help", description="link.help")
    words: Commands = parser.add_subparsers(dest="word")
    test = words.add_parser("test", help="link.test.help", description="link.test.help")
    test.add_argument("hub", metavar="HUB", nargs="?", default="", help="link.test.hub.help")
    test.add_argument("--config", type=Path, help="link.test.config.help")
    test.set_defaults(run=try_link)


def try_link(arguments: argparse.Namespace) -> None:
    """Try the way to a hub step by step and say of each how it went.

    Raises:
        UsageError: Neither a hub nor a configuration is named, or the hub is not host:port.
        SettingsError, KeyFileError, TrustError: The configuration cannot be used.
        VerdictError: A step failed; the line before says what to do.
    """
    if not arguments.hub and arguments.config is None:
        raise UsageError("link.test.nothing")
    addresses = [_address(arguments.hub)] if arguments.hub else []
    failed = ""
    reached, last = False, ""
    for step in _steps(arguments.config, addresses):
        seen = {key: value for key, value in step.seen.items() if key != "is_one_of_several"}
        arguments.terminal.say(f"link.step.{step.name}.{step.code}", **seen)
        last = step.code
        reached = reached or (step.is_ok and step.name in {"tcp", "proxy"})
        if step.code == "running":
            break
        if not step.is_ok and not (step.seen.get("is_one_of_several") and reached):
            failed = failed or step.name
        elif step.is_ok and step.name in {"tcp", "proxy"}:
            failed = ""  # another address leads there
    if failed:
        raise VerdictError("link.test.failed", step=failed)
    if last == "running":
        arguments.terminal.say("link.test.running")
    else:
        arguments.terminal.say("link.test.works" if arguments.config else "link.test.reachable")


def _steps(config: Path | None, addresses: list[tuple[str, int]]) -> Iterator[Step]:
    from security.tunnel.trial import try_reach, try_way

    if config is None:
        yield from try_reach(addresses, None)
        return
    from web.way import way_of

    yield from try_way(way_of(config, addresses))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port[:6]) <= _PORT_MAX:
        raise UsageError("link.test.address", given=text)
    return host.removeprefix("[").removesuffix("]"), int(port)
