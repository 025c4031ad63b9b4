"""What a node and the unit above tell each other about their logs, after a session of sync.

The child says which checkpoint of the parent it has verified and gets the news with a proof. A
hub also submits its own checkpoint to be cosigned, and carries checkpoints and cosignatures
between its parent and itself as a sibling's witness; the parent only relays between siblings.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from security.encoding import decode_map, encode
from security.errors import FormatError, SecurityError
from security.registry import Head, Registry
from security.statements import STATEMENT_BYTES_MAX
from security.tlog_notes import (
    NoteSignature,
    SignedCheckpoint,
    log_name,
    parse_checkpoint,
    parse_signatures,
    quote_of,
)
from security.tlog_policy import Policy
from security.tlog_proof import PROOF_BYTES_MAX, format_advance, parse_advance
from security.tlog_trust import log_unit, policy_of, siblings
from sync.errors import PeerProtocolError
from sync.feeds import PINNED_KEY
from sync.log.heads import answer_heads, head_rows, read_heads, read_pieces
from sync.log.headwatch import HeadWatch
from sync.log.hublog import HubLog
from sync.log.witness import Alarm, Witness, contradiction, standing_note
from sync.ports import Store

CONTACT_TYPE = "application/vnd.postroad.log"
CONTACT_BYTES_MAX = 8 * PROOF_BYTES_MAX
LINES_BYTES_MAX = 4_096
NOTE_KEY = "checkpoint/note"
"""Local document: the whole note of the newest verified checkpoint of the hub above."""

logger = logging.getLogger(__name__)

Raise = Callable[[Alarm], None]
"""Keeps an alarm with its evidence."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a child says.

    Attributes:
        pinned: Leaves of the parent's tree that the child has verified.
        advance: Its own checkpoint for the parent to cosign, empty from a node without a log.
        relay: Its own checkpoint for the sibling that witnesses it.
        standing: Leaves of the sibling's log that the child, as its witness, stands at.
        cosigned: Lines that the child made for the sibling it witnesses.
        heads: How far it knows the registry.
    """

    pinned: int = 0
    advance: bytes = b""
    relay: bytes = b""
    standing: int = 0
    cosigned: str = ""
    heads: tuple[Head, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a parent answers.

    Attributes:
        news: Its newest checkpoint, proven to grow from what the child has pinned.
        lines: Cosignatures for the child's checkpoint, by parent and sibling.
        held: Leaves of the child's tree at which the parent stands.
        sibling: Leaves at which the sibling that witnesses the child stands.
        ask: Checkpoint of the sibling that the child witnesses.
        heads: How far it knows the logs that the child named.
        statements: Those of its own at places where the child has others.
    """

    news: bytes = b""
    lines: str = ""
    held: int = 0
    sibling: int = 0
    ask: bytes = b""
    heads: tuple[Head, ...] = ()
    statements: tuple[bytes, ...] = ()


def encode_request(request: Request) -> bytes:
    """Give the bytes of a request."""
    return encode(
        {
            "pinned": request.pinned,
            "advance": request.advance,
            "relay": request.relay,
            "standing": request.standing,
            "cosigned": request.cosigned,
            "heads": head_rows(request.heads),
        }
    )


def decode_request(raw: bytes) -> Request:
    """Read a request from outside.

    Raises:
        PeerProtocolError: It is not one.
    """
    values = _values(raw)
    return Request(
        _number(values, "pinned"),
        _bytes(values, "advance"),
        _bytes(values, "relay"),
        _number(values, "standing"),
        _text(values, "cosigned"),
        read_heads(values.get("heads")),
    )


def encode_reply(reply: Reply) -> bytes:
    """Give the bytes of an answer."""
    return encode(
        {
            "news": reply.news,
            "lines": reply.lines,
            "held": reply.held,
            "sibling": reply.sibling,
            "ask": reply.ask,
            "heads": head_rows(reply.heads),
            "statements": list(reply.statements),
        }
    )


def decode_reply(raw: bytes) -> Reply:
    """Read an answer from outside.

    Raises:
        PeerProtocolError: It is not one.
    """
    values = _values(raw)
    return Reply(
        _bytes(values, "news"),
        _text(values, "lines"),
        _number(values, "held"),
        _number(values, "sibling"),
        _bytes(values, "ask"),
        read_heads(values.get("heads")),
        read_pieces(values.get("statements"), STATEMENT_BYTES_MAX),
    )


