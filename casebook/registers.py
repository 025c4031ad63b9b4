"""The registers that a unit can read already, to find who stands in two of them."""

from casebook.book import Casebook
from casebook.index import PAGE_MAX
from casebook.people import Clerk
from casebook.shelves import Sought
from cases.items import Item
from cases.registers import Earlier, register_field

REGISTERS_MAX = 200
"""Registers that are opened for one comparison: those of many years of a village."""

_VOID = ("voided", "withdrawn", "not_accepted", "returned")


def earlier_registers(book: Casebook, item: Item, clerk: Clerk) -> tuple[Earlier, ...]:
    """The registers of a batch item that this unit can read; none for any other item.

    Those that came to nothing are left out.
    """
    field = register_field(item, book.catalogue)
    if field is None:
        return ()
    found: list[Earlier] = []
    for row in book.rows("all", sought=Sought(item=item.code), limit=PAGE_MAX).rows:
        if row.readable != "case" or row.state in _VOID or len(found) >= REGISTERS_MAX:
            continue
        rows = book.view(row.case, clerk).fields.get(field.name, ())
        if isinstance(rows, list | tuple):
            found.append(Earlier(row.case_no, tuple(rows)))
    return tuple(found)
