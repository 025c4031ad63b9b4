"""The local documents in which a node remembers how far it has come with each neighbour.

They are JSON, so that an operator can read them, and they never leave the store. One that
cannot be read counts as absent: everything is then offered again, which is slow and harmless.
"""

import json
from dataclasses import dataclass, replace

from sync.errors import PeerProtocolError
from sync.protocol.fields import SEQ_MAX, Fields
from sync.protocol.messages import Cursor

CONTACT_SAVE_MS = 60_000
"""An idle contact is written down no oftener: a write wakes the disk of an old machine."""


@dataclass(frozen=True, slots=True)
class UpCursor:
    """How much of this store the parent holds durably; a mirror of its last answer.

    Attributes:
        incarnation: The parent's, when it said so.
        seq: This store's sequence number up to which the parent holds everything.
        at_ms: This node's wall clock at that answer.
    """

    incarnation: str
    seq: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class ChildState:
    """What a parent remembers of a child between two exchanges.

    Attributes:
        incarnation: The child's store.
        seq: Its sequence number up to which everything is stored here.
        update_seq: Its last sequence number when it last wrote something here.
        recall_to: Up to this sequence number of *this* store the child also gets back what it
            sent itself: it was restored from an older copy, or began anew.
        contact_ms: This node's wall clock at the last contact that was written down.
        clock_offset_ms: The child's wall clock minus this node's, the way there included.
    """

    incarnation: str
    seq: int
    update_seq: int
    recall_to: int
    contact_ms: int
    clock_offset_ms: int


def up_key(parent: str) -> str:
    """Name of the local document that holds the `UpCursor` for this parent."""
    return f"up/{parent}"


def down_key(parent: str) -> str:
    """Name of the local document that holds the place in this parent's store."""
    return f"down/{parent}"


def child_key(device: str) -> str:
    """Name of the local document that holds the `ChildState` of this device of a child.

    Each machine of a unit has a store, and so a place, of its own.
    """
    return f"child/{device}"


def refused_key(record: str) -> str:
    """Name of the local document that says why the parent set one of our records aside."""
    return f"refused/{record}"


def encode_up(cursor: UpCursor) -> bytes:
    """The cursor as a local document."""
    return encode_local(
        {"incarnation": cursor.incarnation, "seq": cursor.seq, "at_ms": cursor.at_ms}
    )


def decode_up(value: bytes | None) -> UpCursor | None:
    """The cursor in a local document, or None."""
    fields = _decode(value)
    if fields is None:
        return None
    try:
        return UpCursor(
            fields.text("incarnation"), fields.number("seq"), fields.number("at_ms")
        )
    except PeerProtocolError:
        return None


def encode_down(cursor: Cursor) -> bytes:
    """The cursor as a local document."""
    return encode_local({"incarnation": cursor.incarnation, "seq": cursor.seq})


def decode_down(value: bytes | None) -> Cursor | None:
    """The cursor in a local document, or None."""
    fields = _decode(value)
    if fields is None:
        return None
    try:
        return Cursor(fields.text("incarnation"), fields.number("seq"))
    except PeerProtocolError:
        return None


def encode_child(state: ChildState) -> bytes:
    """The state as a local document."""
    return encode_local(
        {
            "incarnation": state.incarnation,
            "seq": state.seq,
            "update_seq": state.update_seq,
            "recall_to": state.recall_to,
            "contact_ms": state.contact_ms,
            "clock_offset_ms": state.clock_offset_ms,
        }
    )


def decode_child(value: bytes | None) -> ChildState | None:
    """The state in a local document, or None."""
    fields = _decode(value)
    if fields is None:
        return None
    try:
        return ChildState(
            incarnation=fields.text("incarnation"),
            seq=fields.number("seq"),
            update_seq=fields.number("update_seq"),
            recall_to=fields.number("recall_to"),
            contact_ms=fields.number("contact_ms"),
            clock_offset_ms=fields.number(
                "clock_offset_ms", low=-2 * SEQ_MAX, high=2 * SEQ_MAX
            ),
        )
    except PeerProtocolError:
        return None


def is_worth_saving(before: ChildState | None, after: ChildState) -> bool:
    """Whether anything changed that a restart must find again, or the contact is old."""
    if before is None:
        return True
    quiet = replace(after, contact_ms=before.contact_ms, clock_offset_ms=before.clock_offset_ms)
    return quiet != before or _is_old(before.contact_ms, after.contact_ms)


def is_up_worth_saving(before: UpCursor | None, after: UpCursor) -> bool:
    """Whether the parent said something new, or the last contact on record is old."""
    if before is None or (before.incarnation, before.seq) != (after.incarnation, after.seq):
        return True
    return _is_old(before.at_ms, after.at_ms)


def encode_local(fields: dict[str, object]) -> bytes:
    """A local document: one JSON object with sorted keys."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _is_old(before_ms: int, now_ms: int) -> bool:
    return not 0 <= now_ms - before_ms < CONTACT_SAVE_MS


def _decode(value: bytes | None) -> Fields | None:
    if value is None:
        return None
    try:
        return Fields(json.loads(value), "local document")
    except (ValueError, RecursionError, PeerProtocolError):
        return None
