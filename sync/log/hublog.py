"""The log that a hub keeps of its store: each record it took, in the order in which it took it.

The log never forgets what it signed. A store that was set back or lost is behind its log: what
comes back keeps its leaf, what is new gets one, and leaves without a document are reported.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from security.signing import NoteSigner
from security.suites import HASH_BYTES
from security.tlog import consistency_proof, inclusion_proof
from security.tlog_notes import (
    Checkpoint,
    NoteSignature,
    SignedCheckpoint,
    log_name,
    sign_checkpoint,
)
from security.tlog_proof import Advance, LogProof
from sync.documents import AUDIT, CASES, KEYS, REGISTRY
from sync.errors import LogError
from sync.log.folder import ENTRY_BYTES, Head, LogFolder
from sync.log.writer import LogWriter
from sync.ports import Document, Store

CHECKPOINTS = "checkpoints"
"""Database of the checkpoints of other hubs that this one cosigned, named by their hash."""

LEAVES = (CASES, KEYS, AUDIT, REGISTRY, CHECKPOINTS)
"""Databases whose documents are leaves."""

BATCH = 2_000
PUBLISH_LEAVES_MAX = 50_000
"""Leaves that are kept in memory before a head is written for them."""

_TIP = 256
_ID_DIGITS = 64
_SUBJECTS = ("case", "journal")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How a log stands: leaves, whether they are final, and what is missing from the store."""

    size: int
    signatures: int
    missing: int


