"""Where a person looks at what was set aside, and lets it through or turns it down."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from security.errors import FormatError
from security.records import parse
from sync.documents import document_of
from sync.errors import RefusedError, StoreConflictError
from sync.ingest import Gate
from sync.ports import Document, Store
from sync.protocol.cursors import child_key, encode_local
from sync.quarantine import (
    QUARANTINE,
    RELEASABLE,
    SetAside,
    count_key,
    decided_key,
    decode_count,
    encode_count,
    over_key,
    set_aside_of,
)

State = Literal["open", "released", "rejected", "cured"]

REASON_CHARS_MAX = 200
PAGE_ROWS = 500
_CONFLICTS_MAX = 3


@dataclass(frozen=True, slots=True)
class AsideRow:
    """One record that was set aside.

    Attributes:
        record: Its id.
        why: Code of the reason.
        neighbour: Unit it came from.
        seq: Its place in this store.
        case: The case in 32 hex digits; empty if the bytes are no record.
        device: The author it names.
        place: The place in the feed it names.
        kind: Its type.
        state: "open"; what a person decided; or "cured", if it was accepted later by itself.
        releasable: Whether a person may let it through.
        by: Who decided.
        words: Why, in the words of who decided.
    """

    record: str
    why: str
    neighbour: str
    seq: int
    case: str
    device: str
    place: int
    kind: str
    state: State
    releasable: bool
    by: str = ""
    words: str = ""


class QuarantineDesk:
    """Lists, releases and rejects; every decision is durable when its method returns."""

    def __init__(self, store: Store, gate: Gate, now_ms: Callable[[], int]) -> None:
        """Take what is judged by; the gate judges again whatever a person lets through."""
        self._store = store
        self._gate = gate
        self._now_ms = now_ms

    def rows(self, *, decided: bool = False) -> Iterator[AsideRow]:
        """Give what waits for a decision, oldest first; with `decided` also what does not.

        Raises:
            StoreError: A document of the quarantine was damaged.
        """
        since, more = 0, True
        while more:
            page = self._store.changes(since, limit=PAGE_ROWS, databases=(QUARANTINE,))
            for change in page.rows:
                row = self._row(change.document, change.seq)
                if decided or row.state == "open":
                    yield row
            since, more = page.last_seq, page.more

    def over(self, neighbour: str) -> int:
        """How many records of a neighbour were not kept, because too many lay here."""
        return decode_count(self._store.local(over_key(neighbour)))

    def release(self, record: str, *, by: str, words: str) -> None:
        """Let a record through for the reason given.

        Raises:
            RefusedError: `absent`, `decided`, or the reason why no person may let it through.
            StoreError: Nothing was written.
        """
        kept = self._open(record)
        if kept.reason not in RELEASABLE:
            raise _not_releasable(kept.reason)
        for attempt in range(_CONFLICTS_MAX):
            inspection = self._gate.release(kept)
            if inspection.quarantined:
                raise _not_releasable(inspection.quarantined[0][1])
            local = {
                **inspection.local,
                decided_key(record): self._decision("released", by, words),
            }
            try:
                self._store.put(inspection.documents, local, expect=inspection.expect)
            except StoreConflictError:
                if attempt == _CONFLICTS_MAX - 1:
                    raise
            else:
                break
        self._gate.settle()
        self._call_back(kept.neighbour)

    def reject(self, record: str, *, by: str, words: str) -> None:
        """Turn a record down: it stays as it is, marked, and waits for nobody.

        Raises:
            RefusedError: `absent` or `decided`.
            StoreError: Nothing was written.
        """
        kept = self._open(record)
        count = count_key(kept.neighbour)
        before = self._store.local(count)
        local = {
            decided_key(record): self._decision("rejected", by, words),
            count: encode_count(max(0, decode_count(before) - 1)),
        }
        self._store.put([], local, expect={count: before})
        self._call_back(kept.neighbour)

    def _open(self, record: str) -> SetAside:
        document = self._store.get(QUARANTINE, record)
        if document is None:
            raise RefusedError("absent", f"no record {record:.64} was set aside")
        if self._row(document, 0).state != "open":
            raise RefusedError("decided", f"record {record:.64} was decided already")
        return set_aside_of(document)

    def _decision(self, state: State, by: str, words: str) -> bytes:
        return encode_local(
            {
                "state": state,
                "by": by,
                "words": words[:REASON_CHARS_MAX],
                "at_ms": self._now_ms(),
            }
        )

    def _call_back(self, neighbour: str) -> None:
        """Forget how far a child came whose records were not all kept: then it compares."""
        key = over_key(neighbour)
        before = self._store.local(key)
        if before is None:
            return
        places = dict.fromkeys(self._store.locals(child_key(f"{neighbour}-")))
        self._store.put([], {**places, key: None}, expect={key: before})

    def _row(self, document: Document, seq: int) -> AsideRow:
        kept = set_aside_of(document)
        try:
            header = parse(kept.raw).header
            is_stored = self._is_stored(kept)
        except FormatError:
            header, is_stored = None, False
        said = _decided(self._store.local(decided_key(kept.id)))
        state = _state(said.get("state", ""), is_stored=is_stored)
        return AsideRow(
            record=kept.id,
            why=kept.reason,
            neighbour=kept.neighbour,
            seq=seq,
            case=header.case.hex() if header else "",
            device=header.device if header else "",
            place=header.seq if header else 0,
            kind=header.type if header else "",
            state=state,
            releasable=kept.reason in RELEASABLE,
            by=said.get("by", ""),
            words=said.get("words", ""),
        )

    def _is_stored(self, kept: SetAside) -> bool:
        draft = document_of(parse(kept.raw), kept.neighbour)
        return self._store.get(draft.database, draft.id) is not None


def _state(decided: str, *, is_stored: bool) -> State:
    if decided == "released":
        return "released"
    if decided == "rejected":
        return "rejected"
    return "cured" if is_stored else "open"


def _decided(value: bytes | None) -> dict[str, str]:
    if value is None:
        return {}
    try:
        fields = json.loads(value)
    except ValueError:
        return {}
    return (
        {name: str(text) for name, text in fields.items()} if isinstance(fields, dict) else {}
    )


def _not_releasable(reason: str) -> RefusedError:
    return RefusedError(
        "not_releasable",
        f"a record with the reason {reason!r} cannot be let through by a person",
        hint="Only the registry, or the device itself, can mend it.",
    )
