"""Pages of a store's feed as records to send."""

import base64
import hashlib
import json
import logging
from collections.abc import Iterator

from security.registry import Registry
from sync.documents import AUDIT, CASES, KEYS, REGISTRY, below_tag, unit_tag
from sync.ports import Changes, Document
from sync.protocol.cursors import down_key

CARRIED = (CASES, KEYS, AUDIT, REGISTRY)
"""The databases whose records travel."""

_DIGEST_CHARS = 16

ROWS_MAX = 2_000
"""Records read for one exchange."""

logger = logging.getLogger(__name__)


def scope_of(registry: Registry, child: str) -> tuple[str, ...]:
    """The tags of all that a child is given: what concerns it, and what flows down to it.

    Of a unit that was moved below the child, old records do not name the child; they come with
    the scope of that unit.

    Raises:
        TrustError: The registry does not know the child.
    """
    moved = registry.came_from_elsewhere(child)
    return (
        unit_tag(child),
        *(below_tag(unit) for unit in registry.path(child)),
        *(unit_tag(unit) for unit in moved),
    )


def down_place(registry: Registry, unit: str, parent: str) -> str:
    """Name of the local document with this unit's place in the store of its parent.

    The place is that of a scope. When a unit was moved below this one, what the parent held of
    it before lies behind the old place; so the scope has another name, and begins anew.
    """
    moved = registry.came_from_elsewhere(unit)
    if not moved:
        return down_key(parent)
    digest = hashlib.sha256("".join(moved).encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{down_key(parent)}/{digest}"


def body_bytes(record_bytes: int) -> int:
    """How long the bodies of documents are together that hold this many bytes of records."""
    return record_bytes * 4 // 3


def outgoing(page: Changes) -> Iterator[tuple[int, str, bytes]]:
    """Sequence number, origin and record of each row.

    A document that no longer holds its record was damaged on this disk. It is passed over and
    logged: one bad block must not keep every later case from travelling.
    """
    for change in page.rows:
        record = record_bytes(change.document)
        if record is None:
            logger.error(
                "a stored record is damaged and was not sent",
                extra={"document": change.document.id, "seq": change.seq},
            )
        else:
            yield change.seq, change.document.origin, record


def record_bytes(document: Document) -> bytes | None:
    """The record inside a document, if it holds the one that its id names."""
    # Its name is its hash, which is all there is to check: it was judged when it came in, and
    # reading the header again would take a third of the time of a whole exchange.
    try:
        record = base64.b64decode(json.loads(document.body)["record"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if hashlib.sha256(record).hexdigest() == document.id else None
