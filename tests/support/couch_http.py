"""A store spoken to in the CouchDB protocol without a socket, and documents to put into it."""

import io
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from sync.couch_ports import DocumentStore
from sync.couchdb_http.application import CouchApplication
from sync.couchdb_http.cors import Cors
from sync.couchdb_http.limits import BodyBudget, FeedSeats, ServingLimits
from sync.couchdb_http.sessions import Login, Sessions
from sync.couchdb_http.site import Site

JSON = {"Content-Type": "application/json"}


class StillClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def monotonic(self) -> float:
        return self.now_s


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterable[bytes] = field(repr=False)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


class Couch:
    """A client of a store, in one process with it."""

    def __init__(
        self,
        store: DocumentStore,
        *,
        login: Login | None = None,
        cors: Cors | None = None,
        limits: ServingLimits | None = None,
        loopback: bool = False,
    ) -> None:
        self.clock = StillClock()
        self.store = store
        used = limits or ServingLimits()
        random_bytes = random.Random(7).randbytes
        self.feeds = FeedSeats(used.feeds)
        self.site = Site(
            store, self.clock, random_bytes, used, BodyBudget(used), self.feeds, "0.1.0"
        )
        sessions = Sessions(login or Login(), self.clock, random_bytes)
        self.application = CouchApplication(
            self.site, sessions, cors or Cors(), loopback=loopback
        )

    def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. Bodies that are not bytes are sent as JSON."""
        sent = dict(headers or {})
        raw = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            raw = json.dumps(body).encode()
            sent = {**JSON, **sent}
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "5984",
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
            "wsgi.url_scheme": "http",
        }
        for name, value in sent.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None, /
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return lambda _piece: None

        pieces = self.application(environ, start_response)
        status, given = started[0]
        return Answer(int(status.split()[0]), dict(given), pieces)

    def get(self, target: str, **headers: str) -> Answer:
        """A GET that asks for JSON."""
        return self.ask("GET", target, None, {"Accept": "application/json", **headers})

    def put(self, target: str, body: object) -> Answer:
        """A PUT of JSON or bytes."""
        return self.ask("PUT", target, body)

    def post(self, target: str, body: object, **headers: str) -> Answer:
        """A POST of JSON that asks for JSON."""
        return self.ask("POST", target, body, {"Accept": "application/json", **headers})

    def delete(self, target: str) -> Answer:
        """A DELETE."""
        return self.ask("DELETE", target)


def rev(generation: int, digit: str) -> str:
    """A revision that is easy to compare by eye."""
    return f"{generation}-{digit * 32}"


def leaf(name: str, generation: int, *digits: str, **fields: object) -> dict[str, object]:
    """A document as a replicator writes it: its revision is of the first digit."""
    ids = [digit * 32 for digit in digits]
    return {
        "_id": name,
        "_rev": f"{generation}-{ids[0]}",
        "_revisions": {"start": generation, "ids": ids},
        **fields,
    }
