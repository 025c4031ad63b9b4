"""Promises of receipts that a hub cannot see kept: numbers that were given and are not here.

Each station numbers its receipts from 1 every day. Where a later number of a day has arrived
and an earlier one has not within the merge delay, a case that was promised is missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from cases.errors import NumberError
from cases.numbers import CaseNumber, parse_case_number

MERGE_DELAY = timedelta(days=7)
MISSING_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Promise:
    """A number that a station must have given, and whose case is not here."""

    case_no: str
    unit: str
    station: int
    day: date


def broken_promises(case_nos: Iterable[str], today: date) -> list[Promise]:
    """Return the numbers that are missing between known ones and overdue, at most a thousand.

    Args:
        case_nos: numbers of all cases that are here.
        today: promises of the last seven days before it may still be on their way.
    """
    given: dict[tuple[str, int, date], set[int]] = {}
    for text in case_nos:
        try:
            number = parse_case_number(text)
        except NumberError:
            continue
        place = (number.division, number.station, number.day)
        given.setdefault(place, set()).add(number.serial)
    missing: list[Promise] = []
    for (unit, station, day), serials in sorted(given.items()):
        if today - day <= MERGE_DELAY:
            continue
        for serial in range(1, max(serials)):
            if serial not in serials and len(missing) < MISSING_MAX:
                number = CaseNumber(unit, station, day, serial)
                missing.append(Promise(number.text, unit, station, day))
    return missing
