"""The log of a hub's cluster: what was put, in order, in documents of a database of its own.

CouchDB has no transaction over several documents. So the documents of a put are written first,
and then one document, the tail of the log, takes a line for each of them together with the
local documents that change. That one write is the put: before it nothing is visible, after it
everything is. Sequence numbers are given in it, so all processes of a cluster agree on them.
Pure.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync.errors import StoreError

SEGMENT_BYTES = 32 * 1024
"""A segment that is longer takes no more puts: each put writes the tail anew."""
GENERATIONS_MAX = 400
"""Puts into one segment: well below CouchDB's revs_limit of 1000, so that a copy which was cut
off for long rejoins its history instead of standing beside it."""
COMMIT_BYTES_MAX = 6 * 1024 * 1024
"""Lines and local documents of one put; CouchDB's limit for a document is 8 MB."""
TOKENS_MAX = 32
"""Puts that a segment names, so that a writer whose answer was lost finds its own."""
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A revision at its place in the order of the store."""

    seq: int
    database: str
    id: str
    rev: str
    size: int
    origin: str
    tags: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is, wherever it stands."""
        return self.database, self.id, self.rev


@dataclass(frozen=True, slots=True)
class Commit:
    """One put.

    Attributes:
        rows: In order; their numbers are given when they enter the log.
        local: Local documents that are set, or deleted.
        token: Fresh hex digits that tell this put from every other.
        above: Numbers begin after this one, if the log has not come so far.
        incarnation: The store's new one; empty: it stays.
    """

    rows: tuple[Row, ...]
    local: Mapping[str, bytes | None]
    token: str
    above: int = 0
    incarnation: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One document of the log.

    Attributes:
        number: From 1; its id.
        birth: Hex digits made with the first segment: a log that begins anew has others.
        incarnation: The store's, after this segment.
        last_seq: The store's, after this segment.
        closed: Whether the log goes on in the next segment.
        rev: CouchDB's revision; empty before it is stored.
        others: Revisions beside the winner: two writers did not see each other.
        stray: Lines of those revisions, and of the winner, that not all of them have.
    """

    number: int
    birth: str
    incarnation: str
    last_seq: int
    rows: tuple[Row, ...] = ()
    local: Mapping[str, bytes | None] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()
    closed: bool = False
    rev: str = ""
    others: tuple[str, ...] = ()
    stray: tuple[Row, ...] = ()

    @property
    def generation(self) -> int:
        """How often it was written."""
        return int(self.rev.partition("-")[0] or 0)


def extended(tail: Segment, commit: Commit) -> Segment:
    """The tail of the log after a put: the same segment with more in it, or the next one.

    Raises:
        StoreError: The put is too large for one document.
    """
    start = tail
    if tail.closed:
        start = Segment(tail.number + 1, tail.birth, tail.incarnation, tail.last_seq)
    first = max(start.last_seq, commit.above) + 1
    rows = tuple(replace(row, seq=first + place) for place, row in enumerate(commit.rows))
    grown = replace(
        start,
        rows=start.rows + rows,
        local={**start.local, **commit.local},
        tokens=(*start.tokens, commit.token)[-TOKENS_MAX:],
        incarnation=commit.incarnation or start.incarnation,
        last_seq=first - 1 + len(rows),
        others=(),
        stray=(),
    )
    size = len(encode_segment(grown))
    if size > COMMIT_BYTES_MAX:
        raise StoreError(
            f"a put of {size} bytes beside its documents, {COMMIT_BYTES_MAX} at most",
            hint="Put fewer documents at once.",
        )
    return replace(grown, closed=size > SEGMENT_BYTES or grown.generation >= GENERATIONS_MAX)


def reconciled(winner: Segment, losers: Sequence[Segment]) -> Segment:
    """What is known of a segment that two writers wrote without seeing each other.

    The winner is CouchDB's. Lines that not every revision has are strays: readers may have
    passed their numbers by the other revision, so they must be entered again at the end.
    """
    branches = [frozenset((row.seq, row.key) for row in one.rows) for one in (winner, *losers)]
    common = branches[0].intersection(*branches[1:])
    strays = {
        row.key: row
        for one in (winner, *losers)
        for row in one.rows
        if (row.seq, row.key) not in common
    }
    local = dict(winner.local)
    for loser in losers:
        local = {**loser.local, **local}
    return replace(
        winner,
        closed=any(one.closed for one in (winner, *losers)),
        local=local,
        last_seq=max(one.last_seq for one in (winner, *losers)),
        others=tuple(one.rev for one in losers),
        stray=tuple(strays.values()),
    )


def segment_id(number: int) -> str:
    """The id of a segment's document; ids sort as numbers do."""
    return f"{number:012d}"


def encode_segment(segment: Segment) -> bytes:
    """The body of a segment's document."""
    names: dict[str, int] = {}

    def number(name: str) -> int:
        return names.setdefault(name, len(names))

    rows = [
        [
            row.seq,
            number(row.database),
            row.id,
            row.rev,
            row.size,
            number(row.origin),
            [number(tag) for tag in row.tags],
        ]
        for row in segment.rows
    ]
    fields = {
        "format": _FORMAT,
        "birth": segment.birth,
        "incarnation": segment.incarnation,
        "last_seq": segment.last_seq,
        "closed": segment.closed,
        "tokens": segment.tokens,
        "rows": rows,
        "names": list(names),
        "local": {key: _packed(value) for key, value in segment.local.items()},
    }
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def decode_segment(number: int, value: Mapping[str, Any]) -> Segment:
    """The segment in a document that `encode_segment` made.

    Raises:
        StoreError: It is none, or of a newer version.
    """
    try:
        if value["format"] != _FORMAT:
            raise StoreError(f"segment {number} of the log has format {value['format']!r:.20}")
        names = [str(name) for name in value["names"]]
        return Segment(
            number=number,
            birth=str(value["birth"]),
            incarnation=str(value["incarnation"]),
            last_seq=int(value["last_seq"]),
            rows=tuple(_row(names, *columns) for columns in value["rows"]),
            local={str(key): _unpacked(text) for key, text in value["local"].items()},
            tokens=tuple(str(token) for token in value["tokens"]),
            closed=value["closed"] is True,
            rev=str(value["_rev"]),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise StoreError(f"segment {number} of the cluster's log is damaged") from error


def _row(names: list[str], *columns: Any) -> Row:  # noqa: ANN401
    seq, database, document_id, rev, size, origin, tags = columns
    return Row(
        int(seq),
        names[database],
        str(document_id),
        str(rev),
        int(size),
        names[origin],
        tuple(names[tag] for tag in tags),
    )


def _packed(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return "=" + value.decode("utf-8")
    except UnicodeDecodeError:
        return "#" + base64.b64encode(value).decode("ascii")


def _unpacked(text: str | None) -> bytes | None:
    if text is None:
        return None
    if text.startswith("="):
        return text[1:].encode("utf-8")
    try:
        return base64.b64decode(text[1:], validate=True)
    except binascii.Error as error:
        raise ValueError(text[:20]) from error
