"""What the papers say about commands and exit codes, and what the programs say themselves."""

import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator

Command = tuple[str, ...]


def make_targets(makefile: str) -> set[str]:
    """The targets that a Makefile defines and that a person may name."""
    rules = re.findall(r"^([a-z][a-z0-9 ]*):(?!=)", makefile, flags=re.MULTILINE)
    return {target for rule in rules for target in rule.split()}


def named_targets(markdown: str) -> set[str]:
    """The make targets that the code in a Markdown text tells the reader to run."""
    return {
        target for code in _code(markdown) for target in re.findall(r"\bmake ([a-z]\w*)", code)
    }


def named_commands(markdown: str) -> set[Command]:
    """The leading plain words after `postroad` in the code of a Markdown text."""
    return {
        tuple(words.split())
        for code in _code(markdown)
        for words in re.findall(
            r"^(?:\$ )?(?:\S*/)?postroad((?: [a-z][a-z-]*)+)", code, flags=re.MULTILINE
        )
    }


def listed_codes(markdown: str) -> set[int]:
    """The codes in the first column of the tables in the chapter on exit codes."""
    chapter = re.search(
        r"^(#+) [^\n]*exit codes?\b.*?(?=^#{1,2} |\Z)",
        markdown,
        flags=re.MULTILINE | re.DOTALL | re.IGNORECASE,
    )
    rows = chapter[0] if chapter else ""
    return {int(code) for code in re.findall(r"^\| *`?(\d+)`? *\|", rows, flags=re.MULTILINE)}


def subcommands(parser: ArgumentParser, parent: Command = ()) -> Iterator[Command]:
    """Every command that a parser knows, without the groups that only lead to others."""
    groups = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
    if not groups and parent:
        yield parent
    for group in groups:
        for name, child in group.choices.items():
            yield from subcommands(child, (*parent, name))


def _code(markdown: str) -> list[str]:
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", markdown, flags=re.MULTILINE | re.DOTALL)
    return fenced + re.findall(r"(?<!`)`([^`\n]+)`(?!`)", markdown)
