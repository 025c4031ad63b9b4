"""What this package needs of the world: a store, a clock, random bytes.

Whoever starts a program passes the real ones in (`sync.stores`, `sync.wallclock`); tests and
the simulator pass their own, so that a run replays from its seed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

NO_LOCALS: Mapping[str, bytes | None] = MappingProxyType({})
"""The empty set of local documents, as a default that nobody can change."""


Scope = str | tuple[str, ...] | None
"""One tag, or several of which a document has at least one, or no narrowing at all."""


class Clock(Protocol):
    """The time of this machine, which may be wrong by years: show it, never sort by it."""

    def now_ms(self) -> int:
        """Wall time in milliseconds since 1970-01-01 UTC; may jump either way."""
        ...

    def monotonic(self) -> float:
        """Seconds from an unknown start; never goes back, so it measures waits."""
        ...


class RandomBytes(Protocol):
    """A source of bytes that nobody can guess."""

    def __call__(self, count: int, /) -> bytes:
        """Exactly `count` fresh random bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """One immutable revision of a document, as it is stored and carried.

    Attributes:
        database: Database of the store: "cases", "keys", "quarantine" and so on; 1 to 64
            lowercase letters, digits and underscores, a letter first.
        id: Name in its database, 1 to 512 characters, not starting with an underscore.
        rev: Generation and digest, `<generation>-<32 lowercase hex>`.
        body: One JSON object in UTF-8, at most 2 MiB, no top-level key starting with an
            underscore (CouchDB keeps those names to itself).
        tags: Scopes whose feeds carry the document, `unit:<code>`, `below:<code>` and
            `case:<hex>`; at most 32.
        origin: Unit code of the neighbour it came from; empty when it was written here.
    """

    database: str
    id: str
    rev: str
    body: bytes = field(repr=False)
    tags: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A document at its place in the order in which the store took its latest revision."""

    seq: int
    document: Document


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of a feed.

    Attributes:
        rows: Changes in ascending `seq`.
        last_seq: Where to go on reading. When nothing remains it is the store's own last
            sequence number, so rows left out by a filter are passed too.
        more: Whether rows remain after these.
    """

    rows: tuple[Change, ...]
    last_seq: int
    more: bool


class Store(Protocol):
    """Where documents rest. Every method may be called from any thread.

    Of one document the store keeps every revision it was given. The winner among conflicting
    revisions is CouchDB's: not deleted, then higher generation, then higher revision text; so
    all stores that hold the same revisions agree.
    """

    @property
    def incarnation(self) -> str:
        """32 hex digits made at creation: sequence numbers mean nothing under another one."""
        ...

    @property
    def last_seq(self) -> int:
        """The highest sequence number that is durably stored; 0 in an empty store."""
        ...

    def put(
        self,
        documents: Sequence[Document],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        *,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> int:
        """Store all or nothing, durably before it returns; gives the last sequence number.

        A revision that is here already (same database, id and rev) is passed over quietly: it
        takes no sequence number, and tags and origin stay as they were first stored.

        Args:
            documents: At most 10,000.
            local: Local documents to set (None: to delete) in the same transaction. They never
                leave the store. Keys have 1 to 512 characters, values at most 2 MiB.
            expect: Local documents that must still have this value (None: be absent).

        Raises:
            StoreConflictError: A local document differs from what was expected.
            StoreFullError: The disk took no more.
            StoreError: A document or local document is not acceptable, or the store is closed,
                read-only or damaged.
        """
        ...

    def get(self, database: str, document_id: str) -> Document | None:
        """The winning revision, or None."""
        ...

    def missing(
        self, database: str, revisions: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """Which of these revisions of each document id the store lacks (CouchDB's _revs_diff).

        Ids that lack nothing are left out; revisions keep the order in which they were asked.
        """
        ...

    def changes(
        self,
        since: int,
        *,
        limit: int,
        tag: Scope = None,
        databases: tuple[str, ...] = (),
        skip_origin: str | None = None,
        bytes_max: int | None = None,
    ) -> Changes:
        """A page of the feed after `since`: one row per document, at its latest change.

        The sequence is one over all databases, so order between databases is kept. The row of
        a document with conflicting revisions carries the winner, and only the winner's tags
        and origin count for the filters. A `since` past the end (the store was restored from
        an older copy) gives no rows and a smaller `last_seq`: the reader's cursor is doubtful.

        Args:
            since: Rows after this sequence number; 0 for all.
            limit: Rows at most; with 0 only `more` is of interest.
            tag: Only documents of this scope, or of one of these scopes, each of them once; the
                cost is that of the scopes' own rows.
            databases: Only these; empty means all.
            skip_origin: Leave out documents that came from this unit ("" : written here).
            bytes_max: Stop before the bodies together exceed this. The first row is always
                given, however large, so that a reader never stands still.

        Raises:
            StoreError: `since`, `limit` or `bytes_max` is negative, or the store is unusable.
        """
        ...

    def scope_ids(self, tag: str, *, upto: int, databases: tuple[str, ...]) -> Iterator[str]:
        """The ids of a scope's records, some thousands of them at a time, joined in one text.

        Ids that are not 64 lowercase hex digits are left out: they name no record. The order is
        that of the feed; a document that changes meanwhile may be left out.

        Args:
            tag: The scope.
            upto: Only documents whose latest change is not after this sequence number.
            databases: Only these; at least one.
        """
        ...

    def scope_range(
        self, tag: str, low: str, high: str, *, upto: int, databases: tuple[str, ...]
    ) -> list[tuple[str, str, int]]:
        """Database, id and sequence number of a scope's records from `low` to before `high`.

        In the order of databases, then of ids. `upto` and `databases` as in `scope_ids`.
        """
        ...

    def local(self, key: str) -> bytes | None:
        """The value of one local document, or None."""
        ...

    def locals(self, prefix: str) -> dict[str, bytes]:
        """All local documents whose key starts with `prefix`, in the order of their keys."""
        ...

    def close(self) -> None:
        """Release the files; every later call but another `close` raises `StoreError`."""
        ...
