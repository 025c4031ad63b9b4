"""Numbers that are given on paper at once, without asking anybody.

A case number is `division 12 + station 2 + yymmdd 6 + serial 4 + check 1`, all digits, so that
keypads and telephones cope. The station is given by the parent when a machine is enrolled and
is never used again, so no two machines can make the same number.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from cases.errors import NumberError

SERIAL_MAX = 9_999
STATION_MAX = 99
QUERY_CODE_BYTES_MIN = 16

# The day is written with two digits of the year.
_YEARS = range(2000, 2100)
_CASE_NUMBER = re.compile(r"[0-9]{25}")
_DIVISION = re.compile(r"[0-9]{12}")
_SHORT_NAME_LENGTH_MAX = 20
_TYPED_LENGTH_MAX = 100


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A case number in its parts: who gave it, on which day of that station, and which one."""

    division: str
    station: int
    day: date
    serial: int

    @property
    def text(self) -> str:
        """The 25 digits without spaces, as stored and searched."""
        digits = f"{self.division}{self.station:02d}{self.day:%y%m%d}{self.serial:04d}"
        return digits + check_digit(digits)

    @property
    def grouped(self) -> str:
        """The number in groups, as printed: `120103003001 01 261123 0007 7`."""
        text = self.text
        return " ".join((text[:12], text[12:14], text[14:20], text[20:24], text[24]))


@dataclass(frozen=True, slots=True)
class NumberState:
    """The last number a station has given: its day and its serial.

    `day` is the largest day the station has seen, so that a clock set back cannot make a
    number again. The state is stored in the same transaction as the case that uses the number.
    """

    day: date = date.min
    serial: int = 0


@dataclass(frozen=True, slots=True)
class DocumentState:
    """The last document number of one kind that a station has given, by year and serial."""

    year: int = 0
    serial: int = 0


def allocate(
    state: NumberState, division: str, station: int, today: date
) -> tuple[str, NumberState]:
    """Give the next case number of a station, 25 digits, and the state to store with it.

    Raises:
        NumberError: The serials of the day are used up, or a part is out of its bounds.
    """
    day = max(state.day, today)
    serial = state.serial + 1 if day == state.day else 1
    if serial > SERIAL_MAX:
        raise NumberError(
            f"station {station:02d} has given all {SERIAL_MAX} numbers of {day}",
            hint="Enrol a further station at this unit; its numbers start anew.",
        )
    number = CaseNumber(division, station, day, serial)
    _check_parts(number)
    return number.text, NumberState(day, serial)


def parse_case_number(text: str) -> CaseNumber:
    """Read a case number as a person types it: with or without spaces, also full-width digits.

    Raises:
        NumberError: It has not 25 digits, holds no date, or its check digit does not fit.
    """
    if len(text) > _TYPED_LENGTH_MAX:
        raise NumberError("a case number has 25 digits")
    digits = "".join(unicodedata.normalize("NFKC", text).split())
    if not _CASE_NUMBER.fullmatch(digits):
        raise NumberError("a case number has 25 digits")
    if check_digit(digits[:-1]) != digits[-1]:
        raise NumberError(f"the check digit of case number {digits} does not fit")
    year, month, day = 2000 + int(digits[14:16]), int(digits[16:18]), int(digits[18:20])
    try:
        given_on = date(year, month, day)
    except ValueError as error:
        raise NumberError(f"case number {digits} holds no date") from error
    number = CaseNumber(digits[:12], int(digits[12:14]), given_on, int(digits[20:24]))
    _check_parts(number)
    return number


def check_digit(digits: str) -> str:
    """The check digit of a run of decimal digits by ISO 7064 MOD 11,10.

    It catches every single wrong digit, and all but about 2 % of swapped neighbours.
    """
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def query_code(random_bytes: bytes) -> str:
    """Six digits, each code as likely as any other, that only the printed receipt shows.

    The caller passes fresh secret bytes. With 16 of them the likeliest code is ahead of the
    unlikeliest by less than 2 to the power of -100, which nobody can use.

    Raises:
        NumberError: There are too few bytes for an even choice.
    """
    if len(random_bytes) < QUERY_CODE_BYTES_MIN:
        raise NumberError(f"a query code is drawn from at least {QUERY_CODE_BYTES_MIN} bytes")
    return f"{int.from_bytes(random_bytes, 'big') % 1_000_000:06d}"


def allocate_document(
    state: DocumentState, name: tuple[str, str], station: int, today: date
) -> tuple[str, DocumentState]:
    """Give the next document number and the state to store with it.

    It reads like `河西民准〔2026〕01-0007号`. `name` is the body's short name and the kind of
    document. The station stands before the serial, so that offline numbers cannot meet. The
    serial restarts with the year; a clock set back stays in the largest year seen.

    Raises:
        NumberError: The serials of the year are used up, or a part is out of its bounds.
    """
    year = max(state.year, today.year)
    serial = state.serial + 1 if year == state.year else 1
    body, kind = name
    if not all(part and len(part) <= _SHORT_NAME_LENGTH_MAX for part in name):
        raise NumberError("a document number needs a short name of the body and a kind")
    if not (1 <= station <= STATION_MAX and serial <= SERIAL_MAX):
        raise NumberError(f"no document number: station {station}, serial {serial}")
    return f"{body}{kind}〔{year}〕{station:02d}-{serial:04d}号", DocumentState(year, serial)


def _check_parts(number: CaseNumber) -> None:
    if not _DIVISION.fullmatch(number.division):
        raise NumberError("the division of a case number has 12 digits")
    if not 1 <= number.station <= STATION_MAX:
        raise NumberError(f"a station is 1 to {STATION_MAX}, not {number.station}")
    if number.day.year not in _YEARS:
        raise NumberError(
            f"no case number can be of the year {number.day.year}",
            hint="Set the clock of this machine.",
        )
    if not 1 <= number.serial <= SERIAL_MAX:
        raise NumberError(f"a serial is 1 to {SERIAL_MAX}, not {number.serial}")
