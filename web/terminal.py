"""What a command tells the person who called it: a line of text, or of JSON for a program."""

from __future__ import annotations

import argparse
import json
from typing import Protocol, TextIO

from web.texts import Texts


class Commands(Protocol):
    """Where a module adds its commands: what `add_subparsers` of argparse gives."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser:  # noqa: A002
        """A parser for one more word; `help` and `description` are keys of the catalogue."""


class Terminal:
    """The standard output of one command.

    A command says things by key and parameters: `say("network.made", folder="x", units=6)`. A
    person gets the text of the catalogue; with `--json` a program gets one JSON object a line,
    holding the key as `message` and every parameter, whatever the language.
    """

    def __init__(self, texts: Texts, stream: TextIO, *, as_json: bool) -> None:
        self.texts = texts
        self.as_json = as_json
        self._stream = stream

    def say(self, key: str, /, **params: object) -> None:
        """Write one line at once, so that a program in a pipe sees it while the command runs.

        Parameters must be values of JSON. `message` is not a name for a parameter.
        """
        if self.as_json:
            line = json.dumps({"message": key, **params}, ensure_ascii=False)
        else:
            line = self.texts.text(key, **params)
        print(line, file=self._stream, flush=True)
