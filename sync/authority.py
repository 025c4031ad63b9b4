"""The registry as it grows: statements that arrive are tried at once, and news is told on.

The store is the truth and holds each statement in the record that carried it; the registry in
memory is what they come to. It may know a statement a moment before the store does, which is
harmless: a statement proves itself, and it comes again if the store could not take it.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from enum import StrEnum

from security.carriers import carried_statement
from security.errors import EarlyError, FormatError, SecurityError
from security.registry import Registry
from security.statements import Statement
from sync.documents import REGISTRY, record_of
from sync.ports import Store

logger = logging.getLogger(__name__)

_PAGE = 1_000
_PAGE_BYTES = 16 << 20

Listener = Callable[[tuple[Statement, ...]], object]


class Learnt(StrEnum):
    """What came of a statement; the last two are reasons for quarantine."""

    NEW = "new"
    KNOWN = "known"
    EARLY = "statement_early"
    WRONG = "statement"


class Authority:
    """One node's registry, its one writer, and who wants to hear of news. For any thread."""

    def __init__(self, registry: Registry) -> None:
        """Take the registry; from now on only this object applies statements to it."""
        self.registry = registry
        self._writing = threading.Lock()
        self._telling = threading.Lock()
        self._news: list[Statement] = []
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` with the statements that became known, after they were stored.

        It is called in the thread that stored them and must not take long.
        """
        self._listeners.append(listener)

    def learn(self, raw: bytes) -> Learnt:
        """Try a statement; what it changes holds from now on for every reader."""
        with self._writing:
            try:
                statement = self.registry.apply(raw)
            except EarlyError:
                return Learnt.EARLY
            except SecurityError as error:
                logger.exception("a statement is wrong", extra={"reason": str(error)})
                return Learnt.WRONG
            if statement is None:
                return Learnt.KNOWN
            self._news.append(statement)
            return Learnt.NEW

    def learn_all(self, statements: Iterable[bytes]) -> list[bytes]:
        """Try statements in any order, and give those that still wait for another."""
        waiting, before = list(statements), -1
        while len(waiting) != before:
            before = len(waiting)
            waiting = [raw for raw in waiting if self.learn(raw) is Learnt.EARLY]
        return waiting

    def tell(self) -> bool:
        """Tell the listeners what was learnt since; whether there was anything.

        Call it once what was learnt is stored.
        """
        with self._telling:
            with self._writing:
                news, self._news = tuple(self._news), []
            if news:
                logger.info("the registry has grown", extra={"statements": len(news)})
                for listener in self._listeners:
                    listener(news)
        return bool(news)


def replay(authority: Authority, store: Store) -> int:
    """Learn all that a store holds of the registry, at start; gives how many still wait.

    Raises:
        StoreError: The store cannot be read.
    """
    waiting: list[bytes] = []
    since, more = 0, True
    while more:
        page = store.changes(since, limit=_PAGE, databases=(REGISTRY,), bytes_max=_PAGE_BYTES)
        since, more = page.last_seq, page.more
        for change in page.rows:
            try:
                waiting.append(carried_statement(record_of(change.document)))
            except FormatError:
                continue  # a part of a published set, or damaged: the gate judged it
    left = len(authority.learn_all(waiting))
    authority.tell()
    return left
