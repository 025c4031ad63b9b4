"""The store of an installation in the CouchDB protocol, beside its pages.

A child that comes through the gateway sees its own scope; who it is, its connection says. IT
staff of the installation sign in and read everything, so that the tools of CouchDB copy it.
Everybody else is told to sign in.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask

from security.errors import TrustError
from sync.couch_ports import DocumentStore
from sync.couchdb_http.application import CouchApplication
from sync.couchdb_http.cors import Cors
from sync.couchdb_http.errors import ReplyError
from sync.couchdb_http.limits import BodyBudget, FeedSeats, ServingLimits
from sync.couchdb_http.replies import error_reply
from sync.couchdb_http.sessions import Login, Sessions
from sync.couchdb_http.site import Site
from sync.ports import Clock, RandomBytes, Store
from sync.stores.sqlite import SqliteStore
from sync.views.reading import ReadOnly
from sync.views.scoped import Child, ProductStore, Scoped
from sync.wallclock import WallClock, random_bytes
from web.context import EXTENSION, installed_version
from web.roster import Roster
from web.serving import BODY_BYTES_MAX
from web.sessions import SignInGuard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/couchdb"
SESSION_PATH = "/_session"
"""CouchDB's replicator signs in at the root of the server, wherever the databases stand."""

IT = "it"
"""The role that may read everything."""

FEEDS = 16
"""Feeds that wait at one time; each holds a thread of a program with other duties."""

LIMITS = ServingLimits(
    json_bytes=BODY_BYTES_MAX, json_bytes_together=2 * BODY_BYTES_MAX, feeds=FEEDS, workers=8
)

REMEMBERED_S = 600.0
"""Clients send the password with each request; the slow check is made once in this time."""
_REMEMBERED_MAX = 100
_LOOPBACK = ("127.", "::1", "::ffff:127.")

ChildOf = Callable[["WSGIEnvironment"], Child | None]
"""Who comes through the gateway; None if the connection is no tunnel. Raises `TrustError`."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A password that was right a while ago."""

    digest: bytes
    stamp: str
    until: float


class ItStaff:
    """Lets clerks with the role `it` in, by the same passwords and waits as the pages."""

    is_needed = True
    roles = (IT,)

    def __init__(
        self, roster: Roster, guard: SignInGuard, clock: Clock, randomness: RandomBytes
    ) -> None:
        self._roster = roster
        self._guard = guard
        self._clock = clock
        self._key = randomness(32)
        self._checked: dict[str, _Checked] = {}
        self._lock = threading.Lock()

    def fits(self, user: str, password: str) -> bool:
        """Whether these are name and password of active IT staff; guessing is slowed down."""
        if not self.knows(user):
            # As slow as for a name that is known.
            self._guard.sign_in(user, password, self._clock.now_ms())
            return False
        digest = hmac.digest(self._key, password.encode("utf-8", "replace"), hashlib.sha256)
        stamp, now = self._roster.stamp(user), self._clock.monotonic()
        with self._lock:
            known = self._checked.get(user)
        is_fresh = known is not None and known.stamp == stamp and now < known.until
        if known and is_fresh and hmac.compare_digest(known.digest, digest):
            return True
        if self._guard.sign_in(user, password, self._clock.now_ms()).clerk is None:
            return False
        with self._lock:
            if len(self._checked) >= _REMEMBERED_MAX:
                self._checked.clear()
            self._checked[user] = _Checked(digest, stamp, now + REMEMBERED_S)
        return True

    def knows(self, user: str) -> bool:
        """Whether this is a clerk who is active and has the role."""
        clerk = self._roster.active_clerk(user)
        return clerk is not None and IT in clerk.roles


class CouchDoor:
    """One WSGI application for whoever speaks CouchDB to an installation.

    Args of the constructor: `store` is the installation's; `staff` says who of its clerks may
    read everything; with `child_of` children are served through the gateway, without it only
    requests of this machine are answered at all (an outpost).
    """

    def __init__(
        self,
        store: ProductStore,
        staff: ItStaff,
        clock: Clock,
        randomness: RandomBytes,
        child_of: ChildOf | None = None,
    ) -> None:
        self._store = store
        self._child_of = child_of
        self._clock = clock
        self._random_bytes = randomness
        self._feeds = FeedSeats(LIMITS.feeds)
        self._budget = BodyBudget(LIMITS)
        self._staff = CouchApplication(
            self._site(ReadOnly(store, IT)),
            Sessions(staff, clock, randomness),
            Cors(),
            loopback=child_of is None,
        )

    @staticmethod
    def leads(path: str) -> bool:
        """Whether a path is one that this application answers."""
        return path in {PREFIX, SESSION_PATH} or path.startswith(PREFIX + "/")

    def beside(self, other: "WSGIApplication") -> "WSGIApplication":
        """One application for both: this one for its paths, the other one for the rest."""

        def application(
            environ: "WSGIEnvironment", start_response: "StartResponse"
        ) -> Iterable[bytes]:
            leads = self.leads(environ.get("PATH_INFO", ""))
            return (self if leads else other)(environ, start_response)

        return application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO", "") != SESSION_PATH:
            path = environ["PATH_INFO"].removeprefix(PREFIX)
            environ = {**environ, "SCRIPT_NAME": PREFIX, "PATH_INFO": path}
        try:
            application = self._application(environ)
        except ReplyError as error:
            reply = error_reply(error)
            assert isinstance(reply.body, bytes), "an error is short"
            length = str(len(reply.body))
            start_response(
                reply.status_line, [*reply.headers.items(), ("Content-Length", length)]
            )
            return [reply.body]
        return application(environ, start_response)

    def start(self) -> None:
        """Nothing: the server of the pages serves it."""

    def stop(self) -> None:
        """End the feeds that wait, so that their threads end too."""
        self._feeds.stop()

    def _application(self, environ: "WSGIEnvironment") -> "WSGIApplication":
        if self._child_of is None:
            if not str(environ.get("REMOTE_ADDR", "")).startswith(_LOOPBACK):
                raise ReplyError(403, "forbidden", "This answers to this machine only")
            return self._staff
        try:
            child = self._child_of(environ)
        except TrustError as error:
            raise ReplyError(403, "forbidden", str(error)) from error
        if child is None:
            return self._staff
        # What a child may read follows from the registry, which may have learnt meanwhile.
        return self._of_child(child)

    def _of_child(self, child: Child) -> "WSGIApplication":
        # The connection is the credential. A name of another machine in the request comes from
        # a page that was led to the child's end of the tunnel: it gets nothing.
        return CouchApplication(
            self._site(Scoped(self._store, child)),
            Sessions(Login(), self._clock, self._random_bytes),
            Cors(),
            loopback=True,
        )

    def _site(self, store: DocumentStore) -> Site:
        return Site(
            store,
            self._clock,
            self._random_bytes,
            LIMITS,
            self._budget,
            self._feeds,
            installed_version(),
        )


def open_couch_door(
    store: Store, pages: Flask, child_of: ChildOf | None = None
) -> CouchDoor | None:
    """The door of a running program, with the logins and the guard of its pages.

    None where the store is no file of ours: whoever wants to copy a CouchDB cluster asks it.
    """
    if not isinstance(store, SqliteStore):
        return None
    own = pages.extensions[EXTENSION]
    clock = WallClock()
    staff = ItStaff(own.roster, own.guard, clock, random_bytes)
    return CouchDoor(store, staff, clock, random_bytes, child_of)
