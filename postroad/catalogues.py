"""`postroad catalogue`: check a list of service items, or make one from a place's own sheet."""

from __future__ import annotations

import argparse
from pathlib import Path

from cases.catalogue import load_catalogue
from cases.catalogue_sheet import join_sheet, sheet_of
from postroad.errors import VerdictError
from web.sheets import SHEET_BYTES_MAX, SheetError, read_sheet, write_sheet
from web.terminal import Commands

FAULTS_SHOWN_MAX = 200


def add_commands(commands: Commands) -> None:
    """Add `catalogue` to the subjects."""
    parser = commands.add_parser(
        "catalogue", help="catalogue.help", description="catalogue.help"
    )
    subcommands = parser.add_subparsers()
    check = subcommands.add_parser(
        "check", help="catalogue.check.help", description="catalogue.check.help"
    )
    check.add_argument("file", metavar="FILE", type=Path, help="catalogue.file.help")
    check.set_defaults(run=check_catalogue)
    sheet = subcommands.add_parser(
        "sheet", help="catalogue.sheet.help", description="catalogue.sheet.help"
    )
    sheet.add_argument("file", metavar="FILE", type=Path, help="catalogue.file.help")
    sheet.add_argument("--out", type=Path, required=True, help="catalogue.out.help")
    sheet.set_defaults(run=make_sheet)
    bring = subcommands.add_parser(
        "import", help="catalogue.import.help", description="catalogue.import.help"
    )
    bring.add_argument("sheet", metavar="SHEET", type=Path, help="catalogue.import.sheet")
    bring.add_argument("--base", type=Path, required=True, help="catalogue.base.help")
    bring.add_argument("--out", type=Path, required=True, help="catalogue.out.help")
    bring.set_defaults(run=import_sheet)


def check_catalogue(arguments: argparse.Namespace) -> None:
    """Read a catalogue as a node would, and say what is in it.

    Raises:
        CatalogueError: A rule is broken; the line names item and entry.
        OSError: The file cannot be read.
    """
    catalogue = load_catalogue(_text(arguments.file))
    arguments.terminal.say(
        "catalogue.sound",
        version=catalogue.version,
        items=len(catalogue.items),
        unset=", ".join(catalogue.unset_figures) or "-",
    )


def make_sheet(arguments: argparse.Namespace) -> None:
    """Write the items of a catalogue as a sheet, to be changed and imported again.

    Raises:
        CatalogueError: The catalogue is wrong.
        OSError: A file cannot be read, or the new one exists.
    """
    table = sheet_of(_text(arguments.file))
    with arguments.out.open("xb") as file:
        file.write(write_sheet(table))
    arguments.terminal.say("catalogue.sheet.made", items=len(table) - 1, out=arguments.out)


def import_sheet(arguments: argparse.Namespace) -> None:
    """Make a catalogue of the items of a sheet; every wrong line is named, or none is.

    Raises:
        VerdictError: The sheet has faults; nothing was written.
        CatalogueError: The base is wrong.
        OSError: A file cannot be read, or the new one exists.
    """
    terminal = arguments.terminal
    with arguments.sheet.open("rb") as file:
        content = file.read(SHEET_BYTES_MAX + 1)
    try:
        table = read_sheet(content)
    except SheetError as error:
        fault = error.fault
        params = {**fault.params, "line": str(fault.line), "column": fault.column}
        terminal.say(f"finding.{fault.code}", **params)
        raise VerdictError("catalogue.wrong", n=1) from error
    text, faults = join_sheet(_text(arguments.base), table)
    for one in faults[:FAULTS_SHOWN_MAX]:
        terminal.say("catalogue.line", line=one.line, fault=one.fault)
    if faults:
        raise VerdictError("catalogue.wrong", n=len(faults))
    with arguments.out.open("x", encoding="utf-8") as out:
        out.write(text)
    terminal.say("catalogue.import.made", items=len(load_catalogue(text).items), out=out.name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
