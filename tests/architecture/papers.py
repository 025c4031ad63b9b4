"""Markdown as the tests of the papers read it: chapters, tables, marked blocks and links."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum

Transitions = Mapping[Enum, Mapping[type, tuple[Enum, ...]]]
Row = tuple[str, ...]


def chapter(markdown: str, heading: str) -> str:
    """The text below a heading, up to the next heading of the same level or above.

    Raises:
        LookupError: There is no such heading.
    """
    found = re.search(
        rf"^(#+) (?:[0-9.]+ )?{re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)",
        markdown,
        flags=re.MULTILINE | re.DOTALL,
    )
    if found is None:
        raise LookupError(heading)
    return found[2]


def tables(markdown: str) -> list[dict[str, Row]]:
    """All tables of a text: the bare first cell of each row, and the other cells as they are.

    A first cell in code marks is taken without them; code marks in other cells are kept.
    """
    blocks = re.findall(r"(?:^\|.*\n?)+", markdown, flags=re.MULTILINE)
    return [{row[0].strip("`"): row[1:] for row in _rows(block)} for block in blocks]


def table(markdown: str, first_column: str, second_column: str = "") -> dict[str, Row]:
    """The one table whose first columns have these titles.

    Raises:
        LookupError: There is none, or more than one.
    """
    found = [
        one
        for one in tables(markdown)
        if first_column in one and (not second_column or one[first_column][0] == second_column)
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} tables begin with {first_column} {second_column}")
    return {key: cells for key, cells in found[0].items() if key != first_column}


def code_words(cell: str) -> tuple[str, ...]:
    """The words in code marks of one cell, in order."""
    return tuple(re.findall(r"`([^`]+)`", cell))


def marked_block(markdown: str, mark: str) -> str:
    """The fenced block behind the comment `<!-- mark -->`, without its fence.

    Raises:
        LookupError: There is no such comment with a block.
    """
    found = re.search(
        rf"^<!-- {re.escape(mark)} -->\n```[a-z]*\n(.*?)^```",
        markdown,
        flags=re.MULTILINE | re.DOTALL,
    )
    if found is None:
        raise LookupError(mark)
    return found[1]


def diagram(transitions: Transitions) -> str:
    """A table of transitions as a diagram of Mermaid; its first state is the beginning."""
    rows = ["stateDiagram-v2", f"    [*] --> {next(iter(transitions)).value}"]
    rows += [
        f"    {source.value} --> {target.value}: {event.__name__}"
        for source, events in transitions.items()
        for event, targets in events.items()
        for target in targets
    ]
    rows += [
        f"    {source.value} --> [*]" for source, events in transitions.items() if not events
    ]
    return "\n".join(rows) + "\n"


def local_links(markdown: str) -> Iterator[str]:
    """The targets of links to files of the repository, without anchors."""
    for target in re.findall(r"\]\(([^)\s]+)\)", markdown):
        path = target.partition("#")[0]
        if path and not re.match(r"[a-z]+:", path):
            yield path


def named_files(markdown: str) -> tuple[str, ...]:
    """The paths in code marks that begin with a folder of this repository."""
    folders = "configs|docs|tests|benchmarks|simulation"
    return tuple(re.findall(rf"`((?:{folders})/[\w./-]*)`", markdown))


def _rows(block: str) -> Iterator[Row]:
    for line in block.splitlines():
        cells = tuple(
            cell.strip().replace("\\|", "|")
            for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|"))[:-1]
        )
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            yield cells