@dataclass(frozen=True, slots=True, eq=False)
class ParentSide:
    """Answers the children of a hub about logs.

    Attributes:
        log: The hub's own log.
        witness: Cosigns for the children.
        store: Keeps what is relayed between them.
        registry: Says whose child a device is.
        on_alarm: Keeps evidence.
    """

    log: HubLog
    witness: Witness
    store: Store
    registry: Registry
    on_alarm: Raise

    def answer(self, raw: bytes, device: str) -> bytes:
        """Give the answer to a request of a device that the tunnel authenticated.

        Raises:
            PeerProtocolError: The request is none, or its checkpoint is not of that device.
            StoreError: Nothing was cosigned.
        """
        request = decode_request(raw)
        unit = self.registry.device(device).unit
        news = self.log.advance(request.pinned) or self.log.advance(0)
        reply = Reply(news=format_advance(news) if news else b"")
        try:
            if request.advance:
                reply = self._witnessed(request, unit, device, reply)
        except SecurityError as error:
            raise PeerProtocolError(f"the checkpoint of {device}: {error}") from error
        heads, statements = answer_heads(self.registry, unit, request.heads)
        return encode_reply(replace(reply, heads=heads, statements=statements))

    def _witnessed(self, request: Request, unit: str, device: str, reply: Reply) -> Reply:
        advance = parse_advance(request.advance)
        if advance.signed.checkpoint.origin != log_name(device):
            raise FormatError("it is the checkpoint of another log")
        verdict = self.witness.add_checkpoint(request.advance)
        if verdict.alarm is not None:
            self.on_alarm(verdict.alarm)
        ring = siblings(self.registry, unit)
        lines = [verdict.line.line] if verdict.line else []
        self._relay(request, unit, ring)
        if ring:
            found = self.store.local(f"relay/lines/{unit}")
            lines += [found.decode()] if found else []
        standing = self.store.local(f"relay/standing/{unit}")
        ask = self.store.local(f"relay/ask/{ring[-1]}") if ring else None
        return Reply(
            news=reply.news,
            lines="".join(f"{line}\n" for line in lines),
            held=verdict.standing,
            sibling=int(standing or b"0"),
            ask=ask or b"",
        )

    def _relay(self, request: Request, unit: str, ring: list[str]) -> None:
        """Keep what this child has for its witness, and what it says as the witness of one."""
        if not ring:
            return
        watched = ring[-1]
        local: dict[str, bytes | None] = {}
        if request.relay and _is_of(self.registry, request.relay, unit):
            local[f"relay/ask/{unit}"] = request.relay
        local[f"relay/standing/{watched}"] = str(request.standing).encode()
        if request.cosigned:
            [line] = parse_signatures(request.cosigned)
            local[f"relay/lines/{watched}"] = line.line.encode()
        changed = {key: value for key, value in local.items() if self.store.local(key) != value}
        if changed:
            self.store.put([], changed)


