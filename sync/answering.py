"""A hub's side of the conversation: one request in, one answer out, nothing kept between them.

Any thread may answer. Two requests of one child cannot both move its cursor: the second finds
the local documents changed and is judged again.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from security.errors import TrustError
from security.registry import Registry
from sync.comparing import Comparer
from sync.errors import (
    PeerProtocolError,
    RefusedError,
    StoreConflictError,
    StoreError,
    StoreFullError,
)
from sync.holdings import Holdings
from sync.ingest import Gate
from sync.load import Load
from sync.ports import Clock, Store
from sync.protocol.batching import BYTES_MAX
from sync.protocol.compare_messages import Compare, Compared
from sync.protocol.cursors import child_key, decode_child, encode_child
from sync.protocol.downstream import (
    Command,
    Downstream,
    Event,
    ExchangeReceived,
    Host,
    ReadScope,
    RecordsStored,
    ScopeRead,
    ScopeRow,
    SendAnswer,
    StoreRecords,
)
from sync.protocol.messages import Answer, Exchange, Refusal
from sync.reception import Reception
from sync.scope import CARRIED, ROWS_MAX, body_bytes, outgoing, scope_of

ATTEMPTS_MAX = 3
"""A child has one request in flight; a second comes only from one that was given up."""

_Made = TypeVar("_Made", Answer, Compared)

logger = logging.getLogger(__name__)


def _nothing() -> None:
    return None


@dataclass(kw_only=True, eq=False)
class DownstreamDriver:
    """Answers the exchanges of a unit's children.

    Attributes:
        unit: The answering unit.
        store: Where records rest.
        gate: Judges what children send.
        registry: Says who is a child, and whose device is revoked.
        clock: For times that are shown.
        interval_s: Children should call no oftener than this; 0 leaves it to them.
        on_stored: Called after records of a child were stored, in the answering thread.
        holdings: Signs for what is stored; without it, children hear no more than a number.
        load: Lengthens the interval when answering takes much time.
    """

    unit: str
    store: Store
    gate: Gate
    registry: Registry
    clock: Clock
    interval_s: int = 0
    on_stored: Callable[[], object] = _nothing
    holdings: Holdings | None = None
    load: Load | None = None

    def __post_init__(self) -> None:
        self._counting = threading.Lock()
        self._comparer = Comparer(
            unit=self.unit,
            store=self.store,
            gate=self.gate,
            registry=self.registry,
            clock=self.clock,
            on_stored=self.on_stored,
            holdings=self.holdings,
        )

    def answer_bytes(self, body: bytes, device: str) -> bytes:
        """The encoded answer, or refusal, to an encoded request.

        Args:
            body: The request as it came, at most 8 MiB; nothing about it is trusted.
            device: The device that the tunnel authenticated.
        """
        reception = self.reception(device)
        reception.feed(body)
        return reception.finish()

    def reception(self, device: str) -> Reception:
        """Begin to take a request of the device that the tunnel authenticated, in pieces."""
        return Reception(
            lambda exchange: self.answer(exchange, device),
            lambda request: self.compare(request, device),
            self.clock,
        )

    def answer(self, exchange: Exchange, device: str) -> Answer | Refusal:
        """The answer to one request of an authenticated device."""
        refused = self._identify(exchange, device)
        if refused is not None:
            return refused
        began = self.clock.monotonic()
        answer = self._tried(lambda: self._with_mail(self._answer(exchange), exchange))
        if self.load is not None:
            ended = self.clock.monotonic()
            with self._counting:
                self.load.note(device, ended - began, ended)
        return answer

    def compare(self, request: Compare, device: str) -> Compared | Refusal:
        """The answer to one comparing request of an authenticated device."""
        return self._identify(request, device) or self._tried(
            lambda: self._comparer.answer(request)
        )

    def _tried(self, act: Callable[[], _Made]) -> _Made | Refusal:
        try:
            return act()
        except StoreConflictError:
            return Refusal("busy", "another request of this unit is being answered")
        except StoreFullError:
            logger.exception("the store is full; a child was refused")
            return Refusal("store_full", "the unit above has no space left")
        except StoreError:
            logger.exception("the store failed; a child was refused")
            return Refusal("store_failed", "the unit above cannot use its store")
        except RefusedError as error:
            return Refusal(error.code, str(error))
        except PeerProtocolError as error:
            return Refusal("malformed", str(error))

    def _identify(self, exchange: Exchange | Compare, device: str) -> Refusal | None:
        try:
            known = self.registry.device(device)
            parent = self.registry.unit(known.unit).parent
            revoked = self.registry.revoked_after(device) is not None
        except TrustError as error:
            return Refusal("unknown_device", str(error))
        if revoked:
            return Refusal("revoked", f"device {device} was revoked")
        if (exchange.device, exchange.unit) != (device, known.unit):
            return Refusal("identity", f"the request is not in the name of {device}")
        # Where it once stood a moved unit may still call: there it hears that it was moved.
        if parent != self.unit and not self.registry.had_parent(known.unit, self.unit):
            return Refusal("not_a_child", f"unit {known.unit} does not stand below {self.unit}")
        return None

    def _with_mail(self, answer: Answer, exchange: Exchange) -> Answer:
        if self.holdings is None:
            return answer
        held = self.holdings.mail(exchange.unit, exchange.pull, answer.cursor)
        return replace(answer, held=held)

    def _answer(self, exchange: Exchange) -> Answer:
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                return self._converse(exchange)
            except StoreConflictError:
                continue
        return self._converse(exchange)

    def _converse(self, exchange: Exchange) -> Answer:
        machine = Downstream(Host(self.unit, self.store.incarnation, self._wanted_s()))
        remembered = self.store.local(child_key(exchange.device))
        event: Event = ExchangeReceived(
            exchange=exchange,
            child=decode_child(remembered),
            last_seq=self.store.last_seq,
            now_ms=self.clock.now_ms(),
        )
        while True:
            [command] = machine.handle(event)
            if isinstance(command, SendAnswer):
                return command.answer
            event = self._carry_out(command, exchange, remembered)

    def _wanted_s(self) -> int:
        if self.load is None:
            return self.interval_s
        with self._counting:
            return max(self.interval_s, self.load.interval_s(self.clock.monotonic()))

    def _carry_out(self, command: Command, child: Exchange, remembered: bytes | None) -> Event:
        match command:
            case StoreRecords():
                return self._store(command, child, remembered)
            case ReadScope():
                return self._read(command, child)
        raise AssertionError(f"{type(command).__name__} is not carried out")

    def _store(self, command: StoreRecords, child: Exchange, remembered: bytes | None) -> Event:
        key = child_key(child.device)
        inspection = self.gate.inspect(command.records, child.unit, "up", origin=child.device)
        self.store.put(
            inspection.documents,
            {**inspection.local, key: encode_child(command.child)},
            expect={**inspection.expect, key: remembered},
        )
        if inspection.verdicts:
            logger.info(
                "records of a child were stored",
                extra={
                    "child": child.device,
                    "offered": len(inspection.verdicts),
                    "accepted": inspection.accepted,
                    "quarantined": len(inspection.quarantined),
                },
            )
        self.gate.settle()
        if self.holdings is not None:
            self.holdings.stored(child.unit, inspection.local)
        if inspection.documents:
            self.on_stored()
        return RecordsStored(inspection.quarantined)

    def _read(self, command: ReadScope, child: Exchange) -> Event:
        page = self.store.changes(
            command.since,
            limit=ROWS_MAX,
            tag=scope_of(self.registry, child.unit),
            databases=CARRIED,
            skip_origin=child.device if command.skip_own else None,
            bytes_max=body_bytes(min(command.bytes_max, BYTES_MAX)),
        )
        rows = tuple(ScopeRow(*row) for row in outgoing(page))
        return ScopeRead(rows, page.last_seq, page.more)
