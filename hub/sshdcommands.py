"""`postroad hub sshd-config` and `sshd-check`: set up and prove OpenSSH as the gateway."""

import argparse
from collections.abc import Callable
from pathlib import Path

from web.errors import CheckFailedError
from web.terminal import Commands


def add_commands(verbs: Commands) -> None:
    """Add the words `sshd-config` and `sshd-check`."""
    written = _verb(verbs, "sshd-config", write_sshd)
    written.add_argument("--out", required=True, type=Path, help="hub.sshd-config.out.help")
    _verb(verbs, "sshd-check", check_sshd)


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


def _verb(
    verbs: Commands, name: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=f"hub.{name}.help", description=f"hub.{name}.help")
    parser.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    parser.set_defaults(run=run)
    return parser