@dataclass(slots=True, eq=False)
class ChildSide:
    """Speaks for a node with the unit above about logs.

    Attributes:
        store: Keeps the pinned checkpoint of the unit above.
        registry: Says whose keys logs are signed with.
        parent: The unit above.
        on_alarm: Keeps evidence.
        log: The node's own log; None at an outpost.
        witness: Cosigns for a sibling; None at an outpost.
        watch: Compares the registry; None where nobody watches.
    """

    store: Store
    registry: Registry
    parent: str
    on_alarm: Raise
    log: HubLog | None = None
    witness: Witness | None = None
    policy: Policy | None = None
    watch: HeadWatch | None = None
    _held: int = field(default=0, init=False)
    _sibling: int = field(default=0, init=False)
    _cosigned: str = field(default="", init=False)
    _standing: int = field(default=0, init=False)

    def request(self) -> bytes:
        """Give what to say now."""
        pinned = self.pinned()
        own = self.log.advance(self._held) if self.log else None
        relayed = self.log.advance(self._sibling) if self.log else None
        return encode_request(
            Request(
                pinned=pinned.checkpoint.size if pinned else 0,
                advance=format_advance(own) if own else b"",
                relay=format_advance(relayed) if relayed else b"",
                standing=self._standing,
                cosigned=self._cosigned,
                heads=self.watch.heads() if self.watch else (),
            )
        )

    def take(self, raw: bytes) -> bool:
        """Take the answer; tells whether another contact right away would bring more.

        Raises:
            PeerProtocolError: It is no answer, or its news are not signed by the hub above.
            StoreError: What was verified could not be kept.
        """
        reply = decode_reply(raw)
        if self.watch is not None:
            self.watch.take(reply.heads, reply.statements)
        try:
            if reply.news:
                self._pin(reply.news)
            if self.log is None:
                return False
            self._keep_lines(reply.lines)
            if reply.ask:
                self._cosign(reply.ask)
        except SecurityError as error:
            raise PeerProtocolError(f"the hub above about logs: {error}") from error
        again = reply.held != self._held and not reply.lines
        self._held, self._sibling = reply.held, reply.sibling
        return again

    def pinned(self) -> SignedCheckpoint | None:
        """The newest checkpoint of the unit above that was verified."""
        note = self.store.local(NOTE_KEY)
        if note is None:
            return None
        pinned = parse_checkpoint(note)
        unit = self.registry.device(pinned.checkpoint.origin.rpartition("/")[2]).unit
        return pinned if unit == self.parent else None

    def _pin(self, raw: bytes) -> None:
        advance = parse_advance(raw)
        unit = log_unit(self.registry, advance.signed)
        if unit.code != self.parent:
            raise FormatError(f"the checkpoint is of unit {unit.code}")
        kept = self.pinned()
        if kept is not None and kept.checkpoint.origin != advance.signed.checkpoint.origin:
            kept = None  # another device of the unit above keeps a log of its own
        verdict = contradiction(kept, advance)
        if verdict is not None:
            if verdict.alarm is not None:
                self.on_alarm(verdict.alarm)
            return
        if kept is not None and kept.note == advance.signed.note:
            return
        device = self.registry.device(advance.signed.checkpoint.origin.rpartition("/")[2])
        quote = quote_of(advance.signed, device.signing)
        self.store.put([], {PINNED_KEY: quote, NOTE_KEY: advance.signed.note})

    def _keep_lines(self, text: str) -> None:
        assert self.log is not None
        signed = self.log.head.signed
        if not text or signed is None:
            return
        policy = self.policy or policy_of(self.registry, self._own_unit())
        lines = [
            line
            for line in parse_signatures(text)
            if _cosigned_by(line, signed, policy) and line not in signed.signatures
        ]
        if lines:
            self.log.add_signatures(signed, lines)

    def _cosign(self, raw: bytes) -> None:
        if self.witness is None:
            return
        verdict = self.witness.add_checkpoint(raw)
        if verdict.alarm is not None:
            self.on_alarm(verdict.alarm)
        self._cosigned = f"{verdict.line.line}\n" if verdict.line else ""
        self._standing = verdict.standing

    def restore(self, sibling_origin: str) -> None:
        """Remember at which size this node stands as a witness, after a restart."""
        kept = standing_note(self.store, sibling_origin)
        self._standing = kept.checkpoint.size if kept else 0

    def _own_unit(self) -> str:
        assert self.log is not None
        return self.registry.device(self.log.origin.rpartition("/")[2]).unit


def _cosigned_by(line: NoteSignature, signed: SignedCheckpoint, policy: Policy) -> bool:
    alone = SignedCheckpoint(signed.checkpoint, signed.text, (line,))
    return bool(policy.times(alone))


def _is_of(registry: Registry, raw: bytes, unit: str) -> bool:
    return log_unit(registry, parse_advance(raw).signed).code == unit


def _values(raw: bytes) -> dict[str, object]:
    try:
        return decode_map(raw, bytes_max=CONTACT_BYTES_MAX)
    except FormatError as error:
        raise PeerProtocolError(f"the message about logs: {error}") from error


def _number(values: Mapping[str, object], key: str) -> int:
    value = values.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 48:
        raise PeerProtocolError(f"the message about logs has no {key}")
    return value


def _bytes(values: Mapping[str, object], key: str) -> bytes:
    value = values.get(key)
    if not isinstance(value, bytes) or len(value) > PROOF_BYTES_MAX:
        raise PeerProtocolError(f"the message about logs has no {key}")
    return value


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or len(value) > LINES_BYTES_MAX:
        raise PeerProtocolError(f"the message about logs has no {key}")
    return value
