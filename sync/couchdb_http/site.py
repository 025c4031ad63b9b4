"""What every endpoint works with."""

from dataclasses import dataclass

from sync.couch_ports import DocumentStore
from sync.couchdb_http.limits import BodyBudget, FeedSeats, ServingLimits
from sync.ports import Clock, RandomBytes


@dataclass(frozen=True, slots=True)
class Site:
    """A store and what is needed to serve it.

    Attributes:
        store: Where the documents rest.
        clock: Measures the waits of feeds.
        random_bytes: For ids of documents that come without one.
        limits: What a client may take.
        budget: Room for bodies in memory.
        feeds: Seats for feeds that wait.
        version: Version of Postroad, shown at the root.
    """

    store: DocumentStore
    clock: Clock
    random_bytes: RandomBytes
    limits: ServingLimits
    budget: BodyBudget
    feeds: FeedSeats
    version: str

    def new_id(self) -> str:
        """An id for a document that came without one: 32 hex digits."""
        return self.random_bytes(16).hex()

    def boundary(self) -> str:
        """A line between parts that stands in no part."""
        return self.random_bytes(16).hex()
