"""A catalogue's items as the lines of a sheet, and back: a place's own list, line by line.

A line holds one item. Lists are written as people write them (`accept village 1 wd; decide
street 4 wd`); what has no column of its own stands in the last one, as in the YAML. Kinds of
fields, papers and figures come from the catalogue that the sheet is joined with.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cases.catalogue import load_catalogue
from cases.catalogue_checks import check_item
from cases.catalogue_items import read_code, read_item
from cases.catalogue_section import Section
from cases.catalogue_terms_reader import read_terms
from cases.catalogue_yaml import read_yaml
from cases.errors import CatalogueError

NULL = "-"
"""What stands in a cell for an entry that is there and says: none."""

_TEXTS = (
    *("code", "national_code", "category", "legal_type", "seed_kind", "handling"),
    *("village_mode", "privacy"),
)
_NAMES = ("name", "dept")
_LIMITS = ("legal", "promised", "extend")
_LISTS = ("fields", "checks")
_TUPLES = ("steps", "materials")
_MORE = "more"
_STEP_PARTS, _MATERIAL_PARTS = 4, 2
_DIGITS_MAX = 9
_SEPARATOR = ";"

Entries = dict[str, object]


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with one line of the sheet, counted from 1."""

    line: int
    fault: str


def sheet_of(text: str) -> list[list[str]]:
    """The lines of a catalogue: headings, then one line an item.

    Raises:
        CatalogueError: The catalogue itself is wrong.
    """
    tiers = load_catalogue(text).tiers
    content = read_yaml(text)
    assert isinstance(content, dict)
    items = content["items"]
    assert isinstance(items, list)
    headings = _headings(tiers)
    return [headings, *([_cells(item, tiers)[each] for each in headings] for item in items)]


def join_sheet(text: str, table: Sequence[Sequence[str]]) -> tuple[str, list[LineFault]]:
    """A catalogue with the items of a sheet in place of its own, and every fault by its line.

    The catalogue is empty if there is a fault.

    Raises:
        CatalogueError: The catalogue that the sheet is joined with is wrong.
    """
    tiers = load_catalogue(text).tiers
    content = read_yaml(text)
    assert isinstance(content, dict)
    terms = read_terms(Section("catalogue", content))
    items: list[Entries] = []
    faults: list[LineFault] = []
    seen: dict[str, int] = {}
    headings = [cell.strip() for cell in table[0]] if table else []
    unknown = [cell for cell in headings if cell and cell not in _headings(tiers)]
    if unknown or "code" not in headings:
        return "", [LineFault(1, f"unknown heading {unknown[0]!r}" if unknown else "no code")]
    for line, row in enumerate(table[1:], start=2):
        if not any(row):
            continue
        try:
            entries = _entries(dict(zip(headings, row, strict=False)), tiers)
            section = Section(str(entries.get("code", "")), dict(entries))
            code = read_code(section)
            if code in seen:
                raise section.wrong("code", f"it stands in line {seen[code]} already")
            seen[code] = line
            check_item(read_item(section, terms), terms)
        except CatalogueError as error:
            faults.append(LineFault(line, str(error)))
        else:
            items.append(entries)
    if faults or not items:
        return "", faults or [LineFault(1, "no items")]
    return _joined(content, items), []


def _joined(content: Mapping[str, object], items: list[Entries]) -> str:
    joined = {**content, "items": items}
    aliases = content.get("aliases")
    if isinstance(aliases, dict):
        # What people say for an item that this place does not have leads nowhere.
        joined["aliases"] = dict(_kept(aliases, items))
    # JSON is YAML, and needs no rule of quoting beyond its own.
    text = json.dumps(joined, ensure_ascii=False, indent=1, default=_number) + "\n"
    load_catalogue(text)
    return text


def _kept(
    aliases: Mapping[str, list[str]], items: list[Entries]
) -> Iterator[tuple[str, list[str]]]:
    names = [f"{item['code']} {item['name']}" for item in items]
    for alias, words in aliases.items():
        found = [word for word in words if any(word in name for name in names)]
        if found:
            yield alias, found


