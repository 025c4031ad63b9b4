"""Case ids: UUID version 7 (RFC 9562, 5.7) whose last four bytes prove the home of the case.

```
48 bits milliseconds | 0111 | 12 random | 10 | 30 random | 32 bits home proof
home proof = first 4 bytes of SHA-256("postroad/case/v1" | home unit code | the 12 bytes before)
```

An id is made offline by the unit that receives the case, and anybody can check of which unit it
is. So no other unit can begin a case under an id it has seen: with the id fixed, only one home
in four thousand million fits. The id says nothing of the applicant.
"""

import hashlib
import hmac

CASE_ID_BYTES = 16
RANDOM_BYTES = 6
_PROOF_BYTES = 4
_DOMAIN = b"postroad/case/v1"


def new_case_id(now_ms: int, home: str, random_bytes: bytes) -> bytes:
    """Give a fresh id for a case that is received at unit `home`.

    Args:
        now_ms: milliseconds since 1970; a wrong clock does no harm.
        home: code of the receiving unit.
        random_bytes: 6 fresh random bytes.

    Raises:
        ValueError: Not exactly 6 random bytes.
    """
    if len(random_bytes) != RANDOM_BYTES:
        message = f"a case id takes {RANDOM_BYTES} random bytes, not {len(random_bytes)}"
        raise ValueError(message)
    value = bytearray((now_ms & 0xFFFF_FFFF_FFFF).to_bytes(6) + random_bytes)
    value[6] = 0x70 | value[6] & 0x0F
    value[8] = 0x80 | value[8] & 0x3F
    return bytes(value) + _proof(bytes(value), home)


def is_case_of(case: bytes, home: str) -> bool:
    """Tell whether an id was made for a case of unit `home`."""
    start = case[: CASE_ID_BYTES - _PROOF_BYTES]
    return hmac.compare_digest(case[CASE_ID_BYTES - _PROOF_BYTES :], _proof(start, home))


def _proof(start: bytes, home: str) -> bytes:
    return hashlib.sha256(_DOMAIN + home.encode() + start).digest()[:_PROOF_BYTES]
