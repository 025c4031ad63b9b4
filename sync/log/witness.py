"""Cosign the logs of other hubs: only trees that grow from what was cosigned before.

The state of a log and the answer to it go to the disk in one transaction before anybody sees
the cosignature, so that no witness ever vouches for two histories (C2SP tlog-witness).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from security.errors import FormatError, ProofError
from security.registry import Registry
from security.signing import NoteSigner
from security.tlog import verify_consistency
from security.tlog_notes import (
    NoteSignature,
    SignedCheckpoint,
    cosign,
    parse_checkpoint,
    witness_name,
)
from security.tlog_proof import Advance, parse_advance
from security.tlog_trust import log_unit
from sync.documents import first_revision
from sync.errors import StoreConflictError, StoreError
from sync.log.hublog import CHECKPOINTS
from sync.ports import Clock, Document, Store

_MS = 1_000
_ATTEMPTS = 3
_FIRST_ROOT = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Evidence that a log showed something that no honest log shows.

    Attributes:
        kind: "fork" (two trees), "rollback" (an older tree) or "forged" (not signed by it); of
            the registry "registry_fork" or "registry_withheld".
        origin: The log.
        kept: The note that was verified before, empty where there is none; of the registry the
            statement that is known here, in base64.
        shown: The note or statement that contradicts it.
    """

    kind: str
    origin: str
    kept: str
    shown: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a witness answers: its line, or the size at which it stands, or an alarm."""

    line: NoteSignature | None = None
    standing: int = 0
    alarm: Alarm | None = None


def witness_key(origin: str) -> str:
    """Name of the local document that holds the newest cosigned note of a log."""
    return f"witness/{origin}"


def standing_note(store: Store, origin: str) -> SignedCheckpoint | None:
    """The newest checkpoint of a log that this witness cosigned.

    Raises:
        StoreError: The local document was damaged.
    """
    kept = store.local(witness_key(origin))
    try:
        return parse_checkpoint(kept) if kept else None
    except FormatError as error:
        raise StoreError("the local document of a witness is damaged") from error


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """Cosigns for one device.

    Attributes:
        store: Keeps the newest note of each log, and what was cosigned, as leaves.
        registry: Says whose keys logs are signed with.
        device: The cosigning device.
        signer: Its key.
        clock: For the time in cosignatures.
        may_witness: Tells whether the logs of a unit are for this witness.
    """

    store: Store
    registry: Registry
    device: str
    signer: NoteSigner
    clock: Clock
    may_witness: Callable[[str], bool]

    def add_checkpoint(self, raw: bytes) -> Verdict:
        """Check a checkpoint that a log submits, keep it, and cosign it.

        Raises:
            FormatError: The bytes are not in the form.
            TrustError, SignatureError: It is not signed by a log of this witness.
            StoreError: It could not be kept, so it was not cosigned.
        """
        advance = parse_advance(raw)
        unit = log_unit(self.registry, advance.signed)
        if not self.may_witness(unit.code):
            raise FormatError(f"the log of {unit.code} is not witnessed here")
        for attempt in range(_ATTEMPTS):
            try:
                return self._judge(advance)
            except StoreConflictError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("a put neither succeeded nor failed")

    def _judge(self, advance: Advance) -> Verdict:
        origin = advance.signed.checkpoint.origin
        before = self.store.local(witness_key(origin))
        kept = standing_note(self.store, origin)
        verdict = contradiction(kept, advance)
        if verdict is not None:
            return verdict
        seconds = self.clock.now_ms() // _MS
        line = cosign(advance.signed, witness_name(self.device), self.signer, seconds)
        signed = advance.signed.with_signatures([line])
        is_news = kept is None or kept.checkpoint != advance.signed.checkpoint
        documents = [checkpoint_document(signed.note)] if is_news else []
        self.store.put(
            documents,
            {witness_key(origin): signed.note},
            expect={witness_key(origin): before},
        )
        return Verdict(line, advance.signed.checkpoint.size)


def contradiction(kept: SignedCheckpoint | None, advance: Advance) -> Verdict | None:
    """What speaks against a newly shown checkpoint, None if it grows from the kept one."""
    shown = advance.signed.checkpoint
    size, root = (kept.checkpoint.size, kept.checkpoint.root) if kept else (0, _FIRST_ROOT)
    note = kept.note.decode() if kept else ""
    if kept is not None and shown.size == size and shown.root != root:
        return _alarm("fork", advance, note, size)
    if shown.size < size:
        return _alarm("rollback", advance, note, size)
    if shown.size == size:
        return None
    if advance.old != size:
        return Verdict(standing=size)
    try:
        verify_consistency(size, shown.size, advance.hashes, root, shown.root)
    except ProofError:
        return _alarm("fork", advance, note, size)
    return None


def checkpoint_document(note: bytes) -> Document:
    """The document that keeps a cosigned checkpoint, named by the hash of its note."""
    body = json.dumps({"note": note.decode()}, ensure_ascii=False).encode()
    return Document(CHECKPOINTS, hashlib.sha256(note).hexdigest(), first_revision(body), body)


def _alarm(kind: str, advance: Advance, kept: str, size: int) -> Verdict:
    signed = advance.signed
    alarm = Alarm(kind, signed.checkpoint.origin, kept, signed.note.decode())
    return Verdict(standing=size, alarm=alarm)
