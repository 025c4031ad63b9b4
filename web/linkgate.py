"""The policy at work on one link: when a session may begin and go on, and how fast."""

import logging
import threading
from collections.abc import Callable

from casebook.errors import PolicyError
from casebook.linkrules import Hold, LinkRules, hold_of, rules_of
from casebook.policy import Policy
from sync.driver import Transport
from sync.errors import StoreError, TransportError
from sync.ports import Clock
from sync.protocol.linkpolicy import TokenBucket
from sync.transports.http import Channel
from sync.transports.pacing import PacedChannel

PAUSED_SESSION_S = 60.0
"""So long may a session of a paused link take: enough to hear that it is resumed."""

_log = logging.getLogger(__name__)


class LinkGate:
    """Says whether a session may begin, ends one whose window closed, and paces its bytes.

    Sessions are held by one thread; the bytes of several channels share one bucket.
    """

    def __init__(self, policy: Callable[[], Policy], clock: Clock) -> None:
        """Take what gives the policy in force; a policy that cannot be read changes nothing."""
        self._policy = policy
        self._clock = clock
        self._rules = LinkRules()
        self._bucket = TokenBucket(0, clock.monotonic())
        self._lock = threading.Lock()
        self._began_at: float | None = None
        self._is_insisted = False
        self._is_call = False

    def begin(self, *, is_insisted: bool = False) -> Hold | None:
        """Begin a session, or return what keeps it from beginning."""
        self._refresh()
        now = self._clock.monotonic()
        since_s = None if self._began_at is None else now - self._began_at
        held = hold_of(self._rules, self._clock.now_ms(), since_s, is_insisted=is_insisted)
        if held is None:
            self._began_at, self._is_insisted = now, is_insisted
            self._is_call = self._rules.is_paused
        return held

    def check(self) -> None:
        """Return if the session that runs may go on.

        Raises:
            TransportError: Its window closed, or the link was paused.
        """
        self._refresh()
        since_s = self._clock.monotonic() - (self._began_at or 0.0)
        if self._is_call and self._rules.is_paused:
            if since_s > PAUSED_SESSION_S:
                raise TransportError("the policy pauses the link")
            return
        now_ms = self._clock.now_ms()
        held = hold_of(self._rules, now_ms, since_s, is_insisted=self._is_insisted)
        if held is not None:
            raise TransportError("the policy closed the link")

    def take(self, count: int, now_s: float) -> float:
        """Take bytes from the bucket that all channels share, as `TokenBucket.take`."""
        with self._lock:
            return self._bucket.take(count, now_s)

    def channel(self, inner: Channel) -> PacedChannel:
        """Return a channel that keeps to the rate."""
        return PacedChannel(inner, self, self._clock.monotonic)

    def transport(self, inner: Transport) -> "GatedTransport":
        """Return a transport that stops before the exchange for which it is too late."""
        return GatedTransport(inner, self)

    def _refresh(self) -> None:
        try:
            rules = rules_of(self._policy())
        except (PolicyError, StoreError) as error:
            _log.warning("the policy cannot be read", extra={"reason": str(error)})
            return
        if rules.rate_bytes_s != self._rules.rate_bytes_s:
            with self._lock:
                self._bucket = TokenBucket(rules.rate_bytes_s, self._clock.monotonic())
        self._rules = rules


class GatedTransport:
    """Another transport, as long as the gate is open; fulfils `Transport`."""

    def __init__(self, inner: Transport, gate: LinkGate) -> None:
        """Take the transport, and the gate that is asked before each exchange."""
        self._inner = inner
        self._gate = gate

    def connect(self) -> None:
        """Make sure that there is a link; raises as `Transport`, and when the gate closed."""
        self._gate.check()
        self._inner.connect()

    def exchange(self, body: bytes, receive: Callable[[bytes], object]) -> None:
        """Send a request and hand over its answer; raises as `Transport`."""
        self._inner.exchange(body, receive)
