"""Where a page of a feed ends: the one rule for every store."""

import heapq
from collections.abc import Iterable, Iterator

from sync.ports import Change, Changes


def joined(scopes: Iterable[Iterable[Change]]) -> Iterator[Change]:
    """The rows of several scopes in one order, each once, and none is read ahead."""
    last = -1
    for change in heapq.merge(*scopes, key=lambda change: change.seq):
        if change.seq != last:
            last = change.seq
            yield change


def cut_page(
    changes: Iterable[Change], *, since: int, last_seq: int, limit: int, bytes_max: int | None
) -> Changes:
    """The page that `changes` begin with.

    Args:
        changes: All rows after `since` in ascending order, as lazily as possible: one more than
            the page holds is read, to know whether rows remain.
        since: The reader's position.
        last_seq: The store's last sequence number in the same snapshot as `changes`.
        limit: Rows at most.
        bytes_max: Bytes of bodies at most, but always one row.
    """
    rows: list[Change] = []
    size = 0
    for change in changes:
        size += len(change.document.body)
        too_large = bytes_max is not None and size > bytes_max and rows
        if len(rows) == limit or too_large:
            return Changes(tuple(rows), rows[-1].seq if rows else since, more=True)
        rows.append(change)
    return Changes(tuple(rows), last_seq, more=False)
