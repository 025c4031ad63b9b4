"""Messages as bytes: a stream of frames that shows when it was cut or added to.

    "PRF1" | frame ... | end frame
    frame     = kind (1 byte) | length (varint) | payload
    end frame = kind 127, payload: record count (4 bytes) | SHA-256 of every byte before it

The first frame is the head of the message (canonical CBOR); records follow, each packed by what
the ones before it tell (`seen`). Sealed bytes do not compress, so nothing tries to. Kinds from
128 on are optional: a reader that does not know them passes over them; any other unknown kind
ends the conversation.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from security.encoding import decode, encode
from security.errors import FormatError
from security.records import parse
from sync.errors import PeerProtocolError
from sync.protocol.compare_messages import (
    Compare,
    Compared,
    compare_fields,
    compared_fields,
    read_compare,
    read_compared,
)
from sync.protocol.messages import (
    RECORDS_MAX,
    Answer,
    Exchange,
    Refusal,
    answer_fields,
    exchange_fields,
    read_answer,
    read_exchange,
    read_refusal,
    refusal_fields,
)
from sync.protocol.packer import Packer
from sync.protocol.unpacker import Unpacker
from sync.protocol.varint import encode_varint, read_varint

MAGIC = b"PRF1"
FRAME_BYTES_MAX = 2 << 20
"""A record is at most about 1 MiB; twice that leaves room for later kinds."""

MESSAGE_BYTES_MAX = 8 << 20
"""What one request may make a hub hold in memory."""

FRAMES_MAX = RECORDS_MAX + 1_000
"""Head, records, end, and optional frames of newer peers."""

OPTIONAL_KIND_MIN = 128
CONTENT_TYPE = "application/vnd.postroad.frames"

_END = struct.Struct(">I32s")


class FrameKind(IntEnum):
    """What a frame carries."""

    EXCHANGE = 1
    RECORD = 2
    ANSWER = 3
    REFUSAL = 4
    PACKED = 5
    COMPARE = 6
    COMPARED = 7
    END = 127


Message = Exchange | Answer | Refusal | Compare | Compared
"""Whatever one request or one answer may be."""

_KINDS = frozenset(kind.value for kind in FrameKind)
_RECORDS = frozenset({FrameKind.RECORD.value, FrameKind.PACKED.value})


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stream: a known kind and its bytes."""

    kind: FrameKind
    payload: bytes = field(repr=False)


