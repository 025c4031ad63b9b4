"""Records that were set aside: kept whole with their reason, offered to nobody.

A record that cannot be trusted now may be honest all the same: its device may not be known here
yet, or it was written by one that was cloned. So nothing is thrown away, nothing waits for it,
and it can be judged again once the registry or a person has settled the matter.
"""

import base64
import hashlib
import json
from dataclasses import dataclass

from sync.documents import first_revision
from sync.errors import StoreError
from sync.ports import Document
from sync.protocol.fields import Fields

QUARANTINE = "quarantine"
REASONS = (
    *("unreadable", "device_unknown", "signature", "device_revoked", "incarnation"),
    *("home", "path", "scope", "chain", "fork", "frozen", "gaps"),
    *("statement", "statement_early", "too_many", "part", "part_early"),
    *("size", "rate"),
)
"""Why a record is set aside; `docs/protocol.md` says what each means."""

CURABLE = frozenset(
    (
        *("device_unknown", "path", "scope", "home", "incarnation"),
        *("statement_early", "part_early", "rate", "frozen"),
    )
)
"""Reasons that a later statement, or time, may take away."""

RELEASABLE = frozenset(
    ("device_revoked", "chain", "fork", "frozen", "gaps", "rate", "too_many")
)
"""Reasons that a person may set aside. All others say that a record is not what it claims to
be, or does not belong here: no person can make that true."""

OUTSTANDING_MAX = 10_000
"""Records set aside for one neighbour; then it is refused, so that it cannot fill the disk."""

UNREADABLE_BYTES_MAX = 64 << 10
"""What is kept of bytes that are no record; enough to see what they were."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A quarantined record as it was kept.

    Attributes:
        id: SHA-256 of all its bytes in hex.
        reason: Code of what was wrong.
        neighbour: Unit it came from.
        direction: "up" from a child, "down" from the parent.
        size: How many bytes came; more than `raw` has only for what is no record.
        raw: The bytes.
    """

    id: str
    reason: str
    neighbour: str
    direction: str
    size: int
    raw: bytes


def quarantine_document(raw: bytes, reason: str, neighbour: str, direction: str) -> Document:
    """The document that keeps a record aside, in no scope, so that no feed carries it.

    It holds no time: the same record with the same reason is the same document.
    """
    kept = raw[:UNREADABLE_BYTES_MAX] if reason == "unreadable" else raw
    body = json.dumps(
        {
            "direction": direction,
            "neighbour": neighbour,
            "reason": reason,
            "record": base64.b64encode(kept).decode("ascii"),
            "size": len(raw),
        },
        separators=(",", ":"),
    ).encode("ascii")
    return Document(
        database=QUARANTINE,
        id=hashlib.sha256(raw).hexdigest(),
        rev=first_revision(body),
        body=body,
        origin=neighbour,
    )


def set_aside_of(document: Document) -> SetAside:
    """What a quarantine document holds.

    Raises:
        StoreError: The document was damaged.
    """
    try:
        body = json.loads(document.body)
        return SetAside(
            id=document.id,
            reason=str(body["reason"]),
            neighbour=str(body["neighbour"]),
            direction=str(body["direction"]),
            size=int(body["size"]),
            raw=base64.b64decode(body["record"], validate=True),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"the quarantine document {document.id} is damaged") from error


def count_key(neighbour: str) -> str:
    """Name of the local document that counts what is outstanding for this neighbour."""
    return f"quarantine/{neighbour}"


def taken_key(device: str, record_type: str) -> str:
    """Name of the local document that counts a device's records of a type without a case."""
    return f"taken/{record_type}/{device}"


def over_key(neighbour: str) -> str:
    """Name of the local document that counts what was not kept of this neighbour."""
    return f"quarantine-over/{neighbour}"


def decided_key(record: str) -> str:
    """Name of the local document that says what a person decided about a record."""
    return f"decided/{record}"


def encode_count(count: int) -> bytes:
    """The count as a local document."""
    return json.dumps({"count": count}).encode("ascii")


def decode_count(value: bytes | None) -> int:
    """The count in a local document; 0 where there is none.

    Raises:
        StoreError: The local document was damaged.
    """
    if value is None:
        return 0
    try:
        return Fields(json.loads(value), "quarantine count").number("count")
    except (ValueError, TypeError) as error:
        raise StoreError("the local document of a quarantine count is damaged") from error
