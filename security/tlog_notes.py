"""Signed notes, checkpoints and cosignatures of C2SP, with Ed25519 (types 0x01 and 0x04).

```
postroad/120103001000-01            origin: the name of the log, one for each device
20852163                            leaves
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    root

— postroad/120103001000-01 <base64 of key id 4, signature 64>
— postroad/120103000000-01/witness <base64 of key id 4, seconds 8, signature 64>
```

A log signs with the signing key of its device, so that the registry names its key. The text of
a note holds no zero byte and everything else that a device signs holds one behind its domain:
no note is ever read as a record, nor a record as a note.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from security.errors import FormatError, SignatureError
from security.signing import NoteSigner, verify_text
from security.suites import HASH_BYTES, SIGNATURE_BYTES
from security.tlog import SIZE_MAX

NOTE_BYTES_MAX = 16 << 10
SIGNATURES_MAX = 32
NAME_LENGTH_MAX = 64

LOG = 0x01
COSIGNATURE = 0x04

_PREFIX = "postroad/"
_WITNESS = "/witness"
_DEVICE = re.compile(r"postroad/([0-9]{12}-[0-9]{2})(/witness)?")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_LINE = re.compile(r"— ([^ +]{1,64}) ([A-Za-z0-9+/=]{8,512})")
_VKEY = re.compile(r"([^ +]{1,64})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")
_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_LINES_MIN = 3


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that a reader trusts under a name, as a log or as a cosigner."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before each signature by this key."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as text, for a policy or for other tools."""
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the name of the key, its id, and the bytes behind the id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, without its newline."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says it is: its origin, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with its signatures, of which none was checked."""

    checkpoint: Checkpoint
    text: str
    signatures: tuple[NoteSignature, ...]

    @property
    def note(self) -> bytes:
        """The whole note."""
        lines = "".join(f"{signature.line}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()

    def signed_by(self, verifier: Verifier) -> int | None:
        """Tell whether this key signed: None if not, else the seconds it stated, 0 for a log.

        Other lines under the same name and id are passed over, as the format asks.
        """
        for signature in self.signatures:
            if (signature.name, signature.key_id) == (verifier.name, verifier.key_id):
                seconds = _checked(signature.signature, self.text, verifier)
                if seconds is not None:
                    return seconds
        return None

    def with_signatures(self, more: Sequence[NoteSignature]) -> "SignedCheckpoint":
        """The same checkpoint with more lines; a newer line of one key replaces the older."""
        lines = {(line.name, line.key_id): line for line in (*self.signatures, *more)}
        kept = tuple(lines.values())[:SIGNATURES_MAX]
        return SignedCheckpoint(self.checkpoint, self.text, kept)


def log_name(device: str) -> str:
    """The origin of the log of a device, and the name of its key."""
    return _PREFIX + device


def witness_name(device: str) -> str:
    """The name under which a device cosigns the logs of others."""
    return _PREFIX + device + _WITNESS


def device_of(name: str) -> str:
    """The device that a name of this network belongs to.

    Raises:
        FormatError: It is another name.
    """
    match = _DEVICE.fullmatch(name)
    if match is None:
        raise FormatError("this is no name of a log or witness of this network")
    return match[1]


def parse_vkey(text: str) -> Verifier:
    """Read a key from outside.

    Raises:
        FormatError: It is no Ed25519 key of a log or cosigner, or its id does not fit.
    """
    match = _VKEY.fullmatch(text)
    if match is None:
        raise FormatError("this is not a verifier key")
    encoded = _base64(match[3], 1 + HASH_BYTES)
    verifier = Verifier(match[1], encoded[0], encoded[1:])
    if encoded[0] not in {LOG, COSIGNATURE} or verifier.vkey != text:
        raise FormatError("this is not a verifier key of a kind known here")
    return verifier


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> SignedCheckpoint:
    """Give the checkpoint signed by its log, whose name is the origin.

    Raises:
        FormatError: The checkpoint is not one that can be read back.
    """
    key_id = Verifier(checkpoint.origin, LOG, signer.public).key_id
    signature = signer.sign_text(checkpoint.text.encode())
    line = NoteSignature(checkpoint.origin, key_id, signature)
    signed = SignedCheckpoint(checkpoint, checkpoint.text, (line,))
    return parse_checkpoint(signed.note)


def cosign(
    signed: SignedCheckpoint, name: str, signer: NoteSigner, seconds: int
) -> NoteSignature:
    """Give the cosignature of a witness that saw a consistent tree at `seconds` since 1970."""
    signature = signer.sign_text(_cosigned(signed.text, seconds))
    key_id = Verifier(name, COSIGNATURE, signer.public).key_id
    return NoteSignature(name, key_id, seconds.to_bytes(_TIME_BYTES) + signature)


def parse_checkpoint(note: bytes) -> SignedCheckpoint:
    """Read a checkpoint from outside; no signature is checked.

    Raises:
        FormatError: It is not a checkpoint, or has no signature line.
    """
    if len(note) > NOTE_BYTES_MAX:
        raise FormatError("the note is too long")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise FormatError("the note is not UTF-8") from error
    text, blank, below = whole.rpartition("\n\n")
    if not blank or not below or any(_is_control(each) for each in whole):
        raise FormatError("the note has no signature lines")
    text += "\n"
    return SignedCheckpoint(_checkpoint(text), text, parse_signatures(below))


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """Read signature lines, each with its newline.

    Raises:
        FormatError: A line is not one, or there are too many.
    """
    if not lines.endswith("\n"):
        raise FormatError("the last line of the note is cut off")
    rows = lines[:-1].split("\n")
    if len(rows) > SIGNATURES_MAX:
        raise FormatError("the note has too many signatures")
    return tuple(_signature(row) for row in rows)


def verify_log(signed: SignedCheckpoint, public: bytes) -> None:
    """Return if the log that the checkpoint names signed it with this key.

    Raises:
        SignatureError: It did not.
    """
    verifier = Verifier(signed.checkpoint.origin, LOG, public)
    if signed.signed_by(verifier) is None:
        raise SignatureError(f"the checkpoint is not signed by {verifier.name}")


def quote_of(signed: SignedCheckpoint, public: bytes) -> bytes:
    """The 44 bytes by which a feed quotes a checkpoint: key id 4, leaves 8, root 32."""
    checkpoint = signed.checkpoint
    key_id = Verifier(checkpoint.origin, LOG, public).key_id
    return key_id + checkpoint.size.to_bytes(_TIME_BYTES) + checkpoint.root


def read_quote(quote: object) -> tuple[bytes, int, bytes]:
    """Give key id, leaves and root of a quote in a header.

    Raises:
        FormatError: It is no quote.
    """
    if not isinstance(quote, bytes) or len(quote) != _KEY_ID_BYTES + _TIME_BYTES + HASH_BYTES:
        raise FormatError("a quoted checkpoint is not 44 bytes")
    size = int.from_bytes(quote[_KEY_ID_BYTES : _KEY_ID_BYTES + _TIME_BYTES])
    return quote[:_KEY_ID_BYTES], size, quote[-HASH_BYTES:]


def verifiers_by_name(verifiers: Sequence[Verifier]) -> Mapping[str, Verifier]:
    """The keys of a policy by their names."""
    return {verifier.name: verifier for verifier in verifiers}


def _checked(signature: bytes, text: str, verifier: Verifier) -> int | None:
    stamped = verifier.kind == COSIGNATURE
    seconds = int.from_bytes(signature[:_TIME_BYTES]) if stamped else 0
    message = _cosigned(text, seconds) if stamped else text.encode()
    found = signature[_TIME_BYTES:] if stamped else signature
    if len(found) != SIGNATURE_BYTES:
        return None
    try:
        verify_text(verifier.public, message, found)
    except SignatureError:
        return None
    return seconds


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) <= _LINES_MIN or lines[-1] or not all(lines[:-1]):
        raise FormatError("a checkpoint has an origin, a size and a root")
    origin, size, root = lines[:3]
    if len(origin) > NAME_LENGTH_MAX or _SIZE.fullmatch(size) is None:
        raise FormatError("the size in the checkpoint is not a number of leaves")
    if int(size) > SIZE_MAX:
        raise FormatError("the checkpoint has more leaves than a log may have")
    return Checkpoint(origin, int(size), _base64(root, HASH_BYTES))


def _signature(line: str) -> NoteSignature:
    match = _LINE.fullmatch(line)
    if match is None:
        raise FormatError("a signature line of the note is not one")
    try:
        decoded = base64.b64decode(match[2], validate=True)
    except binascii.Error as error:
        raise FormatError("a signature line of the note is not one") from error
    if len(decoded) <= _KEY_ID_BYTES or base64.b64encode(decoded).decode() != match[2]:
        raise FormatError("a signature line of the note is not one")
    return NoteSignature(match[1], decoded[:_KEY_ID_BYTES], decoded[_KEY_ID_BYTES:])


def _base64(text: str, length: int) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("a hash or key is not base64") from error
    if len(decoded) != length or base64.b64encode(decoded).decode() != text:
        raise FormatError(f"a hash or key has not {length} bytes")
    return decoded


def _is_control(character: str) -> bool:
    return character < " " and character != "\n"
