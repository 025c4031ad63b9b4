"""A store put on a socket in the CouchDB protocol."""

import socket
from dataclasses import dataclass, field

from sync.couch_ports import DocumentStore
from sync.couchdb_http.application import CouchApplication
from sync.couchdb_http.cors import Cors
from sync.couchdb_http.limits import BodyBudget, FeedSeats, ServingLimits
from sync.couchdb_http.server import CouchServer
from sync.couchdb_http.sessions import Login, Sessions
from sync.couchdb_http.site import Site
from sync.ports import Clock, RandomBytes


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """How a store is served.

    Attributes:
        login: The account that may do everything; without a user everybody may, and then only
            requests that name this machine as their host are answered.
        cors: Pages of other origins that may read.
        limits: What a client may take.
        version: Version of Postroad to show.
    """

    login: Login = field(default_factory=Login)
    cors: Cors = field(default_factory=Cors)
    limits: ServingLimits = field(default_factory=ServingLimits)
    version: str = ""


class ServedStore:
    """A store on a socket. The socket is bound already; the store is closed by its owner."""

    def __init__(
        self,
        store: DocumentStore,
        listening: socket.socket,
        settings: ServingSettings,
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        limits = settings.limits
        self._feeds = FeedSeats(limits.feeds)
        site = Site(
            store,
            clock,
            random_bytes,
            limits,
            BodyBudget(limits),
            self._feeds,
            settings.version,
        )
        sessions = Sessions(settings.login, clock, random_bytes)
        application = CouchApplication(
            site, sessions, settings.cors, loopback=not settings.login.is_needed
        )
        self._server = CouchServer(
            application,
            application.admit,
            clock,
            listening,
            workers=limits.workers + limits.feeds,
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def run(self) -> None:
        """Serve until `close` is called."""
        self._server.run()

    def close(self) -> None:
        """End the feeds and let `run` return; may be called from any thread, also twice."""
        self._feeds.stop()
        self._server.close()