def _headings(tiers: Sequence[str]) -> list[str]:
    names = [f"{name}.{language}" for name in _NAMES for language in ("zh", "en")]
    rights = [f"rights.{tier}" for tier in reversed(tiers)]
    return ["code", *names, *_TEXTS[1:], *rights, *_LIMITS, *_TUPLES, *_LISTS, _MORE]


def _cells(item: Entries, tiers: Sequence[str]) -> dict[str, str]:
    rest = dict(item)
    cells: dict[str, str] = {}
    for name in _TEXTS:
        value = rest.pop(name, "")
        cells[name] = NULL if value is None else str(value)
    for name in _NAMES:
        texts = rest.pop(name, {})
        assert isinstance(texts, dict)
        for language in ("zh", "en"):
            cells[f"{name}.{language}"] = str(texts[language])
    rights = rest.pop("rights")
    assert isinstance(rights, dict)
    for tier in tiers:
        given = rights.get(tier)
        cells[f"rights.{tier}"] = "" if given is None else ", ".join(given) or NULL
    for name in _LIMITS:
        cells[name] = _limit_cell(rest.pop(name)) if name in rest else ""
    for name in (*_TUPLES, *_LISTS):
        cells[name] = _list_cell(rest.pop(name)) if name in rest else ""
    cells[_MORE] = json.dumps(rest, ensure_ascii=False, default=_number) if rest else ""
    return cells


def _limit_cell(limit: object) -> str:
    return f"{limit['n']} {limit['unit']}" if isinstance(limit, dict) else NULL


def _list_cell(listed: object) -> str:
    assert isinstance(listed, list)
    parts = (
        " ".join(str(word) for word in each) if isinstance(each, list) else str(each)
        for each in listed
    )
    return f"{_SEPARATOR} ".join(parts) or NULL


def _entries(cells: Mapping[str, str], tiers: Sequence[str]) -> Entries:
    given = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    more = read_yaml(given.get(_MORE, "{}"))
    if not isinstance(more, dict):
        raise CatalogueError(f"{given.get('code', '')}: {_MORE}: a mapping is wanted")
    entries: Entries = dict(more)
    entries |= {name: _none_or(given[name]) for name in _TEXTS if name in given}
    for name in _NAMES:
        entries[name] = {one: given.get(f"{name}.{one}", "") for one in ("zh", "en")}
    entries["rights"] = {
        tier: _parts(given[f"rights.{tier}"], ",")
        for tier in tiers
        if f"rights.{tier}" in given
    }
    entries |= {name: _limit(given[name]) for name in _LIMITS if name in given}
    entries |= {name: _parts(given[name], _SEPARATOR) for name in _LISTS if name in given}
    if "steps" in given:
        entries["steps"] = [_step(each) for each in _parts(given["steps"], _SEPARATOR)]
    if "materials" in given:
        materials = _parts(given["materials"], _SEPARATOR)
        entries["materials"] = [each.split(maxsplit=_MATERIAL_PARTS - 1) for each in materials]
    return entries


def _none_or(cell: str) -> str | None:
    return None if cell == NULL else cell


def _parts(cell: str, separator: str) -> list[str]:
    if cell == NULL:
        return []
    return [part.strip() for part in cell.split(separator) if part.strip()]


def _limit(cell: str) -> object:
    n, _, unit = cell.partition(" ")
    return None if cell == NULL else {"n": _count(n), "unit": unit.strip()}


def _step(part: str) -> list[object]:
    words: list[object] = list(part.split())
    if len(words) == _STEP_PARTS:
        words[2] = _count(str(words[2]))
    return words


def _number(value: object) -> float:
    """Sums of the catalogue, at most a few digits long, come back from a float as they were."""
    assert isinstance(value, Decimal)
    return float(value)


def _count(text: str) -> object:
    """A whole number, or the text itself, which the catalogue's own check then names."""
    return (
        int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX else text
    )
