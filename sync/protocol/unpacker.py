"""The receiving half of packed records; `seen` says what they look like."""

from typing import TypeVar

from security.encoding import decode
from security.errors import FormatError
from security.fields import DEVICE, UNIT
from security.header import (
    CASE_BYTES,
    DEPTH_MAX,
    ENTRY,
    HEADER_BYTES_MAX,
    PARENTS_MAX,
    ZEROS,
    Header,
    encode_header,
)
from security.hlc import Hlc
from security.records import Record, framed, parse
from security.suites import HASH_BYTES, SIGNATURE_BYTES
from sync.errors import PeerProtocolError
from sync.protocol.seen import UNIT_BYTES, Author, Case, Same, Seen
from sync.protocol.varint import read_varint, unzigzag

_Thing = TypeVar("_Thing")


class Unpacker:
    """Reads the records of one message, in order; trusts nothing that it is told."""

    def __init__(self) -> None:
        self._seen = Seen()

    def unpack(self, packed: bytes) -> Record:
        """The record as it was.

        Raises:
            PeerProtocolError: The bytes are no record, or refer to one that was not there.
        """
        reader = _Reader(packed)
        try:
            header = self._header(reader)
            sealed, signature = reader.rest()
            record = parse(framed(encode_header(header), sealed) + signature)
        except FormatError as error:
            raise PeerProtocolError(f"a packed record is wrong: {error}") from error
        self._seen.add(record.header, record.hash)
        return record

    def _header(self, reader: "_Reader") -> Header:
        same = Same(reader.octets(1)[0])
        device, incarnation = self._author(reader, same)
        seq, prev = self._place(reader, same, (device, incarnation))
        case, path, generation = self._case(reader, same)
        parents = self._parents(reader, same)
        epoch = self._seen.epoch if same & Same.EPOCH else reader.number()
        hlc = self._clock(reader)
        record_type = ENTRY if same & Same.ENTRY else reader.text().decode("ascii", "replace")
        suite, dictionary, audience, blobs, extra = self._form(reader, same)
        return Header(
            type=record_type,
            case=case,
            path=path,
            device=device,
            seq=seq,
            generation=generation,
            incarnation=incarnation,
            prev=prev,
            parents=parents,
            epoch=epoch,
            hlc=hlc,
            dictionary=dictionary,
            audience=audience,
            blobs=blobs,
            suite=suite,
            extra=extra,
        )

    def _author(self, reader: "_Reader", same: Same) -> Author:
        if same & Same.AUTHOR:
            return _given(self._seen.author)
        known = reader.number()
        if known:
            return self._seen.authors.thing(known)
        unit = reader.unit()
        device = f"{unit}-{reader.octets(1)[0]:02d}"
        if DEVICE.fullmatch(device) is None:
            raise PeerProtocolError("a packed record names no device")
        return device, reader.number()

    def _place(self, reader: "_Reader", same: Same, author: Author) -> tuple[int, bytes]:
        if same & Same.NEXT:
            seq, record_hash = _given(self._seen.ends.get(author))
            return seq + 1, record_hash
        seq = reader.number()
        return seq, reader.octets(HASH_BYTES) if seq > 1 else ZEROS

    def _case(self, reader: "_Reader", same: Same) -> Case:
        if same & Same.CASE:
            return _given(self._seen.case)
        known = reader.number()
        if known:
            return self._seen.cases.thing(known)
        case = reader.octets(CASE_BYTES)
        known = reader.number()
        if known:
            return case, self._seen.paths.thing(known), reader.number()
        depth = reader.octets(1)[0]
        if depth > DEPTH_MAX:
            raise PeerProtocolError("a packed record has too long a path")
        return case, tuple(reader.unit() for _ in range(depth)), reader.number()

    def _parents(self, reader: "_Reader", same: Same) -> tuple[bytes, ...]:
        if same & Same.NO_PARENT:
            return ()
        if same & Same.PARENT:
            return (self._seen.hash,)
        count = reader.number()
        if count > PARENTS_MAX:
            raise PeerProtocolError("a packed record has too many parents")
        return tuple(self._parent(reader) for _ in range(count))

    def _parent(self, reader: "_Reader") -> bytes:
        known = reader.number()
        return self._seen.hashes.thing(known) if known else reader.octets(HASH_BYTES)

    def _clock(self, reader: "_Reader") -> Hlc:
        moved = reader.number()
        counter = reader.number() if moved & 1 else 0
        return Hlc(self._seen.ms + unzigzag(moved >> 1), counter)

    def _form(
        self, reader: "_Reader", same: Same
    ) -> tuple[int, int, str, bytes | None, dict[str, object]]:
        form: object = self._seen.form
        if not same & Same.FORM:
            form = decode(reader.text(), bytes_max=HEADER_BYTES_MAX)
        match form:
            case [int(suite), int(dictionary), str(audience), blobs, bytes(extra)]:
                if isinstance(blobs, bytes | None):
                    return suite, dictionary, audience, blobs, _extra(extra)
        raise PeerProtocolError("a packed record has a wrong form")


def _extra(encoded: bytes) -> dict[str, object]:
    if not encoded:
        return {}
    extra = decode(encoded, bytes_max=HEADER_BYTES_MAX)
    if not isinstance(extra, dict):
        raise PeerProtocolError("a packed record has wrong further fields")
    return extra


def _given(thing: _Thing | None) -> _Thing:
    if thing is None:
        raise PeerProtocolError("a packed record refers to what was not there")
    return thing


class _Reader:
    """The bytes of a packed record, read from the front."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def octets(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._content):
            raise PeerProtocolError("a packed record was cut")
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def number(self) -> int:
        read = read_varint(self._content, self._at)
        if read is None:
            raise PeerProtocolError("a packed record was cut")
        number, self._at = read
        return number

    def text(self) -> bytes:
        length = self.number()
        if length > HEADER_BYTES_MAX:
            raise PeerProtocolError("a field of a packed record is too long")
        return self.octets(length)

    def unit(self) -> str:
        unit = f"{int.from_bytes(self.octets(UNIT_BYTES)):012d}"
        if UNIT.fullmatch(unit) is None:
            raise PeerProtocolError("a packed record names no unit")
        return unit

    def rest(self) -> tuple[bytes, bytes]:
        sealed_end = len(self._content) - SIGNATURE_BYTES
        if sealed_end < self._at:
            raise PeerProtocolError("a packed record was cut")
        return self._content[self._at : sealed_end], self._content[sealed_end:]
