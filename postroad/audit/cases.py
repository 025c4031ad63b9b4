"""`postroad audit case`: who did, saw and could know what of one case, with proofs."""

from __future__ import annotations

import argparse
import sqlite3

from casebook.casefile import CaseFiles
from casebook.notes import NoteReader
from casebook.story import COULD_READ, Line, tell
from postroad.audit.places import Opened, open_place
from postroad.errors import AuditError
from security.tlog_trust import policy_of
from sync.log.folder import Head
from sync.log.hublog import prove
from web.terminal import Terminal

_ID_DIGITS = 32


def tell_case(arguments: argparse.Namespace) -> None:
    """Print the story of a case, each line with where its proof stands.

    Raises:
        AuditError: The case is not here.
        StoreError, LogError: Store or log cannot be read.
    """
    with open_place(arguments.config) as place:
        case = find_case(place, arguments.number)
        lines = story_of(place, case)
        head = place.log.head() if place.log else Head()
        is_final = head.signed is not None and policy_of(
            place.registry, place.settings.unit
        ).is_final(head.signed)
        for line in lines:
            _say(arguments.terminal, place, line, head)
        arguments.terminal.say(
            "audit.case.told",
            number=arguments.number,
            lines=len(lines),
            size=head.size,
            standing="final" if is_final else "provisional",
        )


def find_case(place: Opened, number: str) -> bytes:
    """The id of a case by its number, from the read model, or by the id itself.

    Raises:
        AuditError: The case is not here.
    """
    digits = "".join(number.split())
    if len(digits) == _ID_DIGITS and not digits.strip("0123456789abcdef"):
        return bytes.fromhex(digits)
    path = place.settings.read_model
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            query = "SELECT case_id FROM cases WHERE case_no = ?"
            row = connection.execute(query, (digits,)).fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise AuditError("audit.no_case", number=number) from error
    if row is None:
        raise AuditError("audit.no_case", number=number)
    return bytes.fromhex(row[0])


def story_of(place: Opened, case: bytes) -> list[Line]:
    """The story of a case as this installation can tell it."""
    unit = place.settings.unit
    files = CaseFiles(place.store, place.registry, unit, place.reading)
    notes = NoteReader(place.store, place.registry, unit, place.reading)
    return tell(place.store, place.registry, files.open(case), notes)


def _say(terminal: Terminal, place: Opened, line: Line, head: Head) -> None:
    leaf = -1
    if place.log is not None and head.signed is not None:
        proven = prove(place.log, head.signed, bytes.fromhex(line.record))
        leaf = proven[1].index if proven else -1
    what = line.action or "?"
    if line.kind == COULD_READ:
        what = ", ".join(f"{unit} ({kind})" for unit, kind in line.readers.items())
    terminal.say(
        f"audit.line.{line.kind}",
        at=line.at,
        unit=line.unit,
        device=line.device,
        seq=line.seq,
        what=what,
        clerk=line.clerk or "-",
        knew=line.knew,
        leaf=str(leaf) if leaf >= 0 else "-",
        record=line.record,
    )
