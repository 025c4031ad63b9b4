"""Single keys from a terminal, without Enter; nothing where there is no terminal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator

_LOOK_S = 0.2
_ABSENT_S = 1.0
_KEYS_MAX = 16


class Keyboard:
    """Hands every key to a function while it listens."""

    def __init__(self, press: Callable[[str], None]) -> None:
        self._press = press

    def listen(self) -> float:
        """Wait a moment for keys and hand them on; returns how long to rest before the next."""
        ready, _, _ = select.select([sys.stdin], [], [], _LOOK_S)
        if not ready:
            return 0.0
        typed = os.read(sys.stdin.fileno(), _KEYS_MAX)
        if not typed:
            # The terminal is gone.
            return _ABSENT_S
        for key in typed.decode("ascii", "ignore").lower():
            self._press(key)
        return 0.0


@contextlib.contextmanager
def single_keys() -> Iterator[bool]:
    """Let the terminal give every key at once; whether there is one. It is left as it was."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield False
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield True
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
