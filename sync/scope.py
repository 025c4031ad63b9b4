"""Pages of a store's feed as records to send."""

import base64
import hashlib
import json
import logging
from collections.abc import Iterator

from sync.documents import CASES, KEYS
from sync.ports import Changes, Document

CARRIED = (CASES, KEYS)
"""The databases whose records travel."""

ROWS_MAX = 2_000
"""Records read for one exchange."""

logger = logging.getLogger(__name__)


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


def scope_tags(unit: str) -> tuple[str, ...]:
    """The scopes that a unit and the unit above it both hold whole."""
    return (f"unit:{unit}",)


def record_bytes(document: Document) -> bytes | None:
    """The record in a document, or None if the document was damaged."""
    # Its name is its hash, which is all there is to check: it was judged when it came in, and
    # reading the header again would take a third of the time of a whole exchange.
    try:
        record = base64.b64decode(json.loads(document.body)["record"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if hashlib.sha256(record).hexdigest() == document.id else None
