"""The child's half of a conversation: push what the parent lacks, pull what is meant for us.

The first request already carries records and asks for some: a healthy link needs one round
trip to learn that nothing is new. Nothing is believed to be at the parent before the parent
says that it is durably stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from sync.errors import PeerProtocolError
from sync.protocol.backoff import RetrySchedule
from sync.protocol.batching import BatchSize
from sync.protocol.cursors import UpCursor, is_up_worth_saving
from sync.protocol.messages import VERSIONS, Answer, Cursor, Exchange, Refusal

EXCHANGES_MAX = 10_000
"""Of one session; the next one goes on where it ended."""

REWINDS_MAX = 3
"""A parent that was restored sends us back once; more often it has lost its memory."""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """A session begins, with what the store remembers of this parent."""

    incarnation: str
    up: UpCursor | None
    down: Cursor | None


@dataclass(frozen=True, slots=True)
class OutgoingRead:
    """The store gave the records after the cursor, as far as one batch reaches."""

    records: tuple[bytes, ...] = field(repr=False)
    last_seq: int
    more: bool
    update_seq: int
    now_ms: int
    seqs: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class AnswerReceived:
    """The parent answered; both messages together had this many bytes and took this long."""

    answer: Answer
    moved_bytes: int
    duration_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class PartReceived:
    """The beginning of an answer is here, up to a mark; the rest may come or not."""

    answer: Answer
    now_ms: int


@dataclass(frozen=True, slots=True)
class RefusalReceived:
    """The parent said no."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class IncomingStored:
    """What the parent sent is durable here, and so are the cursors."""


@dataclass(frozen=True, slots=True)
class IncomingFailed:
    """This store took nothing. Pushing goes on: a full disk here must not hold records back."""


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """The link broke; `carrying` tells whether a request was under way."""

    carrying: bool


@dataclass(frozen=True, slots=True)
class SessionFailed:
    """The session cannot go on, for a reason that is not the link's."""


@dataclass(frozen=True, slots=True)
class ReadOutgoing:
    """Read what was not received from the parent, after `since`, about this many bytes."""

    since: int
    bytes_max: int


@dataclass(frozen=True, slots=True)
class SendExchange:
    """Send the request and wait for its answer."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class StoreIncoming:
    """Verify and store these records and, in the same transaction, the cursors."""

    records: tuple[bytes, ...] = field(repr=False)
    up: UpCursor
    down: Cursor | None
    refused: tuple[tuple[str, str], ...]
    held: tuple[bytes, ...] = field(default=(), repr=False)


class Outcome(Enum):
    """How a session ended."""

    DONE = "done"
    LINK_LOST = "link_lost"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EndSession:
    """Stop; after a failure wait a random time up to `delay_ms_max`, else the parent's wish."""

    outcome: Outcome
    delay_ms_max: int
    interval_s: int


Event = (
    SessionOpened
    | OutgoingRead
    | AnswerReceived
    | PartReceived
    | RefusalReceived
    | IncomingStored
    | IncomingFailed
    | TransportFailed
    | SessionFailed
)
Command = ReadOutgoing | SendExchange | StoreIncoming | EndSession


class State(Enum):
    """What the child is waiting for."""

    IDLE = "idle"
    READING = "reading"
    SENDING = "sending"
    STORING = "storing"


_ENDS: tuple[State, ...] = (State.IDLE,)
_BROKEN: Mapping[type[Event], tuple[State, ...]] = {
    TransportFailed: _ENDS,
    SessionFailed: _ENDS,
}
TRANSITIONS: Mapping[State, Mapping[type[Event], tuple[State, ...]]] = MappingProxyType(
    {
        State.IDLE: {SessionOpened: (State.READING,), RefusalReceived: _ENDS, **_BROKEN},
        State.READING: {OutgoingRead: (State.SENDING, State.READING), **_BROKEN},
        State.SENDING: {
            AnswerReceived: (State.STORING, State.READING, State.IDLE),
            PartReceived: (State.SENDING,),
            IncomingStored: (State.SENDING,),
            IncomingFailed: (State.SENDING,),
            RefusalReceived: (State.IDLE,),
            **_BROKEN,
        },
        State.STORING: {
            IncomingStored: (State.READING, State.IDLE),
            IncomingFailed: (State.READING, State.IDLE),
            **_BROKEN,
        },
    }
)
"""Which events each state knows, and where each may lead."""


