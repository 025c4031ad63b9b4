"""What the outpost and the hub have in common as running programs."""

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

from sync.errors import StoreError
from web.opening import Installation

_log = logging.getLogger(__name__)

STOP_S = 5.0


class Part(Protocol):
    """Something that runs beside the others and is stopped with them."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, within seconds."""


class Indexing:
    """Brings the read model up to the store while the pages answer already.

    It matters after an upgrade that reads more of each case, and when the file was lost.
    """

    def __init__(self, installation: Installation) -> None:
        """Take the installation; nothing is read yet."""
        self._casebook = installation.casebook
        self._thread = threading.Thread(target=self._run, name="indexing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Wait a little for the batch under way; the next start goes on from there."""
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            folded = self._casebook.refresh()
        except StoreError:
            _log.info("the program stopped before the read model was complete")
        else:
            _log.info("the read model is complete", extra={"folded": folded})


def run_until_told(parts: Sequence[Part], ready: Callable[[], None]) -> None:
    """Start the parts in order, wait for SIGINT or SIGTERM, stop them in reverse order."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, tell)
    started: list[Part] = []
    try:
        for part in parts:
            part.start()
            started.append(part)
        ready()
        told.wait()
    finally:
        for part in reversed(started):
            part.stop()
