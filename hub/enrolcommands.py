"""`postroad hub token|queue|approve|reject|enrol`: new machines, from the command line."""

import argparse
import base64
import getpass
import os
from pathlib import Path

from hub.commands import perform_act, read_content
from hub.tokensheet import sheet_html
from web.errors import SettingsError
from web.terminal import Commands

HOURS = 72


def add_commands(verbs: Commands) -> None:
    """Add them to the subject `hub`."""
    token = _verb(verbs, "token", _give)
    token.add_argument("unit", metavar="UNIT", help="hub.act.unit")
    token.add_argument("--below", action="store_true", help="hub.token.below")
    token.add_argument(
        "--valid-hours", type=int, metavar="N", default=HOURS, help="hub.token.hours"
    )
    token.add_argument("--approve", action="store_true", help="hub.token.approve")
    token.add_argument("--replaces", metavar="DEVICE", help="hub.token.replaces")
    token.add_argument("--address", action="append", metavar="ADDRESS", help="hub.act.address")
    token.add_argument("--sheet", type=Path, metavar="FILE", help="hub.token.sheet")
    _verb(verbs, "queue", _plain)
    for name in ("approve", "reject"):
        _verb(verbs, name, _plain).add_argument(
            "request", metavar="REQUEST", help="hub.approve.request"
        )
    enrol = _verb(verbs, "enrol", _answer)
    enrol.add_argument("file", type=Path, metavar="FILE", help="hub.enrol.file")
    enrol.add_argument("--out", type=Path, required=True, metavar="FILE", help="hub.enrol.out")


def _verb(verbs: Commands, name: str, run: object) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=f"hub.{name}.help", description=f"hub.{name}.help")
    parser.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    parser.set_defaults(run=run, act_name=name)
    return parser


def _give(arguments: argparse.Namespace) -> None:
    """Make tokens; show them, and write the sheet.

    Raises:
        SettingsError: The sheet cannot be written, or stands already.
        CaseError, CasebookError, SecurityError, SyncError: No token was made.
    """
    fields: dict[str, object] = {
        "unit": arguments.unit,
        "below": arguments.below,
        "valid_hours": arguments.valid_hours,
        "approve": arguments.approve,
        "replaces": arguments.replaces or "",
        "addresses": arguments.address or [],
    }
    rows = _act(arguments, fields)
    for key, params in rows:
        arguments.terminal.say(key, **params)
    if arguments.sheet is not None:
        page = sheet_html([params for _, params in rows], arguments.terminal.texts)
        _write_new(arguments.sheet, page.encode())
        arguments.terminal.say("hub.token.printed", file=str(arguments.sheet))


def _plain(arguments: argparse.Namespace) -> None:
    fields: dict[str, object] = {"request": getattr(arguments, "request", "")}
    for key, params in _act(arguments, fields):
        arguments.terminal.say(key, **params)


def _answer(arguments: argparse.Namespace) -> None:
    """Enrol a machine by its request file.

    Raises:
        SettingsError: A file cannot be read or written.
        CaseError, CasebookError, SecurityError, SyncError: It was refused.
    """
    content = base64.b64encode(read_content(arguments.file)).decode()
    for key, params in _act(arguments, {"content": content, "by": getpass.getuser()}):
        if "content" in params:
            _write_new(arguments.out, base64.b64decode(str(params["content"])))
            arguments.terminal.say(key, file=str(arguments.out))
        else:
            arguments.terminal.say(key)


def _act(
    arguments: argparse.Namespace, fields: dict[str, object]
) -> list[tuple[str, dict[str, object]]]:
    fields["clerk"] = getpass.getuser()
    return perform_act(arguments.config, arguments.act_name, fields)


def _write_new(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
