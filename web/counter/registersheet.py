"""An uploaded register: its rows in place of those in the form, all else as it was typed."""

from dataclasses import dataclass, replace

from werkzeug.datastructures import FileStorage

from cases.forms import Finding
from cases.registers import register_field, rows_of_sheet
from web.counter.intakeform import ROWS_MAX, Posted, Rules
from web.sheets import SHEET_BYTES_MAX, SheetError, read_sheet


@dataclass(frozen=True, slots=True)
class Brought:
    """A form with the rows of a sheet, and what the sheet itself lacks."""

    posted: Posted
    findings: tuple[Finding, ...]


def with_sheet(rules: Rules, posted: Posted, sheet: FileStorage | None) -> Brought:
    """The form with the register of a sheet.

    Raises:
        SheetError: There is no sheet, the item has no register, or the sheet is not read.
    """
    field = register_field(rules.item, rules.catalogue)
    if field is None or sheet is None or not sheet.filename:
        raise SheetError("sheet_none")
    table = read_sheet(sheet.stream.read(SHEET_BYTES_MAX + 1))
    rows, findings = rows_of_sheet(field, rules.catalogue, table)
    if len(rows) > ROWS_MAX:
        raise SheetError("sheet_rows", max=str(ROWS_MAX))
    values = {**posted.values, field.name: rows}
    return Brought(replace(posted, values=values), tuple(findings))
