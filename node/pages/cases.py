"""The list of cases at an outpost: shelves, search by number, and where each case stands."""

from dataclasses import dataclass

from flask import render_template, request, url_for

from casebook.index import CaseRow
from web.context import context
from web.lights import Light
from web.masking import mask_applicant
from web.notes import note
from web.presenting import light, privacy_of

SHELVES = ("mine", "in_hand", "to_take", "to_deliver", "conflicts", "all")
ROWS_PER_PAGE = 20
"""Every row of a page opens one case to mask its applicant; twenty take some 30 ms."""
SEARCH_MAX = 40


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of the list as it is shown."""

    case: CaseRow
    light: Light
    applicant: str


def show() -> str:
    """One page of a shelf."""
    shelf = request.args.get("shelf", SHELVES[0])
    shelf = shelf if shelf in SHELVES else SHELVES[0]
    typed = request.args.get("text", "")[:SEARCH_MAX]
    digits = "".join(each for each in typed if each.isdecimal())
    if digits:
        note("search", shelf, body={"text": digits})
    offset = _offset(request.args.get("offset", "0"))
    book = context().casebook
    page = book.rows(shelf, text=digits, offset=offset, limit=ROWS_PER_PAGE)
    return render_template(
        "node/cases.html",
        shelf=shelf,
        shelves=[(name, count) for name, count in _counts().items()],
        text=typed,
        rows=list_rows(page.rows),
        total=page.total,
        offset=offset,
        size=ROWS_PER_PAGE,
        address=url_for("node.cases", shelf=shelf, text=digits),
    )


def list_rows(rows: tuple[CaseRow, ...]) -> list[ListRow]:
    """Rows of a shelf with their lights and masked applicants."""
    return [ListRow(row, light(row, row.due), _applicant(row)) for row in rows]


def _applicant(row: CaseRow) -> str:
    name = context().casebook.applicant(row) or ""
    return mask_applicant(name, privacy_of(row.item))


def _counts() -> dict[str, int]:
    counts = context().casebook.counts()
    return {shelf: counts[shelf] for shelf in SHELVES}


def _offset(text: str) -> int:
    return (
        int(text) if text.isascii() and text.isdecimal() and len(text) < len("1000000") else 0
    )
