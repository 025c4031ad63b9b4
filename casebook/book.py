"""The casebook of one node: receive, act, look, list."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from casebook.casefile import CaseFile, CaseFiles
from casebook.deadlines import due_of
from casebook.desk import DRAFT_KEY, Desk, Texts, World
from casebook.errors import UnknownItemError
from casebook.feed import Feed
from casebook.index import CaseIndex, CaseRow, Page, Place
from casebook.intake import Intake, Received
from casebook.journal import Journal
from casebook.people import Clerk, Station
from casebook.quarantine import QuarantineRow, quarantine_rows
from casebook.rows import BookRules
from casebook.shelves import CONDITIONS, SEARCH, shelf_values
from casebook.views import CaseView, merged_fields, printed
from cases.catalogue import Catalogue
from cases.errors import UnlawfulActError
from cases.fold import CaseState, fold
from cases.items import Item
from cases.lifecycle import Actor, available, hand_over_targets, next_step
from cases.limits import Calendar
from security.registry import Registry
from security.signing import ReadingKey, Signer
from sync.ports import Store

_log = logging.getLogger(__name__)

_BATCH = 500
_BATCH_BYTES = 8 << 20
_DATABASES = ("cases", "keys")


@dataclass(frozen=True, slots=True)
class Office:
    """What a node is: its place and registry, its published sets, and the keys it works with.

    `signer` signs for the device; `reading` are the unit's reading keys by epoch.
    """

    station: Station
    registry: Registry
    catalogue: Catalogue
    calendar: Calendar
    signer: Signer = field(repr=False)
    reading: Mapping[int, ReadingKey] = field(repr=False)


class Casebook:
    """All cases that this node holds, for the clerks of its unit.

    Every act is durable when its method returns. Reading never writes to the store.
    """

    def __init__(self, office: Office, store: Store, world: World, index: CaseIndex) -> None:
        """Join the parts of one node; the read model is brought up to date on first use."""
        station, catalogue = office.station, office.catalogue
        self.station = station
        self.catalogue = catalogue
        self.calendar = office.calendar
        self.registry = office.registry
        self._store = store
        self._index = index
        self._files = CaseFiles(store, office.registry, station.unit, office.reading)
        self._feed = Feed(store, station.device, world.clock)
        self._desk = Desk(station, catalogue, office.registry, office.signer, self._feed, world)
        self.journal = Journal(
            station, office.registry, office.signer, self._feed, store, world
        )
        self.journal.read_with(office.reading)
        self._is_checked = False
        self._is_held = False
        self._rules = BookRules(station, catalogue, office.registry, office.calendar.version)

    @property
    def feed(self) -> Feed:
        """The feed of this device, for others at this node who write records."""
        return self._feed

    def hold(self) -> None:
        """Write nothing until `release`: this store may have forgotten what it once wrote."""
        self._is_held = True
        self.journal.hold()

    def release(self) -> None:
        """Write again: the hub above has sent back what it knows of this station."""
        self._is_held = False
        self.journal.release()

    def _check_not_held(self) -> None:
        if self._is_held:
            raise UnlawfulActError("store_set_back")

    def receive(self, item: str, intake: Intake, clerk: Clerk, draft: str = "") -> Received:
        """Take in an application: number, keys, first entry and receipt, durable on return.

        Args:
            item: code of a catalogue item.
            intake: a form that `cases.forms.check_form` found right.
            clerk: who sits at the window.
            draft: one-time token of the form; the same token gives the same case again.

        Raises:
            UnknownItemError: No such item.
            UnlawfulActError: This unit may not receive it.
            NumberError: The station has given all numbers of the day.
            StoreError: Nothing was written.
        """
        with self._feed.lock:
            known = self._store.local(DRAFT_KEY.format(token=draft)) if draft else None
            if known is not None:
                return self._received(known, clerk)
            self._check_not_held()
            wanted = self._item(item)
            # What came back from above may hold numbers that this store has forgotten.
            self.refresh()
            path = self.registry.path(self.station.unit)
            ruling = self._rules.ruling(wanted, path, clerk)
            received = self._desk.receive(self._store, wanted, intake, ruling, draft)
        self.refresh()
        return received

    def act(
        self,
        case: bytes,
        act: str,
        clerk: Clerk,
        *,
        facts: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> CaseState:
        """Write one act and return the state after it.

        Raises:
            UnknownCaseError: The case is not in this store.
            NotReadableError: This unit holds no case key.
            UnlawfulActError: The act may not be done now, here or by this person.
            StoreError: Nothing was written.
        """
        with self._feed.lock:
            self._check_not_held()
            file = self._files.open(case)
            state = _on_its_way(file)
            ruling = self._rules.ruling(self._item(state.item), file.way, clerk)
            self._desk.write(file, state, act, ruling, Texts(facts or {}, body or {}))
        self.refresh()
        return self.state(case)

    def open(self, case: bytes) -> CaseFile:
        """Return all records of a case, opened as far as this unit may.

        Raises:
            UnknownCaseError: The case is not in this store.
        """
        return self._files.open(case)

    def state(self, case: bytes) -> CaseState:
        """Return the folded facts of a case.

        Raises:
            UnknownCaseError: The case is not in this store.
        """
        return fold(self.open(case).entries)

    def actor(self, clerk: Clerk, path: tuple[str, ...], item: Item) -> Actor:
        """Return what a clerk of this unit is on a case with this home path."""
        return self._rules.ruling(item, path, clerk).actor

    def view(self, case: bytes, clerk: Clerk) -> CaseView:
        """Open a case for a person: facts, and the body where this unit may read it.

        Raises:
            UnknownCaseError: The case is not in this store.
            UnknownItemError: Its facts are not readable here, or name an unknown item.
        """
        file = self._files.open(case)
        state = _on_its_way(file)
        item = self._item(state.item)
        ruling = self._rules.ruling(item, file.way, clerk)
        bodies = file.bodies()
        up, down = hand_over_targets(state, ruling.actor, item, ruling.duties)
        due = due_of(state, self.calendar)
        readable = file.readable == "case"
        acts = available(state, ruling.actor, item, ruling.duties) if readable else ()
        return CaseView(
            case=case,
            state=replace(
                state, conflicts=(*state.conflicts, *self._rules.breaches(state, file))
            ),
            item=item,
            readable=file.readable,
            acts=acts,
            targets_up=up,
            targets_down=down,
            next_step=next_step(state, item),
            due=due.text,
            due_provisional=due.provisional,
            own_seq=file.own_seq,
            fields=merged_fields(state, bodies),
            bodies=bodies,
            query_code=printed(state, bodies, "query_code"),
            receipt=printed(state, bodies, "receipt"),
        )

    def rows(self, shelf: str, *, text: str = "", offset: int = 0, limit: int = 50) -> Page:
        """Return one page of a shelf, newest act first.

        Args:
            shelf: a key of `casebook.shelves.CONDITIONS`.
            text: digits of a case number, spaces allowed; empty for all.
            offset: rows to skip.
            limit: rows wanted, at most 200.

        Raises:
            KeyError: No such shelf.
        """
        self.refresh(wait=False)
        where, values = CONDITIONS[shelf], shelf_values(self.station.unit)
        digits = "".join(text.split())
        if digits:
            where = f"({where}) AND {SEARCH}"
            values = {**values, "text": f"%{_escaped(digits)}%"}
        return self._index.page(where, values, offset, limit)

    def counts(self) -> dict[str, int]:
        """Return how many cases lie on each shelf."""
        self.refresh(wait=False)
        return self._index.counts(CONDITIONS, shelf_values(self.station.unit))

    def applicant(self, row: CaseRow) -> str | None:
        """Return the applicant's name of a listed case, None where it is not readable.

        The page masks it; every call opens one body.
        """
        if row.readable != "case":
            return None
        file = self._files.open(row.case)
        name = merged_fields(fold(file.entries), file.bodies()).get("name")
        return name if isinstance(name, str) else None

    def digests(self) -> dict[str, str]:
        """Return the digest of every folded case by case id hex, to compare two nodes."""
        self.refresh()
        return self._index.digests()

    def quarantine(self) -> tuple[QuarantineRow, ...]:
        """Return the records that arrived and could not be verified."""
        return quarantine_rows(self._store)

    def close(self) -> None:
        """Close the read model; the store is closed by whoever opened it."""
        self._index.close()

    def rebuild(self) -> int:
        """Drop the read model and fold every case of the store again; return how many."""
        self._index.clear()
        return self.refresh()

    def refresh(self, *, wait: bool = True) -> int:
        """Bring the read model up to the store; return how many rows were folded anew.

        Between two batches acts may be written, so building a large read model again holds up
        nobody for long.

        Args:
            wait: without it, a refresh under way elsewhere is left alone: lists then show what
                is there, which is better than a page that does not come.
        """
        folded = 0
        while self._feed.lock.acquire(blocking=wait):
            try:
                batch = self._refresh_batch()
            finally:
                self._feed.lock.release()
            if batch is None:
                break
            folded += batch
        return folded

    def _refresh_batch(self) -> int | None:
        """Take in the next changes of the store; None when there are none."""
        place = self._place()
        if place.seq >= self._store.last_seq:
            return None
        changes = self._store.changes(
            place.seq, limit=_BATCH, databases=_DATABASES, bytes_max=_BATCH_BYTES
        )
        touched = dict.fromkeys(
            tag.removeprefix("case:")
            for change in changes.rows
            for tag in change.document.tags
            if tag.startswith("case:")
        )
        files = [self._files.open(bytes.fromhex(case)) for case in touched]
        read = [(file, self._rules.row(file, self.calendar)) for file in files if file.entries]
        last = changes.rows[-1].document.id if changes.rows else place.document
        place = Place(self._store.incarnation, changes.last_seq, last)
        self._index.update([row for _, row in read], place)
        own = [row.case_no for file, row in read if self._is_own(file)]
        self._desk.keep_numbers(self._store, filter(None, own))
        return len(read)

    def read_again(self) -> int:
        """Fold every case anew while the lists go on showing what they have.

        Needed when a key arrived after what it opens.
        """
        with self._feed.lock:
            self._index.update([], Place(self._store.incarnation))
        return self.refresh()

    def regrant(self) -> int:
        """Grant the cases of homes that this unit speaks for to whoever came onto their path.

        Returns:
            How many cases were granted again.

        Raises:
            StoreError: The store cannot be read or written; what was granted stays granted.
        """
        self.refresh()
        return sum(self._regrant(bytes.fromhex(case)) for case in self._index.cases())

    def _regrant(self, case: bytes) -> bool:
        with self._feed.lock:
            file = self._files.open(case)
            newcomers = [] if self._is_held else self._rules.newcomers(file)
            if newcomers:
                self._feed.append([self._desk.grant_again(file, newcomers)])
        return bool(newcomers)

    def _place(self) -> Place:
        """Return how far the read model is, after dropping one that follows another store."""
        place = self._index.place()
        if not self._is_checked:
            self._is_checked = True
            if not self._follows(place):
                self._index.clear()
                return Place(self._store.incarnation)
        return place

    def _follows(self, place: Place) -> bool:
        if place.incarnation != self._store.incarnation or place.seq > self._store.last_seq:
            return False
        for database in _DATABASES if place.document else ():
            document = self._store.get(database, place.document)
            if document is not None:
                return True
        return not place.document

    def _is_own(self, file: CaseFile) -> bool:
        return file.origin_device == self.station.device

    def _item(self, code: str) -> Item:
        item = self.catalogue.items.get(code)
        if item is None:
            message = f"item {code or '(unreadable)'} is not in this node's catalogue"
            raise UnknownItemError(message)
        return item

    def _received(self, case: bytes, clerk: Clerk) -> Received:
        view = self.view(case, clerk)
        return Received(
            case,
            view.state.case_no,
            view.query_code or "",
            view.receipt or "",
            view.state.received_at,
        )


def _on_its_way(file: CaseFile) -> CaseState:
    """Fold a case and let it go on along the path that its home has now."""
    return replace(fold(file.entries), path=file.way)


def _escaped(digits: str) -> str:
    return "".join(character for character in digits if character.isdigit())
