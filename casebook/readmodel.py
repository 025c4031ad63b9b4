"""The read model of a node, kept up to the store: rows of lists, counts, collisions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from casebook.desk import Desk
from casebook.feed import Feed
from casebook.index import CaseIndex, CaseRow, Page, Place
from casebook.opencases import OpenCases, Opened
from casebook.rows import BookRules
from casebook.shelves import CONDITIONS, Sought, shelf_values
from casebook.times import local_date
from casebook.twins import (
    HELD_MS_MAX,
    TWINS_MAX,
    Tagger,
    clashes,
    conflicts_of,
    duplicates,
    suffix_of,
)
from casebook.views import merged_fields
from cases.conflicts import Conflict
from sync.ports import Change, Clock, Store

_BATCH = 500
_BATCH_BYTES = 8 << 20
_DATABASES = ("cases", "keys")

FOUND_MAX = 50

Told = Callable[[int, int], object]
"""Called with how much of the store has been read, and how much there is."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a read model is made from."""

    store: Store
    opened: OpenCases
    rules: BookRules
    desk: Desk
    feed: Feed
    clock: Clock
    tagger: Tagger


class ReadModel:
    """Rows of all cases of this node; everything in it follows from the store."""

    def __init__(self, index: CaseIndex, sources: Sources) -> None:
        """Join table and sources; nothing is read yet."""
        self._index = index
        self._from = sources
        self._is_checked = False

    def refresh(self, *, wait: bool = True, told: Told | None = None) -> int:
        """Bring the rows up to the store; return how many cases were read anew.

        Between two batches acts may be written, so building a large read model again holds up
        nobody for long.

        Args:
            wait: without it, a refresh under way elsewhere is left alone: lists then show what
                is there, which is better than a page that does not come.
            told: hears after each batch how far it is.
        """
        read = 0
        while self._from.feed.lock.acquire(blocking=wait):
            try:
                batch = self._refresh_batch()
            finally:
                self._from.feed.lock.release()
            if batch is None:
                break
            read += batch
            if told is not None:
                told(self._index.place().seq, self._from.store.last_seq)
        return read

    def use(self, rules: BookRules) -> None:
        """Go on under other rules; rows change as their cases do."""
        self._from = replace(self._from, rules=rules)

    def rebuild(self, told: Told | None = None) -> int:
        """Drop all rows and read every case of the store again; return how many."""
        self._index.clear()
        return self.refresh(told=told)

    def read_again(self) -> int:
        """Read every case anew while the lists go on showing what they have.

        Needed when a key arrived after what it opens.
        """
        with self._from.feed.lock:
            self._from.opened.forget()
            self._index.update([], self._beginning())
        return self.refresh()

    def page(self, shelf: str, sought: Sought, offset: int, limit: int) -> Page:
        """Return one page of a shelf, newest act first."""
        self.refresh(wait=False)
        where, values = CONDITIONS[shelf], shelf_values(self._from.rules.station.unit)
        where, more = sought.narrowed(where, self._from.clock.now_ms())
        return self._index.page(where, {**values, **more}, offset, limit)

    def counts(self) -> dict[str, int]:
        """Return how many cases lie on each shelf."""
        self.refresh(wait=False)
        return self._index.counts(CONDITIONS, shelf_values(self._from.rules.station.unit))

    def twins_of(self, item: str, fields: dict[str, object]) -> tuple[CaseRow, ...]:
        """Return the known cases of the applicant of a form for this item."""
        tag = self._from.tagger.tag(item, fields)
        return self._index.twins("person_tag", tag, TWINS_MAX) if tag else ()

    def found(self, field: str, number: str) -> tuple[CaseRow, ...]:
        """Return the cases in whose form a number stands, of those that may be read here."""
        self.refresh(wait=False)
        tag = self._from.tagger.search_tag(field, number)
        return self._index.tagged(tag, FOUND_MAX) if tag else ()

    def around(self, opened: Opened) -> tuple[Conflict, ...]:
        """Return what does not fit between a case and others, and what is missing for long."""
        own = self._index.row(opened.file.case.hex())
        late = self._late(opened)
        if own is None:
            return conflicts_of(opened.state, (), (), late)
        same = self._rows("case_no", own.case_no)
        double = self._rows("person_tag", own.person_tag)
        return conflicts_of(opened.state, duplicates(own, double), clashes(own, same), late)

    def suffix(self, opened: Opened) -> str:
        """Return what stands behind a case number that another case has too."""
        own = self._index.row(opened.file.case.hex())
        return suffix_of(own, self._rows("case_no", own.case_no)) if own else ""

    def _rows(self, column: str, value: str) -> tuple[CaseRow, ...]:
        return self._index.twins(column, value, TWINS_MAX) if value else ()

    def _late(self, opened: Opened) -> list[str]:
        if not opened.state.held:
            return []
        held = set(opened.state.held)
        now = self._from.clock.now_ms()
        return sorted(
            entry.id
            for entry in opened.file.entries
            if entry.id in held and now - entry.hlc[0] > HELD_MS_MAX
        )

    def _refresh_batch(self) -> int | None:
        """Take in the next changes of the store; None when there are none."""
        store = self._from.store
        place = self._place()
        if place.seq >= store.last_seq:
            return None
        changes = store.changes(
            place.seq, limit=_BATCH, databases=_DATABASES, bytes_max=_BATCH_BYTES
        )
        read = [self._read(case) for case in _touched(changes.rows)]
        rows = [row for _, row, _ in read if row is not None]
        self._index.note_tags({row.case_id: tags for _, row, tags in read if row is not None})
        last = changes.rows[-1].document.id if changes.rows else place.document
        self._index.update(
            rows, Place(store.incarnation, changes.last_seq, last, self._versions)
        )
        self._index.note_twins(rows)
        now = self._from.clock.now_ms()
        self._index.hear(
            {change.document.id: now for change in changes.rows if change.document.origin}
        )
        device = self._from.rules.station.device
        own = [row.case_no for opened, row, _ in read if row and _is_by(opened, device)]
        self._from.desk.keep_numbers(store, filter(None, own))
        return len(rows)

    def _read(self, case: bytes) -> tuple[Opened, CaseRow | None, tuple[str, ...]]:
        """A case as it is now, its row, and the tags under which it is found."""
        opened = self._from.opened.get(case, keep=False)
        if not opened.file.entries:
            return opened, None, ()
        today = local_date(self._from.clock.now_ms())
        fields: Mapping[str, object] = {}
        if opened.file.readable == "case":
            bodies = opened.file.bodies(opened.state.form_entries)
            fields = merged_fields(opened.state, bodies)
        tagger = self._from.tagger
        person = tagger.tag(opened.state.item, fields)
        row = self._from.rules.row(opened, today, person)
        return opened, row, tagger.search_tags(fields)

    @property
    def _versions(self) -> str:
        rules = self._from.rules
        return f"{rules.catalogue.version}/{rules.calendar.version}"

    def _beginning(self) -> Place:
        return Place(self._from.store.incarnation, rules=self._versions)

    def _place(self) -> Place:
        """Return how far the rows are, after dropping those that follow something else."""
        place = self._index.place()
        if not self._is_checked:
            self._is_checked = True
            if not self._follows(place):
                self._index.clear()
                return self._beginning()
        return place

    def _follows(self, place: Place) -> bool:
        store = self._from.store
        if place.incarnation != store.incarnation or place.seq > store.last_seq:
            return False
        # Due days stand in the rows: another calendar or catalogue gives others.
        if place.rules != self._versions:
            return False
        for database in _DATABASES if place.document else ():
            if store.get(database, place.document) is not None:
                return True
        return not place.document


def _touched(changes: Sequence[Change]) -> Iterable[bytes]:
    names = dict.fromkeys(
        tag.removeprefix("case:")
        for change in changes
        for tag in change.document.tags
        if tag.startswith("case:")
    )
    return [bytes.fromhex(name) for name in names]


def _is_by(opened: Opened, device: str) -> bool:
    return opened.file.origin_device == device
