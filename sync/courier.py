"""Sync without a link: the messages of an exchange in files that somebody carries.

The child writes its request into bundles, the hub stores what they hold and writes its answer
into bundles that are carried back. Both ends use the same gate, the same cursors and the same
transactions as over a tunnel, so a bundle imported twice, or after the link came back, changes
nothing. A bundle that does not continue where the last one ended is refused by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from security.bundles import DOWN, UP, Bundle, BundleHead, open_bundle, seal_bundle
from security.registry import Registry
from security.signing import ReadingKey, Signer
from security.suites import KEY_BYTES
from sync.answering import DownstreamDriver
from sync.batches import put_incoming, read_outgoing
from sync.errors import PeerProtocolError, RefusedError
from sync.ingest import Gate
from sync.ports import Clock, RandomBytes, Store
from sync.protocol.batching import BYTES_MAX
from sync.protocol.cursors import (
    UpCursor,
    child_key,
    decode_child,
    decode_down,
    decode_up,
    down_key,
    up_key,
)
from sync.protocol.fields import Fields
from sync.protocol.messages import VERSIONS, Answer, Cursor, Exchange, Refusal
from sync.protocol.upstream import OutgoingRead, ReadOutgoing, StoreIncoming
from sync.protocol.wire import decode_message, encode_message
from sync.scope import down_place

BUNDLES_MAX = 10_000
"""Files of one export; at 1 MiB of records each, more than any stick holds."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What one bundle brought: how many records, and how many of them were set aside.

    `repeated` tells that everything in it was here already.
    """

    sender: str
    kind: str
    records: int
    quarantined: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes and opens bundles at this node."""

    unit: str
    device: str
    registry: Registry
    signer: Signer = field(repr=False)
    reading: Mapping[int, ReadingKey] = field(repr=False)


