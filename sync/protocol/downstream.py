"""The parent's half of a conversation: store what the child offers, give it what it lacks.

One machine serves one request. All that outlives it is the `ChildState`, which moves only in
the same transaction as the records it covers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from sync.protocol.cursors import ChildState, is_worth_saving
from sync.protocol.messages import Answer, Cursor, Exchange, common_version


@dataclass(frozen=True, slots=True)
class ExchangeReceived:
    """A child whose identity has been checked sent a request."""

    exchange: Exchange
    child: ChildState | None
    last_seq: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class RecordsStored:
    """The child's records are durable, or set aside for a reason."""

    quarantined: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A record of the child's scope, where it stands here, and whom it came from."""

    seq: int
    origin: str
    record: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ScopeRead:
    """The store gave a page of the child's scope."""

    rows: tuple[ScopeRow, ...]
    last_seq: int
    more: bool


@dataclass(frozen=True, slots=True)
class StoreRecords:
    """Verify and store these records and, in the same transaction, the child's state."""

    records: tuple[bytes, ...] = field(repr=False)
    child: ChildState


@dataclass(frozen=True, slots=True)
class ReadScope:
    """Read the child's scope after `since`, without what it sent itself if it has that."""

    since: int
    skip_own: bool
    bytes_max: int


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """The exchange is complete."""

    answer: Answer


Event = ExchangeReceived | RecordsStored | ScopeRead
Command = StoreRecords | ReadScope | SendAnswer


class State(Enum):
    """What the parent is waiting for."""

    WAITING = "waiting"
    STORING = "storing"
    READING = "reading"
    ANSWERED = "answered"


TRANSITIONS: Mapping[State, Mapping[type[Event], tuple[State, ...]]] = MappingProxyType(
    {
        State.WAITING: {ExchangeReceived: (State.STORING, State.READING, State.ANSWERED)},
        State.STORING: {RecordsStored: (State.READING, State.ANSWERED)},
        State.READING: {ScopeRead: (State.ANSWERED,)},
        State.ANSWERED: {},
    }
)
"""Which events each state knows, and where each may lead."""


@dataclass(frozen=True, slots=True)
class Host:
    """The answering node: its unit, its store, how often children should call."""

    unit: str
    incarnation: str
    interval_s: int


class Downstream:
    """One exchange with one child."""

    def __init__(self, host: Host) -> None:
        self.state = State.WAITING
        self._host = host
        self._exchange: Exchange | None = None
        self._acked = 0
        self._since = 0
        self._recall_to = 0
        self._is_void = False
        self._is_doubtful = False
        self._now_ms = 0
        self._quarantined: tuple[tuple[str, str], ...] = ()
        self._reactions: Mapping[type[Event], Callable[..., list[Command]]] = {
            ExchangeReceived: self._exchange_received,
            RecordsStored: self._records_stored,
            ScopeRead: self._scope_read,
        }

    def handle(self, event: Event) -> list[Command]:
        """What to do after this event."""
        allowed = TRANSITIONS[self.state].get(type(event))
        assert allowed is not None, f"{type(event).__name__} while {self.state.value}"
        commands = self._reactions[type(event)](event)
        assert self.state in allowed, f"{type(event).__name__} led to {self.state.value}"
        return commands

    def _exchange_received(self, event: ExchangeReceived) -> list[Command]:
        exchange, child = event.exchange, event.child
        self._exchange, self._now_ms = exchange, event.now_ms
        held, is_same_store = _held(exchange, child)
        accepted = exchange.since <= held
        self._acked = max(exchange.upto, held) if accepted else held
        self._place_cursor(event, is_same_store=is_same_store)
        self._is_doubtful = not accepted or (exchange.pull is not None and self._is_void)
        after = ChildState(
            incarnation=exchange.incarnation,
            seq=self._acked,
            update_seq=exchange.update_seq,
            recall_to=self._recall_to,
            contact_ms=event.now_ms,
            clock_offset_ms=exchange.now_ms - event.now_ms,
        )
        records = exchange.records if accepted else ()
        if not records and not is_worth_saving(child, after):
            return self._read_scope(exchange)
        self.state = State.STORING
        return [StoreRecords(records, after)]

    def _place_cursor(self, event: ExchangeReceived, *, is_same_store: bool) -> None:
        """Where the child's pull begins, and how far it gets its own records back.

        A cursor that is absent, of another incarnation of this store, or past its end is void.
        Absent from a store that is known here, it says that no answer has arrived there yet.
        A child whose store is not the one known here, or went backwards, may have lost what it
        had sent: from its cursor on it gets everything. That is remembered here until the child
        has passed the place, because the answer may be lost.
        """
        pull = event.exchange.pull
        self._is_void = is_void = (
            pull is None
            or pull.incarnation != self._host.incarnation
            or pull.seq > event.last_seq
        )
        self._since = 0 if pull is None or is_void else pull.seq
        if not is_same_store or (is_void and pull is not None):
            self._recall_to = event.last_seq
        elif event.child and self._since < event.child.recall_to:
            self._recall_to = event.child.recall_to

    def _records_stored(self, event: RecordsStored) -> list[Command]:
        assert self._exchange is not None, "stored without an exchange"
        self._quarantined = event.quarantined
        return self._read_scope(self._exchange)

    def _read_scope(self, exchange: Exchange) -> list[Command]:
        if exchange.bytes_max == 0:
            return self._answer(exchange, (), None, more=False)
        if self._is_doubtful:
            # The child learns from the cursor, or from what is confirmed, that both sides must
            # compare; records sent now would mostly be there already.
            cursor = Cursor(self._host.incarnation, self._since)
            return self._answer(exchange, (), cursor, more=False)
        self.state = State.READING
        return [ReadScope(self._since, self._since >= self._recall_to, exchange.bytes_max)]

    def _scope_read(self, event: ScopeRead) -> list[Command]:
        exchange = self._exchange
        assert exchange is not None, "a scope without an exchange"
        rows = tuple(
            row
            for row in event.rows
            if row.seq <= self._recall_to or row.origin != exchange.device
        )
        cursor = Cursor(self._host.incarnation, event.last_seq)
        return self._answer(exchange, rows, cursor, more=event.more)

    def _answer(
        self,
        exchange: Exchange,
        rows: tuple[ScopeRow, ...],
        cursor: Cursor | None,
        *,
        more: bool,
    ) -> list[Command]:
        version = common_version(exchange.versions)
        assert version is not None, "the version window was checked when the head was read"
        self.state = State.ANSWERED
        answer = Answer(
            version=version,
            unit=self._host.unit,
            incarnation=self._host.incarnation,
            acked=self._acked,
            quarantined=self._quarantined,
            records=tuple(row.record for row in rows),
            cursor=cursor,
            more=more,
            interval_s=self._host.interval_s,
            now_ms=self._now_ms,
            seqs=tuple(row.seq for row in rows),
        )
        return [SendAnswer(answer)]


def _held(exchange: Exchange, child: ChildState | None) -> tuple[int, bool]:
    """Up to where the child's records are here, and whether its store is the one known here.

    A store that counts less than it did was restored from an older copy: its numbers now name
    other records, so nothing is held of it.
    """
    if child is None or child.incarnation != exchange.incarnation:
        return 0, False
    if exchange.update_seq < child.seq:
        return 0, False
    return child.seq, True
