"""Follows the feed of a cluster's log, so that one process hears of what another put.

What the feed says is only a bell: the log itself is read by number. So rows that repeat, come
late or begin again far back (a shard was moved, a node came back) cost a question and no more.
A row with two revisions tells of two writers that did not see each other, however late.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from sync.errors import StoreError
from sync.stores.couch_client import WAIT_S_MAX, Ask, CouchClient

FEED_MS = 20_000
"""How long the cluster holds an idle question open."""
_SILENCE_S = FEED_MS / 1000 + 10
_LIMIT = 1_000
_JOIN_S = 0.5
_OK = 200

_log = logging.getLogger(__name__)


class Followed(Protocol):
    """What is kept up to date."""

    @property
    def since(self) -> str:
        """How far the follower came before; opaque."""
        ...

    def caught_up(self, since: str = "") -> bool:
        """Read the log to its end; whether there was anything."""
        ...

    def mend(self, number: int) -> None:
        """Join the revisions of a segment."""
        ...


class Follower:
    """A thread that asks for changes and goes on for ever, whatever the cluster does."""

    def __init__(
        self,
        client: CouchClient,
        database: str,
        followed: Followed,
        on_change: Callable[[], object],
    ) -> None:
        self._client = client
        self._path = f"{quote(database, safe='')}/_changes"
        self._followed = followed
        self._on_change = on_change
        self._thread = threading.Thread(target=self._run, name="couch-follower", daemon=True)

    def start(self) -> None:
        """Begin at the place that was kept."""
        self._thread.start()

    def join(self) -> None:
        """Wait a moment; a question that is still open ends by itself and changes nothing."""
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        since, failures = self._followed.since, 0
        while not self._client.stop.is_set():
            try:
                since = self._once(since)
                failures = 0
            except StoreError as error:
                if self._client.stop.is_set():
                    return
                failures += 1
                _log.warning("the feed of the cluster broke off", extra={"error": str(error)})
                self._client.stop.wait(min(WAIT_S_MAX, 0.2 * 2 ** min(failures, 6)))

    def _once(self, since: str) -> str:
        query = {
            "feed": "longpoll",
            "since": since,
            "timeout": str(FEED_MS),
            "limit": str(_LIMIT),
            "style": "all_docs",
        }
        reply = self._client.attempt(Ask("GET", self._path, query), silence_s=_SILENCE_S)
        if reply.status != _OK or not isinstance(reply.value, dict):
            raise StoreError(f"the feed of the cluster cannot be read: {reply.fault}")
        for row in reply.value.get("results", []):
            if len(row.get("changes", [])) > 1 and str(row.get("id")).isdecimal():
                self._followed.mend(int(row["id"]))
        last = reply.value.get("last_seq", since)
        reached = last if isinstance(last, str) else str(int(last))
        if self._followed.caught_up(reached) and not self._client.stop.is_set():
            self._on_change()
        return reached
