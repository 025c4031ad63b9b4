"""Reads the table of divisions, and refuses one with the number of the line that is wrong."""

import csv
import re
from collections.abc import Container, Iterator, Mapping

from cases.division_tree import CODE, TIERS_MAX, TIERS_MIN, Division, Tree, grown
from cases.errors import DivisionError

__all__ = ["Division", "Tree", "load_divisions"]

CHARACTERS_MAX = 48 * 1024 * 1024
ROWS_MAX = 700_000
"""All of China has 665,265 divisions in the statistics edition of 2023."""
NAME_LENGTH_MAX = 100
HEADER = ["code", "name", "tier", "parent"]

_TIER = re.compile(r"[a-z][a-z_]{0,31}", re.ASCII)


def load_divisions(text: str, source: str, *, tiers: Container[str] | None = None) -> Tree:
    """The tree of a CSV table with the columns `code,name,tier,parent`.

    `source` is the name of the table for the messages. Rows may come in any order. Any names
    of tiers will do, unless `tiers` lists those that may appear.

    Raises:
        DivisionError: `source:line: what is wrong`, for the first rule that is broken.
    """
    if len(text) > CHARACTERS_MAX:
        raise DivisionError(f"{source}:1: longer than {CHARACTERS_MAX} characters")
    lines: dict[str, int] = {}
    units: dict[str, Division] = {}
    for line, cells in _rows(text, source):
        unit = _division(cells, f"{source}:{line}")
        if tiers is not None and unit.tier not in tiers:
            raise DivisionError(f"{source}:{line}: unknown tier {unit.tier!r}")
        if unit.code in units:
            raise DivisionError(f"{source}:{line}: code {unit.code} stands twice")
        units[unit.code] = unit
        lines[unit.code] = line
    _check_parents(units, lines, source)
    _check_cycles(units, lines, source)
    return _tree(units, source)


def _rows(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text.removeprefix("\ufeff").split("\n"), strict=True)
    line = 1
    try:
        header = [cell.rstrip("\r") for cell in next(reader, [])]
        if header != HEADER:
            raise DivisionError(f"{source}:1: the header must read {','.join(HEADER)}")
        line = reader.line_num + 1
        for cells in reader:
            if line > ROWS_MAX:
                raise DivisionError(f"{source}:{line}: more than {ROWS_MAX} rows")
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DivisionError(f"{source}:{line}: not readable as CSV: {error}") from error


def _division(cells: list[str], place: str) -> Division:
    if len(cells) != len(HEADER):
        raise DivisionError(f"{place}: {len(HEADER)} columns are wanted, {len(cells)} found")
    code, name, tier, parent = cells
    if not CODE.fullmatch(code):
        raise DivisionError(f"{place}: code {code[:40]!r} has not 12 digits")
    if not 1 <= len(name.strip()) <= NAME_LENGTH_MAX or not name.isprintable():
        raise DivisionError(f"{place}: the name is empty, too long or not printable")
    if not _TIER.fullmatch(tier):
        raise DivisionError(f"{place}: unknown tier {tier[:40]!r}")
    if parent and not CODE.fullmatch(parent):
        raise DivisionError(f"{place}: parent {parent[:40]!r} has not 12 digits")
    return Division(code, name.strip(), tier, parent or None)


def _check_parents(
    units: Mapping[str, Division], lines: Mapping[str, int], source: str
) -> None:
    roots: list[str] = []
    for code, unit in units.items():
        place = f"{source}:{lines[code]}"
        if unit.parent is None:
            roots.append(code)
        elif unit.parent not in units:
            raise DivisionError(f"{place}: unknown parent {unit.parent} of {code}")
        elif units[unit.parent].tier == unit.tier:
            raise DivisionError(f"{place}: {code} stands on the same tier as its parent")
        if len(roots) > 1:
            raise DivisionError(f"{place}: second root {code}, after {roots[0]}")
    if not roots:
        last = max(lines.values(), default=1)
        raise DivisionError(f"{source}:{last}: no root, which is a row without a parent")


def _check_cycles(units: Mapping[str, Division], lines: Mapping[str, int], source: str) -> None:
    rooted: set[str] = set()
    for code in units:
        walked: dict[str, None] = {}
        above: str | None = code
        while above is not None and above not in rooted:
            if above in walked:
                raise DivisionError(f"{source}:{lines[above]}: {above} stands below itself")
            walked[above] = None
            above = units[above].parent
        rooted.update(walked)


def _tree(units: Mapping[str, Division], source: str) -> Tree:
    last = len(units) + 1
    try:
        tree = grown(units.values())
    except DivisionError as error:
        raise DivisionError(f"{source}:{last}: {error}") from error
    if not TIERS_MIN <= len(tree.tiers) <= TIERS_MAX:
        names = ", ".join(tree.tiers[: TIERS_MAX + 1])
        raise DivisionError(
            f"{source}:{last}: {TIERS_MIN} to {TIERS_MAX} tiers are wanted, not {names}"
        )
    return tree
