"""The console command `postroad`: one word for the subject, one for what to do with it.

A subject lives in a module of its own with a function `add_commands(commands)`, which adds one
parser and sets `run` on it: a function that takes the parsed arguments, says what it did
through `arguments.terminal`, and returns an exit code or None. Helps are keys of the message
catalogue.
"""

from __future__ import annotations

import importlib
import io
import itertools
import os
import sys
import traceback
from collections.abc import Mapping, Sequence

from postroad.errors import PostroadError, UnsafeError
from postroad.exit_codes import ExitCode, exit_code
from postroad.parser import CommandParser
from web.terminal import Terminal
from web.texts import LANGUAGES, Texts, language_of

SUBJECTS = {
    "network": "postroad.network.commands",
    "node": "node.cli",
    "hub": "hub.cli",
    "link": "postroad.links",
    "registry": "postroad.registries",
    "escrow": "postroad.escrow",
    "audit": "postroad.audit.commands",
    "archive": "postroad.audit.archive",
    "catalogue": "postroad.catalogues",
    "receipt": "postroad.receipts",
    "store": "postroad.stores",
    "bundle": "postroad.bundles",
    "compare": "postroad.comparing",
    "quarantine": "postroad.quarantine",
    "version": "postroad.version",
}
"""The subjects in the order of the help, and the module that adds each.

Loaded when named: checking a receipt does not load the web server.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command line and give back its exit code; prints, but never exits.

    Args:
        words: The words after `postroad`; those of the process if None.
    """
    words = list(sys.argv[1:] if words is None else words)
    _survive_narrow_encodings()
    texts = Texts(_language(words, os.environ))
    try:
        if sys.flags.optimize:
            raise UnsafeError("cli.optimised")
        arguments = build_parser(texts, words).parse_args(words)
        as_json = getattr(arguments, "json", False)
        arguments.terminal = Terminal(texts, sys.stdout, as_json=as_json)
        code = arguments.run(arguments)
    except SystemExit as leaving:  # argparse leaves so after --help
        return int(leaving.code or ExitCode.OK)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: nobody is left to be told, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_code(BrokenPipeError())
    except Exception as error:
        return _report(error, texts)
    return ExitCode.OK if code is None else int(code)


def build_parser(texts: Texts, words: Sequence[str] = ()) -> CommandParser:
    """The parser for these words: only the subject that they name is loaded, all for help."""
    parser = CommandParser(texts=texts, prog="postroad", description="cli.description")
    commands = parser.add_subparsers(dest="subject")
    named = next((word for word in words if word in SUBJECTS), None)
    for subject, module in SUBJECTS.items():
        if named in {None, subject}:
            importlib.import_module(module).add_commands(commands)
    return parser


def _language(words: Sequence[str], environment: Mapping[str, str]) -> str:
    # Looked up before parsing: the parser speaks already.
    for word, following in itertools.pairwise([*words, ""]):
        name = following if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and name in LANGUAGES:
            return name
    settings = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return language_of(next(filter(None, settings), None))


def _report(error: Exception, texts: Texts) -> ExitCode:
    code = exit_code(error)
    if code == ExitCode.FAULT:
        traceback.print_exception(error)
    message, hint = _message(error, texts)
    line = f"postroad: {message}; {hint}" if hint else f"postroad: {message}"
    print(" ".join(line.split()), file=sys.stderr)
    return code


def _message(error: Exception, texts: Texts) -> tuple[str, str]:
    if isinstance(error, PostroadError):
        hint = texts.find(error.hint, **error.params)
        return texts.text(error.key, **error.params), hint or ""
    if isinstance(error, OSError):
        fault = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return fault, texts.text("cli.system.hint")
    if exit_code(error) == ExitCode.FAULT:
        fault = f"{type(error).__name__}: {error}"
        return texts.text("cli.fault", fault=fault), texts.text("cli.fault.hint")
    return str(error), str(getattr(error, "hint", ""))


def _survive_narrow_encodings() -> None:
    # A console that cannot show a character shows its number instead of ending the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
