"""A word of a unit above: this feed lies here, on disk, up to this record.

```
canonical [1, holder device, feed device, incarnation, seq, record hash, ms] | signature 64
```

Signed by the device of the hub that holds the records, domain `postroad/held/v1`. A record
names the one before it, so who holds the record of the hash and all before it holds the feed.
"""

from dataclasses import dataclass

from security import fields, signing
from security.encoding import decode, encode
from security.errors import FormatError
from security.header import GENERATION_MAX
from security.registry import Registry
from security.signing import Signer
from security.suites import HASH_BYTES, SIGNATURE_BYTES

DOMAIN = b"postroad/held/v1"
HELD_BYTES_MAX = 256

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Held:
    """Which feed lies with whom, up to where, and since when by the holder's clock.

    `holder` and `device` are device ids; `seq` and `hash` the last record without a gap before.
    """

    holder: str
    device: str
    incarnation: int
    seq: int
    hash: bytes
    at_ms: int


def sign_held(held: Held, signer: Signer) -> bytes:
    """Give the signed bytes; `signer` is the key of the holder."""
    row = [_FORMAT, held.holder, held.device, held.incarnation]
    encoded = encode([*row, held.seq, held.hash, held.at_ms])
    return encoded + signer.sign(DOMAIN, encoded)


def read_held(raw: bytes, registry: Registry) -> Held:
    """Read signed bytes from outside and check who signed them.

    Raises:
        FormatError: The bytes are not of this form.
        TrustError: The registry does not know the holder, or it was revoked.
        SignatureError: Somebody else signed.
    """
    held = _decoded(raw[:-SIGNATURE_BYTES])
    holder = registry.device(held.holder)
    if registry.revoked_after(held.holder) is not None:
        raise FormatError("the holder was revoked")
    signing.verify(holder.signing, DOMAIN, raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:])
    return held


def _decoded(encoded: bytes) -> Held:
    match decode(encoded, bytes_max=HELD_BYTES_MAX):
        case [1, holder, device, incarnation, seq, record_hash, at_ms]:
            names = {"holder": holder, "device": device}
            most = fields.NUMBER_MAX
            return Held(
                holder=fields.matched(names, "holder", fields.DEVICE),
                device=fields.matched(names, "device", fields.DEVICE),
                incarnation=fields.checked_number(
                    incarnation, "incarnation", least=0, most=GENERATION_MAX
                ),
                seq=fields.checked_number(seq, "seq", least=1, most=most),
                hash=fields.checked_octets(record_hash, "hash", length=HASH_BYTES),
                at_ms=fields.checked_number(at_ms, "time", least=0, most=most),
            )
    raise FormatError("this does not say who holds a feed")
