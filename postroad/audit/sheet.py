"""`postroad audit sheet`: the checkpoint of the day on paper, to be countersigned."""

from __future__ import annotations

import argparse
from pathlib import Path

from casebook.times import local_text
from postroad.audit.places import open_place
from postroad.errors import AuditError
from sync.wallclock import WallClock
from web.checkpointsheet import sheet_html


def print_sheet(arguments: argparse.Namespace) -> None:
    """Write the sheet as one HTML file that prints on A4.

    Raises:
        AuditError: This node keeps no log.
        LogError, OSError: It cannot be read, or the sheet cannot be written.
    """
    with open_place(arguments.config) as place:
        signed = place.log.head().signed if place.log else None
        if signed is None:
            raise AuditError("audit.no_log", place=str(arguments.config))
        unit = place.registry.unit(place.settings.unit)
        root_key = place.settings.root_key.hex()
    now = local_text(WallClock().now_ms())
    texts = arguments.terminal.texts
    html = sheet_html(signed, texts, {"unit": unit.name, "now": now, "root_key": root_key})
    out: Path = arguments.out
    out.write_text(html, encoding="utf-8")
    arguments.terminal.say("audit.sheet.written", file=str(out), size=signed.checkpoint.size)
