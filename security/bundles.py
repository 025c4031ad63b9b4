"""A session's content as a file: sealed to the unit that receives it, signed by who made it.

```
b"PRB1" | u16 length | head (canonical map) | u32 length | content, sealed | signature 64
sealed = 80 bytes HPKE of a fresh content key | AES-256-GCM of the content
key, nonce = HKDF-Expand(content key, "postroad/bundle/v1" | SHA-256(head), 44)
signature = Ed25519 over domain "postroad/bundle/v1", message = all bytes before the signature
```

Whoever carries the file learns who wrote to whom and how much, and can change nothing unseen.
A content key is used once, so there is no nonce to repeat.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from security import fields
from security.encoding import decode_map, encode
from security.errors import FormatError, OpenError, TrustError
from security.registry import Registry
from security.signing import ReadingKey, Signer, seal_to, verify
from security.suites import KEY_BYTES, SIGNATURE_BYTES, expand, open_sealed, seal

DOMAIN = b"postroad/bundle/v1"
HEAD_BYTES_MAX = 4096
CONTENT_BYTES_MAX = 8 << 20
"""The largest message of the exchange protocol."""

BUNDLE_BYTES_MAX = CONTENT_BYTES_MAX + (64 << 10)
"""A bundle with its label, seals and signature; more is refused before it is looked at."""

UP = "up"
DOWN = "down"

_MAGIC = b"PRB1"
_FORMAT = 1
_NONCE_BYTES = 12
_SEALED_KEY_BYTES = 80
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class BundleHead:
    """The clear, authenticated label of a bundle.

    `made_ms` is the maker's wall clock, to be shown. `extra` holds what the protocol adds, such
    as the cursor that a downward bundle continues.
    """

    kind: str
    sender: str
    device: str
    receiver: str
    epoch: int
    made_ms: int
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle: its label, and the message inside."""

    head: BundleHead
    content: bytes = field(repr=False)


def seal_bundle(
    head: BundleHead, content: bytes, receiver: bytes, signer: Signer, content_key: bytes
) -> bytes:
    """Give the bytes of the file.

    Args:
        head: the label.
        content: one message of the exchange protocol.
        receiver: the reading key of the receiving unit's epoch, 32 bytes.
        signer: the device that makes the bundle.
        content_key: 32 fresh random bytes.

    Raises:
        FormatError: The label has no encoding, or the content is too large.
    """
    encoded = encode(_to_map(head))
    if len(encoded) > HEAD_BYTES_MAX or len(content) > CONTENT_BYTES_MAX:
        raise FormatError("the bundle is too large")
    start = _MAGIC + len(encoded).to_bytes(2) + encoded
    key, nonce = _content_keys(content_key, encoded)
    sealed = seal_to(receiver, content_key, DOMAIN + encoded) + seal(key, nonce, content, start)
    unsigned = start + len(sealed).to_bytes(_LENGTH_BYTES) + sealed
    return unsigned + signer.sign(DOMAIN, unsigned)


def open_bundle(
    raw: bytes, registry: Registry, unit: str, reading: Mapping[int, ReadingKey]
) -> Bundle:
    """Check and open a bundle that is meant for `unit`.

    Raises:
        FormatError: It is no bundle, or it was cut off.
        TrustError: It is for another unit, or its device is unknown or revoked.
        SignatureError: It is not what the device signed.
        OpenError: It was sealed to a key that this unit does not hold.
    """
    encoded, sealed = _split(raw)
    head = _from_map(decode_map(encoded, bytes_max=HEAD_BYTES_MAX))
    device = registry.device(head.device)
    if device.unit != head.sender or registry.revoked_after(head.device) is not None:
        raise TrustError(f"the bundle is not from a device that may speak for {head.sender}")
    verify(device.signing, DOMAIN, raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:])
    if head.receiver != unit:
        raise TrustError(f"the bundle is for unit {head.receiver}, not for {unit}")
    if head.epoch not in reading:
        raise OpenError("the bundle does not open")
    content_key = reading[head.epoch].open(sealed[:_SEALED_KEY_BYTES], DOMAIN + encoded)
    if len(content_key) != KEY_BYTES:
        raise OpenError("the bundle does not open")
    key, nonce = _content_keys(content_key, encoded)
    start = _MAGIC + len(encoded).to_bytes(2) + encoded
    return Bundle(head, open_sealed(key, nonce, sealed[_SEALED_KEY_BYTES:], start))


def _split(raw: bytes) -> tuple[bytes, bytes]:
    head_start = len(_MAGIC) + 2
    head_end = head_start + int.from_bytes(raw[len(_MAGIC) : head_start])
    sealed_start = head_end + _LENGTH_BYTES
    sealed_end = sealed_start + int.from_bytes(raw[head_end:sealed_start])
    whole = sealed_end + SIGNATURE_BYTES
    is_sized = len(raw) <= BUNDLE_BYTES_MAX and head_end - head_start <= HEAD_BYTES_MAX
    if not raw.startswith(_MAGIC) or not is_sized:
        raise FormatError("this is not a bundle")
    if len(raw) != whole or sealed_end - sealed_start <= _SEALED_KEY_BYTES:
        raise FormatError("the bundle was cut off or added to")
    return raw[head_start:head_end], raw[sealed_start:sealed_end]


def _content_keys(content_key: bytes, encoded: bytes) -> tuple[bytes, bytes]:
    info = DOMAIN + hashlib.sha256(encoded).digest()
    grown = expand(content_key, info, KEY_BYTES + _NONCE_BYTES)
    return grown[:KEY_BYTES], grown[KEY_BYTES:]


def _to_map(head: BundleHead) -> dict[str, object]:
    return {
        "v": _FORMAT,
        "kind": head.kind,
        "from": head.sender,
        "device": head.device,
        "to": head.receiver,
        "epoch": head.epoch,
        "made": head.made_ms,
        "extra": dict(head.extra),
    }


def _from_map(values: Mapping[str, object]) -> BundleHead:
    if values.get("v") != _FORMAT:
        raise FormatError("the bundle has a format that this program does not know")
    extra = values.get("extra")
    if values.get("kind") not in {UP, DOWN} or not isinstance(extra, dict):
        raise FormatError("the label of the bundle is not well-formed")
    return BundleHead(
        kind=UP if values["kind"] == UP else DOWN,
        sender=fields.matched(values, "from", fields.UNIT),
        device=fields.matched(values, "device", fields.DEVICE),
        receiver=fields.matched(values, "to", fields.UNIT),
        epoch=fields.number(values, "epoch", most=2**32 - 1),
        made_ms=fields.number(values, "made"),
        extra=extra,
    )