@dataclass(frozen=True, slots=True)
class Link:
    """Who talks to whom: our unit and device, and the unit above."""

    unit: str
    device: str
    parent: str


class Upstream:
    """One link to one parent, from session to session.

    Batch size and failure count outlive a session; cursors are read from the store each time.
    """

    def __init__(self, link: Link, schedule: RetrySchedule | None = None) -> None:
        self.state = State.IDLE
        self.failures = 0
        self.batch = BatchSize()
        self._link = link
        self._schedule = schedule or RetrySchedule()
        self._incarnation = ""
        self._up: UpCursor | None = None
        self._down: Cursor | None = None
        self._acked = 0
        self._sent: Exchange | None = None
        self._push_more = False
        self._pull_more = False
        self._exchanges = 0
        self._rewinds = 0
        self._interval_s = 0
        self._storable = True
        self._has_moved = False
        self._is_doubtful = False
        self._kept: Cursor | None = None
        self._part: Cursor | None = None
        self._reactions: Mapping[type[Event], Callable[..., list[Command]]] = {
            SessionOpened: self._session_opened,
            OutgoingRead: self._outgoing_read,
            AnswerReceived: self._answer_received,
            PartReceived: self._part_received,
            RefusalReceived: self._refusal_received,
            IncomingStored: self._incoming_stored,
            IncomingFailed: self._incoming_failed,
            TransportFailed: self._transport_failed,
            SessionFailed: self._session_failed,
        }

    def handle(self, event: Event) -> list[Command]:
        """What to do after this event.

        Raises:
            PeerProtocolError: The answer contradicts what was asked; report `SessionFailed`.
        """
        allowed = TRANSITIONS[self.state].get(type(event))
        assert allowed is not None, f"{type(event).__name__} while {self.state.value}"
        commands = self._reactions[type(event)](event)
        assert self.state in allowed, f"{type(event).__name__} led to {self.state.value}"
        return commands

    def _session_opened(self, event: SessionOpened) -> list[Command]:
        self._incarnation = event.incarnation
        self._up, self._down = event.up, event.down
        self._kept = self._part = event.down
        self._acked = event.up.seq if event.up else 0
        self._exchanges = 0
        self._rewinds = 0
        self._interval_s = 0
        self._storable = True
        self._has_moved = False
        return self._read()

    def _outgoing_read(self, event: OutgoingRead) -> list[Command]:
        if event.last_seq < self._acked:
            # Our own store is older than our memory of it: offer everything again.
            self._acked = 0
            return self._read()
        self._push_more = event.more
        if self._is_doubtful:
            # The last request was cut; the parent kept what came of it and says how much.
            self._push_more = bool(event.records) or event.more
            event = replace(event, records=(), seqs=(), last_seq=self._acked)
        self._sent = Exchange(
            versions=VERSIONS,
            unit=self._link.unit,
            device=self._link.device,
            incarnation=self._incarnation,
            update_seq=event.update_seq,
            since=self._acked,
            upto=event.last_seq,
            records=event.records,
            pull=self._down,
            bytes_max=self.batch.bytes if self._storable else 0,
            now_ms=event.now_ms,
            seqs=event.seqs,
        )
        self.state = State.SENDING
        return [SendExchange(self._sent)]

    def _answer_received(self, event: AnswerReceived) -> list[Command]:
        answer, sent = event.answer, self._sent
        assert sent is not None, "an answer without a request"
        self._check(answer, sent)
        was_question, self._is_doubtful = self._is_doubtful, False
        self._push_more = self._push_more and answer.acked < sent.update_seq
        self._push_more = self._push_more or answer.acked < sent.upto
        self._pull_more = answer.more
        if was_question:
            self._has_moved |= answer.acked > sent.since
        else:
            self._check_progress(answer, sent)
        self.batch = self.batch.after_exchange(event.moved_bytes, event.duration_ms)
        self._acked = answer.acked
        self._interval_s = answer.interval_s
        return self._store(answer, UpCursor(answer.incarnation, answer.acked, event.now_ms))

    def _check(self, answer: Answer, sent: Exchange) -> None:
        if answer.unit != self._link.parent:
            raise PeerProtocolError("the answer is not from the unit above")
        if answer.acked > sent.update_seq:
            raise PeerProtocolError("the parent confirmed what was never sent")
        if answer.cursor and answer.cursor.incarnation != answer.incarnation:
            raise PeerProtocolError("the parent's cursor is not of its store")
        if not sent.bytes_max and (answer.records or answer.cursor):
            raise PeerProtocolError("the parent sent records that were not asked for")

    def _part_received(self, event: PartReceived) -> list[Command]:
        answer, sent = event.answer, self._sent
        assert sent is not None, "an answer without a request"
        self._check(answer, sent)
        if not self._storable or answer.cursor is None:
            return []
        self._has_moved, self._is_doubtful = True, False
        self._acked = answer.acked
        self._up = UpCursor(answer.incarnation, answer.acked, event.now_ms)
        self._part = answer.cursor
        return [StoreIncoming(answer.records, self._up, answer.cursor, answer.quarantined)]

    def _check_progress(self, answer: Answer, sent: Exchange) -> None:
        moves = answer.acked > sent.since or answer.cursor not in (None, sent.pull)
        if answer.acked < sent.since or (moves and answer.acked == sent.since < sent.upto):
            self._rewinds += 1
            if self._rewinds > REWINDS_MAX:
                raise PeerProtocolError("the parent forgets again and again what it stored")
        elif moves:
            self._has_moved = True
            self.failures = 0
        elif self._push_more or self._pull_more:
            raise PeerProtocolError("the parent has more to do and does not get on")

    def _store(self, answer: Answer, up: UpCursor) -> list[Command]:
        # A cursor that passed nothing for us is not worth a write: the other children of a busy
        # hub move it all the time, and reading over that stretch again is cheap.
        if self._storable:
            self._down = answer.cursor or self._down
        news = answer.records or answer.quarantined or answer.held
        must_save = news or is_up_worth_saving(self._up, up)
        if not self._storable or not must_save:
            return self._go_on()
        self._up = up
        self.state = State.STORING
        refused, held = answer.quarantined, answer.held
        return [StoreIncoming(answer.records, up, self._down, refused, held)]

    def _incoming_failed(self, event: IncomingFailed) -> list[Command]:
        assert self._sent is not None, "an answer without a request"
        self._storable = False
        self._down = self._kept
        self._pull_more = False
        return [] if self.state is State.SENDING else self._go_on()

    def _incoming_stored(self, event: IncomingStored) -> list[Command]:
        if self.state is State.SENDING:
            self._down = self._kept = self._part
            return []
        self._kept = self._down
        return self._go_on()

    def _refusal_received(self, event: RefusalReceived) -> list[Command]:
        return self._fail(Outcome.REFUSED)

    def _transport_failed(self, event: TransportFailed) -> list[Command]:
        if event.carrying:
            self._is_doubtful = True
        if self._has_moved:
            # A link that carries something between two cuts is used at once again.
            self.failures = 0
            self.state = State.IDLE
            return [EndSession(Outcome.LINK_LOST, 0, 0)]
        return self._fail(Outcome.LINK_LOST)

    def _session_failed(self, event: SessionFailed) -> list[Command]:
        return self._fail(Outcome.FAILED)

    def _go_on(self) -> list[Command]:
        self._exchanges += 1
        unfinished = self._push_more or self._pull_more
        if unfinished and self._exchanges < EXCHANGES_MAX:
            return self._read()
        if not self._storable:
            return self._fail(Outcome.FAILED)
        self.failures = 0
        self.state = State.IDLE
        return [EndSession(Outcome.DONE, 0, 0 if unfinished else self._interval_s)]

    def _read(self) -> list[Command]:
        self.state = State.READING
        return [ReadOutgoing(self._acked, self.batch.bytes)]

    def _fail(self, outcome: Outcome) -> list[Command]:
        self.failures += 1
        self.state = State.IDLE
        return [EndSession(outcome, self._schedule.ceiling_ms(self.failures), 0)]
