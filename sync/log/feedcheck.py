"""What is looked at record by record: feeds that must be whole, and roots of one log."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from security.errors import TrustError
from security.records import Record
from security.registry import Registry
from security.tlog import EMPTY_ROOT, frontier
from sync.feeds import Feed, Place
from sync.log.folder import LogFolder

_ROOTS_CACHED = 65_536


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be.

    Attributes:
        kind: a word: `unreadable`, `signature`, `author`, `revoked`, `gap`, `fork`, `chain`,
            `clock`, `log`, `missing`, `unlogged`, `history`, `rollback`, `stale`, `promise`.
        place: where: a record, a device and position, a log and leaf.
        detail: one line in English, for experts.
    """

    kind: str
    place: str
    detail: str = ""


class FeedCheck:
    """The feeds of one store: those of its own subtree must be whole."""

    def __init__(self, registry: Registry, unit: str) -> None:
        """Take the unit whose subtree the store must hold whole."""
        self._registry = registry
        self._unit = unit
        self._feeds: dict[tuple[str, int], Feed] = {}
        self._stamps: dict[tuple[str, int], tuple[int, int]] = {}

    def take(self, record: Record) -> Iterator[Finding]:
        """Put a record into its feed, and say what does not fit."""
        header = record.header
        if not self._is_below(header.device):
            return
        key = (header.device, header.incarnation)
        place = f"{header.device} #{header.seq}"
        found, feed = self._feeds.get(key, Feed()).placed(header, record.hash)
        if found not in {Place.NEXT, Place.IN_GAP}:
            yield Finding(found.value if found is not Place.GAPS else "gap", place, record.id)
            return
        self._feeds[key] = feed
        stamp = (header.hlc.ms, header.hlc.counter)
        if found is Place.NEXT:
            if stamp <= self._stamps.get(key, (-1, 0)):
                yield Finding("clock", place, "it states a time before that of the one before")
            self._stamps[key] = max(stamp, self._stamps.get(key, stamp))

    def end(self) -> Iterator[Finding]:
        """Say what is missing once every record was taken."""
        for (device, _), feed in self._feeds.items():
            for gap in feed.gaps:
                yield Finding("gap", f"{device} #{gap.first}", f"up to #{gap.last} are missing")

    def _is_below(self, device: str) -> bool:
        try:
            return self._unit in self._registry.path(self._registry.device(device).unit)
        except TrustError:
            return False


class Roots:
    """The roots of one log at any size, each worked out once."""

    def __init__(self, log: LogFolder, size: int) -> None:
        """Take the files, and how many leaves they hold."""
        self._read = log.reader()
        self.size = size
        self._known: OrderedDict[int, bytes] = OrderedDict()

    def at(self, size: int) -> bytes:
        """The root of the first `size` leaves."""
        if size not in self._known:
            root = frontier(self._read, size).root() if size else EMPTY_ROOT
            self._known[size] = root
            if len(self._known) > _ROOTS_CACHED:
                self._known.popitem(last=False)
        return self._known[size]
