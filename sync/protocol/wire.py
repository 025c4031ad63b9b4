"""Messages as bytes: a head, records packed by what the ones before them tell, marks, an end.

The head is canonical CBOR. Sealed bytes do not compress, so nothing here tries to. `frames`
says how the stream looks, `seen` how a record does.
"""

from dataclasses import replace

from security.encoding import decode, encode
from security.errors import FormatError
from security.records import parse
from sync.errors import PeerProtocolError
from sync.protocol.compare_messages import (
    Compare,
    Compared,
    Message,
    compare_fields,
    compared_fields,
    read_compare,
    read_compared,
)
from sync.protocol.fields import SEQ_MAX
from sync.protocol.frames import (
    FRAME_BYTES_MAX,
    RECORD_KINDS,
    Frame,
    FrameKind,
    FrameReader,
    FrameWriter,
    seq_of_mark,
)
from sync.protocol.messages import (
    RECORDS_MAX,
    Answer,
    Cursor,
    Exchange,
    answer_fields,
    exchange_fields,
    read_answer,
    read_exchange,
    read_refusal,
    refusal_fields,
)
from sync.protocol.packer import Packer
from sync.protocol.unpacker import Unpacker

CONTENT_TYPE = "application/vnd.postroad.frames"

MARK_BYTES = 2 << 10
"""Bytes of records after which a mark stands: what a cut can cost at most."""


class MessageReader:
    """Turns bytes, in pieces of any size, into one message, or into the parts that came."""

    def __init__(self) -> None:
        self._frames = FrameReader()
        self._head: Message | None = None
        self._records: list[bytes] = []
        self._bytes = 0
        self._taken = 0
        self._marked = 0
        self._mark: int | None = None
        self._unpacker = Unpacker()

    @property
    def marked_bytes(self) -> int:
        """About how many bytes of records a part would hold now."""
        return self._bytes if self._marked else 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the message.

        Raises:
            PeerProtocolError: The bytes are no message.
            RefusedError: With code "version": the peer speaks no version that we do.
        """
        for frame in self._frames.feed(piece):
            if self._head is None:
                self._head = _read_head(frame)
            elif frame.kind == FrameKind.MARK:
                self._set_mark(seq_of_mark(frame.payload))
            elif frame.kind not in RECORD_KINDS:
                raise PeerProtocolError("a message has more than one head")
            elif self._taken + len(self._records) >= RECORDS_MAX:
                raise PeerProtocolError("the message holds more than 5,000 records")
            else:
                self._bytes += len(frame.payload)
                self._records.append(self._record(frame))

    def part(self) -> Exchange | Answer | None:
        """The message as if it ended at the last mark, without what a part before held.

        None where no mark came since. What is given here is not given again.
        """
        if not self._marked or self._mark is None:
            return None
        records = tuple(self._records[: self._marked])
        del self._records[: self._marked]
        self._taken += len(records)
        self._marked, self._bytes = 0, 0
        match self._head:
            case Exchange() as exchange:
                self._head = replace(exchange, since=self._mark)
                return replace(exchange, records=records, upto=self._mark, bytes_max=0)
            case Answer() as answer:
                cursor = Cursor(answer.incarnation, self._mark)
                self._head = replace(answer, quarantined=())
                return replace(answer, records=records, cursor=cursor, more=True)
        return None

    def finish(self) -> Message:
        """The message, complete and checked, without what parts of it held.

        Raises:
            PeerProtocolError: The message was cut, or a field of it is wrong.
        """
        self._frames.finish()
        match self._head:
            case Exchange() | Answer() | Compare() | Compared() as head:
                return replace(head, records=tuple(self._records))
            case None:
                raise PeerProtocolError("the message is empty")
        if self._records or self._taken:
            raise PeerProtocolError("the message does not begin with a head")
        return self._head

    def _record(self, frame: Frame) -> bytes:
        if frame.kind == FrameKind.RECORD:
            return frame.payload
        return self._unpacker.unpack(frame.payload).raw

    def _set_mark(self, seq: int) -> None:
        lowest, highest = self._mark or 0, SEQ_MAX
        if isinstance(self._head, Exchange):
            lowest, highest = max(lowest, self._head.since), self._head.upto
        elif isinstance(self._head, Answer) and self._head.cursor:
            highest = self._head.cursor.seq
        if not lowest <= seq <= highest:
            raise PeerProtocolError("a mark is out of order")
        self._mark, self._marked = seq, len(self._records)


def encode_message(message: Message) -> bytes:
    """The whole stream of one message, its end frame included."""
    match message:
        case Exchange():
            head = exchange_fields(message)
            return encode_frames(FrameKind.EXCHANGE, head, message.records, message.seqs)
        case Answer():
            head = answer_fields(message)
            return encode_frames(FrameKind.ANSWER, head, message.records, message.seqs)
        case Compare():
            head = compare_fields(message)
            return encode_frames(FrameKind.COMPARE, head, message.records)
        case Compared():
            head = compared_fields(message)
            return encode_frames(FrameKind.COMPARED, head, message.records)
        case _:
            return encode_frames(FrameKind.REFUSAL, refusal_fields(message), ())


def encode_frames(
    kind: FrameKind,
    fields: dict[str, object],
    records: tuple[bytes, ...],
    seqs: tuple[int, ...] = (),
) -> bytes:
    """A stream with this head and these records; the caller keeps within the limits."""
    assert len(records) <= RECORDS_MAX, "a batch was read without its limit"
    writer, packer = FrameWriter(), Packer()
    writer.add(kind, encode(fields))
    unmarked = 0
    for index, record in enumerate(records):
        unmarked += _add_record(writer, packer, record)
        if seqs and unmarked >= MARK_BYTES:
            writer.mark(seqs[index])
            unmarked = 0
    return writer.finish()


def decode_message(body: bytes) -> Message:
    """The message in a complete body.

    Raises:
        PeerProtocolError: The bytes are no message of this protocol, or a damaged one.
        RefusedError: With code "version": the peer speaks no version that we do.
    """
    reader = MessageReader()
    reader.feed(body)
    return reader.finish()


def _add_record(writer: FrameWriter, packer: Packer, raw: bytes) -> int:
    try:
        record = parse(raw)
    except FormatError:
        return writer.add(FrameKind.RECORD, raw)  # a newer program wrote it: it goes as it is
    return writer.add(FrameKind.PACKED, packer.pack(record))


def _read_head(frame: Frame) -> Message:
    try:
        value = decode(frame.payload, bytes_max=FRAME_BYTES_MAX)
    except FormatError as error:
        raise PeerProtocolError(f"the head of the message is wrong: {error}") from error
    match frame.kind:
        case FrameKind.EXCHANGE:
            return read_exchange(value, ())
        case FrameKind.ANSWER:
            return read_answer(value, ())
        case FrameKind.REFUSAL:
            return read_refusal(value)
        case FrameKind.COMPARE:
            return read_compare(value, ())
        case FrameKind.COMPARED:
            return read_compared(value, ())
    raise PeerProtocolError("the message does not begin with a head")
