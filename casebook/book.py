"""The casebook of one node: receive, act, look, list."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from casebook.casefile import CaseFile, CaseFiles
from casebook.deadlines import deadlines_of
from casebook.desk import DRAFT_KEY, Desk, Texts, World, clock_fact
from casebook.errors import UnknownItemError
from casebook.feed import Feed
from casebook.holding import HeldBy, held_by
from casebook.index import CaseIndex, CaseRow, Page
from casebook.intake import Intake, Received
from casebook.journal import Journal
from casebook.notes import NoteReader
from casebook.opencases import OpenCases, Opened
from casebook.people import Clerk, Station
from casebook.quarantine import QuarantineRow, quarantine_rows
from casebook.readmodel import ReadModel, Sources, Told
from casebook.regrant import REGRANT_KEY, is_granted, moved_homes, reader_now
from casebook.rows import BookRules
from casebook.shelves import ANYTHING, Sought
from casebook.times import local_date
from casebook.twins import Tagger
from casebook.views import CaseView, merged_fields, printed
from cases.catalogue import Catalogue
from cases.clocks import clocks_of
from cases.errors import UnlawfulActError
from cases.fold import CaseState
from cases.items import Item
from cases.judging import row_of
from cases.lifecycle import Actor, hand_over_targets, next_step
from cases.limits import Calendar
from security.grants import Reader
from security.registry import Registry
from security.signing import ReadingKey, Signer
from sync.ports import Store

_log = logging.getLogger(__name__)


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
        self._clock = world.clock
        self._index = index
        files = CaseFiles(store, office.registry, station.unit, office.reading)
        self._open = OpenCases(files)
        self._feed = Feed(store, station.device, world.clock)
        self._desk = Desk(station, catalogue, office.registry, office.signer, self._feed, world)
        self.journal = Journal(
            station, office.registry, office.signer, self._feed, store, world
        )
        self.journal.read_with(office.reading)
        self._past: dict[str, Catalogue] = {}
        self.notes = NoteReader(store, office.registry, station.unit, office.reading)
        self._is_held = False
        self._rules = BookRules(station, catalogue, office.registry, office.calendar)
        tagger = Tagger(store, world.random_bytes)
        self._model = ReadModel(
            index,
            Sources(
                store, self._open, self._rules, self._desk, self._feed, world.clock, tagger
            ),
        )

    def use(self, catalogue: Catalogue, calendar: Calendar) -> None:
        """Go on under other published sets; cases keep the version of their entry."""
        with self._feed.lock:
            self._past[self.catalogue.version] = self.catalogue
            self.catalogue, self.calendar = catalogue, calendar
            self._rules = BookRules(self.station, catalogue, self.registry, calendar)
            self._desk.use(catalogue)
            self._model.use(self._rules)

    def remember(self, catalogues: Iterable[Catalogue]) -> None:
        """Keep older versions of the catalogue at hand, for the cases that came under them."""
        self._past |= {each.version: each for each in catalogues}

    @property
    def feed(self) -> Feed:
        """The feed of this device, for others at this node who write records."""
        return self._feed

    @property
    def local_store(self) -> Store:
        """The store of this node, for pages that keep local documents of their own."""
        return self._store

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
            opened = self._open.get(case)
            file, state = opened.file, self._with_neighbours(opened)
            item = self._item(state.item, state.item_version)
            ruling = self._rules.ruling(item, file.way, clerk)
            if act == "retract":
                self._check_own_device(state, str((facts or {}).get("of", "")))
            said = {**(facts or {}), **clock_fact(self._store)}
            self._desk.write(file, state, act, ruling, Texts(said, body or {}))
        self.refresh()
        return self.state(case)

    def _with_neighbours(self, opened: Opened) -> CaseState:
        """Return a case with what does not fit between it and other cases."""
        state = opened.state
        return replace(state, conflicts=(*state.conflicts, *self._model.around(opened)))

    def _check_own_device(self, state: CaseState, entry: str) -> None:
        # The fold lets nobody but the device itself take an entry back.
        row = row_of(state, entry)
        if row is not None and row.device != self.station.device:
            raise UnlawfulActError("not_own")

    def held_by(self, case: bytes) -> tuple[HeldBy, ...]:
        """Return the units above that hold the case as it stands here, with their signed word.

        Raises:
            UnknownCaseError: The store holds nothing of it.
        """
        return held_by(self.open(case), self._store, self.registry)

    def open(self, case: bytes) -> CaseFile:
        """Return all records of a case, opened as far as this unit may.

        Raises:
            UnknownCaseError: The case is not in this store.
        """
        return self._open.get(case).file

    def state(self, case: bytes) -> CaseState:
        """Return the folded facts of a case.

        Raises:
            UnknownCaseError: The case is not in this store.
        """
        return self._open.get(case).state

    def actor(self, clerk: Clerk, path: tuple[str, ...], item: Item) -> Actor:
        """Return what a clerk of this unit is on a case with this home path."""
        return self._rules.ruling(item, path, clerk).actor

    def view(self, case: bytes, clerk: Clerk) -> CaseView:
        """Open a case for a person: facts, and the body where this unit may read it.

        Raises:
            UnknownCaseError: The case is not in this store.
            UnknownItemError: Its facts are not readable here, or name an unknown item.
        """
        self.refresh(wait=False)
        opened = self._open.get(case)
        file, state = opened.file, self._with_neighbours(opened)
        item = self._item(state.item, state.item_version)
        ruling = self._rules.ruling(item, file.way, clerk)
        bodies = file.bodies()
        up, down = hand_over_targets(state, ruling.actor, item, ruling.duties)
        today = local_date(self._clock.now_ms())
        clocks = clocks_of(state, ruling.clock_rules, today)
        days = deadlines_of(clocks)
        readable = file.readable == "case"
        acts = ruling.offered(state, today) if readable else ()
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
            due=days.promised,
            due_provisional=days.provisional,
            clocks=clocks,
            own_seq=file.own_seq,
            fields=merged_fields(state, bodies),
            bodies=bodies,
            suffix=self._model.suffix(opened),
            heard=self._index.heard(row.entry for row in state.timeline),
            query_code=printed(state, bodies, "query_code"),
            receipt=printed(state, bodies, "receipt"),
        )

    def rows(
        self,
        shelf: str,
        *,
        text: str = "",
        sought: Sought = ANYTHING,
        offset: int = 0,
        limit: int = 50,
    ) -> Page:
        """Return one page of a shelf, newest act first.

        Args:
            shelf: a key of `casebook.shelves.CONDITIONS`.
            text: digits of a case number, spaces allowed; empty for all.
            sought: what else narrows the shelf.
            offset: rows to skip.
            limit: rows wanted, at most 200.

        Raises:
            KeyError: No such shelf.
        """
        return self._model.page(shelf, replace(sought, text=text), offset, limit)

    def counts(self) -> dict[str, int]:
        """Return how many cases lie on each shelf."""
        return self._model.counts()

    def twins_of(self, item: str, fields: dict[str, object]) -> tuple[CaseRow, ...]:
        """Return the cases that the applicant of a form already has of this item, if any."""
        return self._model.twins_of(item, fields)

    def found(self, field: str, number: str) -> tuple[CaseRow, ...]:
        """Return the cases in whose form a whole number stands, of those readable here.

        Args:
            field: one of `casebook.twins.SEARCHED`.
            number: as it was typed. Whoever asks notes the search in the journal first.
        """
        return self._model.found(field, number)

    def applicant(self, row: CaseRow) -> str | None:
        """Return the applicant's name of a listed case, None where it is not readable.

        The page masks it; every call opens one body.
        """
        if row.readable != "case":
            return None
        opened = self._open.get(row.case)
        bodies = opened.file.bodies(opened.state.form_entries)
        name = merged_fields(opened.state, bodies).get("name")
        return name if isinstance(name, str) else None

    def digests(self) -> dict[str, str]:
        """Return the digest of every folded case by case id hex, to compare two nodes."""
        self.refresh()
        return self._index.digests()

    def cases_of(self, homes: Iterable[str]) -> tuple[bytes, ...]:
        """Return the ids of all cases of some homes that are at hand."""
        self.refresh()
        return tuple(bytes.fromhex(case) for case in self._index.cases(homes))

    def quarantine(self) -> tuple[QuarantineRow, ...]:
        """Return the records that arrived and could not be verified."""
        return quarantine_rows(self._store)

    def close(self) -> None:
        """Close the read model; the store is closed by whoever opened it."""
        self._index.close()

    def rebuild(self, told: Told | None = None) -> int:
        """Drop the read model and fold every case of the store again; return how many."""
        return self._model.rebuild(told)

    def refresh(self, *, wait: bool = True) -> int:
        """Bring the read model up to the store; return how many rows were folded anew.

        Args:
            wait: without it, a refresh under way elsewhere is left alone.
        """
        return self._model.refresh(wait=wait)

    def read_again(self) -> int:
        """Fold every case anew, as when a key arrived after what it opens."""
        return self._model.read_again()

    def regrant(self) -> int:
        """Grant cases to units that came onto their path; return how many were granted.

        Raises:
            StoreError: The store cannot be read or written; what was granted stays granted.
        """
        homes = moved_homes(self.registry, self.station.unit)
        done = repr(homes).encode()
        if not homes or self._store.local(REGRANT_KEY) == done:
            return 0
        granted = sum(map(self._regrant, self.cases_of(home for home, *_ in homes)))
        self._store.put([], {REGRANT_KEY: done})
        return granted

    def _regrant(self, case: bytes) -> bool:
        with self._feed.lock:
            opened = self._open.get(case, keep=False)
            newcomers = [] if self._is_held else self._rules.newcomers(opened)
            drafts = [self._desk.grant_again(opened.file, newcomers)] if newcomers else []
            return bool(self._feed.append(drafts)) if drafts else False

    def grant_epoch(self, unit: str) -> int:
        """Grant the cases of a unit to its newest reading key, as far as this node may."""
        reader = reader_now(self.registry.unit(unit))
        return sum(self._grant_to(case, reader) for case in self.cases_of([unit]))

    def _grant_to(self, case: bytes, reader: Reader) -> bool:
        with self._feed.lock:
            file = self._open.get(case, keep=False).file
            may = file.readable == "case" and not self._is_held
            drafts = [self._desk.grant_again(file, [reader])] if may else []
            return bool(self._feed.append([] if is_granted(file.grants, reader) else drafts))

    def _item(self, code: str, version: str = "") -> Item:
        """Return an item as of a version, or as it is now where nobody has that version."""
        known = self._past.get(version, self.catalogue)
        now = self.catalogue.items.get(code)
        item = now if now and now.version == version else known.items.get(code, now)
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
