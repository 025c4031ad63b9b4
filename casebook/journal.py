"""The journal of this device: what its people did that is no act on a case.

Every read of personal data, search, sign-in, print, export and change of the installation is a
record of the device's own feed, numbered, chained and signed like an act on a case. Facts and
body are sealed under a key of the journal, a pseudo-case of its own for each quarter: the unit
and the one above read both parts, every unit further up the facts.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from casebook.audience import ESCROW_EPOCH
from casebook.desk import World
from casebook.errors import NoteError
from casebook.feed import Draft, Feed, Position
from casebook.people import Station
from casebook.times import local_date, local_text
from security.caseids import RANDOM_BYTES, new_case_id
from security.encoding import encode
from security.errors import FormatError, OpenError, SecurityError
from security.fields import WORD
from security.grants import CASE_KEY, ESCROW, FACTS_KEY, Reader, make_grant, open_grant
from security.header import JOURNAL
from security.records import AUDIT, GRANT, SALT_BYTES, Header, Record, seal_entry
from security.registry import Registry
from security.signing import ReadingKey, Signer
from sync.documents import KEYS, record_of
from sync.errors import SyncError
from sync.ports import Document, Store

JOURNAL_KEY = "journal"
"""Local document: the quarter and the id of the journal that is written now."""

WAITING_PREFIX = "journal/waiting/"
"""Local documents: notes made while the feed could not be written."""

NOTE_BYTES_MAX = 8 << 10
"""Facts and body of one note together, before they are packed."""

OBJECT_LENGTH_MAX = 128
WAITING_MAX = 10_000
BATCH_MAX = 256
"""Notes of several threads that share one write to the disk."""

_GENERATION = 1
_KEY_BYTES = 32
_GRANTS_MAX = 8
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_OWN_FACTS = ("action", "at", "clerk", "object", "outcome")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a journal is sealed with: its id and its key, of one quarter."""

    quarter: str
    id: bytes
    key: bytes = field(repr=False)


@dataclass(slots=True)
class _Ticket:
    """One note on its way to the disk."""

    facts: Mapping[str, object]
    body: Mapping[str, object]
    is_written: bool = False
    error: Exception | None = None


