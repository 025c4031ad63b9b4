"""Enrolment tokens: what a new machine needs to find its hub, know it, and be let in once.

```
"PRT1-" | groups of five of base32( canonical map | first 4 bytes of its SHA-256 )
```

The text is typed by a person or read from its QR code. Its secret has 128 bits; a hub keeps
nothing but the public key that is derived from it. Two hashes are cut to 128 bits: to find
another hub key or root key that fits is beyond anybody, and the text stays short.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from security import fields
from security.encoding import decode_map, encode
from security.errors import FormatError
from security.signing import SigningKey
from security.sshcert import issue_user_certificate, public_line
from security.suites import KEY_BYTES, expand

PREFIX = "PRT1"
SECRET_BYTES = 16
PIN_BYTES = 16
STATION_MAX = 99
ADDRESSES_MAX = 4
TEXT_LENGTH_MAX = 1_000

_ADDRESS_LENGTH_MAX = 128
_BYTES_MAX = 600
_CHECK_BYTES = 4
_GROUP = 5
_SERIAL = 1


@dataclass(frozen=True, slots=True)
class Token:
    """Admission of one machine to one hub, once, before `expires_s` (Unix time)."""

    unit: str
    station: int
    expires_s: int
    addresses: tuple[str, ...]
    host_pin: bytes
    root_pin: bytes
    secret: bytes = field(repr=False)

    @property
    def device(self) -> str:
        """The id that the machine gets."""
        return device_id(self.unit, self.station)

    @property
    def ssh_key(self) -> Ed25519PrivateKey:
        """The key of the one login; the hub keeps its public half."""
        return Ed25519PrivateKey.from_private_bytes(self._derived(b"login"))

    @property
    def proof_key(self) -> SigningKey:
        """Signs the request, so that it may also come by another way than the login."""
        return SigningKey.from_private(self._derived(b"proof"))

    def _derived(self, use: bytes) -> bytes:
        info = b"postroad/token/v1/" + use + b"/" + self.device.encode()
        return expand(hashlib.sha256(self.secret).digest(), info, KEY_BYTES)


def device_id(unit: str, station: int) -> str:
    """Give the id of a device: unit and station number."""
    return f"{unit}-{station:02d}"


def pin_of(public: bytes) -> bytes:
    """Give the 128-bit fingerprint under which a token names a key."""
    return hashlib.sha256(public).digest()[:PIN_BYTES]


def format_token(token: Token) -> str:
    """Give a token as a line to print.

    Raises:
        FormatError: A field is not well-formed.
    """
    encoded = encode(
        {
            "u": token.unit,
            "s": token.station,
            "e": token.expires_s,
            "a": list(token.addresses),
            "h": token.host_pin,
            "r": token.root_pin,
            "k": token.secret,
        }
    )
    checked = encoded + hashlib.sha256(encoded).digest()[:_CHECK_BYTES]
    text = base64.b32encode(checked).decode("ascii").rstrip("=")
    groups = (text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
    line = "-".join((PREFIX, *groups))
    parse_token(line)
    return line


def parse_token(text: str) -> Token:
    """Read a token as somebody typed it: case, spaces and hyphens do not matter.

    Raises:
        FormatError: It is no token, or a character is wrong.
    """
    compact = "".join(text.upper().split()).replace("-", "")
    if len(text) > 2 * TEXT_LENGTH_MAX or not compact.startswith(PREFIX):
        raise FormatError("this is not an enrolment token", hint=_TYPED)
    compact = compact.removeprefix(PREFIX)
    try:
        raw = base64.b32decode(compact + "=" * (-len(compact) % 8))
    except (binascii.Error, ValueError) as error:
        raise FormatError("the token has a wrong character or length", hint=_TYPED) from error
    encoded, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if not hmac.compare_digest(hashlib.sha256(encoded).digest()[:_CHECK_BYTES], check):
        raise FormatError("the checksum of the token does not fit", hint=_TYPED)
    values = decode_map(encoded, bytes_max=_BYTES_MAX)
    return Token(
        unit=fields.matched(values, "u", fields.UNIT),
        station=fields.number(values, "s", least=1, most=STATION_MAX),
        expires_s=fields.number(values, "e"),
        addresses=_addresses(values),
        host_pin=fields.octets(values, "h", length=PIN_BYTES),
        root_pin=fields.octets(values, "r", length=PIN_BYTES),
        secret=fields.octets(values, "k", length=SECRET_BYTES),
    )


_TYPED = "Compare it with the sheet, group by group."


def login_certificate(token: Token) -> str:
    """Give the certificate of the one login, which the token's own key signs.

    It certifies nothing; it names the device that wants to be enrolled, in the one form that
    the gateway reads.
    """
    key = token.ssh_key
    line = public_line(key.public_key())
    return issue_user_certificate(key, line, token.device, _SERIAL, 0, token.expires_s)


def split_address(text: str) -> tuple[str, int]:
    """Give host and port of `host:port`.

    Raises:
        FormatError: It is not of that form.
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 1 << 16:
        raise FormatError(f"{text[:_ADDRESS_LENGTH_MAX]}: not host:port")
    return host.strip("[]"), int(port)


def _addresses(values: dict[str, object]) -> tuple[str, ...]:
    found = fields.items(values, "a", most=ADDRESSES_MAX)
    if not found:
        raise FormatError("the token holds no address of the hub")
    for each in found:
        if not isinstance(each, str) or len(each) > _ADDRESS_LENGTH_MAX:
            raise FormatError("the token holds a wrong address")
        split_address(each)
    return tuple(str(each) for each in found)
