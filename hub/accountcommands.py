"""`postroad hub accounting export`: the accounts of the tunnels as a table."""

import argparse
from pathlib import Path

from web.terminal import Commands


def add_commands(verbs: Commands) -> None:
    """Add the word `accounting` with its word `export`."""
    accounting = verbs.add_parser(
        "accounting", help="hub.accounting.help", description="hub.accounting.help"
    )
    words: Commands = accounting.add_subparsers(dest="word")
    export = words.add_parser(
        "export", help="hub.accounting.export.help", description="hub.accounting.export.help"
    )
    export.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    export.add_argument("--csv", required=True, type=Path, help="hub.accounting.csv.help")
    export.set_defaults(run=export_accounting)


def export_accounting(arguments: argparse.Namespace) -> None:
    """Write the accounts of a hub as CSV, also while it runs.

    Raises:
        SettingsError, RecordingError, OSError: Settings, accounts or file cannot be used.
    """
    from hub.doorway import LEDGER_FILE
    from hub.ledger import SessionLedger
    from web.settings import load_settings

    ledger = SessionLedger(load_settings(arguments.config).data / LEDGER_FILE)
    try:
        with arguments.csv.open("x", encoding="utf-8", newline="") as file:
            rows = ledger.export(file)
    finally:
        ledger.close()
    arguments.terminal.say("hub.accounting.exported", rows=rows, file=str(arguments.csv))