class Courier:
    """Makes and reads the bundles of one node."""

    def __init__(
        self, identity: Identity, store: Store, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        """Take the node's keys and store; nothing is read yet."""
        self._identity = identity
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes

    def open(self, raw: bytes) -> Bundle:
        """Check and open a bundle from outside.

        Raises:
            SecurityError: It is cut, forged, for another unit, or from a revoked device.
        """
        identity = self._identity
        return open_bundle(raw, identity.registry, identity.unit, identity.reading)

    def export(self, parent: str) -> Iterator[bytes]:
        """Give the bundles for the unit above: all that it has not confirmed, in order.

        The last one also asks for what is waiting there; with nothing to send it is the only
        one. Nothing counts as delivered before the answer has come back.

        Raises:
            StoreError: The store cannot be read.
        """
        up = decode_up(self._store.local(up_key(parent)))
        since, more = up.seq if up else 0, True
        for _ in range(BUNDLES_MAX):
            if not more:
                return
            command = ReadOutgoing(since, BYTES_MAX)
            batch = read_outgoing(self._store, parent, command, self._clock.now_ms())
            more = batch.more
            exchange = self._request(parent, since, batch)
            since = batch.last_seq
            yield self._seal(UP, parent, encode_message(exchange), {})

    def answer(self, bundle: Bundle, driver: DownstreamDriver) -> tuple[Imported, list[bytes]]:
        """Store what a child sent, and give the bundles to carry back.

        Raises:
            RefusedError: The child is not of this unit, the store is full, or a bundle before
                this one is missing (`gap`).
            PeerProtocolError: The content is not a request.
        """
        exchange = decode_message(bundle.content)
        if not isinstance(exchange, Exchange):
            raise PeerProtocolError("the bundle does not hold a request")
        if (bundle.head.kind, bundle.head.sender) != (UP, exchange.unit):
            raise PeerProtocolError("the bundle does not hold a request of its sender")
        held = self._held(exchange)
        if exchange.since > held:
            raise _gap(exchange.since, held)
        count = len(exchange.records)
        repeated = exchange.upto <= held and self._knows(exchange, driver)
        if repeated:
            # Taken as news, an old bundle would look like a store that was set back.
            exchange = _question(exchange, held)
        answers = list(self._answers(exchange, bundle.head.device, driver))
        quarantined = sum(len(answer.quarantined) for answer, _ in answers)
        sealed = [
            self._seal_answer(answer, pull, exchange)
            for answer, pull in answers
            if answer.cursor
        ]
        brought = Imported(bundle.head.sender, UP, count, quarantined, repeated and count > 0)
        return brought, sealed

    def take(self, bundle: Bundle, gate: Gate, parent: str) -> Imported:
        """Store what the unit above answered, and move the cursors.

        Raises:
            RefusedError: It does not continue where the last one ended (`gap`), or answers
                another store (`other_store`).
            PeerProtocolError: The content is not an answer of the unit above.
            StoreError: Nothing was written.
        """
        answer = decode_message(bundle.content)
        if (bundle.head.kind, bundle.head.sender) != (DOWN, parent):
            raise PeerProtocolError("the bundle is not an answer of the unit above")
        if not isinstance(answer, Answer) or answer.unit != parent or answer.cursor is None:
            raise PeerProtocolError("the bundle does not hold an answer of the unit above")
        if bundle.head.extra.get("incarnation") != self._store.incarnation:
            raise RefusedError("other_store", "the bundle answers another store than this one")
        if answer.acked > self._store.last_seq:
            raise PeerProtocolError("the unit above confirmed what was never sent")
        begins = Fields(dict(bundle.head.extra), "bundle").number("pull")
        key, current = self._place(gate, parent, answer.incarnation)
        if begins > current:
            raise _gap(begins, current)
        count = len(answer.records)
        if begins < current and answer.cursor.seq <= current:
            return Imported(bundle.head.sender, DOWN, count, 0, repeated=True)
        command = StoreIncoming(
            records=answer.records,
            up=UpCursor(answer.incarnation, answer.acked, self._clock.now_ms()),
            down=answer.cursor,
            refused=answer.quarantined,
        )
        inspection = put_incoming(self._store, gate, parent, command, key)
        set_aside = len(inspection.quarantined)
        return Imported(bundle.head.sender, DOWN, count, set_aside, repeated=False)

    def _request(self, parent: str, since: int, batch: OutgoingRead) -> Exchange:
        return Exchange(
            versions=VERSIONS,
            unit=self._identity.unit,
            device=self._identity.device,
            incarnation=self._store.incarnation,
            update_seq=batch.update_seq,
            since=since,
            upto=batch.last_seq,
            records=batch.records,
            pull=decode_down(
                self._store.local(
                    down_place(self._identity.registry, self._identity.unit, parent)
                )
            ),
            bytes_max=0 if batch.more else BYTES_MAX,
            now_ms=batch.now_ms,
        )

    def _place(self, gate: Gate, parent: str, incarnation: str) -> tuple[str, int]:
        """The furthest place in the parent's store, and the local document it stands in.

        Bundles of one export belong together, also when one of them changes the scope.
        """
        places = {
            key: place.seq
            for key, value in self._store.locals(down_key(parent)).items()
            if (place := decode_down(value)) and place.incarnation == incarnation
        }
        key = max(places, key=lambda key: places[key], default=gate.down_place(parent))
        return key, places.get(key, 0)

    def _held(self, exchange: Exchange) -> int:
        child = decode_child(self._store.local(child_key(exchange.device)))
        is_known = child is not None and child.incarnation == exchange.incarnation
        return child.seq if child is not None and is_known else 0

    def _knows(self, exchange: Exchange, driver: DownstreamDriver) -> bool:
        """Tell whether every record of a request is here or was set aside before.

        A child that was restored writes other records at sequence numbers that are held; they
        are new, whatever the numbers say.
        """
        inspection = driver.gate.inspect(exchange.records, exchange.unit, "up")
        return not inspection.documents

    def _answers(
        self, exchange: Exchange, device: str, driver: DownstreamDriver
    ) -> Iterator[tuple[Answer, int]]:
        # Two ends of a stick cannot compare: a child with a void cursor gets everything.
        exchange = replace(exchange, pull=self._valid(exchange.pull))
        for _ in range(BUNDLES_MAX):
            answer = driver.answer(exchange, device)
            if isinstance(answer, Refusal):
                raise RefusedError(answer.code, answer.text)
            pull = exchange.pull
            is_known = pull is not None and pull.incarnation == answer.incarnation
            yield answer, pull.seq if pull is not None and is_known else 0
            if not answer.more:
                return
            exchange = replace(_question(exchange, answer.acked), pull=answer.cursor)

    def _valid(self, pull: Cursor | None) -> Cursor | None:
        is_known = pull is not None and pull.incarnation == self._store.incarnation
        return pull if pull and is_known and pull.seq <= self._store.last_seq else None

    def _seal_answer(self, answer: Answer, pull: int, exchange: Exchange) -> bytes:
        extra: dict[str, object] = {"pull": pull, "incarnation": exchange.incarnation}
        return self._seal(DOWN, exchange.unit, encode_message(answer), extra)

    def _seal(self, kind: str, to: str, content: bytes, extra: dict[str, object]) -> bytes:
        identity = self._identity
        receiver = identity.registry.unit(to)
        head = BundleHead(
            kind=kind,
            sender=identity.unit,
            device=identity.device,
            receiver=to,
            epoch=receiver.epoch,
            made_ms=self._clock.now_ms(),
            extra=extra,
        )
        key = self._random_bytes(KEY_BYTES)
        return seal_bundle(head, content, receiver.reading, identity.signer, key)


def _question(exchange: Exchange, held: int) -> Exchange:
    """The same request without records: only what is waiting for the child."""
    update_seq = max(held, exchange.update_seq)
    return replace(exchange, records=(), since=held, upto=held, update_seq=update_seq)


def _gap(begins: int, held: int) -> RefusedError:
    return RefusedError(
        "gap",
        f"a bundle before this one is missing: it begins after {begins}, {held} was the last",
        hint="Import the bundles in the order of their numbers.",
    )
