"""The parser of the command line: argparse, with help in the user's language."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterable
from typing import Any, NoReturn

from postroad.errors import UsageError
from web.texts import LANGUAGES, Texts

# The headings that argparse writes itself, and the keys of our texts for them.
_HEADINGS = {"options": "cli.options", "positional arguments": "cli.arguments"}


class CommandParser(argparse.ArgumentParser):
    """A parser whose descriptions and helps are keys of the message catalogue.

    Every parser and subparser knows `--json`, `--lang` and `--help`, so that they may stand
    anywhere on the line. A wrong line raises `UsageError`; nothing exits.
    """

    def __init__(self, *, texts: Texts, **options: Any) -> None:  # noqa: ANN401
        formatter = functools.partial(_Formatter, texts=texts)
        super().__init__(
            add_help=False,
            allow_abbrev=False,
            formatter_class=formatter,
            **options,
        )
        self._texts = texts
        self.add_argument("-h", "--help", action="help", help="cli.help.help")
        # Suppressed: a subparser must not put its default over what the parser before it read.
        self.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="cli.help.json"
        )
        self.add_argument(
            "--lang", choices=LANGUAGES, default=argparse.SUPPRESS, help="cli.help.lang"
        )

    def add_subparsers(self, **options: Any) -> Any:  # noqa: ANN401
        """Subparsers of the same kind and language, one of which must be named."""
        add: Any = super().add_subparsers
        kind = functools.partial(CommandParser, texts=self._texts)
        title = self._texts.text("cli.commands")
        return add(**{"parser_class": kind, "required": True, "title": title, **options})

    def error(self, message: str) -> NoReturn:
        """Refuse the line.

        Raises:
            UsageError: Always.
        """
        raise UsageError("cli.usage_error", command=self.prog, fault=message)


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str, *, texts: Texts) -> None:
        super().__init__(prog, max_help_position=32)
        self._texts = texts

    def add_text(self, text: str | None) -> None:
        super().add_text(self._translated(text))

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(
            usage, actions, groups, self._texts.text("cli.usage") if prefix is None else prefix
        )

    def start_section(self, heading: str | None) -> None:
        super().start_section(self._translated(_HEADINGS.get(heading or "", heading)))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return self._translated(action.help)

    def _translated(self, text: str | None) -> str | None:
        return (self._texts.find(text) or text) if text else text
