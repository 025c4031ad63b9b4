"""Requests to a CouchDB cluster: several addresses, bounded patience, one session a thread.

The only module that knows python-cloudant. It logs in, renews the cookie and passes requests
on; what that library lacks (a limit on time and size, another address, waiting) is added here.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests
from cloudant.client import CouchDB
from cloudant.error import CloudantException

from sync.errors import ClusterUnavailableError, StoreError
from sync.ports import Clock

CONNECT_S = 5.0
ANSWER_BYTES_MAX = 128 * 1024 * 1024
"""Far above any page that is asked for: a larger answer is not from a store of ours."""
WAIT_S_FIRST = 0.1
WAIT_S_MAX = 5.0
_PIECE_BYTES = 256 * 1024
_BUSY = frozenset({408, 429})
_DENIED = frozenset({401, 403})
_SERVER_ERROR = 500
_BAD_REQUEST = 400
_NOT_FOUND = 404
_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Where a cluster is and how it is used.

    Attributes:
        urls: Addresses of its nodes or of a balancer, tried in turn: scheme, host and port.
        user: The account of this hub.
        password: Of that account.
        ca_file: Certificates that sign those of the nodes; the system's where it is empty.
        prefix: What the names of this hub's databases begin with.
        q: Shards of a database that is created.
        n: Copies of each document in a database that is created.
        request_s: Seconds without a byte after which a request is given up.
        patience_s: Seconds for which a request is repeated, at other addresses too.
    """

    urls: tuple[str, ...]
    user: str
    password: str = field(repr=False)
    ca_file: str = ""
    prefix: str = "postroad_"
    q: int = 2
    n: int = 3
    request_s: float = 15.0
    patience_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `path` holds quoted segments, `body` is JSON text."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is neither a passing fault nor a denial."""

    status: int
    value: Any = field(repr=False)

    @property
    def is_absent(self) -> bool:
        """Whether a document is not there, by the word of a database that is."""
        return self.status == _NOT_FOUND and _text(self.value, "reason") in {
            "missing",
            "deleted",
        }

    @property
    def fault(self) -> str:
        """What the cluster said, shortened for one line."""
        return f"{self.status} {_text(self.value, 'error')}: {_text(self.value, 'reason')}"


class Patience:
    """Waits between attempts, doubling with full jitter, until the time is used up."""

    def __init__(
        self,
        clock: Clock,
        jitter: Callable[[], float],
        stop: threading.Event,
        limit_s: float,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._stop = stop
        self._until = clock.monotonic() + limit_s
        self._delay_s = WAIT_S_FIRST

    def wait(self) -> bool:
        """Wait a while; False, at once, when the time is used up or the store closes."""
        if self._clock.monotonic() >= self._until:
            return False
        pause_s = self._jitter() * self._delay_s
        self._delay_s = min(WAIT_S_MAX, self._delay_s * 2)
        return not self._stop.wait(pause_s)


class CouchClient:
    """Asks a cluster; any thread may call.

    Every request of this package may be repeated, so a broken connection, a silent node, 429
    and 5xx only cost time.
    """

    def __init__(
        self, settings: ClusterSettings, clock: Clock, jitter: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, float], list[_Session]] = {}
        self._turn = 0
        self.stop = threading.Event()

    def patience(self) -> Patience:
        """Patience for one piece of work."""
        return Patience(self._clock, self._jitter, self.stop, self._settings.patience_s)

    def ask(self, ask: Ask) -> Reply:
        """The answer, after as many attempts as patience allows.

        Raises:
            ClusterUnavailableError: No address answered in time.
            StoreError: The cluster denies or does not understand the request.
        """
        patience = self.patience()
        while True:
            try:
                return self.attempt(ask)
            except ClusterUnavailableError:
                if not patience.wait():
                    raise

    def attempt(self, ask: Ask, *, silence_s: float = 0.0) -> Reply:
        """The answer to one attempt at the address whose turn it is; a fault gives the turn on.

        Args:
            ask: The request.
            silence_s: Seconds without a byte; as the settings say by default.

        Raises:
            ClusterUnavailableError, StoreError: As `ask`.
        """
        if self.stop.is_set():
            raise StoreError("the store is closed")
        url = self._settings.urls[self._turn % len(self._settings.urls)]
        session = None
        try:
            session = self._borrow(url, silence_s or self._settings.request_s)
            status, raw = _exchange(session, url, ask)
            reply = Reply(status, json.loads(raw) if raw.strip() else {})
        except (requests.RequestException, CloudantException, ValueError, OSError) as error:
            self._turn += 1
            if session is not None:
                session.end()
            if _is_denied(error):
                raise self._denied(url) from error
            raise ClusterUnavailableError(f"{url}: {_said(error)}") from error
        if status >= _SERVER_ERROR or status in _BUSY:
            if status >= _SERVER_ERROR:
                self._turn += 1
            self._give_back(session)
            raise ClusterUnavailableError(f"{url} answered {reply.fault}")
        self._give_back(session)
        if status in _DENIED:
            raise self._denied(url)
        if status == _BAD_REQUEST:
            raise StoreError(f"{url} answered {reply.fault}")
        return reply

    def close(self) -> None:
        """End all sessions; every later request is refused."""
        self.stop.set()
        with self._lock:
            idle = [session for sessions in self._idle.values() for session in sessions]
            self._idle.clear()
        for session in idle:
            session.end()

    def _denied(self, url: str) -> StoreError:
        return StoreError(
            f"{url} refuses the user {self._settings.user!r:.80}",
            hint="Check [couchdb] user and password_file, and the rights of that account.",
        )

    def _borrow(self, url: str, silence_s: float) -> "_Session":
        with self._lock:
            idle = self._idle.get((url, silence_s))
            if idle:
                return idle.pop()
        session = _Session(self._settings, url, silence_s)
        session.connect()
        return session

    def _give_back(self, session: "_Session") -> None:
        with self._lock:
            if not self.stop.is_set():
                self._idle.setdefault(session.place, []).append(session)
                return
        session.end()


