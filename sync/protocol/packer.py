"""The sending half of packed records; `seen` says what they look like."""

from security.encoding import encode
from security.header import ENTRY, ZEROS, Header
from security.records import Record
from sync.protocol.seen import UNIT_BYTES, Same, Seen, author_of, case_of, form_of
from sync.protocol.varint import encode_varint, zigzag


class Packer:
    """Writes the records of one message, in order."""

    def __init__(self) -> None:
        self._seen = Seen()

    def pack(self, record: Record) -> bytes:
        """The record without what the records before it tell."""
        header, seen = record.header, self._seen
        same = self._same(header)
        pieces = [bytes([same])]
        if not same & Same.AUTHOR:
            pieces.append(self._author(header))
        if not same & Same.NEXT:
            pieces.append(encode_varint(header.seq))
            pieces.append(header.prev if header.seq > 1 else b"")
        if not same & Same.CASE:
            pieces.append(self._case(header))
        if not same & (Same.PARENT | Same.NO_PARENT):
            pieces.append(self._parents(header))
        if not same & Same.EPOCH:
            pieces.append(encode_varint(header.epoch))
        pieces.append(self._clock(header))
        if not same & Same.ENTRY:
            pieces.append(_text(header.type.encode()))
        if not same & Same.FORM:
            pieces.append(_text(encode(list(form_of(header)))))
        seen.add(header, record.hash)
        return b"".join((*pieces, record.sealed, record.signature))

    def _same(self, header: Header) -> Same:
        seen = self._seen
        author = author_of(header)
        checks = {
            Same.AUTHOR: author == seen.author,
            Same.NEXT: seen.ends.get(author) == (header.seq - 1, header.prev),
            Same.CASE: case_of(header) == seen.case,
            Same.PARENT: header.parents == (seen.hash,) != (ZEROS,),
            Same.NO_PARENT: not header.parents,
            Same.EPOCH: header.epoch == seen.epoch,
            Same.ENTRY: header.type == ENTRY,
            Same.FORM: form_of(header) == seen.form,
        }
        return Same(sum(flag for flag, holds in checks.items() if holds))

    def _author(self, header: Header) -> bytes:
        author = author_of(header)
        known = self._seen.authors.number(author)
        if known:
            return encode_varint(known)
        unit, _, station = header.device.partition("-")
        name = int(unit).to_bytes(UNIT_BYTES) + bytes([int(station)])
        return b"\0" + name + encode_varint(header.incarnation)

    def _case(self, header: Header) -> bytes:
        known = self._seen.cases.number(case_of(header))
        if known:
            return encode_varint(known)
        path = encode_varint(self._seen.paths.number(header.path))
        if path == b"\0":
            units = b"".join(int(unit).to_bytes(UNIT_BYTES) for unit in header.path)
            path += bytes([len(header.path)]) + units
        return b"\0" + header.case + path + encode_varint(header.generation)

    def _parents(self, header: Header) -> bytes:
        pieces = [encode_varint(len(header.parents))]
        for parent in header.parents:
            known = self._seen.hashes.number(parent)
            pieces.append(encode_varint(known) if known else b"\0" + parent)
        return b"".join(pieces)

    def _clock(self, header: Header) -> bytes:
        moved = zigzag(header.hlc.ms - self._seen.ms) << 1
        if not header.hlc.counter:
            return encode_varint(moved)
        return encode_varint(moved | 1) + encode_varint(header.hlc.counter)


def _text(content: bytes) -> bytes:
    return encode_varint(len(content)) + content
