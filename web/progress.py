"""How far a long command has come: a bar for a person, lines for a program."""

from __future__ import annotations

import sys

from sync.wallclock import WallClock
from web.terminal import Terminal

WIDTH = 40
EVERY_S = 0.2


class Progress:
    """One bar on standard error, or with `--json` one line now and then on standard output."""

    def __init__(self, terminal: Terminal, key: str) -> None:
        """Take where to write; `key` names the text, with parameters `done` and `total`."""
        self._terminal = terminal
        self._key = key
        self._clock = WallClock()
        self._said_s = -EVERY_S
        self._is_bar = not terminal.as_json and sys.stderr.isatty()
        self._is_open = False

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is, unless that was just shown."""
        now_s = self._clock.monotonic()
        if done < total and now_s - self._said_s < EVERY_S:
            return
        self._said_s = now_s
        if self._is_bar:
            filled = WIDTH * done // max(total, 1)
            bar = "#" * filled + "." * (WIDTH - filled)
            text = self._terminal.texts.text(self._key, done=done, total=total)
            sys.stderr.write(f"\r[{bar}] {text}")
            sys.stderr.flush()
            self._is_open = True
        elif self._terminal.as_json:
            self._terminal.say(self._key, done=done, total=total)

    def close(self) -> None:
        """End the line of the bar."""
        if self._is_open:
            sys.stderr.write("\n")
            self._is_open = False
