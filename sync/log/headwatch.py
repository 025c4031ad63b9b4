"""The child's watch over the registry: remembers what is missing, and raises the alarm."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from security.carriers import carried_statement
from security.errors import SecurityError
from security.registry import Head, Registry
from sync.documents import REGISTRY, record_of
from sync.log.heads import Lag, Verdict, judge, missing_above, own_heads, sight_of, statement_at
from sync.log.witness import Alarm
from sync.ports import Clock, Document, Store

LAGS_KEY = "heads"
"""Local document: the logs in which this node and the unit above differ."""

_PAGE = 1_000
_PAGE_BYTES = 16 << 20
_SHOWN_MAX = 2_250
"""Two statements of this size fit into a note of the journal; of longer ones the hash does."""


def _nothing() -> None:
    return None


@dataclass(slots=True, eq=False)
class HeadWatch:
    """Compares the heads of one node with those of the unit above.

    Attributes:
        store: Remembers what was missing, over restarts.
        registry: What is known here.
        unit: This node's unit.
        parent: The unit above.
        clock: Says how long something has been missing.
        on_alarm: Keeps evidence.
        on_behind: Lets the next session begin with a comparison of all records, which brings
            each side the statements that the other holds.
    """

    store: Store
    registry: Registry
    unit: str
    parent: str
    clock: Clock
    on_alarm: Callable[[Alarm], None]
    on_behind: Callable[[], object] = _nothing
    _asked: dict[str, Head] = field(default_factory=dict, init=False)
    _compared: set[str] = field(default_factory=set, init=False)

    def heads(self) -> tuple[Head, ...]:
        """Give what to say."""
        heads = own_heads(self.registry, self.unit)
        self._asked = {head.log: head for head in heads}
        return heads

    def mark(self) -> bytes:
        """Give what changes whenever one of the heads does."""
        heads = own_heads(self.registry, self.unit)
        return hashlib.sha256(b"".join(head.hash for head in heads)).digest()

    def is_open(self) -> bool:
        """Whether something was missing at the last contact.

        Raises:
            StoreError: The store cannot be read.
        """
        return bool(self._lags())

    def take(self, said: tuple[Head, ...], pieces: tuple[bytes, ...]) -> None:
        """Judge what the unit above said; a log that it leaves out is one it does not know.

        One that says nothing at all may have had trouble with the request: then the log of this
        unit alone counts as missing there, which becomes an alarm if it goes on.

        Raises:
            StoreError: It could not be remembered.
        """
        before, now = self._lags(), self.clock.now_ms()
        after = {} if said else dict(before)
        told = {head.log: head for head in said}
        carried = self._carried(told) if told else frozenset()
        for log in sorted(self._asked if told else self._asked.keys() & {self.unit}):
            asked, head = self._asked[log], told.get(log, Head(log, 0, b""))
            sight = sight_of(self.registry, asked, head)
            is_proven = not carried.isdisjoint(missing_above(self.registry, asked, head))
            lag = judge(replace(sight, is_proven=is_proven), before.get(log), now)
            if lag is not None:
                after[log] = lag
                self._raise_once(head, before.get(log), lag, pieces)
        if after != before:
            self.store.put([], {LAGS_KEY: _encode(after, self.parent) if after else None})

    def _raise_once(
        self, said: Head, known: Lag | None, lag: Lag, pieces: tuple[bytes, ...]
    ) -> None:
        if known is None or known.verdict is not lag.verdict:
            self._note(said, lag, pieces)
        elif said.log not in self._compared:  # a start of the program forgets that it doubted
            self._compare(said.log)

    def _compare(self, log: str) -> None:
        self._compared.add(log)
        self.on_behind()

    def _carried(self, told: dict[str, Head]) -> frozenset[bytes]:
        """What is missing above although the unit above wrote it itself."""
        missing: set[bytes] = set()
        for log, asked in self._asked.items():
            head = told.get(log, Head(log, 0, b""))
            missing |= missing_above(self.registry, asked, head)
        return self._written_above(missing) if missing else frozenset()

    def _note(self, said: Head, lag: Lag, pieces: tuple[bytes, ...]) -> None:
        if lag.verdict is Verdict.FORK:
            count = min(said.count, self._asked[said.log].count)
            own = statement_at(self.registry, said.log, count)
            shown = [each for each in pieces if hashlib.sha256(each).digest() == said.hash]
            self.on_alarm(
                Alarm(lag.verdict.value, said.log, _text(own), _text(b"".join(shown[:1])))
            )
            return
        if lag.verdict is Verdict.WITHHELD:
            missing = statement_at(self.registry, said.log, said.count + 1)
            self.on_alarm(Alarm(lag.verdict.value, said.log, _text(missing), ""))
        self._compare(said.log)

    def _written_above(self, wanted: set[bytes]) -> frozenset[bytes]:
        """Those of some statements that a record here, by a device of the parent, carries."""
        found: set[bytes] = set()
        since, more = 0, True
        while more and found != wanted:
            page = self.store.changes(
                since, limit=_PAGE, databases=(REGISTRY,), bytes_max=_PAGE_BYTES
            )
            since, more = page.last_seq, page.more
            found |= {self._written(change.document) for change in page.rows} & wanted
        return frozenset(found)

    def _written(self, document: Document) -> bytes:
        """The hash of the statement in a record of the unit above, or nothing."""
        try:
            record = record_of(document)
            raw = carried_statement(record)
            author = self.registry.device(record.header.device).unit
        except SecurityError:
            return b""
        return hashlib.sha256(raw).digest() if author == self.parent else b""

    def _lags(self) -> dict[str, Lag]:
        kept = self.store.local(LAGS_KEY)
        return _decode(kept, self.parent) if kept else {}


def _text(statement: bytes) -> str:
    if len(statement) > _SHOWN_MAX:
        return f"sha256:{hashlib.sha256(statement).hexdigest()}"
    return base64.b64encode(statement).decode()


def _encode(lags: dict[str, Lag], parent: str) -> bytes:
    rows = {
        log: [lag.count, lag.since_ms, lag.is_above, lag.verdict.value]
        for log, lag in lags.items()
    }
    return json.dumps({"parent": parent, "lags": rows}, sort_keys=True).encode()


def _decode(kept: bytes, parent: str) -> dict[str, Lag]:
    """What was remembered of this parent; of another one, or damaged, it counts for nothing."""
    try:
        found = json.loads(kept)
        rows = found["lags"] if found["parent"] == parent else {}
        return {
            log: Lag(int(count), int(since), bool(is_above), Verdict(verdict))
            for log, (count, since, is_above, verdict) in rows.items()
        }
    except (ValueError, KeyError, TypeError):
        return {}
