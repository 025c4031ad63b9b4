"""Spreadsheets from outside, `.xlsx` and `.csv`, as rows of text; hostile ones are refused."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

SHEET_BYTES_MAX = 4 * 1024 * 1024
UNPACKED_BYTES_MAX = 48 * 1024 * 1024
"""What all parts of a workbook may come to: a few kilobytes can unpack to gigabytes."""
PARTS_MAX = 200
SHEET_ROWS_MAX = 6_000
SHEET_COLUMNS_MAX = 60
CELL_MAX = 4_000

_ZIP = b"PK\x03\x04"
_FORMULA_SIGNS = ("=",)
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What is wrong with a sheet: its line (from 1, 0 for the whole), column, code, params."""

    line: int
    column: str
    code: str
    params: Mapping[str, str] = field(default_factory=dict)


class SheetError(Exception):
    """A sheet that is not read; `fault` says why, for a page or a command."""

    def __init__(self, code: str, line: int = 0, column: str = "", **params: str) -> None:
        super().__init__(code)
        self.fault = SheetFault(line, column, code, params)


def read_sheet(content: bytes) -> list[list[str]]:
    """The rows of a sheet, each cell as text; the first sheet of a workbook counts.

    A workbook is known by its first bytes, whatever its name; everything else is read as CSV in
    UTF-8 or GB 18030. Empty lines at the end are left out.

    Raises:
        SheetError: Too large, unreadable, or with formulas.
    """
    if len(content) > SHEET_BYTES_MAX:
        raise SheetError("sheet_size", max=str(SHEET_BYTES_MAX // 1024 // 1024))
    rows = _workbook(content) if content.startswith(_ZIP) else _text(content)
    table = [_checked(number, row) for number, row in enumerate(_bounded(rows), start=1)]
    while table and not any(table[-1]):
        table.pop()
    if not table:
        raise SheetError("sheet_empty")
    return table


def write_sheet(rows: Iterable[Iterable[str]]) -> bytes:
    """A workbook of one sheet; every cell is text, so nothing in it is ever a formula."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        cells = []
        for value in row:
            cell = openpyxl.cell.WriteOnlyCell(sheet, value=value)
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _bounded(rows: Iterable[Iterable[object]]) -> Iterator[list[object]]:
    for number, row in enumerate(rows, start=1):
        if number > SHEET_ROWS_MAX:
            raise SheetError("sheet_rows", max=str(SHEET_ROWS_MAX))
        yield list(row)


def _checked(number: int, row: list[object]) -> list[str]:
    cells = [_shown(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > SHEET_COLUMNS_MAX:
        raise SheetError("sheet_columns", number, max=str(SHEET_COLUMNS_MAX))
    for place, cell in enumerate(cells, start=1):
        if len(cell) > CELL_MAX:
            raise SheetError("sheet_cell", number, str(place), max=str(CELL_MAX))
        if cell.startswith(_FORMULA_SIGNS):
            raise SheetError("sheet_formula", number, str(place))
    return cells


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        # Spreadsheets keep 15 digits: a longer number was lost already, and its check tells.
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()


def _text(content: bytes) -> Iterator[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise SheetError("sheet_unreadable")
    if "\0" in text:
        raise SheetError("sheet_unreadable")
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error:
        raise SheetError("sheet_unreadable") from None


def _workbook(content: bytes) -> Iterator[tuple[object, ...]]:
    _check_parts(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        sheet = book.worksheets[0]
        # What a workbook says of its own size is not believed.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(max_col=SHEET_COLUMNS_MAX + 1), start=1):
            for place, cell in enumerate(row, start=1):
                if cell.data_type == "f":
                    raise SheetError("sheet_formula", number, str(place))
            yield tuple(cell.value for cell in row)
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        SyntaxError,
        OSError,
    ) as error:
        raise SheetError("sheet_unreadable") from error


def _check_parts(content: bytes) -> None:
    """Unpack every part once, counted, before a reader that does not count gets to see it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > PARTS_MAX:
                raise SheetError("sheet_bomb")
            total = 0
            for part in parts:
                total = _unpacked(archive, part, total)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise SheetError("sheet_unreadable") from error


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, total: int) -> int:
    is_text = part.filename.endswith((".xml", ".rels"))
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > UNPACKED_BYTES_MAX:
                raise SheetError("sheet_bomb")
            seen = tail + chunk
            # Entities unfold inside the reader; and a wide encoding would hide them.
            if is_text and (b"<!" in seen or b"\0" in seen):
                raise SheetError("sheet_unreadable")
            tail = chunk[-1:]
    return total
