"""When a node and the unit above speak about their logs: after sessions, and now and then."""

import logging
from typing import Protocol

from sync.errors import SyncError
from sync.log.contact import ChildSide
from sync.ports import Clock
from sync.status import SessionReport

SOON_S = 10.0
LATEST_S = 300.0
"""A witness with nothing of its own to say is asked for its word this often."""

_AGAIN_MAX = 3

logger = logging.getLogger(__name__)


class Channel(Protocol):
    """A way to the unit above, as `sync.transports.http.HttpTransport`."""

    def ask(self, body: bytes) -> bytes:
        """Send a request and give its answer."""
        ...


class Visits:
    """Speak about logs after a session of sync, in the same thread and over the same tunnel.

    An outpost does so when a session moved something or its registry grew, and while the unit
    above and it know different registries; a hub also while its checkpoint is not final: after
    ten seconds, then ever more rarely, at the latest every five minutes.
    """

    def __init__(self, child: ChildSide, channel: Channel, clock: Clock) -> None:
        """Take who speaks and over what."""
        self._child = child
        self._channel = channel
        self._clock = clock
        self._next_at = 0.0
        self._wait_s = SOON_S
        self._text = ""
        self._mark = b""

    def after(self, report: SessionReport) -> None:
        """Speak, if this session gives a reason to; what fails is tried after a later one."""
        if report.outcome != "done":
            return
        try:
            if not self._is_due(report):
                return
            for _ in range(_AGAIN_MAX):
                if not self._child.take(self._channel.ask(self._child.request())):
                    break
        except SyncError as error:
            logger.warning(
                "the hub above and this node did not agree", extra={"error": str(error)}
            )

    def _is_due(self, report: SessionReport) -> bool:
        now = self._clock.monotonic()
        text, watch = self._own_text(), self._child.watch
        mark = watch.mark() if watch else b""
        has_more = self._child.log is not None or (watch is not None and watch.is_open())
        if report.pushed or report.pulled or (text, mark) != (self._text, self._mark):
            self._wait_s = SOON_S
        elif not has_more or now < self._next_at:
            return False
        else:
            self._wait_s = min(LATEST_S, 2 * self._wait_s)
        self._text, self._mark = text, mark
        self._next_at = now + self._wait_s
        return True

    def _own_text(self) -> str:
        signed = self._child.log.head.signed if self._child.log else None
        return signed.text if signed else ""
