"""Registers: many households in one case, their headings, their sums, and who stands twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from cases.catalogue import Catalogue, Field
from cases.forms import Finding
from cases.items import Item

KEYS = ("id_no", "bank_card")
"""Columns in which one value may stand in one row only."""
SUM_TYPES = ("decimal",)
TOTAL_WORDS = ("合计", "总计", "total", "Total", "TOTAL")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A register that this node can read: the case number, and its rows."""

    case_no: str
    rows: tuple[Row, ...]


def register_field(item: Item, catalogue: Catalogue) -> Field | None:
    """The field of a batch item that holds the register, or None for any other item."""
    if not item.batch:
        return None
    fields = (catalogue.fields[each.name] for each in item.fields)
    return next((one for one in fields if one.type == "rows"), None)


def sums(field: Field, catalogue: Catalogue, rows: Sequence[Row]) -> dict[str, Decimal]:
    """The sum of each column of quantities, leaving out cells that are no numbers."""
    found: dict[str, Decimal] = {}
    for column in field.columns:
        if catalogue.fields[column].type in SUM_TYPES:
            found[column] = sum(
                (_number(row.get(column, "")) for row in rows), start=Decimal(0)
            )
    return found


def doubles(name: str, rows: Sequence[Row], earlier: Sequence[Earlier]) -> Iterator[Finding]:
    """Who stands twice: in this register, or here and in an earlier one.

    Gives findings `register_twice` (with the other line) and `register_known` (with the case).
    """
    known = {
        (column, value): register.case_no
        for register in earlier
        for row in register.rows
        for column in KEYS
        if (value := _key(row, column))
    }
    first: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=1):
        for column in KEYS:
            value = _key(row, column)
            if not value:
                continue
            place = f"{name}.{number}.{column}"
            line = first.setdefault((column, value), number)
            if line != number:
                yield Finding(place, "register_twice", {"line": str(line)})
            elif (column, value) in known:
                yield Finding(place, "register_known", {"case": known[column, value]})


def _key(row: Row, column: str) -> str:
    return "".join(row.get(column, "").split()).upper()


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() else Decimal(0)


def rows_of_sheet(
    field: Field, catalogue: Catalogue, table: Sequence[Sequence[str]]
) -> tuple[list[dict[str, str]], list[Finding]]:
    """The rows of a register that came as a sheet, and what its headings and sums lack.

    The first line holds the headings: names of columns in Chinese or English, or their own. A
    last line that begins with a word for the total is compared with the sums and left out.
    """
    headings = {
        word: column
        for column in field.columns
        for label in (catalogue.fields[column].label,)
        for word in (column, label.zh, label.en)
    }
    columns = [headings.get(cell.strip()) for cell in table[0]]
    findings = [
        Finding(field.name, "register_heading", {"line": "1", "heading": cell[:40]})
        for cell, column in zip(table[0], columns, strict=True)
        if cell and column is None and cell not in ("#", "序号", "No.")
    ]
    findings += [
        Finding(field.name, "register_no_column", {"column": column})
        for column in field.columns
        if column not in columns and catalogue.fields[column].required
    ]
    body = list(table[1:])
    totals = body.pop() if body and body[-1] and body[-1][0] in TOTAL_WORDS else None
    rows = [_row(columns, line) for line in body]
    if totals is not None:
        stated = _row(columns, totals)
        for column, found in sums(field, catalogue, rows).items():
            if stated.get(column) and _number(stated[column]) != found:
                params = {"column": column, "stated": stated[column], "found": str(found)}
                findings.append(Finding(field.name, "register_sum", params))
    return rows, findings


def _row(columns: Sequence[str | None], line: Sequence[str]) -> dict[str, str]:
    return {
        column: cell for column, cell in zip(columns, line, strict=False) if column is not None
    }
