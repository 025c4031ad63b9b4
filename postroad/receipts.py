"""`postroad receipt`: whether a receipt in a citizen's hand is genuine, without any network."""

from __future__ import annotations

import argparse
from pathlib import Path

from postroad.registries import add_root_key, open_registry
from security.receipts import verify_receipt
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `receipt` to the subjects."""
    parser = commands.add_parser("receipt", help="receipt.help", description="receipt.help")
    subcommands = parser.add_subparsers()
    verify = subcommands.add_parser(
        "verify", help="receipt.verify.help", description="receipt.verify.help"
    )
    verify.add_argument("text", metavar="TEXT", help="receipt.text.help")
    verify.add_argument(
        "--registry", metavar="FILE", type=Path, required=True, help="registry.file.help"
    )
    add_root_key(verify)
    verify.set_defaults(run=check_receipt)


def check_receipt(arguments: argparse.Namespace) -> None:
    """Check the text of a receipt's QR code, and say which device of which unit gave it.

    Raises:
        FormatError, SignatureError, TrustError: The receipt, or the registry, is not genuine.
        OSError: The registry cannot be read.
    """
    registry = open_registry(arguments.registry, arguments.root_key)
    receipt = verify_receipt(arguments.text, registry)
    unit = registry.unit(registry.device(receipt.device).unit)
    arguments.terminal.say(
        "receipt.genuine",
        case_no=receipt.case_no,
        device=receipt.device,
        unit=unit.code,
        name=unit.name,
    )
