"""A hub's side of a reconciliation: compare, give what is wanted, store what is offered.

Nothing is kept between two requests but views of the store, a few of them, which are built
again from the store when they are not at hand.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from security.registry import Registry
from sync.batches import Arriving, put_judged
from sync.errors import PeerProtocolError
from sync.holdings import Holdings
from sync.ingest import Gate
from sync.membership import StoreView
from sync.ports import Clock, Store
from sync.protocol.batching import BYTES_MAX
from sync.protocol.compare_messages import Compare, Compared
from sync.protocol.cursors import ChildState, child_key, encode_child
from sync.protocol.messages import Cursor, common_version
from sync.protocol.ranges import Entry, Listing
from sync.protocol.reconcile import WANTED_MAX, respond
from sync.scope import CARRIED, record_bytes, scope_of

VIEWS_MAX = 16
"""Views of children's scopes at hand, under a megabyte each."""

ENTRY_BYTES_MAX = 256 << 10
"""Fingerprints and marks of one answer."""


@dataclass(kw_only=True, eq=False)
class Comparer:
    """Answers the comparing requests of a unit's children, whose identity has been checked."""

    unit: str
    store: Store
    gate: Gate
    registry: Registry
    clock: Clock
    on_stored: Callable[[], object]
    holdings: Holdings | None = None
    _views: OrderedDict[tuple[str, bytes, Cursor], StoreView] = field(
        default_factory=OrderedDict, init=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def answer(self, request: Compare) -> Compared:
        """The answer; what was offered is durable, or set aside, when it is given.

        Raises:
            PeerProtocolError: The request contradicts itself.
            StoreError: Nothing was written.
        """
        place = self._place(request)
        version = common_version(request.versions)
        assert version is not None, "the version window was checked when the head was read"
        blank = Compared(
            version=version,
            unit=self.unit,
            place=place,
            held=0,
            entries=(),
            done=0,
            given=0,
            quarantined=(),
            records=(),
            settled=False,
            now_ms=self.clock.now_ms(),
        )
        if request.place not in {None, place}:
            return blank
        if request.records or request.settle is not None:
            return replace(
                blank, quarantined=self._store(request), settled=request.settle is not None
            )
        return self._compare(request, blank)

    def _place(self, request: Compare) -> Cursor:
        asked, last_seq = request.place, self.store.last_seq
        if asked and asked.incarnation == self.store.incarnation and asked.seq <= last_seq:
            return asked
        return Cursor(self.store.incarnation, last_seq)

    def _compare(self, request: Compare, blank: Compared) -> Compared:
        entries: tuple[Entry, ...] = ()
        done = 0
        view = self._view(request, blank.place)
        if request.ranges:
            entries, done = respond(view, request.ranges, ENTRY_BYTES_MAX)
        records, given = self._wanted(request, view)
        return replace(
            blank,
            held=view.count,
            entries=entries,
            done=done,
            given=given,
            records=records,
        )

    def _wanted(self, request: Compare, view: StoreView) -> tuple[tuple[bytes, ...], int]:
        found: list[tuple[int, bytes]] = []
        size = given = 0
        for listing in request.wanted:
            if not isinstance(listing, Listing) or len(found) > WANTED_MAX:
                raise PeerProtocolError("a request wants something other than records")
            if given and size > min(request.bytes_max, BYTES_MAX):
                break
            marks = set(listing.marks)
            for member in view.members(listing.prefix):
                if member.mark in marks:
                    document = self.store.get(member.database, member.id)
                    raw = record_bytes(document) if document else None
                    if raw is not None:
                        found.append((member.seq, raw))
                        size += len(raw)
            given += 1
        return tuple(raw for _, raw in sorted(found)), given

    def _store(self, request: Compare) -> tuple[tuple[str, str], ...]:
        key = child_key(request.device)
        now_ms = self.clock.now_ms()
        local: dict[str, bytes | None] = {}
        if request.settle is not None:
            local[key] = encode_child(
                ChildState(
                    incarnation=request.incarnation,
                    seq=request.settle,
                    update_seq=request.update_seq,
                    recall_to=0,
                    contact_ms=now_ms,
                    clock_offset_ms=request.now_ms - now_ms,
                )
            )
        inspection = put_judged(
            self.store,
            self.gate,
            Arriving(request.records, request.unit, "up", request.device),
            local,
        )
        if self.holdings is not None:
            self.holdings.stored(request.unit, inspection.local)
        if inspection.documents:
            self.on_stored()
        return inspection.quarantined

    def _view(self, request: Compare, place: Cursor) -> StoreView:
        name = (request.device, request.key, place)
        with self._lock:
            view = self._views.get(name)
            if view is not None:
                self._views.move_to_end(name)
                return view
            view = StoreView(
                self.store,
                scope_of(self.registry, request.unit),
                CARRIED,
                upto=place.seq,
                key=request.key,
            )
            # A child has one reconciliation: what it compared before is of no more use.
            for known in [known for known in self._views if known[0] == request.device]:
                del self._views[known]
            self._views[name] = view
            while len(self._views) > VIEWS_MAX:
                self._views.popitem(last=False)
            return view
