"""The clear, authenticated header of a record: where it belongs, never whom it concerns."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from security import fields
from security.encoding import decode, encode
from security.errors import FormatError
from security.hlc import COUNTER_MAX, MS_MAX, Hlc
from security.packing import DICTIONARY
from security.suites import HASH_BYTES, SUITE_1

FORMAT = 1
HEADER_BYTES_MAX = 4096
"""Holds 64 parents and a path of six, or 16 readers; a relay keeps headers in memory."""
PARENTS_MAX = 64
"""More heads than this mean a case that nobody ever merged."""
DEPTH_MAX = 6
"""Tiers that a path can have."""
CASE_BYTES = 16
GENERATION_MAX = 2**32 - 1
ZEROS: Final = bytes(HASH_BYTES)
"""The previous hash of the first record of a feed."""

ENTRY = "entry"
GRANT = "grant"
AUDIT = "audit"
"""An act that concerns no case, sealed under the key of the device's journal."""
STATEMENT = "statement"
"""A statement of the registry, in clear."""
PUBLISH = "publish"
"""A part of a published set, in clear."""
NO_CASE: Final = bytes(CASE_BYTES)
"""Stands in the header of a record that belongs to no case."""

JOURNAL = "journal"
"""Audience policy of a journal and of the grants that open it."""

_EXTRA_KEY_LENGTH_MAX = 32
_READ_MAX = 2048  # a record is read when it is unpacked, when it is judged and when it is shown
_EXTRA = "extra"
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_KNOWN = (
    *("v", "suite", "type", "case", "gen", "path", "device", "inc", "seq", "prev"),
    *("parents", "epoch", "hlc", "dict", "aud", "blobs"),
)
"""The fields in the order in which they stand; their names are not written."""


@dataclass(frozen=True, slots=True)
class Header:
    """What everybody on the way may read and nobody can change.

    `device`, `incarnation`, `seq` and `prev` are the place in the author's feed, `parents` and
    `epoch` what the author knew of the case. `extra` keeps the fields that a newer program
    wrote, so that they survive an older one.
    """

    type: str
    case: bytes
    path: tuple[str, ...]
    device: str
    seq: int
    generation: int = 0
    incarnation: int = 0
    prev: bytes = ZEROS
    parents: tuple[bytes, ...] = ()
    epoch: int = 0
    hlc: Hlc = field(default_factory=Hlc)
    dictionary: int = DICTIONARY
    audience: str = ""
    blobs: bytes | None = None
    suite: int = SUITE_1
    extra: Mapping[str, object] = field(default_factory=lambda: _NOTHING, hash=False)


def encode_header(header: Header) -> bytes:
    """Give the bytes of a header; whoever puts them in a record reads them back to check them.

    Raises:
        FormatError: A field has no encoding.
    """
    return encode(_to_row(header))


@functools.lru_cache(maxsize=_READ_MAX)
def decode_header(encoded: bytes) -> Header:
    """Read a header; one that was read a moment ago is not read again.

    Raises:
        FormatError: It is not a header of a format and suite that this program knows.
    """
    values = _from_row(decode(encoded, bytes_max=HEADER_BYTES_MAX))
    if values.get("v") != FORMAT:
        raise FormatError("the record has a format that this program does not know")
    if values.get("suite") != SUITE_1:
        raise FormatError("the record has a suite that this program does not know")
    return Header(
        type=fields.matched(values, "type", fields.WORD),
        case=fields.octets(values, "case", length=CASE_BYTES),
        generation=fields.number(values, "gen", most=GENERATION_MAX),
        path=_path(values),
        device=fields.matched(values, "device", fields.DEVICE),
        incarnation=fields.number(values, "inc", most=GENERATION_MAX),
        seq=fields.number(values, "seq", least=1),
        prev=_prev(values),
        parents=_parents(values),
        epoch=fields.number(values, "epoch"),
        hlc=_hlc(values),
        dictionary=fields.number(values, "dict", most=GENERATION_MAX),
        audience=fields.text(values, "aud", length_max=32),
        blobs=_blobs(values),
        extra=_extra(values),
    )


def _to_row(header: Header) -> list[object]:
    row: list[object] = [
        *(FORMAT, header.suite, header.type, header.case, header.generation),
        *(list(header.path), header.device, header.incarnation, header.seq, header.prev),
        *(list(header.parents), header.epoch, [header.hlc.ms, header.hlc.counter]),
        *(header.dictionary, header.audience, header.blobs),
    ]
    return [*row, dict(header.extra)] if header.extra else row


def _from_row(row: object) -> dict[str, object]:
    if not isinstance(row, list) or not len(_KNOWN) <= len(row) <= len(_KNOWN) + 1:
        raise FormatError("a header is not a list of its fields")
    values = dict(zip(_KNOWN, row, strict=False))
    if len(row) > len(_KNOWN):
        values[_EXTRA] = row[-1]
    return values


def _path(values: Mapping[str, object]) -> tuple[str, ...]:
    path = []
    for code in fields.items(values, "path", most=DEPTH_MAX):
        if not isinstance(code, str) or fields.UNIT.fullmatch(code) is None or code in path:
            raise FormatError("path is not a list of different unit codes")
        path.append(code)
    if not path:
        raise FormatError("path is empty")
    return tuple(path)


def _prev(values: Mapping[str, object]) -> bytes:
    prev = fields.octets(values, "prev", length=HASH_BYTES)
    if (prev == ZEROS) != (values.get("seq") == 1):
        raise FormatError("prev is zero for the first record of a feed, and for no other")
    return prev


def _parents(values: Mapping[str, object]) -> tuple[bytes, ...]:
    parents = tuple(
        fields.checked_octets(parent, "a parent", length=HASH_BYTES)
        for parent in fields.items(values, "parents", most=PARENTS_MAX)
    )
    if any(first >= second for first, second in pairwise(parents)):
        raise FormatError("parents are not sorted, or one stands twice")
    return parents


def _hlc(values: Mapping[str, object]) -> Hlc:
    match fields.items(values, "hlc", most=2):
        case [ms, counter]:
            return Hlc(
                fields.checked_number(ms, "hlc", least=0, most=MS_MAX),
                fields.checked_number(counter, "hlc", least=0, most=COUNTER_MAX),
            )
    raise FormatError("hlc is not two numbers")


def _blobs(values: Mapping[str, object]) -> bytes | None:
    if fields.is_none(values, "blobs"):
        return None
    return fields.octets(values, "blobs", length=HASH_BYTES)


def _extra(values: Mapping[str, object]) -> Mapping[str, object]:
    if _EXTRA not in values:
        return _NOTHING
    extra = values[_EXTRA]
    if not isinstance(extra, dict) or not extra:
        raise FormatError("the further fields of a header are not a map with something in it")
    for key in extra:
        if not 0 < len(key) <= _EXTRA_KEY_LENGTH_MAX or key.startswith("_") or key in _KNOWN:
            raise FormatError("an extra field has a name that is not allowed")
    return MappingProxyType(extra)
