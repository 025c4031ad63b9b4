"""What a store shows of its traffic while its program writes it: what waits, what it holds."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass

from postroad.demo.area import Area, Place
from sync.errors import StoreError
from sync.protocol.cursors import decode_down, decode_up, down_key, up_key
from sync.scope import CARRIED
from sync.stores.sqlite import SqliteStore

WAITING_MAX = 10_000
_ENDED = ("delivered", "withdrawn")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records of one link that the other end does not have yet."""

    up: int
    down: int

    @property
    def is_nothing(self) -> bool:
        """Whether both ends hold what is meant for them."""
        return not self.up and not self.down


@dataclass(frozen=True, slots=True)
class Holding:
    """Cases of one installation, as its lists show them."""

    cases: int
    ended: int


class Gauges:
    """Looks into the stores of an area without disturbing the programs that write them.

    Records of `databases` count as waiting.
    """

    def __init__(self, area: Area, databases: tuple[str, ...] = CARRIED) -> None:
        self._area = area
        self._databases = databases
        self._stores: dict[str, SqliteStore] = {}

    def waiting(self, place: Place) -> Waiting | None:
        """What waits on the link above a place; None as long as a store is not there.

        A store that is being opened after a crash counts as not there.
        """
        if place.parent is None:
            return Waiting(0, 0)
        try:
            child = self._store(place)
            parent = self._store(self._area.place(place.parent))
            return Waiting(
                _waiting_up(child, place.parent, self._databases),
                _waiting_down(parent, child, place, self._databases),
            )
        except StoreError:
            return None

    def all_quiet(self) -> bool:
        """Whether every store has all that is meant for it."""
        for place in self._area.places:
            waiting = self.waiting(place)
            if waiting is None or not waiting.is_nothing:
                return False
        return True

    def holding(self, place: Place) -> Holding:
        """The cases of a place, none as long as its read model is not there."""
        path = place.data / "readmodel.sqlite"
        address = f"{path.absolute().as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
                rows = connection.execute("SELECT state, COUNT(*) FROM cases GROUP BY state")
                counts = {str(state): int(number) for state, number in rows}
        except sqlite3.Error:
            return Holding(0, 0)
        return Holding(sum(counts.values()), sum(counts.get(state, 0) for state in _ENDED))

    def close(self) -> None:
        """Let go of all stores."""
        for store in self._stores.values():
            store.close()
        self._stores.clear()

    def _store(self, place: Place) -> SqliteStore:
        store = self._stores.get(place.unit)
        if store is None:
            store = SqliteStore.open_for_reading(place.data / "store.sqlite")
            self._stores[place.unit] = store
        return store


def _waiting_up(child: SqliteStore, parent: str, databases: tuple[str, ...]) -> int:
    confirmed = decode_up(child.local(up_key(parent)))
    since = confirmed.seq if confirmed else 0
    if since > child.last_seq:
        return 0
    page = child.changes(since, limit=WAITING_MAX, databases=databases, skip_origin=parent)
    return len(page.rows)


def _waiting_down(
    parent: SqliteStore, child: SqliteStore, place: Place, databases: tuple[str, ...]
) -> int:
    known = decode_down(child.local(down_key(place.path[-2])))
    since = known.seq if known and known.incarnation == parent.incarnation else 0
    page = parent.changes(
        since,
        limit=WAITING_MAX,
        databases=databases,
        tag=f"unit:{place.unit}",
        skip_origin=place.device,
    )
    return len(page.rows)
