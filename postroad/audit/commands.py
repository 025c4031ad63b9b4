"""`postroad audit`: whether anything was changed, left out or shown differently."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from casebook.promises import broken_promises
from casebook.times import local_date
from postroad.audit.cases import tell_case
from postroad.audit.export import export_folder
from postroad.audit.places import Opened, registry_for, sources_of
from postroad.audit.sheet import print_sheet
from postroad.errors import VerdictError
from sync.log.auditing import Auditor, Source
from sync.log.feedcheck import Finding
from sync.wallclock import WallClock
from web.opening import case_numbers
from web.terminal import Commands

FINDINGS_SHOWN = 50
"""Lines that are written; all are counted."""

_BAR = 40
_MS = 1_000


def add_commands(commands: Commands) -> None:
    """Add `audit` to the subjects."""
    subject = commands.add_parser("audit", help="audit.help", description="audit.help")
    verbs: Commands = subject.add_subparsers(dest="verb")
    verify = verbs.add_parser(
        "verify", help="audit.verify.help", description="audit.verify.description"
    )
    verify.add_argument(
        "places", metavar="PLACE", nargs="+", type=Path, help="audit.place.help"
    )
    verify.add_argument("--registry", metavar="FILE", type=Path, help="registry.file.help")
    verify.add_argument("--root-key", metavar="HEX", help="registry.key.help")
    verify.set_defaults(run=verify_places)
    case = verbs.add_parser("case", help="audit.case.help", description="audit.case.help")
    case.add_argument("number", metavar="NUMBER", help="audit.number.help")
    case.add_argument("--config", required=True, type=Path, help="audit.config.help")
    case.set_defaults(run=tell_case)
    export = verbs.add_parser(
        "export", help="audit.export.help", description="audit.export.description"
    )
    export.add_argument("--config", required=True, type=Path, help="audit.config.help")
    export.add_argument("--out", required=True, type=Path, help="audit.out.help")
    export.add_argument("--case", metavar="NUMBER", help="audit.number.help")
    export.set_defaults(run=export_folder)
    sheet = verbs.add_parser("sheet", help="audit.sheet.help", description="audit.sheet.help")
    sheet.add_argument("--config", required=True, type=Path, help="audit.config.help")
    sheet.add_argument("--out", required=True, type=Path, help="audit.sheet_out.help")
    sheet.set_defaults(run=print_sheet)


def verify_places(arguments: argparse.Namespace) -> None:
    """Check every place by itself and against the others, and name what is wrong.

    Raises:
        VerdictError: Something is wrong; the first finding stands in its message.
    """
    opened: list[Opened] = []
    terminal = arguments.terminal
    try:
        sources = sources_of(arguments.places, opened)
        registry = registry_for(opened, arguments.registry, arguments.root_key)
        now_ms = WallClock().now_ms()
        auditor = Auditor(registry, now_ms // _MS, _Bar())
        counts: Counter[str] = Counter()
        first: Finding | None = None
        for finding in [*auditor.findings(sources), *_promises(opened, now_ms)]:
            counts[finding.kind] += 1
            first = first or finding
            if sum(counts.values()) <= FINDINGS_SHOWN:
                terminal.say(
                    f"audit.finding.{finding.kind}", place=finding.place, detail=finding.detail
                )
    finally:
        for each in opened:
            each.store.close()
    _tell(arguments, sources)
    if first is not None:
        raise VerdictError("audit.wrong", count=sum(counts.values()), first=first.place)


def _tell(arguments: argparse.Namespace, sources: list[Source]) -> None:
    for source in sources:
        arguments.terminal.say(
            "audit.verified", place=source.name, records=source.records, leaves=source.leaves
        )


def _promises(opened: list[Opened], now_ms: int) -> list[Finding]:
    """Numbers that stations gave and whose cases never came to the units above."""
    today = local_date(now_ms)
    return [
        Finding("promise", promise.case_no, f"station {promise.station} of {promise.unit}")
        for each in opened
        for promise in broken_promises(case_numbers(each.settings), today)
    ]


class _Bar:
    """A progress bar for whoever watches; silent where nobody does."""

    def __init__(self) -> None:
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        filled = _BAR * done // max(1, total)
        if filled != self._shown:
            self._shown = filled
            end = "\n" if done >= total else ""
            bar = "#" * filled + "." * (_BAR - filled)
            print(f"\r[{bar}] {done}/{total}", end=end, file=sys.stderr, flush=True)
