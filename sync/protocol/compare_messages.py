"""The two messages of a reconciliation: what a child asks its parent, and the answer.

They are exchanges of their own kind and leave no trace at the parent but the records they
carry, until the last of them settles the cursors of both.
"""

from dataclasses import dataclass, field

from sync.errors import PeerProtocolError, RefusedError
from sync.protocol.fields import SEQ_MAX, Fields
from sync.protocol.messages import (
    BYTES_MAX_LIMIT,
    VERSIONS,
    Answer,
    Cursor,
    Exchange,
    Refusal,
    common_version,
    cursor_fields,
    read_cursor,
    read_verdicts,
    read_versions,
)
from sync.protocol.ranges import (
    ENTRIES_MAX,
    KEY_BYTES,
    Entry,
    decode_entries,
    encode_entries,
)


@dataclass(frozen=True, slots=True)
class Compare:
    """A child's request: compare these ranges, give me these records, take these.

    Attributes:
        versions: Lowest and highest protocol version the child speaks.
        unit: Unit code of the child.
        device: Device id of the child.
        incarnation: Incarnation of the child's store.
        update_seq: The last sequence number of the child's store.
        key: 16 bytes, drawn for this reconciliation: marks of records are made under it.
        place: The parent's store and the sequence number up to which it is compared, as its
            first answer gave them; None in the first request.
        ranges: Fingerprints to compare.
        wanted: Marks of records that the child lacks.
        records: Sealed records that the parent lacks.
        settle: The child's sequence number up to which everything has been compared and
            offered; None while something remains.
        bytes_max: About how many bytes of records the answer may carry.
        now_ms: The child's wall clock.
    """

    versions: tuple[int, int]
    unit: str
    device: str
    incarnation: str
    update_seq: int
    key: bytes = field(repr=False)
    place: Cursor | None
    ranges: tuple[Entry, ...] = field(repr=False)
    wanted: tuple[Entry, ...] = field(repr=False)
    records: tuple[bytes, ...] = field(repr=False)
    settle: int | None
    bytes_max: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The parent's answer.

    Attributes:
        version: The protocol version of this answer.
        unit: Unit code of the parent.
        place: The parent's store, and the sequence number up to which it is compared. If the
            request named another one, nothing in it was looked at: begin anew.
        held: How many records of the child's scope are here.
        entries: What differs in the first `done` ranges.
        done: How many ranges were compared.
        given: How many of the wanted listings were served.
        quarantined: Record id and reason of each record that was set aside.
        records: The records that were wanted, as far as they are here.
        settled: The cursors are moved: the parent holds everything up to `settle`.
        now_ms: The parent's wall clock.
    """

    version: int
    unit: str
    place: Cursor
    held: int
    entries: tuple[Entry, ...] = field(repr=False)
    done: int
    given: int
    quarantined: tuple[tuple[str, str], ...]
    records: tuple[bytes, ...] = field(repr=False)
    settled: bool
    now_ms: int


Message = Exchange | Answer | Refusal | Compare | Compared
"""Whatever one request or one answer may be."""


def compare_fields(message: Compare) -> dict[str, object]:
    """The head of a request as it goes on the wire."""
    return {
        "versions": list(message.versions),
        "unit": message.unit,
        "device": message.device,
        "incarnation": message.incarnation,
        "update_seq": message.update_seq,
        "key": message.key,
        "place": cursor_fields(message.place),
        "ranges": encode_entries(message.ranges),
        "wanted": encode_entries(message.wanted),
        "settle": message.settle,
        "bytes_max": message.bytes_max,
        "now_ms": message.now_ms,
    }


def read_compare(value: object, records: tuple[bytes, ...]) -> Compare:
    """The request in a decoded head.

    Raises:
        RefusedError: With code "version": no version is spoken by both.
        PeerProtocolError: A field is missing, of a wrong type or out of range.
    """
    fields = Fields(value, "compare")
    versions = read_versions(fields)
    if common_version(versions) is None:
        raise RefusedError("version", f"the peer speaks protocol {versions[0]}-{versions[1]}")
    key = fields.octets("key")
    if len(key) != KEY_BYTES:
        raise fields.wrong("key")
    message = Compare(
        versions=versions,
        unit=fields.text("unit"),
        device=fields.text("device"),
        incarnation=fields.text("incarnation"),
        update_seq=fields.number("update_seq"),
        key=key,
        place=read_cursor(fields.inner("place")),
        ranges=decode_entries(fields.octets("ranges")),
        wanted=decode_entries(fields.octets("wanted")),
        records=records,
        settle=fields.number_or_none("settle"),
        bytes_max=fields.number("bytes_max", high=BYTES_MAX_LIMIT),
        now_ms=fields.number("now_ms", low=-SEQ_MAX),
    )
    if message.settle is not None and message.settle > message.update_seq:
        raise PeerProtocolError("compare: settle and update_seq are out of order")
    return message


def compared_fields(message: Compared) -> dict[str, object]:
    """The head of an answer as it goes on the wire."""
    return {
        "version": message.version,
        "unit": message.unit,
        "place": cursor_fields(message.place),
        "held": message.held,
        "entries": encode_entries(message.entries),
        "done": message.done,
        "given": message.given,
        "quarantined": [list(row) for row in message.quarantined],
        "settled": message.settled,
        "now_ms": message.now_ms,
    }


def read_compared(value: object, records: tuple[bytes, ...]) -> Compared:
    """The answer in a decoded head.

    Raises:
        PeerProtocolError: A field is missing, of a wrong type or out of range.
    """
    fields = Fields(value, "compared")
    place = read_cursor(fields.inner("place"))
    if place is None:
        raise fields.wrong("place")
    return Compared(
        version=fields.number("version", low=VERSIONS[0], high=VERSIONS[1]),
        unit=fields.text("unit"),
        place=place,
        held=fields.number("held"),
        entries=decode_entries(fields.octets("entries")),
        done=fields.number("done", high=ENTRIES_MAX),
        given=fields.number("given", high=ENTRIES_MAX),
        quarantined=read_verdicts(fields),
        records=records,
        settled=fields.flag("settled"),
        now_ms=fields.number("now_ms", low=-SEQ_MAX),
    )
