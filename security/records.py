"""Records: one act on a case, sealed for its readers and signed by its author.

```
b"PRD1" | u16 header length | header | u32 sealed length | sealed | signature 64
sealed entry = salt 16 | commitment 32 | u16 facts steps | facts + tag | body + tag
```

The signature is over the exact bytes before it, so that a hub checks a record without any key
to read it. Each record has keys of its own, grown from the case key with a random salt: a nonce
meets a key only once, even when a machine is cloned or set back. AES-GCM does not commit to its
key, so a commitment is grown beside it and compared before anything is opened. One commitment
serves both parts, because the facts key grows from the case key and collisions are infeasible.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from security import packing, padding, signing
from security.errors import FormatError, OpenError, SecurityError
from security.header import (
    AUDIT,
    CASE_BYTES,
    ENTRY,
    GENERATION_MAX,
    GRANT,
    HEADER_BYTES_MAX,
    Header,
    decode_header,
    encode_header,
)
from security.readers import SealedKey, decode_readers
from security.signing import Signer
from security.suites import (
    HASH_BYTES,
    KEY_BYTES,
    NONCE_BYTES,
    SIGNATURE_BYTES,
    TAG_BYTES,
    expand,
    open_sealed,
    seal,
)

__all__ = [
    "AUDIT",
    "DOMAIN",
    "ENTRY",
    "GRANT",
    "RECORD_BYTES_MAX",
    "SEALED_BYTES_MAX",
    "Header",
    "Record",
    "assemble",
    "derive_facts_key",
    "framed",
    "open_body",
    "open_facts",
    "parse",
    "seal_entry",
    "verify",
]

DOMAIN = b"postroad/record/v1"
SEALED_BYTES_MAX = 1 << 20
SALT_BYTES = 16
"""With the feed position in the header, which a key grows from as well, this is ample."""

_MAGIC = b"PRD1"
_HEADER_START = len(_MAGIC) + 2
RECORD_BYTES_MAX = _HEADER_START + HEADER_BYTES_MAX + 4 + SEALED_BYTES_MAX + SIGNATURE_BYTES

_FACTS_LABEL = b"facts"
_BODY_LABEL = b"body"
_STEPS_BYTES = 2
_FACTS_START = SALT_BYTES + HASH_BYTES + _STEPS_BYTES
_GENERATION_BYTES = 4


@dataclass(frozen=True, slots=True)
class Record:
    """A record whose form has been checked; `verify` checks who wrote it."""

    header: Header = field(compare=False)
    raw: bytes = field(repr=False)
    hash: bytes = field(compare=False)
    readers: tuple[SealedKey, ...] = field(default=(), repr=False, compare=False)
    header_bytes: bytes = field(default=b"", repr=False, compare=False)

    @property
    def id(self) -> str:
        """The name of the record everywhere: its hash, 64 hexadecimal digits."""
        return self.hash.hex()

    @property
    def sealed(self) -> bytes:
        """The sealed part, as it stands in the record."""
        return self.raw[_HEADER_START + len(self.header_bytes) + 4 : -SIGNATURE_BYTES]

    @property
    def signature(self) -> bytes:
        """The signature of the author, over all bytes before it."""
        return self.raw[-SIGNATURE_BYTES:]


def parse(raw: bytes) -> Record:
    """Read a record from outside; its signature is not looked at.

    Raises:
        FormatError: The bytes are not exactly one record, whatever they are.
    """
    if len(raw) > RECORD_BYTES_MAX:
        raise FormatError(f"a record has at most {RECORD_BYTES_MAX} bytes")
    if not raw.startswith(_MAGIC) or len(raw) < _HEADER_START:
        raise FormatError("this is not a record")
    header_end = _HEADER_START + int.from_bytes(raw[len(_MAGIC) : _HEADER_START])
    sealed_start = header_end + 4
    sealed_length = int.from_bytes(raw[header_end:sealed_start])
    if len(raw) != sealed_start + sealed_length + SIGNATURE_BYTES:
        raise FormatError("the lengths in the record do not add up")
    if sealed_length > SEALED_BYTES_MAX:
        raise FormatError(f"the sealed part has at most {SEALED_BYTES_MAX} bytes")
    header_bytes = raw[_HEADER_START:header_end]
    header = decode_header(header_bytes)
    readers: tuple[SealedKey, ...] = ()
    if header.type == GRANT:
        readers = decode_readers(raw[sealed_start:-SIGNATURE_BYTES], header.path)
    record = Record(header, raw, hashlib.sha256(raw).digest(), readers, header_bytes)
    _check_sealed(record)
    return record


def verify(record: Record, public: bytes) -> None:
    """Return if the holder of the key `public` signed exactly this record.

    Whether that key was allowed to is for the registry to say.

    Raises:
        SignatureError: Somebody else did, or the record was changed.
    """
    signature = record.raw[-SIGNATURE_BYTES:]
    signing.verify(public, DOMAIN, record.raw[:-SIGNATURE_BYTES], signature)


def seal_entry(
    header: Header,
    facts: Mapping[str, object],
    body: Mapping[str, object],
    case_key: bytes,
    signer: Signer,
    salt: bytes,
) -> Record:
    """Seal and sign one entry.

    `salt` is 16 bytes from the port for random bytes, never used before: with it the record
    gets keys that no other record has.

    Raises:
        FormatError: A field is out of its range, or a part is too long.
    """
    if header.type == GRANT or len(salt) != SALT_BYTES:
        raise FormatError(f"an entry needs its own type and a salt of {SALT_BYTES} bytes")
    header_bytes = encode_header(header)
    facts_key = derive_facts_key(case_key, header.case, header.generation)
    facts_keys = _facts_keys(facts_key, salt, header_bytes)
    body_key, body_nonce = _body_keys(case_key, salt, header_bytes)
    context = header_bytes + salt + facts_keys.commitment
    hint = packing.hint_of(header.device, header.hlc.ms)
    plain_facts, plain_body = padding.pad_pair(
        packing.pack(facts, header.dictionary, hint),
        packing.pack(body, header.dictionary, hint),
    )
    steps = len(plain_facts) // padding.FACTS_STEP
    if steps >= 1 << (8 * _STEPS_BYTES):
        raise FormatError("the facts are longer than allowed")
    sealed_facts = seal(facts_keys.key, facts_keys.nonce, plain_facts, _FACTS_LABEL + context)
    sealed_body = seal(body_key, body_nonce, plain_body, _BODY_LABEL + context)
    told = steps.to_bytes(_STEPS_BYTES)
    sealed = salt + facts_keys.commitment + told + sealed_facts + sealed_body
    return assemble(header_bytes, sealed, signer)


def open_facts(record: Record, facts_key: bytes) -> dict[str, object]:
    """Open what every tier above may know of an act.

    Raises:
        OpenError: The key is not the one, or what was sealed is not well-formed.
    """
    try:
        return _open_facts(record, facts_key)
    except SecurityError as error:
        raise _unopened() from error


def open_body(record: Record, case_key: bytes) -> dict[str, object]:
    """Open what only the audience of the case may know.

    Raises:
        OpenError: The key is not the one, or what was sealed is not well-formed.
    """
    try:
        return _open_body(record, case_key)
    except SecurityError as error:
        raise _unopened() from error


def derive_facts_key(case_key: bytes, case: bytes, generation: int) -> bytes:
    """Give the key to the facts of a case; there is no way back to the case key.

    Raises:
        FormatError: The key has not 32 bytes, the case not 16, or the generation is too large.
    """
    if len(case) != CASE_BYTES or not 0 <= generation <= GENERATION_MAX:
        raise FormatError("a case has 16 bytes, and a generation of 32 bits")
    info = b"postroad/facts/v1" + case + generation.to_bytes(_GENERATION_BYTES)
    return expand(case_key, info, KEY_BYTES)


def assemble(header_bytes: bytes, sealed: bytes, signer: Signer) -> Record:
    """Sign a header and a sealed part, and read the record back.

    Raises:
        FormatError: What was made could not be read by others.
    """
    unsigned = framed(header_bytes, sealed)
    return parse(unsigned + signer.sign(DOMAIN, unsigned))


def framed(header_bytes: bytes, sealed: bytes) -> bytes:
    """Give all bytes of a record before its signature; what they are made of is not checked.

    Raises:
        FormatError: A part is longer than its length can say.
    """
    if len(header_bytes) > HEADER_BYTES_MAX or len(sealed) > SEALED_BYTES_MAX:
        raise FormatError("the record is longer than allowed")
    lengths = len(header_bytes).to_bytes(2), len(sealed).to_bytes(4)
    return _MAGIC + lengths[0] + header_bytes + lengths[1] + sealed


@dataclass(frozen=True, slots=True, repr=False)
class _FactsKeys:
    key: bytes
    nonce: bytes
    commitment: bytes


def _facts_keys(facts_key: bytes, salt: bytes, header_bytes: bytes) -> _FactsKeys:
    info = b"postroad/record/facts/v1" + salt + hashlib.sha256(header_bytes).digest()
    grown = expand(facts_key, info, KEY_BYTES + NONCE_BYTES + HASH_BYTES)
    nonce_end = KEY_BYTES + NONCE_BYTES
    return _FactsKeys(grown[:KEY_BYTES], grown[KEY_BYTES:nonce_end], grown[nonce_end:])


def _body_keys(case_key: bytes, salt: bytes, header_bytes: bytes) -> tuple[bytes, bytes]:
    info = b"postroad/record/body/v1" + salt + hashlib.sha256(header_bytes).digest()
    grown = expand(case_key, info, KEY_BYTES + NONCE_BYTES)
    return grown[:KEY_BYTES], grown[KEY_BYTES:]


@dataclass(frozen=True, slots=True)
class _Sealed:
    salt: bytes
    commitment: bytes
    facts: bytes
    body: bytes


def _split_sealed(sealed: bytes) -> _Sealed:
    steps = int.from_bytes(sealed[_FACTS_START - _STEPS_BYTES : _FACTS_START])
    facts_end = _FACTS_START + steps * padding.FACTS_STEP + TAG_BYTES
    return _Sealed(
        salt=sealed[:SALT_BYTES],
        commitment=sealed[SALT_BYTES : SALT_BYTES + HASH_BYTES],
        facts=sealed[_FACTS_START:facts_end],
        body=sealed[facts_end:],
    )


def _check_sealed(record: Record) -> None:
    if record.header.type != ENTRY:
        return  # A newer program knows what it holds; here it is only carried.
    parts = _split_sealed(record.sealed)
    if not padding.is_padded_size(len(parts.facts) - TAG_BYTES, len(parts.body) - TAG_BYTES):
        raise FormatError("the sealed part has a size that padding never gives")


def _open_facts(record: Record, facts_key: bytes) -> dict[str, object]:
    parts = _openable(record)
    keys = _facts_keys(facts_key, parts.salt, record.header_bytes)
    _check_commitment(keys, parts)
    context = record.header_bytes + parts.salt + parts.commitment
    plain = open_sealed(keys.key, keys.nonce, parts.facts, _FACTS_LABEL + context)
    return _unpacked(plain, record.header)


def _open_body(record: Record, case_key: bytes) -> dict[str, object]:
    parts = _openable(record)
    facts_key = derive_facts_key(case_key, record.header.case, record.header.generation)
    _check_commitment(_facts_keys(facts_key, parts.salt, record.header_bytes), parts)
    key, nonce = _body_keys(case_key, parts.salt, record.header_bytes)
    context = record.header_bytes + parts.salt + parts.commitment
    plain = open_sealed(key, nonce, parts.body, _BODY_LABEL + context)
    return _unpacked(plain, record.header)


def _unpacked(plain: bytes, header: Header) -> dict[str, object]:
    hint = packing.hint_of(header.device, header.hlc.ms)
    return packing.unpack(padding.unpad(plain), header.dictionary, hint)


def _openable(record: Record) -> _Sealed:
    if record.header.type not in {ENTRY, AUDIT}:
        raise OpenError("this program cannot open such a record")
    return _split_sealed(record.sealed)


def _check_commitment(keys: _FactsKeys, parts: _Sealed) -> None:
    if not hmac.compare_digest(keys.commitment, parts.commitment):
        raise OpenError("the key does not belong to the record")


def _unopened() -> OpenError:
    return OpenError("the sealed part does not open")