class Journal:
    """Note what people did; each note is durable when `note` returns.

    Any thread may call. Notes that arrive while another is being written share the next write.
    """

    def __init__(
        self,
        station: Station,
        registry: Registry,
        signer: Signer,
        feed: Feed,
        store: Store,
        world: World,
    ) -> None:
        """Take what a note needs; nothing is written before the first one."""
        self._station = station
        self._registry = registry
        self._signer = signer
        self._feed = feed
        self._store = store
        self._world = world
        self._reading: Mapping[int, ReadingKey] = {}
        self._keys: Keys | None = None
        self._pending: list[_Ticket] = []
        self._lock = threading.Lock()
        self._is_held = False

    def read_with(self, reading: Mapping[int, ReadingKey]) -> None:
        """Take the unit's reading keys, to go on with the journal of an earlier start."""
        self._reading = reading

    def note(
        self,
        action: str,
        *,
        clerk: str,
        object: str,  # noqa: A002 - the word of the trade for what an act is about
        outcome: str = "ok",
        facts: Mapping[str, object] = _NOTHING,
        body: Mapping[str, object] = _NOTHING,
    ) -> None:
        """Write one note; it is on the disk when this returns.

        Args:
            action: what was done, a word such as `unmask`.
            clerk: user name of who did it, empty for the program itself.
            object: what it was done to: a case id, a device, a file; nothing personal.
            outcome: `ok`, or a word that says what became of it.
            facts: further values that every unit above may know.
            body: values for this unit and the one above alone, such as the words of a search.

        Raises:
            NoteError: The note is not well-formed or too long; nothing was written.
            StoreError: The disk took no note; whatever was to be noted must not happen.
        """
        ticket = _Ticket(self._facts(action, clerk, object, outcome, facts), dict(body))
        _check_size(ticket)
        with self._lock:
            self._pending.append(ticket)
        with self._feed.lock:
            while not ticket.is_written:
                self._write_pending()
        if ticket.error is not None:
            raise ticket.error

    def hold(self) -> None:
        """Keep notes beside the feed until `release`: the feed may be behind what was sent."""
        with self._feed.lock:
            self._is_held = True

    def release(self) -> None:
        """Write into the feed what was kept beside it, and go on."""
        with self._feed.lock:
            self._is_held = False
            waiting = self._store.locals(WAITING_PREFIX)
            while waiting:
                names = list(waiting)[:BATCH_MAX]
                tickets = [_Ticket(*json.loads(waiting.pop(name))) for name in names]
                self._append(tickets, dict.fromkeys(names))

    def _facts(
        self, action: str, clerk: str, thing: str, outcome: str, facts: Mapping[str, object]
    ) -> Mapping[str, object]:
        if WORD.fullmatch(action) is None or WORD.fullmatch(outcome) is None:
            raise NoteError(f"a note has no action {action!r} with outcome {outcome!r}")
        if len(thing) > OBJECT_LENGTH_MAX or any(name in _OWN_FACTS for name in facts):
            raise NoteError("the object of a note is too long, or a fact has a taken name")
        return {
            **facts,
            "action": action,
            "at": local_text(self._world.clock.now_ms()),
            "clerk": clerk,
            "object": thing,
            "outcome": outcome,
        }

    def _write_pending(self) -> None:
        with self._lock:
            tickets, self._pending = self._pending[:BATCH_MAX], self._pending[BATCH_MAX:]
        error: Exception | None = NoteError("the note was not written")
        try:
            if self._is_held:
                self._keep(tickets)
            else:
                self._append(tickets, {})
            error = None
        except (SyncError, SecurityError, NoteError) as fault:
            error = fault
        finally:
            # Whoever waits for one of these notes raises the error in its own thread.
            for ticket in tickets:
                ticket.error, ticket.is_written = error, True

    def _append(self, tickets: list[_Ticket], local: Mapping[str, bytes | None]) -> None:
        keys, opening, moved = self._journal()
        drafts = [self._draft(keys, ticket) for ticket in tickets]
        self._feed.append([*opening, *drafts], local={**moved, **local})
        self._keys = keys

    def _keep(self, tickets: list[_Ticket]) -> None:
        waiting = self._store.locals(WAITING_PREFIX)
        if len(waiting) + len(tickets) > WAITING_MAX:
            raise NoteError("the unit above has to be heard of before more can be noted")
        first = 1 + max((int(name.removeprefix(WAITING_PREFIX)) for name in waiting), default=0)
        kept = {
            f"{WAITING_PREFIX}{number:08d}": json.dumps([ticket.facts, ticket.body]).encode()
            for number, ticket in enumerate(tickets, first)
        }
        self._store.put([], kept)

    def _journal(self) -> tuple[Keys, list[Draft], dict[str, bytes | None]]:
        """The journal of this quarter, with the grant that begins it where it is new."""
        now = self._world.clock.now_ms()
        day = local_date(now)
        quarter = f"{day.year}q{(day.month + 2) // 3}"
        known = self._keys or self._stored()
        if known is not None and known.quarter == quarter:
            return known, [], {}
        random_bytes = self._world.random_bytes
        journal = new_case_id(now, self._station.unit, random_bytes(RANDOM_BYTES))
        keys = Keys(quarter, journal, random_bytes(_KEY_BYTES))
        local = json.dumps({"quarter": quarter, "id": journal.hex()}).encode()
        return keys, [self._grant(keys)], {JOURNAL_KEY: local}

    def _stored(self) -> Keys | None:
        """The journal of an earlier start; None where its key does not open any more."""
        value = self._store.local(JOURNAL_KEY)
        if value is None:
            return None
        stored = json.loads(value)
        page = self._store.changes(
            0, limit=_GRANTS_MAX, tag=f"journal:{stored['id']}", databases=(KEYS,)
        )
        for change in page.rows:
            key = self._own_key(change.document)
            if key is not None:
                return Keys(stored["quarter"], bytes.fromhex(stored["id"]), key)
        return None

    def _own_key(self, document: Document) -> bytes | None:
        try:
            record = record_of(document)
            if record.header.device != self._station.device:
                return None
            grant = open_grant(record, self._station.unit, self._reading)
        except (FormatError, OpenError):
            return None
        return grant.key if grant is not None and grant.kind == CASE_KEY else None

    def _grant(self, keys: Keys) -> Draft:
        readers = journal_readers(self._registry, self._station.path)

        def draft(position: Position) -> Record:
            header = self._header(GRANT, keys, position)
            return make_grant(header, keys.key, readers, self._signer)

        return draft

    def _draft(self, keys: Keys, ticket: _Ticket) -> Draft:
        salt = self._world.random_bytes(SALT_BYTES)

        def draft(position: Position) -> Record:
            header = self._header(AUDIT, keys, position)
            return seal_entry(header, ticket.facts, ticket.body, keys.key, self._signer, salt)

        return draft

    def _header(self, kind: str, keys: Keys, position: Position) -> Header:
        return Header(
            type=kind,
            case=keys.id,
            generation=_GENERATION,
            path=self._station.path,
            device=self._station.device,
            seq=position.seq,
            prev=position.prev,
            hlc=position.hlc,
            audience=JOURNAL,
            extra=position.extra,
        )


def journal_readers(registry: Registry, path: tuple[str, ...]) -> list[Reader]:
    """Who reads a journal: its unit and the one above both parts, the units above the facts.

    Raises:
        TrustError: A unit of the path is unknown to the registry.
    """
    units = [registry.unit(code) for code in path]
    full = path[-2:]
    readers = [
        Reader(
            unit.code, unit.epoch, unit.reading, CASE_KEY if unit.code in full else FACTS_KEY
        )
        for unit in units
    ]
    return [*readers, Reader(ESCROW, ESCROW_EPOCH, registry.escrow, CASE_KEY)]


def _check_size(ticket: _Ticket) -> None:
    try:
        size = len(encode(dict(ticket.facts))) + len(encode(dict(ticket.body)))
    except FormatError as error:
        raise NoteError(f"a note holds something that has no encoding: {error}") from error
    if size > NOTE_BYTES_MAX:
        raise NoteError(f"a note has {size} bytes, {NOTE_BYTES_MAX} are allowed")
