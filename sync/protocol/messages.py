"""What two nodes say to each other: one request, one answer, one refusal.

An exchange is complete in itself. The server keeps nothing between two of them but its store,
so a lost answer costs a repeat and nothing else.
"""

import re
from dataclasses import dataclass, field

from sync.errors import PeerProtocolError, RefusedError
from sync.protocol.fields import SEQ_MAX, Fields

VERSIONS = (1, 1)
"""The lowest and the highest protocol version this program speaks."""

RECORDS_MAX = 5_000
"""Records of one message, and verdicts of one answer; bounds the work of a single request."""

HELD_MAX = 100
"""Words on who holds a feed in one answer."""

BYTES_MAX_LIMIT = 1 << 30
INTERVAL_S_MAX = 86_400

_ID = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[a-z_]{1,32}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has come in a store: meaningless under another incarnation."""

    incarnation: str
    seq: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A child's request: here are my records after `since`; give me yours after `pull`.

    Attributes:
        versions: Lowest and highest protocol version the child speaks.
        unit: Unit code of the child.
        device: Device id of the child.
        incarnation: Incarnation of the child's store; `since` and `upto` count under it.
        update_seq: The last sequence number of the child's store.
        since: The child's sequence number after which `records` begin.
        upto: The one they reach, rows that are not meant for the parent included.
        records: Sealed records in the child's order.
        pull: The child's place in the parent's store; None if it has none.
        bytes_max: About how many bytes of records the answer may carry; 0 asks for none.
        now_ms: The child's wall clock, to be shown, never to be sorted by.
        seqs: The child's sequence number of each record, so that a reader may keep what came
            before a cut; empty if they are not to be told.
    """

    versions: tuple[int, int]
    unit: str
    device: str
    incarnation: str
    update_seq: int
    since: int
    upto: int
    records: tuple[bytes, ...] = field(repr=False)
    pull: Cursor | None
    bytes_max: int
    now_ms: int
    seqs: tuple[int, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The parent's reply: what it holds durably now, and what the child lacks.

    Attributes:
        version: The protocol version of this answer.
        unit: Unit code of the parent.
        incarnation: Incarnation of the parent's store.
        acked: The child's sequence number up to which everything is fsynced here. It is `upto`,
            or, where the child's `since` was beyond what the parent holds, the place to go
            back to.
        quarantined: Record id and reason code of each record that was set aside.
        records: Sealed records for the child, in the parent's order.
        cursor: Where the child goes on; None if it asked for nothing.
        more: Whether records remain after `cursor`.
        interval_s: Seconds until the parent would like to hear from the child again.
        now_ms: The parent's wall clock.
        held: Words of units above on feeds that they hold (`security.held`).
        seqs: The parent's sequence number of each record; empty if they are not to be told.
    """

    version: int
    unit: str
    incarnation: str
    acked: int
    quarantined: tuple[tuple[str, str], ...]
    records: tuple[bytes, ...] = field(repr=False)
    cursor: Cursor | None
    more: bool
    interval_s: int
    now_ms: int
    held: tuple[bytes, ...] = field(default=(), repr=False)
    seqs: tuple[int, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The parent's no: a code for programs, a line for people, the versions it speaks."""

    code: str
    text: str
    versions: tuple[int, int] = VERSIONS


def exchange_fields(exchange: Exchange) -> dict[str, object]:
    """The head of a request as it goes on the wire; its records travel in their own frames."""
    return {
        "versions": list(exchange.versions),
        "unit": exchange.unit,
        "device": exchange.device,
        "incarnation": exchange.incarnation,
        "update_seq": exchange.update_seq,
        "since": exchange.since,
        "upto": exchange.upto,
        "pull": cursor_fields(exchange.pull),
        "bytes_max": exchange.bytes_max,
        "now_ms": exchange.now_ms,
    }


def read_exchange(value: object, records: tuple[bytes, ...]) -> Exchange:
    """The request in a decoded head.

    The versions are read first: of a peer outside the window nothing else is understood.

    Raises:
        RefusedError: With code "version": no version is spoken by both.
        PeerProtocolError: A field is missing, of a wrong type or out of range.
    """
    fields = Fields(value, "exchange")
    versions = read_versions(fields)
    if common_version(versions) is None:
        raise RefusedError("version", f"the peer speaks protocol {versions[0]}-{versions[1]}")
    exchange = Exchange(
        versions=versions,
        unit=fields.text("unit"),
        device=fields.text("device"),
        incarnation=fields.text("incarnation"),
        update_seq=fields.number("update_seq"),
        since=fields.number("since"),
        upto=fields.number("upto"),
        records=records,
        pull=read_cursor(fields.inner("pull")),
        bytes_max=fields.number("bytes_max", high=BYTES_MAX_LIMIT),
        now_ms=fields.number("now_ms", low=-SEQ_MAX),
    )
    if not exchange.since <= exchange.upto <= exchange.update_seq:
        raise PeerProtocolError("exchange: since, upto and update_seq are out of order")
    return exchange


def answer_fields(answer: Answer) -> dict[str, object]:
    """The head of an answer as it goes on the wire; its records travel in their own frames."""
    return {
        "version": answer.version,
        "unit": answer.unit,
        "incarnation": answer.incarnation,
        "acked": answer.acked,
        "quarantined": [list(row) for row in answer.quarantined],
        "cursor": cursor_fields(answer.cursor),
        "more": answer.more,
        "interval_s": answer.interval_s,
        "now_ms": answer.now_ms,
        "held": list(answer.held),
    }


def read_answer(value: object, records: tuple[bytes, ...]) -> Answer:
    """The answer in a decoded head.

    Raises:
        PeerProtocolError: A field is missing, of a wrong type or out of range.
    """
    fields = Fields(value, "answer")
    return Answer(
        version=fields.number("version", low=VERSIONS[0], high=VERSIONS[1]),
        unit=fields.text("unit"),
        incarnation=fields.text("incarnation"),
        acked=fields.number("acked"),
        quarantined=read_verdicts(fields),
        records=records,
        cursor=read_cursor(fields.inner("cursor")),
        more=fields.flag("more"),
        interval_s=fields.number("interval_s", high=INTERVAL_S_MAX),
        now_ms=fields.number("now_ms", low=-SEQ_MAX),
        held=_held(fields),
    )


def refusal_fields(refusal: Refusal) -> dict[str, object]:
    """A refusal as it goes on the wire."""
    return {"code": refusal.code, "text": refusal.text, "versions": list(refusal.versions)}


def read_refusal(value: object) -> Refusal:
    """The refusal in a decoded head; its text is stripped of control characters.

    Raises:
        PeerProtocolError: A field is missing or of a wrong type.
    """
    fields = Fields(value, "refusal")
    return Refusal(fields.text("code"), fields.words("text"), read_versions(fields))


def common_version(versions: tuple[int, int]) -> int | None:
    """The highest protocol version that the peer and this program both speak, or None."""
    version = min(versions[1], VERSIONS[1])
    return version if version >= max(versions[0], VERSIONS[0]) else None


def read_versions(fields: Fields) -> tuple[int, int]:
    """The field `versions`: lowest and highest.

    Raises:
        PeerProtocolError: It is missing or wrong.
    """
    match fields.rows("versions", count_max=2):
        case [int(low), int(high)] if 0 < low <= high <= SEQ_MAX:
            return low, high
    raise fields.wrong("versions")


def read_verdicts(fields: Fields) -> tuple[tuple[str, str], ...]:
    """The field `quarantined`: id and reason of each record that was set aside.

    Raises:
        PeerProtocolError: It is missing or wrong.
    """
    verdicts = []
    for row in fields.rows("quarantined", count_max=RECORDS_MAX):
        match row:
            case [str(record), str(reason)] if _ID.fullmatch(record) and _CODE.fullmatch(
                reason
            ):
                verdicts.append((record, reason))
            case _:
                raise fields.wrong("quarantined")
    return tuple(verdicts)


def _held(fields: Fields) -> tuple[bytes, ...]:
    rows = fields.rows("held", count_max=HELD_MAX)
    if not all(isinstance(row, bytes) for row in rows):
        raise fields.wrong("held")
    return tuple(row for row in rows if isinstance(row, bytes))


def cursor_fields(cursor: Cursor | None) -> dict[str, object] | None:
    """A cursor as it goes on the wire."""
    return None if cursor is None else {"incarnation": cursor.incarnation, "seq": cursor.seq}


def read_cursor(fields: Fields | None) -> Cursor | None:
    """The cursor in a map of a head, None where there is none.

    Raises:
        PeerProtocolError: A field of it is wrong.
    """
    if fields is None:
        return None
    return Cursor(fields.text("incarnation"), fields.number("seq"))
