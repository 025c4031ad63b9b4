"""The loop of a node that talks to the unit above: commands out to the world, events back in.

Everything that touches a store, a link or a clock during a session is here; everything that
decides is in `sync.protocol`.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from sync.batches import put_incoming, read_outgoing
from sync.documents import CASES, KEYS
from sync.errors import (
    PeerProtocolError,
    RefusedError,
    StoreError,
    SyncError,
    TransportError,
)
from sync.holdings import Holdings
from sync.ingest import Gate
from sync.ports import Clock, RandomBytes, Store
from sync.protocol.compare_messages import Compare, Compared, Message
from sync.protocol.cursors import (
    decode_down,
    decode_up,
    refused_key,
    up_key,
)
from sync.protocol.messages import Answer, Exchange, Refusal
from sync.protocol.upstream import (
    AnswerReceived,
    Command,
    EndSession,
    Event,
    IncomingFailed,
    IncomingStored,
    Link,
    Outcome,
    PartReceived,
    ReadOutgoing,
    RefusalReceived,
    SendExchange,
    SessionFailed,
    SessionOpened,
    StoreIncoming,
    TransportFailed,
    Upstream,
)
from sync.protocol.wire import MessageReader, encode_message
from sync.reconciling import ROWS_MIN, Reconciler, Survey
from sync.status import LinkState, SessionReport, SyncStatus
from sync.tally import Tally
from sync.wallclock import random_bytes

PART_BYTES = 64 << 10
"""So much of an answer is stored as soon as it is here; the rest may never come."""

WAITING_MAX = 1_000
"""Where counting what waits stops: beyond it the exact number helps nobody."""

logger = logging.getLogger(__name__)


class Transport(Protocol):
    """A way to the unit above. Used by one thread at a time."""

    def connect(self) -> None:
        """Make sure there is a link; cheap if there is one.

        Raises:
            TransportError: There is none.
        """
        ...

    def exchange(self, body: bytes, receive: Callable[[bytes], object]) -> None:
        """Send a request, and hand the bytes of its answer over as they come.

        Returns when the answer has ended; what it raises after `receive` was called says that
        the rest does not come. What `receive` raises passes through.

        Raises:
            TransportError: The link broke; whether the request arrived is not known.
            RefusedError: The way is closed to this device.
            PeerProtocolError: The other end does not speak this protocol.
        """
        ...


class _DoubtError(SyncError):
    """The answer shows that the sides must compare before they go on."""

    def __init__(self) -> None:
        super().__init__("the unit above is not in the state that was known")


def _nothing() -> None:
    return None


class _Incoming:
    """An answer on its way: what has come is kept now and then, and when it breaks off."""

    def __init__(self, driver: "UpstreamDriver", tally: Tally) -> None:
        self.reader = MessageReader()
        self.bytes = 0
        self._driver = driver
        self._tally = tally

    def receive(self, piece: bytes) -> None:
        self.bytes += len(piece)
        self._tally.bytes_received += len(piece)
        self.reader.feed(piece)
        if self.reader.marked_bytes >= PART_BYTES:
            self.keep()

    def keep(self) -> None:
        part = self.reader.part()
        if isinstance(part, Answer):
            self._driver.keep_part(part, self._tally)


@dataclass(kw_only=True, eq=False)
class UpstreamDriver:
    """Runs sessions with the unit above, one at a time, and tells how they went.

    Attributes:
        link: Who talks to whom.
        store: Where records rest.
        gate: Judges what the parent sends.
        transport: The way there.
        clock: For durations, and for times that are shown.
        jitter: Gives a number from 0 up to, not including, 1 for each wait after a failure.
        on_stored: Called after records of the parent were stored, in the session's thread.
        random_bytes: For the keys of comparisons.
        compare_from: A store of so many records that knows nothing of its parent compares
            before it offers.
        holdings: Keeps what units above say of feeds that they hold; without it, it is dropped.
    """

    link: Link
    store: Store
    gate: Gate
    transport: Transport
    clock: Clock
    jitter: Callable[[], float]
    on_stored: Callable[[], object] = _nothing
    random_bytes: RandomBytes = random_bytes
    compare_from: int = ROWS_MIN
    holdings: Holdings | None = None

    def __post_init__(self) -> None:
        self._machine = Upstream(self.link)
        self._reconciler = Reconciler(
            link=self.link,
            store=self.store,
            gate=self.gate,
            clock=self.clock,
            random_bytes=self.random_bytes,
            on_stored=self.on_stored,
            rows_min=self.compare_from,
        )
        self._one_at_a_time = threading.Lock()
        self._place = ""
        self._last: SessionReport | None = None
        self._counted: tuple[tuple[int, int], int] = ((-1, -1), 0)
        self._is_doubtful = False

    def run_once(self, *, asked: bool = False) -> SessionReport:
        """Hold one session: until both ends hold what is meant for them, or something fails.

        Never raises: whatever goes wrong ends the session and stands in the report.

        Args:
            asked: A person or new work asked for it. Its failure does not lengthen the waits:
                who works on while the link is down must not be kept waiting when it is back.
        """
        with self._one_at_a_time:
            started = self.clock.monotonic()
            tally = Tally()
            failures = self._machine.failures
            end = self._converse(tally)
            if self._is_doubtful:
                end = self._converse(tally)
            if asked:
                self._machine.failures = min(self._machine.failures, max(failures, 1))
            report = self._last = self._report(tally, end, self._since_ms(started))
        # One line for each session; an idle one, every few seconds, is of interest to nobody.
        is_idle = not (report.pushed or report.pulled or report.error)
        level = logging.DEBUG if is_idle else logging.INFO
        logger.log(level, "session ended", extra={"parent": self.link.parent, **asdict(report)})
        return report

    def survey(self) -> Survey:
        """What this store and the parent's do not have in common; changes nothing.

        Raises:
            TransportError, RefusedError, PeerProtocolError: The parent cannot be asked.
        """
        with self._one_at_a_time:
            tally = Tally()
            return self._reconciler.survey(
                lambda request: self._compare(request, tally),
                lambda: self._machine.batch.bytes,
            )

    def repair(self) -> SessionReport:
        """Hold a session that begins with a comparison, whatever the cursors say."""
        self.doubt()
        return self.run_once(asked=True)

    def doubt(self) -> None:
        """Let the next session begin with a comparison."""
        self._reconciler.doubt()

    def status(self) -> SyncStatus:
        """How the link stands; may be asked from any thread.

        Raises:
            StoreError: The store cannot be read.
        """
        up = decode_up(self.store.local(up_key(self.link.parent)))
        waiting = self._waiting(up.seq if up else 0)
        error = self._last.error if self._last else ""
        state: LinkState = "waiting" if waiting else "synchronised"
        if error:
            state = "broken"
        elif up is None:
            state = "never"
        return SyncStatus(
            state=state,
            waiting=waiting,
            last_contact_ms=up.at_ms if up else None,
            last_error=error,
            acked_seq=up.seq if up else 0,
            refused=len(self.store.locals(refused_key(""))),
        )

    def _converse(self, tally: Tally) -> EndSession:
        self._is_doubtful = False
        event = self._attempt(lambda: self._open(tally), tally)
        while True:
            command = self._decide(event, tally)
            if isinstance(command, EndSession):
                return command
            event = self._attempt(lambda: self._carry_out(command, tally), tally)  # noqa: B023

    def _decide(self, event: Event, tally: Tally) -> Command:
        try:
            [command] = self._machine.handle(event)
        except PeerProtocolError as error:
            tally.note(error)
            [command] = self._machine.handle(SessionFailed())
        return command

    def _attempt(self, act: Callable[[], Event], tally: Tally) -> Event:
        try:
            return act()
        except TransportError as error:
            tally.note(error)
            return TransportFailed(tally.carrying)
        except RefusedError as error:
            tally.note(error)
            return RefusalReceived(Refusal(error.code, str(error)))
        except _DoubtError:
            self._is_doubtful = True
            return SessionFailed()
        except SyncError as error:
            tally.note(error)
            return SessionFailed()
        except Exception as error:
            logger.exception("a session met an error that nobody foresaw")
            tally.note(error)
            return SessionFailed()

    def _open(self, tally: Tally) -> Event:
        if self._reconciler.is_needed():
            self._reconcile(tally)
        parent = self.link.parent
        self._place = self.gate.down_place(parent)
        return SessionOpened(
            incarnation=self.store.incarnation,
            up=decode_up(self.store.local(up_key(parent))),
            down=decode_down(self.store.local(self._place)),
        )

    def _reconcile(self, tally: Tally) -> None:
        found = self._reconciler.run(
            lambda request: self._compare(request, tally), lambda: self._machine.batch.bytes
        )
        tally.pushed += found.pushed
        tally.pulled += found.pulled
        tally.quarantined += found.quarantined
        logger.info("compared with the unit above", extra={"found": asdict(found)})

    def _compare(self, request: Compare, tally: Tally) -> Compared:
        before = tally.bytes_sent + tally.bytes_received
        sent_at = self.clock.monotonic()
        received = self._converse_once(request, tally)
        moved = tally.bytes_sent + tally.bytes_received - before
        batch = self._machine.batch
        self._machine.batch = batch.after_exchange(moved, self._since_ms(sent_at))
        match received:
            case Compared() as answer:
                return answer
            case Refusal() as refusal:
                raise RefusedError(refusal.code, refusal.text)
        raise PeerProtocolError("the parent answered something else than was asked")

    def _carry_out(self, command: Command, tally: Tally) -> Event:
        match command:
            case ReadOutgoing():
                return self._read(command)
            case SendExchange(exchange):
                return self._send(exchange, tally)
            case StoreIncoming():
                return self._store(command, tally)
        raise AssertionError(f"{type(command).__name__} is not carried out")

    def _read(self, command: ReadOutgoing) -> Event:
        return read_outgoing(self.store, self.link.parent, command, self.clock.now_ms())

    def _send(self, exchange: Exchange, tally: Tally) -> Event:
        before = tally.bytes_sent + tally.bytes_received
        sent_at = self.clock.monotonic()
        received = self._converse_once(exchange, tally)
        duration_ms = self._since_ms(sent_at)
        now_ms = self.clock.now_ms()
        match received:
            case Answer() as answer:
                if self._reconciler.doubts(exchange, answer):
                    raise _DoubtError
                tally.pushed += len(exchange.records)
                tally.pulled += len(answer.records)
                tally.quarantined += len(answer.quarantined)
                tally.clock_offset_ms = answer.now_ms - (exchange.now_ms + now_ms) // 2
                moved = tally.bytes_sent + tally.bytes_received - before
                return AnswerReceived(answer, moved, duration_ms, now_ms)
            case Refusal() as refusal:
                tally.note(RefusedError(refusal.code, refusal.text))
                return RefusalReceived(refusal)
        raise PeerProtocolError("the parent answered with a request")

    def _converse_once(self, message: Message, tally: Tally) -> Message:
        tally.carrying = False
        self.transport.connect()
        body = encode_message(message)
        tally.carrying = True
        tally.bytes_sent += len(body)
        incoming = _Incoming(self, tally)
        try:
            self.transport.exchange(body, incoming.receive)
        except TransportError:
            incoming.keep()
            raise
        tally.round_trips += 1
        return incoming.reader.finish()

    def keep_part(self, answer: Answer, tally: Tally) -> None:
        """Store the beginning of an answer whose rest is still on its way, or lost."""
        now_ms = self.clock.now_ms()
        for command in self._machine.handle(PartReceived(answer, now_ms)):
            assert isinstance(command, StoreIncoming), "a part is stored, and nothing else"
            self._machine.handle(self._store(command, tally))
            tally.pulled += len(answer.records)

    def _store(self, command: StoreIncoming, tally: Tally) -> Event:
        try:
            inspection = put_incoming(
                self.store, self.gate, self.link.parent, command, self._place, self.holdings
            )
        except (StoreError, RefusedError) as error:
            tally.note(error)
            return IncomingFailed()
        tally.quarantined += len(inspection.quarantined)
        if inspection.documents:
            self.on_stored()
        return IncomingStored()

    def _report(self, tally: Tally, end: EndSession, duration_ms: int) -> SessionReport:
        if end.outcome is Outcome.DONE:
            wait_ms = end.interval_s * 1_000
        else:
            wait_ms = int(self.jitter() * end.delay_ms_max)
        return tally.report(end.outcome.value, duration_ms, wait_ms)

    def _waiting(self, acked: int) -> int:
        # Of cases alone: what a journal holds is of no concern to whoever looks at the light.
        known = (acked, self.store.last_seq)
        if self._counted[0] != known:
            page = self.store.changes(
                acked, limit=WAITING_MAX, databases=(CASES, KEYS), skip_origin=self.link.parent
            )
            self._counted = (known, len(page.rows))
        return self._counted[1]

    def _since_ms(self, started: float) -> int:
        return int((self.clock.monotonic() - started) * 1_000)
