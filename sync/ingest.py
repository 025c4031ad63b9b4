"""The gate: every record that arrives is judged here before it is stored or passed on.

Nobody's word is taken for a record. The author's device must stand in the registry, its
signature must hold, the case must lie on the author's own path, and what comes from below must
follow on in its author's feed. What fails is set aside with a reason; all else flows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from security.errors import FormatError, SignatureError, TrustError
from security.header import Header
from security.records import Record, parse, verify
from security.registry import Registry
from sync.allowance import Allowance
from sync.authority import Authority
from sync.bench import Bench
from sync.errors import StoreConflictError
from sync.ports import Store
from sync.quarantine import (
    CURABLE,
    QUARANTINE,
    RELEASABLE,
    SetAside,
    set_aside_of,
)
from sync.rules import Arrival, Direction, is_of_subtree, rule_of
from sync.scope import down_place, scope_of
from sync.verdicts import Inspection, Verdict

_CONFLICTS_MAX = 3


class Gate:
    """Judges what neighbours send to one unit, by its registry and by what its store holds."""

    def __init__(
        self,
        registry: Registry,
        store: Store,
        unit: str,
        *,
        authority: Authority | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """Take what to judge by.

        `authority` is the registry's writer, where others apply statements too; `allowance`
        bounds the rate of journals from below.
        """
        self._allowance = allowance
        self._registry = registry
        self._authority = authority or Authority(registry)
        self._store = store
        self._unit = unit

    def down_place(self, parent: str) -> str:
        """Name of the local document with this unit's place in the store of its parent."""
        return down_place(self._registry, self._unit, parent)

    def scope(self) -> tuple[str, ...]:
        """The tags of all that this unit and the unit above it both hold."""
        return scope_of(self._registry, self._unit)

    def judge(self, raw: bytes, neighbour: str, direction: Direction) -> Verdict:
        """The verdict on one record alone; stores nothing."""
        return self.inspect([raw], neighbour, direction).verdicts[0]

    def inspect(
        self,
        records: Sequence[bytes],
        neighbour: str,
        direction: Direction,
        *,
        origin: str | None = None,
    ) -> Inspection:
        """Judge a batch in order, each record as if those before it were stored already.

        Nothing is stored here; statements are learnt at once, so that what follows in the same
        batch can build on them. After storing call `settle`.

        Args:
            records: Bytes from outside, each claimed to be one record.
            neighbour: The unit they came from; its identity has been checked.
            direction: Whether that unit is a child or the parent.
            origin: What the store remembers as their origin: the child's device, so that other
                machines of its unit get them too. Without it, the unit.
        """
        parsed = [_parsed(raw) for raw in records]
        bench = Bench(self._store, neighbour, direction, origin or neighbour)
        bench.look_up([record for record in parsed if record])
        for raw, record in zip(records, parsed, strict=True):
            if record is None:
                bench.set_aside(raw, "unreadable")
            elif bench.is_known(record):
                bench.pass_over(record)
            else:
                self._judge_new(record, bench)
        return bench.finish()

    def release(self, kept: SetAside) -> Inspection:
        """Judge a record that a person let through: all but what a person may set aside.

        It must still be a record of a device that the registry knows, signed by it, of a case
        that concerns this unit. Of a fork both branches are kept; the feed goes on as it went.
        """
        bench = Bench(self._store, kept.neighbour, _direction(kept), kept.neighbour)
        record = _parsed(kept.raw)
        if record is None:
            bench.set_aside(kept.raw, "unreadable")
            return bench.finish()
        bench.look_up([record])
        arrival = Arrival(record, self._unit, kept.neighbour, _direction(kept))
        reason = self._distrust(arrival, RELEASABLE)
        if bench.is_known(record):
            bench.pass_over(record)
        elif reason is not None:
            bench.set_aside(kept.raw, reason)
        else:
            if self._is_of_own_subtree(record.header):
                bench.place(
                    record, is_open=False
                )  # if it fits by now; else the feed stays as it is
            bench.accept(record)
        return bench.finish()

    def settle(self) -> None:
        """Tell of statements that were stored, and judge again what waited for them.

        Raises:
            StoreError: The store cannot be read or written.
        """
        while self._authority.tell():
            since, more = 0, True
            while more:
                page = reconsider(self, self._store, since=since)
                since, more = page.last_seq, page.more

    def _judge_new(self, record: Record, bench: "Bench") -> None:
        allowance = self._allowance if bench.direction == "up" else None
        arrival = Arrival(record, self._unit, bench.neighbour, bench.direction, allowance)
        reason = self._distrust(arrival)
        if reason is None and bench.direction == "up":
            reason = self._place_from_below(arrival, bench)
        elif reason is None and self._is_of_own_subtree(record.header):
            bench.adopt(record)
        if reason is None:
            bench.accept(record)
        else:
            bench.set_aside(record.raw, reason)

    def _distrust(self, arrival: Arrival, forgiven: frozenset[str] = frozenset()) -> str | None:
        rule = rule_of(arrival.header.type)
        reason = rule.before(arrival, self._authority)
        if reason is not None:
            return reason
        try:
            reason = self._distrust_author(arrival)
            if reason in forgiven:
                reason = None
            return reason or rule.place(arrival, self._registry)
        except TrustError:
            return "device_unknown"

    def _distrust_author(self, arrival: Arrival) -> str | None:
        header, registry = arrival.header, self._registry
        device = registry.device(header.device)
        try:
            verify(arrival.record, device.signing)
        except SignatureError:
            return "signature"
        if header.incarnation > registry.incarnation(device.id):
            return "incarnation"
        is_over = registry.has_ended(device.id, header.incarnation, header.seq)
        if is_over or registry.is_revoked(device.id, header.seq):
            return "device_revoked"
        return None

    def _place_from_below(self, arrival: Arrival, bench: "Bench") -> str | None:
        header = arrival.header
        if self._registry.device(header.device).unit == self._unit:
            # This node wrote it, lost it, and has it back from a child.
            return bench.place(arrival.record, is_open=False)
        # What a child gives back of units above, or brings from an old place, comes in part.
        if not is_of_subtree(arrival, self._registry):
            return None
        most = rule_of(header.type).per_device_max
        if most and not bench.count_in(header, most):
            return "too_many"
        is_open = self._registry.incarnation(header.device) == header.incarnation
        return bench.place(arrival.record, is_open=is_open)

    def _is_of_own_subtree(self, header: Header) -> bool:
        # Only the device itself can have signed it: this node had it once and was set back.
        author = self._registry.device(header.device).unit
        return self._unit in self._registry.path(author)


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What came of judging a page of the quarantine again; go on after `last_seq` if `more`."""

    accepted: int
    last_seq: int
    more: bool


def reconsider(gate: Gate, store: Store, *, since: int = 0, limit: int = 500) -> Reconsidered:
    """Judge records again that were set aside, after the registry learnt something new.

    What is good now is stored and flows on; what is not stays where it is.

    Raises:
        StoreConflictError: Batches arrive all the time; call again.
    """
    page = store.changes(since, limit=limit, databases=(QUARANTINE,))
    accepted = 0
    for change in page.rows:
        kept = set_aside_of(change.document)
        if kept.reason not in CURABLE:
            continue
        accepted += _judged_again(gate, store, kept, _direction(kept))
    return Reconsidered(accepted, page.last_seq, page.more)


def _judged_again(gate: Gate, store: Store, kept: SetAside, direction: Direction) -> bool:
    for attempt in range(_CONFLICTS_MAX):
        inspection = gate.inspect([kept.raw], kept.neighbour, direction)
        if not inspection.accepted:
            return False
        try:
            store.put(inspection.documents, inspection.local, expect=inspection.expect)
        except StoreConflictError:
            if attempt == _CONFLICTS_MAX - 1:
                raise
        else:
            return True
    raise AssertionError("a put neither succeeded nor failed")


def _direction(kept: SetAside) -> Direction:
    return "up" if kept.direction == "up" else "down"


def _parsed(raw: bytes) -> Record | None:
    try:
        return parse(raw)
    except FormatError:
        return None
