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
from security.suites import HASH_BYTES, KEY_BYTES, SIGNATURE_BYTES

DOMAIN = b"postroad/statement/v1"
STATEMENT_BYTES_MAX = 4096
LOG_BYTES_MAX = 64 << 20
"""Three times what 23,000 units with two devices each need."""
STATEMENTS_MAX = 250_000

SSH_LINE = re.compile(r"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}")
"""An OpenSSH public key line of an Ed25519 key, without a comment."""

_FORMAT = 1
_MAGIC = b"PRS1"
_MAP_START = len(_MAGIC) + 2
_LOG_MAGIC = b"PRL1"
_LENGTH_BYTES = 4
_NAME_LENGTH_MAX = 64
_EPOCH_MAX = 2**32 - 1
_STATION_MAX = 99


@dataclass(frozen=True, slots=True)
class StatedUnit:
    """What a statement says a unit is. The root alone has no parent, and has `escrow`."""

    name: str
    tier: str
    parent: str | None
    signing: bytes
    reading: bytes
    epoch: int
    escrow: bytes | None


@dataclass(frozen=True, slots=True)
class Device:
    """One machine of a unit. `ssh` and `host` are OpenSSH lines; only hubs have `host`."""

    id: str
    unit: str
    station: int
    signing: bytes
    reading: bytes
    ssh: str
    host: str | None


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of a device's authority: its feed counts up to `after_seq` and no further."""

    device: str
    after_seq: int


Content = StatedUnit | Device | Revocation | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose form has been checked, but not yet who signed it.

    `position` and `prev` are its place in the log of `unit`. `content` is None for a kind that
    this program does not know.
    """

    unit: str
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
        position=fields.number(values, "n"),
        prev=fields.octets(values, "prev", length=HASH_BYTES),
        kind=fields.matched(values, "kind", fields.WORD),
        content=_content(values),
        raw=raw,
        hash=hashlib.sha256(raw).digest(),
    )
    if (statement.prev == ZEROS) != (statement.position == 0):
        raise FormatError("prev is zero for the first statement of a log, and for no other")
    return statement


def sign_statement(values: Mapping[str, object], signer: Signer) -> bytes:
    """Give a signed statement; `v` is added.

    Args:
        values: `unit`, `n`, `prev`, `kind` and the fields of that kind.
        signer: The parent unit, or the city root for the root unit.

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


def _content(values: Mapping[str, object]) -> Content:
    match values["kind"]:
        case "unit":
            return _stated_unit(values)
        case "device":
            return _device(values)
        case "revoke":
            device = fields.matched(values, "device", fields.DEVICE)
            return Revocation(device, fields.number(values, "after_seq"))
    return None


def _stated_unit(values: Mapping[str, object]) -> StatedUnit:
    name = fields.text(values, "name", length_max=_NAME_LENGTH_MAX)
    if not name.strip():
        raise FormatError("name is empty")
    is_root = fields.is_none(values, "parent")
    if not is_root and values.get("escrow") is not None:
        raise FormatError("escrow is stated for the root alone")
    return StatedUnit(
        name=name,
        tier=fields.matched(values, "tier", fields.WORD),
        parent=None if is_root else fields.matched(values, "parent", fields.UNIT),
        signing=fields.octets(values, "signing", length=KEY_BYTES),
        reading=fields.octets(values, "reading", length=KEY_BYTES),
        epoch=fields.number(values, "epoch", most=_EPOCH_MAX),
        escrow=fields.octets(values, "escrow", length=KEY_BYTES) if is_root else None,
    )


def _device(values: Mapping[str, object]) -> Device:
    unit = fields.matched(values, "unit", fields.UNIT)
    station = fields.number(values, "station", least=1, most=_STATION_MAX)
    if values.get("device") != f"{unit}-{station:02d}":
        raise FormatError("a device id is not that of its unit and station")
    no_host = fields.is_none(values, "host")
    return Device(
        id=f"{unit}-{station:02d}",
        unit=unit,
        station=station,
        signing=fields.octets(values, "signing", length=KEY_BYTES),
        reading=fields.octets(values, "reading", length=KEY_BYTES),
        ssh=fields.matched(values, "ssh", SSH_LINE),
        host=None if no_host else fields.matched(values, "host", SSH_LINE),
    )
