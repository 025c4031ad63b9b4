"""Proofs to carry: C2SP tlog-proof files, and the add-checkpoint form for witnesses."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from security.errors import FormatError, TrustError
from security.suites import HASH_BYTES
from security.tlog import PROOF_HASHES_MAX, SIZE_MAX, leaf_hash, verify_inclusion
from security.tlog_notes import NOTE_BYTES_MAX, SignedCheckpoint, parse_checkpoint
from security.tlog_policy import Policy

HEADER = "c2sp.org/tlog-proof@v1"
PROOF_BYTES_MAX = NOTE_BYTES_MAX + PROOF_HASHES_MAX * 45 + 4096
EXTRA_BYTES_MAX = 2048

_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class LogProof:
    """That a log holds an entry at an index, by a checkpoint. `extra` is not authenticated."""

    index: int
    hashes: tuple[bytes, ...]
    signed: SignedCheckpoint
    extra: bytes = b""

    def verify(self, entry: bytes, policy: Policy) -> bool:
        """Check everything but finality, and tell whether the checkpoint is final.

        Raises:
            TrustError: No log of the policy signed the checkpoint.
            ProofError: The entry does not stand there.
        """
        if policy.log_of(self.signed) is None:
            raise TrustError("the checkpoint is of no log that the policy names")
        checkpoint = self.signed.checkpoint
        leaf = leaf_hash(entry)
        verify_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return policy.is_final(self.signed)


@dataclass(frozen=True, slots=True)
class Advance:
    """That a tree grew from `old` leaves to those of a checkpoint: C2SP add-checkpoint."""

    old: int
    hashes: tuple[bytes, ...]
    signed: SignedCheckpoint


def format_proof(proof: LogProof) -> bytes:
    """Give the file."""
    extra = f"extra {base64.b64encode(proof.extra).decode()}\n" if proof.extra else ""
    head = f"{HEADER}\n{extra}index {proof.index}\n{_lines(proof.hashes)}\n"
    return head.encode() + proof.signed.note


def parse_proof(raw: bytes) -> LogProof:
    """Read such a file from outside; nothing is verified.

    Raises:
        FormatError: It is not one.
    """
    lines, signed = _split(raw)
    if not lines or lines.pop(0) != HEADER:
        raise FormatError("this is not a proof of a log")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _extra(lines.pop(0).removeprefix("extra "))
    index = _numbered(lines, "index")
    return LogProof(index, _hashes(lines), signed, extra)


def format_advance(advance: Advance) -> bytes:
    """Give the body of an add-checkpoint request."""
    return f"old {advance.old}\n{_lines(advance.hashes)}\n".encode() + advance.signed.note


def parse_advance(raw: bytes) -> Advance:
    """Read such a body from outside; nothing is verified.

    Raises:
        FormatError: It is not one.
    """
    lines, signed = _split(raw)
    old = _numbered(lines, "old")
    return Advance(old, _hashes(lines), signed)


def _split(raw: bytes) -> tuple[list[str], SignedCheckpoint]:
    if len(raw) > PROOF_BYTES_MAX:
        raise FormatError("the proof is too long")
    head, blank, note = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("the proof is not text") from error
    if not blank:
        raise FormatError("the proof holds no checkpoint")
    return lines, parse_checkpoint(note)


def _numbered(lines: list[str], word: str) -> int:
    name, _, number = (lines.pop(0) if lines else "").partition(" ")
    if name != word or _NUMBER.fullmatch(number) is None or int(number) > SIZE_MAX:
        raise FormatError(f"the proof has no {word}")
    return int(number)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > PROOF_HASHES_MAX:
        raise FormatError("the proof has too many hashes")
    return tuple(_decoded(line, HASH_BYTES) for line in lines)


def _extra(text: str) -> bytes:
    extra = _decoded(text, None)
    if not 0 < len(extra) <= EXTRA_BYTES_MAX:
        raise FormatError("the extra data of the proof is empty or too long")
    return extra


def _decoded(text: str, length: int | None) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise FormatError("a line of the proof is not base64") from error
    is_wrong = length is not None and len(decoded) != length
    if is_wrong or base64.b64encode(decoded).decode() != text:
        raise FormatError("a line of the proof is not a hash")
    return decoded


def _lines(hashes: Sequence[bytes]) -> str:
    return "".join(f"{base64.b64encode(each).decode()}\n" for each in hashes)
