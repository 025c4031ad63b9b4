"""A child's side of a reconciliation: when one is needed, and how it is carried out.

It is needed when nobody can say what the other side holds: a store that is full and knows
nothing of its parent, a parent that forgot what it had confirmed, or that stands on another
store than before. Then both sides compare, give each other what differs, and set the cursors
where both are known to hold everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sync.batches import Arriving, put_judged
from sync.errors import PeerProtocolError
from sync.ingest import Gate
from sync.membership import StoreView
from sync.ports import Clock, RandomBytes, Store
from sync.protocol.compare_messages import Compare, Compared
from sync.protocol.cursors import (
    UpCursor,
    decode_down,
    decode_up,
    encode_down,
    encode_local,
    encode_up,
    refused_key,
    up_key,
)
from sync.protocol.messages import VERSIONS, Answer, Cursor, Exchange
from sync.protocol.ranges import KEY_BYTES
from sync.protocol.reconcile import Ask, Phase, Reconciliation
from sync.protocol.upstream import Link
from sync.scope import CARRIED, record_bytes
from sync.verdicts import Inspection

ROWS_MIN = 500
"""A store that knows nothing of its parent compares from so many records on: below, offering
all of them costs less than asking."""

OFFERED_MAX = 1_000
ROUNDS_MAX = 20_000
RESTARTS_MAX = 3


@dataclass(slots=True)
class _Running:
    """A reconciliation that has begun: it goes on after a cut, in the same process."""

    incarnation: str
    snapshot: int
    key: bytes = field(repr=False)
    state: Reconciliation
    place: Cursor | None = None


@dataclass(slots=True)
class Found:
    """What a reconciliation moved: records offered, records taken, records set aside."""

    pushed: int = 0
    pulled: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """Records that only one side has, as they are sealed."""

    here: tuple[bytes, ...] = field(repr=False)
    there: tuple[bytes, ...] = field(repr=False)


@dataclass(kw_only=True, eq=False)
class Reconciler:
    """Knows when a child must compare its store with its parent's, and does it."""

    link: Link
    store: Store
    gate: Gate
    clock: Clock
    random_bytes: RandomBytes
    on_stored: Callable[[], object]
    rows_min: int = ROWS_MIN
    _is_doubtful: bool = field(default=False, init=False)
    _running: _Running | None = field(default=None, init=False)

    def is_needed(self) -> bool:
        """Whether the next session must begin with a reconciliation.

        Raises:
            StoreError: The store cannot be read.
        """
        if self._is_doubtful:
            return True
        parent = self.link.parent
        up = decode_up(self.store.local(up_key(parent)))
        down = decode_down(self.store.local(self.gate.down_place(parent)))
        if up is not None and down is not None:
            return False
        return self._holds_at_least(self.rows_min)

    def doubt(self) -> None:
        """Let the next session begin with a reconciliation."""
        self._is_doubtful = True

    def doubts(self, exchange: Exchange, answer: Answer) -> bool:
        """Whether an answer shows that one side is not the one that the other knew.

        It is remembered, so that the next session begins with a reconciliation.
        """
        up = decode_up(self.store.local(up_key(self.link.parent)))
        forgot = answer.acked < exchange.since
        replaced = up is not None and up.incarnation != answer.incarnation
        went_back = (
            answer.cursor is not None
            and exchange.pull is not None
            and (
                answer.cursor.incarnation != exchange.pull.incarnation
                or answer.cursor.seq < exchange.pull.seq
            )
        )
        self._is_doubtful = self._is_doubtful or forgot or replaced or went_back
        return self._is_doubtful

    def run(self, send: Callable[[Compare], Compared], batch_bytes: Callable[[], int]) -> Found:
        """Compare, exchange what differs, and set both cursors.

        After an error, a later call goes on where this one stopped. A parent that holds nothing
        of ours gets everything in the ordinary way.

        Args:
            send: Sends a request and gives its answer.
            batch_bytes: About how many bytes of records a message should have now.

        Raises:
            TransportError, RefusedError: From `send`.
            PeerProtocolError: The parent contradicts itself.
            StoreError: This store took nothing more.
        """
        found = Found()
        restarts = 0
        for _ in range(ROUNDS_MAX):
            running = self._begin()
            if running.state.phase is Phase.SETTLED:
                break
            ask, request = self._request(running, batch_bytes())
            answer = send(request)
            self._check(answer)
            if running.place not in {None, answer.place}:
                restarts += 1
                if restarts > RESTARTS_MAX:
                    raise PeerProtocolError("the parent is another one again and again")
                self._running = None
                continue
            if running.place is None and not answer.held:
                self._settle(answer.place, upto=0)
                return found
            running.place = answer.place
            self._take(running, ask, answer, found)
        else:
            raise PeerProtocolError("the comparison does not come to an end")
        assert running.place is not None, "settled without an answer"
        self._settle(running.place, upto=running.snapshot)
        return found

    def survey(
        self, send: Callable[[Compare], Compared], batch_bytes: Callable[[], int]
    ) -> "Survey":
        """What differs, looked at and not mended: nothing is stored and no cursor moves.

        Raises:
            TransportError, RefusedError: From `send`.
            PeerProtocolError: The parent contradicts itself, or was replaced meanwhile.
        """
        self._running = None
        running = self._begin()
        taken: list[bytes] = []
        for _ in range(ROUNDS_MAX):
            if running.state.phase is not Phase.COMPARING:
                break
            ask, request = self._request(running, batch_bytes())
            answer = send(request)
            self._check(answer)
            if running.place not in {None, answer.place}:
                raise PeerProtocolError("the parent is another one than a moment ago")
            running.place = answer.place
            running.state.answered(ask, answer.entries, answer.done, answer.given)
            taken += answer.records
        self._running = None
        ours = [self._record_at(seq) for seq in running.state.surplus()]
        return Survey(tuple(raw for raw in ours if raw is not None), tuple(taken))

    def _holds_at_least(self, count: int) -> bool:
        held = 0
        for tag in self.gate.scope():
            ids = self.store.scope_ids(tag, upto=self.store.last_seq, databases=CARRIED)
            for piece in ids:
                held += len(piece) // 64
                if held >= count:
                    return True
        return held >= max(count, 1)

    def _begin(self) -> _Running:
        if self._running is None or self._running.incarnation != self.store.incarnation:
            key, snapshot = self.random_bytes(KEY_BYTES), self.store.last_seq
            tags = self.gate.scope()
            view = StoreView(self.store, tags, CARRIED, upto=snapshot, key=key)
            self._running = _Running(
                self.store.incarnation, snapshot, key, Reconciliation(view)
            )
        return self._running

    def _request(self, running: _Running, batch_bytes: int) -> tuple[Ask, Compare]:
        ask = running.state.ask(offered_max=OFFERED_MAX)
        records: list[bytes] = []
        taken = size = 0
        for seq in ask.offered:
            raw = self._record_at(seq)
            if records and size + len(raw or b"") > batch_bytes:
                break
            taken += 1
            if raw is not None:
                records.append(raw)
                size += len(raw)
        ask = replace(ask, offered=ask.offered[:taken])
        request = Compare(
            versions=VERSIONS,
            unit=self.link.unit,
            device=self.link.device,
            incarnation=running.incarnation,
            update_seq=self.store.last_seq,
            key=running.key,
            place=running.place,
            ranges=ask.ranges,
            wanted=ask.wanted,
            records=tuple(records),
            settle=running.snapshot if ask.settle else None,
            bytes_max=batch_bytes,
            now_ms=self.clock.now_ms(),
        )
        return ask, request

    def _record_at(self, seq: int) -> bytes | None:
        rows = self.store.changes(seq - 1, limit=1).rows
        if not rows or rows[0].seq != seq:
            return None
        return record_bytes(rows[0].document)

    def _check(self, answer: Compared) -> None:
        if answer.unit != self.link.parent:
            raise PeerProtocolError("the answer is not from the unit above")

    def _take(self, running: _Running, ask: Ask, answer: Compared, found: Found) -> None:
        if ask.settle and not answer.settled:
            raise PeerProtocolError("the parent did not settle what was compared")
        inspection = self._put(answer.records, answer.quarantined)
        running.state.answered(ask, answer.entries, answer.done, answer.given)
        running.state.offered(ask)
        found.pushed += len(ask.offered)
        found.pulled += len(answer.records)
        found.quarantined += len(inspection.quarantined) + len(answer.quarantined)
        if inspection.documents:
            self.on_stored()

    def _put(self, records: Sequence[bytes], refused: Sequence[tuple[str, str]]) -> Inspection:
        parent, now_ms = self.link.parent, self.clock.now_ms()
        local: dict[str, bytes | None] = {
            refused_key(record): encode_local(
                {"reason": reason, "parent": parent, "at_ms": now_ms}
            )
            for record, reason in refused
        }
        if not records and not local:
            return Inspection()
        return put_judged(self.store, self.gate, Arriving(records, parent, "down"), local)

    def _settle(self, place: Cursor, *, upto: int) -> None:
        parent = self.link.parent
        up = UpCursor(place.incarnation, upto, self.clock.now_ms())
        down = self.gate.down_place(parent)
        cursors = {up_key(parent): encode_up(up), down: encode_down(place)}
        self.store.put([], cursors)
        self._running = None
        self._is_doubtful = False