class HubLog:
    """One hub's log: follows the store, signs checkpoints, proves what they hold.

    One thread updates; any thread may ask for proofs, which go by the published head.
    """

    def __init__(
        self, folder: LogFolder, store: Store, device: str, signer: NoteSigner
    ) -> None:
        """Open the log and see how far it follows the store.

        Raises:
            LogError: The files are damaged beyond what entries can mend.
        """
        self.origin = log_name(device)
        self._folder = folder
        self._store = store
        self._signer = signer
        self._writer = LogWriter(folder)
        self._lock = threading.Lock()
        head = self._writer.head
        if head.signed is not None and head.signed.checkpoint.origin != self.origin:
            raise LogError(f"{folder.folder}: is the log of {head.signed.checkpoint.origin}")
        self._place = head
        self._held: set[bytes] | None = None
        if not self._follows(head):
            logger.warning("the log is ahead of its store, or of another one")
            self._held = set(self._entries(head.size))
            self._place = replace(head, incarnation=store.incarnation, seq=0, document="")

    @property
    def head(self) -> Head:
        """The published head."""
        return self._writer.head

    @property
    def folder(self) -> LogFolder:
        """The files, for readers."""
        return self._folder

    def update(self) -> int:
        """Take in what the store holds and sign for it; returns how many leaves were added.

        Raises:
            LogError, StoreError: Nothing of it counts; call again.
        """
        with self._lock:
            before = self._writer.head.size
            more = self._store.last_seq > self._place.seq or self._writer.head.signed is None
            while more:
                more = self._take_page()
                if not more or self._writer.size - self.head.size >= PUBLISH_LEAVES_MAX:
                    self._publish()
            return self._writer.head.size - before

    def add_signatures(self, signed: SignedCheckpoint, lines: list[NoteSignature]) -> None:
        """Keep cosignatures with the published checkpoint, if it is still that one.

        The caller has checked them.
        """
        with self._lock:
            head = self._writer.head
            if head.signed is not None and head.signed.text == signed.text:
                self._writer.publish(replace(head, signed=head.signed.with_signatures(lines)))

    def advance(self, old: int) -> Advance | None:
        """The proof that the published tree begins with that of `old` leaves.

        None while nothing is published, or for a size this log never had.
        """
        signed = self._writer.head.signed
        if signed is None or not 0 <= old <= signed.checkpoint.size:
            return None
        proof = consistency_proof(self._folder.reader(), old, signed.checkpoint.size)
        return Advance(old, tuple(proof), signed)

    def prove(self, wanted: bytes, offset: int = 0) -> tuple[bytes, LogProof] | None:
        """Give a leaf's entry with the proof that the published tree holds it, or None.

        Args:
            wanted: the hash of a record, or with `offset` 32 a case id: then the first leaf.
            offset: where in the entry it stands.

        Raises:
            LogError: A tile is missing.
        """
        signed = self._writer.head.signed
        return prove(self._folder, signed, wanted, offset) if signed else None

    def missing(self) -> Iterator[int]:
        """The leaves whose document is not in the store; walks the whole log once.

        Raises:
            LogError, StoreError: Log or store cannot be read.
        """
        size, since = self.head.size, 0
        here: set[bytes] = set()
        for start in range(0, size, BATCH):
            page = self._store.changes(since, limit=BATCH, databases=LEAVES)
            since = page.last_seq
            here.update(entry_of(row.document) for row in page.rows)
            for index, entry in enumerate(
                self._folder.entries(start, min(size, start + BATCH)), start
            ):
                if entry in here:
                    here.discard(entry)
                elif not self._has(entry):
                    yield index
            if len(here) > PUBLISH_LEAVES_MAX:
                here.clear()

    def _take_page(self) -> bool:
        page = self._store.changes(self._place.seq, limit=BATCH, databases=LEAVES)
        document = self._place.document
        for row in page.rows:
            document = row.document.id
            entry = entry_of(row.document)
            if entry and not self._is_held(entry):
                self._writer.append(entry)
        self._place = Head(self._place.signed, self._store.incarnation, page.last_seq, document)
        return page.more

    def _is_held(self, entry: bytes) -> bool:
        """Whether the log has had this record since before the store was set back."""
        if self._held is None or entry not in self._held:
            return False
        self._held.discard(entry)
        if not self._held:
            self._held = None
        return True

    def _publish(self) -> None:
        head = self._writer.head
        checkpoint = Checkpoint(self.origin, self._writer.size, self._writer.frontier.root())
        signed = head.signed
        if signed is None or signed.checkpoint != checkpoint:
            signed = sign_checkpoint(checkpoint, self._signer)
        # While the store is behind, the place stays where a restart begins again.
        place = self._place if self._held is None else replace(self._place, seq=0, document="")
        self._writer.publish(replace(place, signed=signed))

    def _follows(self, head: Head) -> bool:
        if head.size == 0:
            return True
        is_same = head.incarnation == self._store.incarnation
        if not is_same or not 0 < head.seq <= self._store.last_seq:
            return False
        tip = self._folder.entries(max(0, head.size - _TIP), head.size)
        return all(self._has(entry) for entry in tip)

    def _has(self, entry: bytes) -> bool:
        name = entry[:HASH_BYTES].hex()
        return any(self._store.get(database, name) for database in LEAVES)

    def _entries(self, size: int) -> Iterator[bytes]:
        for start in range(0, size, PUBLISH_LEAVES_MAX):
            yield from self._folder.entries(start, min(size, start + PUBLISH_LEAVES_MAX))


def entry_of(document: Document) -> bytes:
    """What the leaf of a document holds; empty for one that is not named by a hash."""
    if len(document.id) != _ID_DIGITS or document.id.strip("0123456789abcdef"):
        return b""
    for tag in document.tags:
        kind, _, subject = tag.partition(":")
        if kind in _SUBJECTS:
            return bytes.fromhex(document.id + subject)
    return bytes.fromhex(document.id) + bytes(ENTRY_BYTES - HASH_BYTES)


def prove(
    folder: LogFolder, signed: SignedCheckpoint, wanted: bytes, offset: int = 0
) -> tuple[bytes, LogProof] | None:
    """As `HubLog.prove`, from the files alone."""
    size = signed.checkpoint.size
    index = folder.find(wanted, size, offset)
    if index is None:
        return None
    proof = inclusion_proof(folder.reader(), index, size)
    return folder.entry(index), LogProof(index, tuple(proof), signed)
