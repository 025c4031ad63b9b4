"""`postroad registry`: the signed statements about units and devices, checked by anybody."""

from __future__ import annotations

import argparse
from pathlib import Path

from postroad.errors import UsageError
from security.registry import Registry
from security.statements import LOG_BYTES_MAX, decode_log
from web.terminal import Commands

ROOT_KEY_BYTES = 32


def add_commands(commands: Commands) -> None:
    """Add `registry` to the subjects."""
    parser = commands.add_parser("registry", help="registry.help", description="registry.help")
    subcommands = parser.add_subparsers()
    verify = subcommands.add_parser(
        "verify", help="registry.verify.help", description="registry.verify.help"
    )
    verify.add_argument("file", metavar="FILE", type=Path, help="registry.file.help")
    add_root_key(verify)
    verify.set_defaults(run=verify_registry)


def add_root_key(parser: argparse.ArgumentParser) -> None:
    """Add the option for the one key that a check has to know beforehand."""
    parser.add_argument("--root-key", metavar="HEX", required=True, help="registry.key.help")


def verify_registry(arguments: argparse.Namespace) -> None:
    """Check every statement of a file from the root key down, and say what it comes to.

    Raises:
        FormatError, SignatureError, TrustError: A statement is not what it claims to be.
        OSError: The file cannot be read.
    """
    registry = open_registry(arguments.file, arguments.root_key)
    units = registry.units()
    arguments.terminal.say(
        "registry.verified",
        file=str(arguments.file),
        root=registry.root.code,
        name=registry.root.name,
        units=len(units),
        devices=sum(len(registry.devices(unit.code)) for unit in units),
        statements=len(registry.statements()),
    )


def open_registry(path: Path, root_key: str) -> Registry:
    """The registry in a file, every statement checked from the root key down.

    Raises:
        UsageError: The root key is not 64 hexadecimal digits.
        FormatError, SignatureError, TrustError, OSError: As `verify_registry`.
    """
    registry = Registry(root_key_of(root_key))
    with path.open("rb") as file:
        encoded = file.read(LOG_BYTES_MAX + 1)
    for statement in decode_log(encoded):
        registry.apply(statement)
    return registry


def root_key_of(text: str) -> bytes:
    """The root key in the words of a command line.

    Raises:
        UsageError: It is not 64 hexadecimal digits.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != ROOT_KEY_BYTES:
        raise UsageError("registry.bad_key", digits=2 * ROOT_KEY_BYTES)
    return key