class _Session(CouchDB):  # type: ignore[misc]  # the library carries no types
    """A logged-in session of python-cloudant with one address."""

    def __init__(self, settings: ClusterSettings, url: str, silence_s: float) -> None:
        super().__init__(
            settings.user,
            settings.password,
            url=url,
            auto_renew=True,
            timeout=(CONNECT_S, silence_s),
        )
        # The library takes the brackets from an IPv6 address.
        self.server_url = url
        self.place = (url, silence_s)
        self._ca_file = settings.ca_file

    def connect(self) -> None:
        """Log in, and read answers ourselves: the library's own reader breaks on lists."""
        super().connect()
        self.r_session.hooks["response"].clear()

    def session_login(self, user: str | None = None, passwd: str | None = None) -> None:
        """Log in; the first moment at which the session is there to be set up."""
        # Neither a proxy nor certificates nor a login of the environment have a say.
        self.r_session.trust_env = False
        self.r_session.verify = self._ca_file or True
        super().session_login(user, passwd)

    def end(self) -> None:
        """Close the connections; the cookie ends by itself."""
        if self.r_session is not None:
            self.r_session.close()


def database_path(name: str, *rest: str) -> str:
    """A path of quoted segments."""
    return "/".join(quote(part, safe="") for part in (name, *rest))


def json_text(value: object) -> bytes:
    """JSON without spaces, in ASCII: the one spelling that all stores give back."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _exchange(session: _Session, url: str, ask: Ask) -> tuple[int, bytes]:
    headers = {"Accept": "application/json", **ask.headers}
    if ask.body is not None:
        headers["Content-Type"] = "application/json"
    with session.r_session.request(
        ask.method,
        f"{url}/{ask.path}",
        params=dict(ask.query),
        data=ask.body,
        headers=headers,
        allow_redirects=False,
        stream=True,
    ) as answer:
        raw = bytearray()
        for piece in answer.iter_content(_PIECE_BYTES):
            raw += piece
            if len(raw) > ANSWER_BYTES_MAX:
                raise ValueError("the answer is too large")
        return int(answer.status_code), bytes(raw)


def _is_denied(error: Exception) -> bool:
    answer = getattr(error, "response", None)
    return answer is not None and answer.status_code in _DENIED


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())[:_SHOWN_MAX]


def _text(value: Any, key: str) -> str:  # noqa: ANN401
    found = value.get(key) if isinstance(value, dict) else None
    return " ".join(found.split())[:_SHOWN_MAX] if isinstance(found, str) else ""
