"""What a new machine and its hub say to each other once, over the tunnel or on a USB stick.

```
b"PRQ1" | u16 length | canonical map | proof signature 64 | device signature 64       request
b"PRA1" | sealed to the machine ( canonical map | signature of the hub's device 64 )  answer
```

The request holds public keys alone. Its first signature is by the key in the token, its second
by the machine's own signing key, so that nobody enrols a key that is not his. The answer can be
opened by the machine alone, and its author stands in the statements that it brings.
"""

import hashlib
from dataclasses import dataclass

from security import fields
from security.encoding import decode_map, encode
from security.errors import FormatError, OpenError
from security.signing import ReadingKey, Signer, SigningKey, seal_to, verify
from security.sshcert import load_public_line
from security.statement_kinds import SSH_LINE
from security.suites import KEY_BYTES, SIGNATURE_BYTES

ANSWER_BYTES_MAX = 8 << 20
"""The same as of any message: statements of a path and three sets of the hub."""

REQUEST_BYTES_MAX = 2048

_REQUEST, _ANSWER = b"PRQ1", b"PRA1"
_LENGTH_BYTES = 2
_PROOF = b"postroad/enrol/proof/v1"
_OWN = b"postroad/enrol/own/v1"
_BY_HUB = b"postroad/enrol/answer/v1"
_SETS = ("catalogue", "calendar", "divisions")
_SIGNERS = 2


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The public keys of a machine that wants to become `device`."""

    device: str
    signing: bytes
    reading: bytes
    ssh: str

    @property
    def fingerprint(self) -> str:
        """What two people compare before one approves: 64 bits of all three keys."""
        keys = self.signing + self.reading + self.ssh.encode("ascii")
        digest = hashlib.sha256(keys).hexdigest()[:16]
        return "-".join(digest[start : start + 4] for start in range(0, 16, 4))


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a hub gives to an enrolled machine: all it needs to begin."""

    hub: str
    device: str
    root_key: bytes
    certificate: str
    addresses: tuple[str, ...]
    statements: bytes
    sets: tuple[bytes, bytes, bytes]
    """Catalogue, calendar and divisions."""


def make_request(newcomer: Newcomer, proof: Signer, own: SigningKey) -> bytes:
    """Sign a request with the token's key and the machine's own."""
    values = {
        "device": newcomer.device,
        "signing": newcomer.signing,
        "reading": newcomer.reading,
        "ssh": newcomer.ssh,
    }
    encoded = encode(values)
    unsigned = _REQUEST + len(encoded).to_bytes(_LENGTH_BYTES) + encoded
    return unsigned + proof.sign(_PROOF, unsigned) + own.sign(_OWN, unsigned)


def read_request(raw: bytes) -> Newcomer:
    """Read a request; that its machine holds the signing key is checked, the token is not.

    Raises:
        FormatError: It is none.
        SignatureError: The machine does not hold the key.
    """
    start = len(_REQUEST) + _LENGTH_BYTES
    if len(raw) > REQUEST_BYTES_MAX or not raw.startswith(_REQUEST):
        raise FormatError("this is not a request of enrolment")
    end = start + int.from_bytes(raw[len(_REQUEST) : start])
    if len(raw) != end + _SIGNERS * SIGNATURE_BYTES:
        raise FormatError("the length in the request does not add up")
    values = decode_map(raw[start:end], bytes_max=REQUEST_BYTES_MAX)
    newcomer = Newcomer(
        device=fields.matched(values, "device", fields.DEVICE),
        signing=fields.octets(values, "signing", length=KEY_BYTES),
        reading=fields.octets(values, "reading", length=KEY_BYTES),
        ssh=fields.matched(values, "ssh", SSH_LINE),
    )
    load_public_line(newcomer.ssh)
    verify(newcomer.signing, _OWN, raw[:end], raw[end + SIGNATURE_BYTES :])
    return newcomer


def check_proof(raw: bytes, public: bytes) -> None:
    """Return if whoever made a request that was read holds the token.

    Raises:
        SignatureError: Not this one.
    """
    end = len(raw) - _SIGNERS * SIGNATURE_BYTES
    verify(public, _PROOF, raw[:end], raw[end : end + SIGNATURE_BYTES])


def seal_answer(welcome: Welcome, newcomer: Newcomer, signer: Signer) -> bytes:
    """Sign an answer and seal it to the machine.

    Raises:
        FormatError: The machine's reading key is not usable, or the sets are too large.
    """
    values: dict[str, object] = {
        "hub": welcome.hub,
        "device": welcome.device,
        "root": welcome.root_key,
        "certificate": welcome.certificate,
        "addresses": list(welcome.addresses),
        "statements": welcome.statements,
        **dict(zip(_SETS, welcome.sets, strict=True)),
    }
    encoded = encode(values)
    signed = encoded + signer.sign(_BY_HUB, encoded)
    answer = _ANSWER + seal_to(newcomer.reading, signed, _context(newcomer.device))
    if len(answer) > ANSWER_BYTES_MAX:
        raise FormatError("the sets of this hub are too large for an answer")
    return answer


def open_answer(raw: bytes, device: str, key: ReadingKey) -> tuple[Welcome, bytes, bytes]:
    """Open an answer; gives also what was signed and the signature, for `check_author`.

    Raises:
        FormatError, OpenError: It is not an answer to this machine.
    """
    if not raw.startswith(_ANSWER) or len(raw) > ANSWER_BYTES_MAX:
        raise FormatError("this is not an answer of a hub")
    signed = key.open(raw[len(_ANSWER) :], _context(device))
    encoded, signature = signed[:-SIGNATURE_BYTES], signed[-SIGNATURE_BYTES:]
    values = decode_map(encoded, bytes_max=ANSWER_BYTES_MAX)
    welcome = Welcome(
        hub=fields.matched(values, "hub", fields.DEVICE),
        device=fields.matched(values, "device", fields.DEVICE),
        root_key=fields.octets(values, "root", length=KEY_BYTES),
        certificate=fields.text(values, "certificate", length_max=8192),
        addresses=tuple(str(each) for each in fields.items(values, "addresses", most=8)),
        statements=_bytes(values, "statements"),
        sets=(_bytes(values, _SETS[0]), _bytes(values, _SETS[1]), _bytes(values, _SETS[2])),
    )
    if welcome.device != device:
        raise OpenError("the answer is for another machine")
    return welcome, encoded, signature


def check_author(encoded: bytes, signature: bytes, public: bytes) -> None:
    """Return if the hub's device with this key signed the answer.

    Raises:
        SignatureError: It did not.
    """
    verify(public, _BY_HUB, encoded, signature)


def _bytes(values: dict[str, object], key: str) -> bytes:
    found = values.get(key)
    if not isinstance(found, bytes):
        raise FormatError(f"{key} is missing in the answer")
    return found


def _context(device: str) -> bytes:
    return encode(("postroad/enrol/answer/v1", device))
