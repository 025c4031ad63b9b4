"""The reading keys of this unit: those it began with, and those that the unit above sent."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping

from casebook.people import Station
from security.epochs import open_epoch
from security.errors import OpenError
from security.registry import Registry
from security.signing import ReadingKey

_log = logging.getLogger(__name__)

Keep = Callable[[int, ReadingKey], object]
"""Writes the key of an epoch where the next start finds it."""


class ReadingKeys(Mapping[int, ReadingKey]):
    """All reading keys by epoch; new ones appear while the program runs."""

    def __init__(self, known: Mapping[int, ReadingKey], device: ReadingKey, keep: Keep) -> None:
        """Take the keys at hand, and the key to which new ones are sealed."""
        self._known = dict(known)
        self._device = device
        self._keep = keep
        self._lock = threading.Lock()

    def __getitem__(self, epoch: int) -> ReadingKey:
        """Return the key of an epoch."""
        return self._known[epoch]

    def __iter__(self) -> Iterator[int]:
        """Return the epochs."""
        return iter(self._known.copy())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._known)

    def adopt(self, registry: Registry, station: Station) -> int:
        """Take in the keys that were sealed to this device; return how many were new.

        One that does not open is logged and tried again at the next call.

        Raises:
            KeyFileError: A key could not be written; it is not used before it is.
        """
        adopted = 0
        with self._lock:
            for stated in registry.epochs(station.unit):
                if stated.epoch in self._known:
                    continue
                try:
                    key = open_epoch(stated, station.unit, station.device, self._device)
                except OpenError:
                    _log.exception("an epoch key does not open", extra={"epoch": stated.epoch})
                    continue
                if key is not None:
                    self._keep(stated.epoch, key)
                    self._known[stated.epoch] = key
                    adopted += 1
        return adopted
