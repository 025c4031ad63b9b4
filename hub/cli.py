"""`postroad hub`: run an installation, and set up and prove OpenSSH as its gateway."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from web.errors import CheckFailedError
from web.running import add_run_command
from web.terminal import Commands


def add_commands(commands: Commands) -> None:
    """Add `hub` to the subjects, with its words."""
    verbs = add_run_command(commands, "hub", _program)
    written = _verb(verbs, "sshd-config", write_sshd)
    written.add_argument("--out", required=True, type=Path, help="hub.sshd-config.out.help")
    _verb(verbs, "sshd-check", check_sshd)
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


def write_sshd(arguments: argparse.Namespace) -> None:
    """Write the configuration of sshd as the gateway of a hub.

    Raises:
        SettingsError, KeyFileError, FormatError, OSError: As `hub.sshd.write_configuration`.
    """
    from hub.sshd import write_configuration

    written = write_configuration(arguments.config, arguments.out)
    arguments.terminal.say(
        "hub.sshd-config.written",
        folder=str(written.folder),
        version=written.krl_version,
        revoked=len(written.revoked),
    )


def check_sshd(arguments: argparse.Namespace) -> None:
    """Try on the running gateway everything that it must refuse.

    Raises:
        CheckFailedError: One trial ended as it must not.
    """
    from hub.sshd import check_gateway

    failed = []
    for finding in check_gateway(arguments.config):
        key = "hub.sshd-check.held" if finding.held else "hub.sshd-check.failed"
        arguments.terminal.say(key, trial=finding.name, seen=finding.seen)
        if not finding.held:
            failed.append(finding.name)
    if failed:
        raise CheckFailedError(f"the gateway fails {len(failed)} trials: {', '.join(failed)}")
    arguments.terminal.say("hub.sshd-check.sound")


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


def _verb(
    verbs: Commands, name: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=f"hub.{name}.help", description=f"hub.{name}.help")
    parser.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    parser.set_defaults(run=run)
    return parser


def _program() -> Callable[..., Any]:
    from hub.program import run_hub

    return run_hub
