"""How much of the program one client, or all of them together, may take."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sync.couchdb_http.errors import ReplyError
from sync.couchdb_http.requests import Request


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """What is refused, because it would cost others too much.

    The limits of single documents and attachments are those of the store.

    Attributes:
        json_bytes: Body of JSON in one request; it is held in memory whole. PouchDB pushes
            attachments inside it, CouchDB does not.
        json_bytes_together: Bodies of JSON being worked on at one time.
        feeds: Feeds that wait for changes at one time; each holds a thread.
        workers: Requests besides these feeds that are worked on at one time.
        requested_ids: Documents that one request may name.
    """

    json_bytes: int = 64 << 20
    json_bytes_together: int = 96 << 20
    feeds: int = 96
    workers: int = 16
    requested_ids: int = 10_000


FREE_BYTES = 256 << 10
"""Bodies up to this size are not counted: the workers bound them."""

GZIP_FACTOR = 8
"""Packed JSON is counted as if it grew so much; it may still be cut off by its own limit."""

_WAIT_S = 30.0


class BodyBudget:
    """Lets bodies into memory as long as there is room, and makes the next one wait."""

    def __init__(self, limits: ServingLimits) -> None:
        self._limits = limits
        self._free = limits.json_bytes_together
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, request: Request) -> Iterator[None]:
        """Room for the body of a request, as long as the block runs.

        Raises:
            ReplyError: There is no room for a long time; status 503, the client tries again.
        """
        size = self._size(request)
        with self._changed:
            if not self._changed.wait_for(lambda: self._free >= size, _WAIT_S):
                raise ReplyError(503, "service_unavailable", "Too many large requests")
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()

    def _size(self, request: Request) -> int:
        if request.length <= FREE_BYTES or request.content_type()[0] != "application/json":
            return 0
        packed = request.headers.get("content-encoding", "identity") != "identity"
        size = request.length * (GZIP_FACTOR if packed else 1)
        return min(size, self._limits.json_bytes, self._limits.json_bytes_together)


class FeedSeats:
    """Counts feeds that wait, and ends them all when the server stops."""

    def __init__(self, seats: int) -> None:
        self._free = seats
        self._lock = threading.Lock()
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether every feed should end now."""
        return self._stopping

    def take(self) -> None:
        """Take a seat.

        Raises:
            ReplyError: There is none. 429 is the one status that slows CouchDB's replicator.
        """
        with self._lock:
            if self._free <= 0:
                raise ReplyError(429, "too_many_requests", "Too many feeds are open")
            self._free -= 1

    def leave(self) -> None:
        """Give a seat back."""
        with self._lock:
            self._free += 1

    def stop(self) -> None:
        """Tell every feed to end."""
        self._stopping = True
