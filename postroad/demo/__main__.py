"""`python -m postroad.demo`: the demonstration until Ctrl-C; with `--once`, a scripted day."""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from postroad.demo.errors import DemoError, StoppedError
from postroad.demo.pacing import Pace
from postroad.errors import PostroadError
from postroad.exit_codes import ExitCode, exit_code
from postroad.parser import CommandParser
from sync.errors import StoreError
from sync.stores.lock import WriterLock
from web.texts import LANGUAGES, Texts, language_of

FOLDER = Path("build") / "demo"
LOCK = "demo.lock"


def main(words: list[str]) -> int:
    """Run the demonstration and give back its exit code: 0 if it was ended as it should."""
    _survive_narrow_encodings()
    texts = Texts(_language(words))
    pace = Pace()
    try:
        arguments = _parser(texts).parse_args(words)
        _listen_to_signals(pace)
        return _play(arguments, pace, texts)
    except StoppedError:
        print(texts.text("demo.stopped"))
        return ExitCode.OK if not _is_once(words) else ExitCode.INTERRUPTED
    except PostroadError as error:
        print(texts.text(error.key, **error.params), file=sys.stderr)
        hint = texts.find(error.hint, **error.params)
        if hint:
            print(hint, file=sys.stderr)
        return exit_code(error)
    except Exception as error:
        # Every known error of the product is one line; any other is a fault, and shown whole.
        code = exit_code(error)
        if code == ExitCode.FAULT:
            raise
        print(f"{error}; {getattr(error, 'hint', '')}".strip("; "), file=sys.stderr)
        return code


def _play(arguments: argparse.Namespace, pace: Pace, texts: Texts) -> int:
    folder = arguments.folder.resolve()
    as_json = getattr(arguments, "json", False)
    tell = _tell_program if as_json else _tell_person
    with _claimed(folder):
        if arguments.once:
            from postroad.demo.once import play_once

            held = play_once(folder, pace, texts.text, tell)
            return ExitCode.OK if held else ExitCode.VERDICT
        from postroad.demo.live import play_live

        is_screen = sys.stdout.isatty() and not as_json
        play_live(folder, pace, texts.text, tell, is_screen=is_screen)
    return ExitCode.OK


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Keep a second demonstration out of the folder, which it would make anew."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = WriterLock(folder / LOCK)
    except StoreError as error:
        raise DemoError("demo.in_use", folder=str(folder)) from error
    try:
        yield
    finally:
        lock.release()


def _parser(texts: Texts) -> CommandParser:
    parser = CommandParser(
        texts=texts, prog="python -m postroad.demo", description="demo.description"
    )
    parser.add_argument("--once", action="store_true", help="demo.once.help")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="demo.folder.help")
    return parser


def _listen_to_signals(pace: Pace) -> None:
    def told(_signal: int, _frame: FrameType | None) -> None:
        # Only the flag: whatever is under way ends in order, and a second Ctrl-C cannot
        # interrupt the stopping of the programs.
        pace.stop()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), told)


def _language(words: list[str]) -> str:
    for word, following in itertools.pairwise([*words, ""]):
        wish = following if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and wish in LANGUAGES:
            return wish
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return language_of(next(filter(None, names), None))


def _is_once(words: list[str]) -> bool:
    return "--once" in words


def _tell_person(line: str) -> None:
    print(line, flush=True)


def _tell_program(line: str) -> None:
    print(json.dumps({"line": line}, ensure_ascii=False), flush=True)


def _survive_narrow_encodings() -> None:
    # A terminal that cannot show a character shows its number instead of ending everything.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
