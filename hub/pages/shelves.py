"""The shelves of a hub: pages of a table of cases, and taking several at once."""

from dataclasses import dataclass, field

from flask import abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from casebook.errors import NotReadableError, UnknownCaseError, UnknownItemError
from casebook.index import CaseRow
from casebook.shelves import Sought
from cases.casestate import CaseState
from cases.errors import UnlawfulActError
from cases.states import OPEN
from hub.pages.rights import may_do
from sync.errors import StoreError
from web.caselines import reason_text
from web.context import context
from web.lights import Light
from web.masking import mask_applicant
from web.notes import note
from web.presenting import grouped, light, privacy_of, t

SHELVES = ("to_take", "in_hand", "to_decide", "to_deliver", "all", "conflicts")
"""In the order of the work; `all` is everything on the paths through this unit."""

PAGE_ROWS = 20
"""As many rows as a screen of 768 lines shows without scrolling far; each opens one body."""

TAKE_MAX = PAGE_ROWS
OFFSET_DIGITS_MAX = 8
SEARCH_CHARACTERS_MAX = 40
CODE_DIGITS = 12
DAYS_MAX = 3_650

_ID_DIGITS = 32

Answer = str | tuple[str, int] | AnyResponse


@dataclass(frozen=True, slots=True)
class ShelfLine:
    """A case of a list: what is sealed of it shown masked, or not at all.

    `applicant` is empty where this unit may read the facts alone.
    """

    row: CaseRow
    light: Light
    applicant: str = field(repr=False)
    may_take: bool


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A case of a batch that was not taken, and why, in words."""

    number: str
    line: str


def show(shelf: str) -> Answer:
    """One page of a shelf, as the address says."""
    if shelf not in SHELVES:
        abort(404)
    return _page(shelf)


def take_many() -> Answer:
    """Take the ticked cases one by one; those that cannot be taken are named with why."""
    if not may_do(g.clerk, "take"):
        abort(403, "role")
    # A form may name a case twice; it is taken once.
    wanted = list(dict.fromkeys(request.form.getlist("case")))
    if not wanted:
        flash("hub.take.none", "notice")
        return redirect(url_for("hub.shelf", shelf="to_take"), 303)
    if len(wanted) > TAKE_MAX:
        abort(413)
    refused = [each for each in map(_take, wanted) if each is not None]
    if len(refused) < len(wanted):
        context().poke()
    if not refused:
        flash("hub.take.done", "good")
        return redirect(url_for("hub.shelf", shelf="to_take"), 303)
    return _page("to_take", len(wanted) - len(refused), refused), 409


def shelf_of(state: CaseState) -> str:
    """The shelf on which a case lies now, for the way back from its page."""
    unit = context().casebook.station.unit
    if state.offered_to == unit:
        return "to_take"
    return "in_hand" if state.custody == unit and state.state in OPEN else "all"


def _take(case_id: str) -> NotTaken | None:
    book = context().casebook
    number = ""
    try:
        case = _case_of(case_id)
        number = grouped(book.state(case).case_no)
        book.act(case, "take", g.clerk)
    except UnlawfulActError as error:
        return NotTaken(number, reason_text(error.code, error.params))
    except UnknownCaseError:
        return NotTaken(number, t("error.unknown_case"))
    except UnknownItemError:
        return NotTaken(number, t("error.unknown_item"))
    except NotReadableError:
        return NotTaken(number, t("error.not_readable"))
    except StoreError:
        return NotTaken(number, t("error.not_stored"))
    return None


def _case_of(case_id: str) -> bytes:
    """The id that a form names.

    Raises:
        UnknownCaseError: It is not 32 hex digits, so no case has it.
    """
    if len(case_id) != _ID_DIGITS or case_id.strip("0123456789abcdef"):
        raise UnknownCaseError("the form names no case")
    return bytes.fromhex(case_id)


def _page(shelf: str, taken: int = 0, refused: list[NotTaken] | None = None) -> str:
    book = context().casebook
    search = request.args.get("q", "")[:SEARCH_CHARACTERS_MAX].strip()
    offset = _offset(request.args.get("offset", ""))
    digits = "".join(character for character in search if character.isdecimal())
    if digits:
        note("search", shelf, body={"text": digits})
    sought = _sought() if shelf == "conflicts" else Sought()
    page = book.rows(shelf, text=digits, sought=sought, offset=offset, limit=PAGE_ROWS)
    return render_template(
        "hub/shelf.html",
        shelf=shelf,
        lines=[_line(row) for row in page.rows],
        total=page.total,
        offset=offset,
        size=PAGE_ROWS,
        search=digits,
        is_search_wrong=bool(search) and not digits,
        address=url_for(
            "hub.shelf",
            shelf=shelf,
            q=digits,
            under=sought.under,
            item=sought.item,
            days=sought.days or "",
        ),
        sought=sought,
        filter_units=_units_below() if shelf == "conflicts" else (),
        filter_items=sorted(book.catalogue.items),
        is_takeable=shelf == "to_take" and may_do(g.clerk, "take"),
        taken=taken,
        refused=refused or [],
    )


def _sought() -> Sought:
    """The filters of the conflict desk, as the address says them."""
    under, item = request.args.get("under", ""), request.args.get("item", "")
    days = _offset(request.args.get("days", ""), 1)
    known = item if item in context().casebook.catalogue.items else ""
    return Sought(under=under[:CODE_DIGITS], item=known, days=min(days, DAYS_MAX))


def _units_below() -> list[str]:
    """The units directly below this one, of which cases may be looked at alone."""
    book = context().casebook
    return sorted(unit.code for unit in book.registry.children(book.station.unit))


def _line(row: CaseRow) -> ShelfLine:
    book = context().casebook
    may_take = row.offer_to == book.station.unit and row.readable == "case"
    applicant = mask_applicant(book.applicant(row) or "", privacy_of(row.item))
    return ShelfLine(row, light(row, row.due), applicant, may_take)


def _offset(text: str, unit: int = PAGE_ROWS) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > OFFSET_DIGITS_MAX:
        return 0
    # Pages begin at multiples, so that "before" and "after" lead to the same ones.
    return int(text) // unit * unit
