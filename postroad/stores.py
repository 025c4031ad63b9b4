"""`postroad store`: a store file looked at from outside, while its program runs or not."""

from __future__ import annotations

import argparse
from pathlib import Path

from postroad import serving
from postroad.errors import VerdictError
from sync.stores.sqlite import SqliteStore
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `store` to the subjects."""
    parser = commands.add_parser("store", help="store.help", description="store.help")
    subcommands = parser.add_subparsers()
    check = subcommands.add_parser(
        "check", help="store.check.help", description="store.check.help"
    )
    which = check.add_mutually_exclusive_group(required=True)
    which.add_argument("file", metavar="FILE", type=Path, nargs="?", help="store.file.help")
    which.add_argument("--config", metavar="FILE", type=Path, help="store.config.help")
    check.set_defaults(run=check_store)
    serve = subcommands.add_parser(
        "serve", help="store.serve.help", description="store.serve.description"
    )
    serving.add_options(serve)
    serve.set_defaults(run=serving.serve_store)


def check_store(arguments: argparse.Namespace) -> None:
    """Read a whole store and say whether its file is sound.

    Raises:
        SettingsError, KeyFileError: The installation cannot be read or unlocked.
        StoreError: There is no store at that place.
        VerdictError: It is damaged.
    """
    file = arguments.file
    if arguments.config is not None:
        # Unlocking needs the shell of the programs; a bare file does not load it.
        from web.settings import load_settings
        from web.storing import open_reading

        settings = load_settings(arguments.config)
        file, store = settings.store, open_reading(settings)
    else:
        store = SqliteStore.open_for_reading(file)
    try:
        faults = store.quick_check()
        last_seq = store.last_seq
    finally:
        store.close()
    if faults:
        first = faults[0][:200]
        raise VerdictError("store.damaged", file=str(file), first=first, count=len(faults))
    arguments.terminal.say("store.sound", file=str(file), last_seq=last_seq)
