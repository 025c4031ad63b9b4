"""What the rules of a node say of a whole case: its row, its breaches, its readers."""

from dataclasses import dataclass, replace
from datetime import date

from casebook.audience import audience
from casebook.casefile import CaseFile
from casebook.deadlines import deadlines_of
from casebook.index import CaseRow
from casebook.opencases import Opened
from casebook.regrant import lacking, speaker_of
from casebook.ruling import Rules
from cases.clocks import ClockRules, clocks_of
from cases.conflicts import Conflict
from cases.fold import CaseState, digest
from cases.lifecycle import breaches, next_step
from security.grants import Reader


@dataclass(frozen=True, slots=True)
class BookRules(Rules):
    """The rules, as they read a case file."""

    def row(self, opened: Opened, today: date, person_tag: str) -> CaseRow:
        """Return the row of a case for the read model."""
        file, state = opened.file, opened.state
        item = self.catalogue.items.get(state.item)
        rules = ClockRules(self.calendar, self.catalogue.defaults, item)
        days = deadlines_of(clocks_of(state, rules, today))
        following = next_step(state, item) if item else None
        return CaseRow(
            case_id=file.case.hex(),
            case_no=state.case_no,
            item=state.item,
            item_version=state.item_version,
            home=file.path[-1],
            path="/".join(file.path),
            state=state.state,
            custody=state.custody,
            offer_to=state.offered_to,
            next_act=following.act if following else "",
            outcome=state.outcome,
            received_at=state.received_at,
            accepted_at=state.accepted_at,
            decided_at=state.decided_at,
            acceptance_from=state.acceptance_from,
            due=days.promised,
            legal_due=days.legal,
            accept_due=days.accept,
            deemed=int(state.deemed),
            clock_doubt=len(state.clock_doubt),
            conflicts=len(state.conflicts) + len(self.breaches(state, file)),
            twins=0,
            person_tag=person_tag,
            held=len(state.held) + file.unopened,
            withdraw_requested=int(state.withdraw_requested),
            readable=file.readable,
            own_seq=file.own_seq,
            updated_ms=max(entry.hlc[0] for entry in file.entries),
            digest=digest(replace(state, path=file.path)),
        )

    def breaches(self, state: CaseState, file: CaseFile) -> tuple[Conflict, ...]:
        """Return the acts in force to which their units had no right, then or now."""
        item = self.catalogue.items.get(state.item)
        if item is None:
            return ()
        # What a former hub did, it did by the path of that time.
        duties = {**self.duties(file.path), **self.duties(file.way)}
        return breaches(state, item, duties)

    def newcomers(self, opened: Opened) -> list[Reader]:
        """Return the units that came onto the path of a case and are for this one to grant."""
        file = opened.file
        if file.keys is None or file.keys.case is None or not file.path:
            return []
        item = self.catalogue.items.get(opened.state.item)
        if item is None or speaker_of(self.registry, file.path) != self.station.unit:
            return []
        path = self.registry.path(file.path[-1])
        wanted = audience(item, path, self.registry, self.catalogue.tiers)
        return lacking(file.grants, wanted)
