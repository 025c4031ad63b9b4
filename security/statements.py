"""Statements: what a unit says of a unit below it, and the file that carries many of them.

```
b"PRS1" | u16 length | canonical map | signature 64
```

This module knows the form alone; whether a statement may stand where it stands is decided by
`security.registry`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from security import fields, signing
from security.encoding import decode_map, encode
from security.errors import FormatError
from security.header import ZEROS
from security.signing import Signer
from security.statement_kinds import (
    SSH_LINE,
    Content,
    Device,
    Epoch,
    Incarnation,
    PublishedSet,
    Revocation,
    StatedUnit,
    read_content,
)
from security.suites import HASH_BYTES, SIGNATURE_BYTES

__all__ = [
    "OWN",
    "SSH_LINE",
    "Content",
    "Device",
    "Epoch",
    "Incarnation",
    "PublishedSet",
    "Revocation",
    "StatedUnit",
    "Statement",
    "decode_log",
    "encode_log",
    "parse_statement",
    "sign_statement",
]

DOMAIN = b"postroad/statement/v1"
STATEMENT_BYTES_MAX = 4096
LOG_BYTES_MAX = 64 << 20
"""Three times what 23,000 units with two devices each need."""
STATEMENTS_MAX = 250_000

OWN = "own"
"""The second log of a unit: what it says itself, to all below. The first has no name."""

_FORMAT = 1
_MAGIC = b"PRS1"
_MAP_START = len(_MAGIC) + 2
_LOG_MAGIC = b"PRL1"
_LENGTH_BYTES = 4
_OWN = re.compile(OWN)
_KEY_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose form has been checked, but not yet who signed it.

    `position` and `prev` are its place in the log `log` of `unit`. `by` is the unit that
    signed, where that is not the parent; "" where it says nothing. `key` counts the signing
    keys that the signer was given, from 0. `content` is None for a kind that this program does
    not know.
    """

    unit: str
    log: str
    by: str
    key: int
    position: int
    prev: bytes
    kind: str
    content: Content
    raw: bytes = field(repr=False)
    hash: bytes

    def verify(self, public: bytes) -> None:
        """Return if the holder of the key `public` signed exactly this statement.

        Raises:
            SignatureError: Somebody else did, or the statement was changed.
        """
        signature = self.raw[-SIGNATURE_BYTES:]
        signing.verify(public, DOMAIN, self.raw[:-SIGNATURE_BYTES], signature)


def parse_statement(raw: bytes) -> Statement:
    """Read a statement from outside; its signature is not looked at.

    A kind that this program does not know is kept, so that the log stays whole.

    Raises:
        FormatError: The bytes are not exactly one statement.
    """
    if len(raw) > STATEMENT_BYTES_MAX or not raw.startswith(_MAGIC):
        raise FormatError("this is not a statement")
    map_end = _MAP_START + int.from_bytes(raw[len(_MAGIC) : _MAP_START])
    if len(raw) != map_end + SIGNATURE_BYTES:
        raise FormatError("the length in the statement does not add up")
    values = decode_map(raw[_MAP_START:map_end], bytes_max=STATEMENT_BYTES_MAX)
    if values.get("v") != _FORMAT:
        raise FormatError("the statement has a format that this program does not know")
    statement = Statement(
        unit=fields.matched(values, "unit", fields.UNIT),
        log=fields.matched(values, "log", _OWN) if "log" in values else "",
        by=fields.matched(values, "by", fields.UNIT) if "by" in values else "",
        key=fields.number(values, "key", most=_KEY_MAX) if "key" in values else 0,
        position=fields.number(values, "n"),
        prev=fields.octets(values, "prev", length=HASH_BYTES),
        kind=fields.matched(values, "kind", fields.WORD),
        content=read_content(values),
        raw=raw,
        hash=hashlib.sha256(raw).digest(),
    )
    if (statement.prev == ZEROS) != (statement.position == 0):
        raise FormatError("prev is zero for the first statement of a log, and for no other")
    return statement


def sign_statement(values: Mapping[str, object], signer: Signer) -> bytes:
    """Give a signed statement; `v` is added.

    Args:
        values: `unit`, `n`, `prev`, `kind` and its fields; `log`, `by` and `key` where needed.
        signer: Who speaks: the parent, the unit `by`, the unit itself in its own log, or the
            city root for the root unit.

    Raises:
        FormatError: A field is missing or not well-formed.
    """
    encoded = encode({**values, "v": _FORMAT})
    if len(encoded) > STATEMENT_BYTES_MAX:
        raise FormatError(f"a statement has at most {STATEMENT_BYTES_MAX} bytes")
    unsigned = _MAGIC + len(encoded).to_bytes(2) + encoded
    raw = unsigned + signer.sign(DOMAIN, unsigned)
    parse_statement(raw)
    return raw


def encode_log(statements: Iterable[bytes]) -> bytes:
    """Give the file that carries `statements`, in their order."""
    parts = [_LOG_MAGIC]
    for raw in statements:
        parts += [len(raw).to_bytes(_LENGTH_BYTES), raw]
    return b"".join(parts)


def decode_log(encoded: bytes) -> list[bytes]:
    """Read such a file; its statements are not looked at.

    Raises:
        FormatError: It is no such file, is cut off, or is larger than any registry.
    """
    if len(encoded) > LOG_BYTES_MAX or not encoded.startswith(_LOG_MAGIC):
        raise FormatError("this is not a file of statements")
    statements: list[bytes] = []
    start = len(_LOG_MAGIC)
    while start < len(encoded):
        end = start + _LENGTH_BYTES
        length = int.from_bytes(encoded[start:end])
        start, end = end, end + length
        if not 0 < length <= STATEMENT_BYTES_MAX or end > len(encoded):
            raise FormatError(f"the file of statements is damaged after {len(statements)}")
        if len(statements) == STATEMENTS_MAX:
            raise FormatError(f"the file holds more than {STATEMENTS_MAX} statements")
        statements.append(encoded[start:end])
        start = end
    return statements
