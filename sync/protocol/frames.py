"""A stream of frames that shows when it was cut or added to, and how much of it is whole.

    "PRF1" | frame ... | end frame
    frame     = kind (1 byte) | length (varint) | payload
    mark      = kind 6, payload: sequence number (varint) | digest of 8 bytes
    end frame = kind 127, payload: record count (4 bytes) | SHA-256 of every byte before it

A mark says that the records before it reach up to a sequence number of their sender, so that a
reader may keep them when the rest does not come. Its digest is the beginning of SHA-256 of all
bytes before it. Kinds from 128 on are optional: a reader that does not know them passes over
them; any other unknown kind ends the conversation.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from sync.errors import PeerProtocolError
from sync.protocol.messages import RECORDS_MAX
from sync.protocol.varint import encode_varint, read_varint

MAGIC = b"PRF1"
FRAME_BYTES_MAX = 2 << 20
"""A record is at most about 1 MiB; twice that leaves room for later kinds."""

MESSAGE_BYTES_MAX = 8 << 20
"""What one request may make a hub hold in memory."""

FRAMES_MAX = 2 * RECORDS_MAX + 1_000
"""Head, records, a mark for each, end, and optional frames of newer peers."""

OPTIONAL_KIND_MIN = 128
MARK_DIGEST_BYTES = 8

_END = struct.Struct(">I32s")


class FrameKind(IntEnum):
    """What a frame carries."""

    EXCHANGE = 1
    RECORD = 2
    ANSWER = 3
    REFUSAL = 4
    PACKED = 5
    MARK = 6
    COMPARE = 7
    COMPARED = 8
    END = 127


RECORD_KINDS = frozenset({FrameKind.RECORD, FrameKind.PACKED})
_KINDS = frozenset(kind.value for kind in FrameKind)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stream: a known kind and its bytes."""

    kind: FrameKind
    payload: bytes = field(repr=False)


class FrameWriter:
    """Puts frames together, and the end that belongs to them."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(MAGIC)
        self._pieces = [MAGIC]
        self._records = 0

    def add(self, kind: FrameKind, payload: bytes) -> int:
        """Append a frame; gives its length."""
        assert len(payload) <= FRAME_BYTES_MAX, "a frame was built without its limit"
        frame = bytes([kind]) + encode_varint(len(payload)) + payload
        self._records += kind in RECORD_KINDS
        self._digest.update(frame)
        self._pieces.append(frame)
        return len(frame)

    def mark(self, seq: int) -> None:
        """Say that the records so far reach up to `seq`."""
        digest = self._digest.digest()[:MARK_DIGEST_BYTES]
        self.add(FrameKind.MARK, encode_varint(seq) + digest)

    def finish(self) -> bytes:
        """The whole stream with its end frame."""
        self.add(FrameKind.END, _END.pack(self._records, self._digest.digest()))
        return b"".join(self._pieces)


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
                self._check_mark(kind, payload)
                self._digest.update(memoryview(self._buffer)[position:end])
                self._records += kind in RECORD_KINDS
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

    def _check_mark(self, kind: int, payload: bytes) -> None:
        digest = self._digest.digest()[:MARK_DIGEST_BYTES]
        if kind == FrameKind.MARK and not payload.endswith(digest):
            raise PeerProtocolError("the message was damaged on its way")


def seq_of_mark(payload: bytes) -> int:
    """The sequence number in a mark whose digest was checked.

    Raises:
        PeerProtocolError: There is none.
    """
    read = read_varint(payload, 0)
    if read is None or read[1] != len(payload) - MARK_DIGEST_BYTES:
        raise PeerProtocolError("a mark is not one number")
    return read[0]