class FrameReader:
    """Turns bytes, in pieces of any size, into frames; trusts no length it is told.

    The end frame is consumed here: `finish` says whether it came and was right. A reader that
    has raised must be thrown away.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._total = 0
        self._frames = 0
        self._records = 0
        self._magic_seen = False
        self._ended = False

    def feed(self, piece: bytes) -> list[Frame]:
        """The frames that are complete with this piece, in order.

        Raises:
            PeerProtocolError: The stream is not ours, too large, damaged, or goes on after its
                end.
        """
        self._total += len(piece)
        if self._total > MESSAGE_BYTES_MAX:
            raise PeerProtocolError("the message is longer than 8 MiB")
        self._buffer += piece
        return list(self._complete_frames())

    def finish(self) -> None:
        """Say that no byte follows.

        Raises:
            PeerProtocolError: The stream was cut before its end.
        """
        if not self._ended:
            raise PeerProtocolError("the message was cut before its end")

    def _complete_frames(self) -> Iterator[Frame]:
        position = self._skip_magic()
        while position is not None:
            if self._ended and len(self._buffer) > position:
                raise PeerProtocolError("bytes follow the end of the message")
            read = read_varint(self._buffer, position + 1)
            if read is None:
                break
            kind, (length, head_end) = self._buffer[position], read
            self._check_head(kind, length)
            end = head_end + length
            if len(self._buffer) < end:
                break
            payload = bytes(memoryview(self._buffer)[head_end:end])
            if kind == FrameKind.END:
                self._check_end(payload)
            else:
                self._digest.update(memoryview(self._buffer)[position:end])
                self._records += kind in _RECORDS
                if kind < OPTIONAL_KIND_MIN:
                    yield Frame(FrameKind(kind), payload)
            self._frames += 1
            position = end
        if position:
            del self._buffer[:position]

    def _skip_magic(self) -> int | None:
        if self._magic_seen:
            return 0
        if not MAGIC.startswith(self._buffer[: len(MAGIC)]):
            raise PeerProtocolError("this is not a message of this protocol")
        if len(self._buffer) < len(MAGIC):
            return None
        self._magic_seen = True
        self._digest.update(MAGIC)
        return len(MAGIC)

    def _check_head(self, kind: int, length: int) -> None:
        if kind not in _KINDS and kind < OPTIONAL_KIND_MIN:
            raise PeerProtocolError(f"frame kind {kind} is unknown")
        if length > FRAME_BYTES_MAX:
            raise PeerProtocolError("a frame is longer than 2 MiB")
        if self._frames >= FRAMES_MAX:
            raise PeerProtocolError("the message has too many frames")

    def _check_end(self, payload: bytes) -> None:
        if payload != _END.pack(self._records, self._digest.digest()):
            raise PeerProtocolError("the message was damaged on its way")
        self._ended = True


class MessageReader:
    """Turns bytes, in pieces of any size, into one message."""

    def __init__(self) -> None:
        self._frames = FrameReader()
        self._head: Frame | None = None
        self._records: list[bytes] = []
        self._unpacker = Unpacker()

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the message.

        Raises:
            PeerProtocolError: The bytes are no message.
        """
        for frame in self._frames.feed(piece):
            if self._head is None:
                self._head = frame
            elif frame.kind not in _RECORDS:
                raise PeerProtocolError("a message has more than one head")
            elif len(self._records) >= RECORDS_MAX:
                raise PeerProtocolError("the message holds more than 5,000 records")
            else:
                self._records.append(self._record(frame))

    def _record(self, frame: Frame) -> bytes:
        if frame.kind == FrameKind.RECORD:
            return frame.payload
        return self._unpacker.unpack(frame.payload).raw

    def finish(self) -> Message:
        """The message, complete and checked.

        Raises:
            PeerProtocolError: The message was cut, or a field of it is wrong.
            RefusedError: With code "version": the peer speaks no version that we do.
        """
        self._frames.finish()
        if self._head is None:
            raise PeerProtocolError("the message is empty")
        try:
            value = decode(self._head.payload, bytes_max=FRAME_BYTES_MAX)
        except FormatError as error:
            raise PeerProtocolError(f"the head of the message is wrong: {error}") from error
        records = tuple(self._records)
        match self._head.kind:
            case FrameKind.EXCHANGE:
                return read_exchange(value, records)
            case FrameKind.ANSWER:
                return read_answer(value, records)
            case FrameKind.REFUSAL if not records:
                return read_refusal(value)
            case FrameKind.COMPARE:
                return read_compare(value, records)
            case FrameKind.COMPARED:
                return read_compared(value, records)
        raise PeerProtocolError("the message does not begin with a head")


def encode_message(message: Message) -> bytes:
    """The whole stream of one message, its end frame included."""
    match message:
        case Exchange():
            return encode_frames(FrameKind.EXCHANGE, exchange_fields(message), message.records)
        case Answer():
            return encode_frames(FrameKind.ANSWER, answer_fields(message), message.records)
        case Compare():
            return encode_frames(FrameKind.COMPARE, compare_fields(message), message.records)
        case Compared():
            return encode_frames(FrameKind.COMPARED, compared_fields(message), message.records)
        case _:
            return encode_frames(FrameKind.REFUSAL, refusal_fields(message), ())


def encode_frames(
    kind: FrameKind, fields: dict[str, object], records: tuple[bytes, ...]
) -> bytes:
    """A stream with this head and these records; the caller keeps within the limits."""
    assert len(records) <= RECORDS_MAX, "a batch was read without its limit"
    pieces = [MAGIC, *_frame(kind, encode(fields))]
    packer = Packer()
    for record in records:
        pieces += _record_frame(packer, record)
    before = b"".join(pieces)
    end = _END.pack(len(records), hashlib.sha256(before).digest())
    return b"".join((before, *_frame(FrameKind.END, end)))


def decode_message(body: bytes) -> Message:
    """The message in a complete body.

    Raises:
        PeerProtocolError: The bytes are no message of this protocol, or a damaged one.
        RefusedError: With code "version": the peer speaks no version that we do.
    """
    reader = MessageReader()
    reader.feed(body)
    return reader.finish()


def _record_frame(packer: Packer, raw: bytes) -> tuple[bytes, bytes]:
    try:
        record = parse(raw)
    except FormatError:
        return _frame(FrameKind.RECORD, raw)  # a newer program wrote it: it travels as it is
    return _frame(FrameKind.PACKED, packer.pack(record))


def _frame(kind: FrameKind, payload: bytes) -> tuple[bytes, bytes]:
    assert len(payload) <= FRAME_BYTES_MAX, "a frame was built without its limit"
    return bytes([kind]) + encode_varint(len(payload)), payload
