"""The story of one case: who did, saw and could know what, and when, over the tiers.

It is told from what one unit holds: the records of the case, and the journals of the devices
whose notes this unit may read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from casebook.casefile import RECORDS_MAX, CaseFile
from casebook.notes import Note, NoteReader
from casebook.times import local_text
from security.errors import FormatError, TrustError
from security.header import Header
from security.records import GRANT, Record
from security.registry import Registry
from sync.documents import record_of
from sync.ports import Store

DID = "did"
SAW = "saw"
COULD_READ = "could_read"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story.

    Attributes:
        kind: `DID` (an act), `SAW` (an opening, a print) or `COULD_READ` (a key was granted).
        at: what the clock of the device said; never an order.
        unit: whose device it was.
        device: which.
        seq: its place in the feed of the device.
        record: what proves it.
        action: the act, or the word of the note; empty where the facts do not open here.
        clerk: who, by user name.
        knew: how many records of the case the device had seen.
        readers: for a grant, who could read from then on, and which part.
        facts: of an act.
    """

    kind: str
    at: str
    unit: str
    device: str
    seq: int
    record: str
    action: str = ""
    clerk: str = ""
    knew: int = 0
    readers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)


def tell(store: Store, registry: Registry, file: CaseFile, notes: NoteReader) -> list[Line]:
    """Give the story of a case that this unit holds, as the store took it.

    Raises:
        StoreError: The store cannot be read.
    """
    teller = _Teller(registry, file)
    page = store.changes(0, limit=RECORDS_MAX, tag=f"case:{file.case.hex()}")
    rows: list[tuple[int, Line]] = []
    for change in page.rows:
        try:
            record = record_of(change.document)
        except FormatError:
            continue
        rows.append((change.seq, teller.line(record)))
    lines = [line for _, line in sorted(rows, key=lambda row: row[0])]
    return [*lines, *(teller.seen(note) for note in _notes_of(file, notes))]


class _Teller:
    def __init__(self, registry: Registry, file: CaseFile) -> None:
        self._registry = registry
        self._entries = {entry.id: entry for entry in file.entries}
        self._parents = {entry.id: entry.parents for entry in file.entries}

    def line(self, record: Record) -> Line:
        header = record.header
        entry = self._entries.get(record.id)
        facts = entry.facts if entry else {}
        is_grant = header.type == GRANT
        return Line(
            kind=COULD_READ if is_grant else DID,
            at=str(facts.get("at") or local_text(header.hlc.ms)),
            unit=self._unit(header.device),
            device=header.device,
            seq=header.seq,
            record=record.id,
            action=str(facts.get("act", "")),
            clerk=str(facts.get("clerk", "")),
            knew=self._known_before(header),
            readers={reader.unit: reader.kind for reader in record.readers},
            facts=facts,
        )

    def seen(self, note: Note) -> Line:
        return Line(
            kind=SAW,
            at=note.at,
            unit=note.unit,
            device=note.device,
            seq=note.seq,
            record=note.record,
            action=note.action,
            clerk=note.clerk,
        )

    def _known_before(self, header: Header) -> int:
        known: set[str] = set()
        waiting: Sequence[str] = [parent.hex() for parent in header.parents]
        while waiting:
            fresh = [name for name in dict.fromkeys(waiting) if name not in known]
            known.update(fresh)
            waiting = [parent for name in fresh for parent in self._parents.get(name, ())]
        return len(known)

    def _unit(self, device: str) -> str:
        try:
            return self._registry.device(device).unit
        except TrustError:
            return ""


def _notes_of(file: CaseFile, notes: NoteReader) -> Iterator[Note]:
    since, more = 0, True
    while more:
        page, since, more = notes.notes(since)
        yield from (note for note in page if note.thing == file.case.hex())
