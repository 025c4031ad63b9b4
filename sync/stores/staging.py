"""Attachments that arrive before the revision that will carry them, in the SQLite store."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sync.couch_values import Limits, StagedBlob
from sync.errors import DocumentRefusedError, StoreError
from sync.stores.blobs import (
    PIECE_BYTES,
    Incoming,
    find_blob,
    regrouped,
    remove_blob,
)
from sync.stores.sqlite_core import Writing

_GROUP_BYTES = 4 * PIECE_BYTES
"""Bytes in one transaction: other writers get in between, and memory stays small."""

_Write = Callable[[], AbstractContextManager[Writing]]


@contextmanager
def staged(
    write: _Write, pieces: Iterable[bytes], pins: Counter[bytes], limits: Limits
) -> Iterator[StagedBlob]:
    """The blob, kept until the block ends, or for good if a revision names it by then."""
    blob = _take(write, pieces, pins, limits)
    try:
        yield blob
    finally:
        _let_go(write, blob, pins)


def _take(
    write: _Write, pieces: Iterable[bytes], pins: Counter[bytes], limits: Limits
) -> StagedBlob:
    incoming: Incoming | None = None
    length = 0
    try:
        for group in regrouped(pieces, _GROUP_BYTES):
            length += len(group)
            if length > limits.attachment_bytes:
                raise DocumentRefusedError(
                    "attachment_too_large",
                    f"the attachment exceeds {limits.attachment_bytes} bytes",
                )
            with write() as writing, writing.ledger.transaction():
                incoming = incoming or Incoming(writing.connection)
                for start in range(0, len(group), PIECE_BYTES):
                    incoming.add(group[start : start + PIECE_BYTES])
                if len(group) < _GROUP_BYTES:
                    # Only the last group is short: one sync does for a small attachment.
                    return _finish(incoming, pins)
        with write() as writing, writing.ledger.transaction():
            return _finish(incoming or Incoming(writing.connection), pins)
    except BaseException:
        if incoming is not None:
            _drop(write, incoming.number)
        raise


def _finish(incoming: Incoming, pins: Counter[bytes]) -> StagedBlob:
    blob = incoming.finish()
    pins[blob.sha256] += 1
    return blob


def _drop(write: _Write, number: int) -> None:
    """Take back what came; should the disk or the store be gone, the next opening does it."""
    try:
        with write() as writing, writing.ledger.transaction():
            remove_blob(writing.connection, number)
    except StoreError:
        return


def _let_go(write: _Write, blob: StagedBlob, pins: Counter[bytes]) -> None:
    try:
        with write() as writing:
            pins[blob.sha256] -= 1
            if pins[blob.sha256] > 0:
                return
            del pins[blob.sha256]
            with writing.ledger.transaction():
                number = find_blob(writing.connection, blob.sha256)
                staged_still = writing.ledger.find(
                    "SELECT 1 FROM blobs WHERE blob = ? AND staged", (number,)
                )
                if number is not None and staged_still:
                    remove_blob(writing.connection, number)
    except StoreError:
        # The store is closed or its disk full: what is staged goes at the next opening.
        return
