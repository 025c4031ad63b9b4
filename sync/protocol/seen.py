"""What the records of a message so far have told both ends, so that later ones need not.

At rest a record repeats its path, its author, its case and the hash of the record before it, so
that anybody can check it alone. In a message all that stands in the records before: `packer`
leaves it out and `unpacker` puts it back. What comes out is the record byte for byte; its
signature says so.

    flags, 1 byte | fields that the flags do not settle | sealed part | signature, 64 bytes

Fields, each only if its flag is not set: author, place in the feed, case, parents, epoch, then
always the clock, then type and form. Numbers are varints. A reference to something that stood
in the message before is its number from 1; 0 says that it follows in full.
"""

from collections.abc import Hashable
from enum import IntFlag
from typing import Generic, TypeVar

from security.encoding import encode
from security.header import ZEROS, Header
from sync.errors import PeerProtocolError

UNIT_BYTES = 5
"""A unit code of twelve digits as a number."""

Author = tuple[str, int]
Case = tuple[bytes, tuple[str, ...], int]
Form = tuple[int, int, str, bytes | None, bytes]

_Thing = TypeVar("_Thing", bound=Hashable)


class Same(IntFlag):
    """What a record has in common with those before it in the message."""

    AUTHOR = 1
    NEXT = 2  # it follows the author's last record in this message
    CASE = 4  # case, path and generation
    PARENT = 8  # its only parent is the record before
    NO_PARENT = 16
    EPOCH = 32
    ENTRY = 64  # not the type of the record before, but the most usual one
    FORM = 128  # suite, dictionary, audience, attachments, further fields


class Numbered(Generic[_Thing]):
    """Different things, numbered from 1 in the order in which they first came."""

    def __init__(self) -> None:
        self._numbers: dict[_Thing, int] = {}
        self._things: list[_Thing] = []

    def add(self, thing: _Thing) -> None:
        """Number a thing, unless it has a number."""
        if thing not in self._numbers:
            self._things.append(thing)
            self._numbers[thing] = len(self._things)

    def number(self, thing: _Thing) -> int:
        """The number of a thing; 0 if it did not come yet."""
        return self._numbers.get(thing, 0)

    def thing(self, number: int) -> _Thing:
        """The thing with a number that the peer sent.

        Raises:
            PeerProtocolError: There is none.
        """
        if not 0 < number <= len(self._things):
            raise PeerProtocolError("a packed record refers to what was not there")
        return self._things[number - 1]


class Seen:
    """What the records of one message have told so far; the same at both ends."""

    def __init__(self) -> None:
        self.authors: Numbered[Author] = Numbered()
        self.cases: Numbered[Case] = Numbered()
        self.paths: Numbered[tuple[str, ...]] = Numbered()
        self.hashes: Numbered[bytes] = Numbered()
        self.ends: dict[Author, tuple[int, bytes]] = {}
        self.author: Author | None = None
        self.case: Case | None = None
        self.form: Form | None = None
        self.hash = ZEROS
        self.epoch = 0
        self.ms = 0

    def add(self, header: Header, record_hash: bytes) -> None:
        """Take in a record that has been written or read."""
        self.author, self.case = author_of(header), case_of(header)
        self.form, self.hash = form_of(header), record_hash
        self.epoch, self.ms = header.epoch, header.hlc.ms
        self.authors.add(self.author)
        self.cases.add(self.case)
        self.paths.add(header.path)
        self.hashes.add(record_hash)
        self.ends[self.author] = (header.seq, record_hash)


def author_of(header: Header) -> Author:
    """Whose feed a record stands in."""
    return header.device, header.incarnation


def case_of(header: Header) -> Case:
    """Which case a record is of, and under which path and key."""
    return header.case, header.path, header.generation


def form_of(header: Header) -> Form:
    """What nearly all records have in common."""
    extra = encode(dict(header.extra)) if header.extra else b""
    return header.suite, header.dictionary, header.audience, header.blobs, extra
