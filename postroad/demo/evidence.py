"""What the stores hold after everybody has stopped, read by each installation's own keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from casebook.audience import case_readers, stands_for
from casebook.casefile import CaseFile, CaseFiles
from casebook.quarantine import quarantine_rows
from casebook.views import merged_fields, printed
from cases.catalogue import Catalogue, load_catalogue
from cases.fold import CaseState, fold
from postroad.demo.area import Area, Place
from security.keystore import NodeKeys
from security.registry import Registry
from sync.protocol.cursors import refused_key
from sync.stores.sqlite import SqliteStore
from web.opening import load_registry

_PAGE_ROWS = 500
_CASE_TAG = "case:"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One case as one installation sees it.

    `readable` is what its keys open, `may_read` what the item's audience grants it. `form` is
    the opened form, empty where the body stays shut; `query_code` stands on the receipt.
    """

    state: CaseState
    readable: str
    may_read: str
    unopened: int
    form: Mapping[str, object] = field(repr=False, default_factory=dict)
    receipt: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that one installation holds."""

    unit: str
    tier: str
    records: int
    quarantined: int
    refused: int
    faults: tuple[str, ...]
    sightings: Mapping[str, Sighting]


def read_holdings(area: Area) -> dict[str, Holdings]:
    """What every installation of an area holds, none of which may be running.

    Raises:
        SettingsError, KeyFileError, TrustError, StoreError: A part cannot be opened.
    """
    return {place.unit: _holdings(place) for place in area.places}


def _holdings(place: Place) -> Holdings:
    settings = place.settings()
    registry = load_registry(settings)
    keys = NodeKeys.load(settings.keys)
    catalogue = load_catalogue(settings.catalogue.read_text(encoding="utf-8"))
    store = SqliteStore.open_for_reading(settings.store)
    try:
        files = CaseFiles(store, registry, place.unit, keys.unit_reading)
        cases, records = _cases(store)
        reader = _Reader(place, registry, catalogue)
        return Holdings(
            unit=place.unit,
            tier=place.tier,
            records=records,
            quarantined=len(quarantine_rows(store)),
            refused=len(store.locals(refused_key(""))),
            faults=store.quick_check(),
            sightings={
                case: reader.sighting(files.open(bytes.fromhex(case))) for case in cases
            },
        )
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class _Reader:
    place: Place
    registry: Registry
    catalogue: Catalogue

    def sighting(self, file: CaseFile) -> Sighting:
        state = fold(file.entries)
        bodies = file.bodies()
        return Sighting(
            state=state,
            readable=file.readable,
            may_read=self._may_read(file.path, state),
            unopened=file.unopened,
            form=merged_fields(state, bodies),
            receipt=printed(state, bodies, "receipt") or "",
        )

    def _may_read(self, path: Sequence[str], state: CaseState) -> str:
        item = self.catalogue.items.get(state.item)
        if item is None:
            return ""
        tiers = [(unit, self.registry.unit(unit).tier) for unit in path]
        readers = case_readers(item, path, stands_for(tiers, self.catalogue.tiers))
        return "case" if self.place.unit in readers else "facts"


def _cases(store: SqliteStore) -> tuple[list[str], int]:
    """The ids of all cases, and how many records of cases there are."""
    found: dict[str, None] = {}
    records, since = 0, 0
    while True:
        page = store.changes(since, limit=_PAGE_ROWS, databases=("cases", "keys"))
        for row in page.rows:
            for tag in row.document.tags:
                if tag.startswith(_CASE_TAG):
                    records += 1
                    found[tag.removeprefix(_CASE_TAG)] = None
        if not page.more:
            return list(found), records
        since = page.last_seq
