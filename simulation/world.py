"""The simulated network and the fate that rules over it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cases.errors import CaseError
from simulation import checkers, clerks
from simulation.clock import START_MS, OfficeClock, WorldClock
from simulation.disk import Doom, PowerCut
from simulation.links import FAIR, FOUL
from simulation.places import Place, Published, make_place
from simulation.tree import UnitRow, device_of, keyed_tree
from sync.errors import StoreFullError

HEXI: tuple[UnitRow, ...] = (
    UnitRow("120100000000", "天津市", "city", None),
    UnitRow("120103000000", "河西区", "district", "120100000000"),
    UnitRow("120103001000", "大营门街道", "street", "120103000000"),
    UnitRow("120103002000", "下瓦房街道", "street", "120103000000"),
    UnitRow("120103001001", "九江路社区", "village", "120103001000"),
    UnitRow("120103001004", "荣华里社区", "village", "120103001000"),
    UnitRow("120103002001", "福建路社区", "village", "120103002000"),
    UnitRow("120103002003", "台北路社区", "village", "120103002000"),
)
"""A piece of Hexi, of the shape that the demo has."""

STEP_MS_MAX = 600_000
JUMP_MS_MAX = 3 * 86_400_000
ROUNDS_MAX = 40
"""Four tiers need three hops up and three down; each takes a few sessions."""


@dataclass
class World:
    """A network of places, driven step by step by one seeded source.

    The same seed gives the same trace, on every machine and under every hash seed.
    """

    seed: int
    published: Published
    rows: Sequence[UnitRow] = HEXI
    trace: list[str] = field(default_factory=list)
    receipts: dict[str, dict[bytes, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Build every place and start it."""
        self.source = random.Random(self.seed)
        self.clock = WorldClock()
        tree = keyed_tree(self.rows, self.source.randbytes)
        self.places: dict[str, Place] = {}
        for row in self.rows:
            clock = OfficeClock(self.clock, self.source.randrange(-60_000, 60_000))
            seed = self.source.randrange(1 << 62)
            self.places[row.code] = make_place(row.code, tree, self.published, clock, seed)
            self.receipts[row.code] = {}
            self._start(self.places[row.code])

    def run(self, steps: int) -> None:
        """Let fate rule for so many steps, checking safety after each.

        Raises:
            SafetyError: Something happened that must never happen.
        """
        deeds: tuple[tuple[int, Callable[[Place], str]], ...] = (
            (20, self._receive),
            (40, self._work),
            (40, self._session),
            (4, self._toggle_link),
            (3, self._reboot),
            (5, self._doom),
            (2, self._jump_clock),
            (4, self._back_up),
            (3, self._restore),
        )
        weights = [weight for weight, _ in deeds]
        for _ in range(steps):
            self.clock.advance(self.source.randrange(STEP_MS_MAX))
            place = self.places[self.source.choice(tuple(self.places))]
            [deed] = self.source.choices([deed for _, deed in deeds], weights)
            try:
                told = deed(place)
            except PowerCut as death:
                told = f"power cut at {death.unit}"
                self._start(self.places[death.unit])
            self._tell(place, told)
            self._check_safety(place)

    def heal(self) -> None:
        """Stop all faults and let the nodes talk until nothing is left to say.

        Raises:
            LivenessError: They do not converge.
        """
        self.settle()
        checkers.check_converged(self.places)
        for place in self.places.values():
            self._check_safety(place)
            checkers.check_salts(place)
            checkers.check_readers(place, self.published.catalogue.tiers)
        for unit, place in self.places.items():
            self._tell(place, f"{len(place.casebook.digests())} cases, {self._dump(unit)}")

    def settle(self, *, without: Sequence[str] = ()) -> int:
        """Let the nodes talk over sound links until nothing is left to say; gives the rounds.

        Those in `without` are not heard of.
        """
        awake = [place for unit, place in self.places.items() if unit not in without]
        for place in awake:
            place.store.doom = None
            if place.link is not None:
                place.link.is_up = True
        for round_number in range(ROUNDS_MAX):
            moved = sum(self._heal_one(place) for place in awake)
            if not moved:
                self._tell_all(f"converged after {round_number} rounds")
                return round_number
        return ROUNDS_MAX

    def _heal_one(self, place: Place) -> int:
        if place.upstream is None:
            return 0
        self.clock.advance(1_000)
        assert place.link is not None, "an upstream without a link"
        place.link.weather = FAIR
        report = place.upstream.run_once()
        if place.upstream.link.parent != place.parent:
            self._start(place)
            return 1
        if report.outcome != "done":
            message = f"{place.unit} cannot talk to its parent: {report.error}"
            raise checkers.LivenessError(message)
        place.heard()
        return report.pushed + report.pulled

    def _receive(self, place: Place) -> str:
        if place.is_held:
            return "receive: the unit above must be heard first"
        if self._has_no_window(place):
            return self._work(place)
        try:
            done = clerks.receive(place, place.source)
        except StoreFullError:
            return "receive: the disk is full"
        assert done.received is not None
        self.receipts[place.unit][done.received.case] = done.received.case_no
        return f"{done.what} -> {done.case_no}"

    def _work(self, place: Place) -> str:
        if place.is_held:
            return "work: the unit above must be heard first"
        try:
            done = clerks.work(place, place.source)
        except StoreFullError:
            return "work: the disk is full"
        except CaseError as error:
            message = f"{place.unit} offered an act and refused it: {error}"
            raise checkers.SafetyError(message) from error
        return f"{done.what} {done.case_no}" if done else "nothing to do"

    def _session(self, place: Place) -> str:
        if place.upstream is None:
            return "nobody above"
        report = place.upstream.run_once()
        if place.upstream.link.parent != place.parent:
            self._start(place)
        if report.outcome == "done":
            place.heard()
        # No bytes: a grant is sealed with randomness of the library, so the ids of records are
        # others in each run, and with them the ranges that a comparison has to name.
        return (
            f"session {report.outcome} up={report.pushed} down={report.pulled}"
            f" trips={report.round_trips}"
        )

    def _toggle_link(self, place: Place) -> str:
        if place.link is None:
            return "nobody above"
        place.link.is_up = not place.link.is_up
        return "link up" if place.link.is_up else "link down"

    def _reboot(self, place: Place) -> str:
        self._start(place)
        return f"reboot {place.starts}"

    def _doom(self, place: Place) -> str:
        place.store.doom = self.source.choice(tuple(Doom))
        return f"next write: {place.store.doom.value}"

    def _jump_clock(self, place: Place) -> str:
        place.clock.offset_ms = self.source.randrange(-JUMP_MS_MAX, JUMP_MS_MAX)
        return f"clock off by {place.clock.offset_ms // 1_000} s"

    def _back_up(self, place: Place) -> str:
        place.backup = place.store.backup()
        return f"backup at {place.store.last_seq}"

    def _restore(self, place: Place) -> str:
        """Set a place back to its backup, if the unit above holds all that it would lose."""
        if place.backup is None or place.parent is None or place.link is None:
            return "nothing to restore"
        place.link.is_up = True
        self._session(place)
        above = {one.id for one in checkers.documents(self.places[place.parent].store)}
        if any(one.id not in above for one in checkers.documents(place.store)):
            return "restore: something is here alone"
        place.store.restore(place.backup, place.source.randbytes)
        place.is_held = True
        self._start(place)
        return f"set back to {place.store.last_seq}"

    def _start(self, place: Place) -> None:
        place.store.doom = None
        place.start(self._parent_of(place), FOUL)

    def _parent_of(self, place: Place) -> Callable[[bytes], bytes] | None:
        if place.parent is None:
            return None
        parent, device = self.places[place.parent], device_of(place.unit)

        def answer(body: bytes) -> bytes:
            try:
                return parent.hub.answer_bytes(body, device)
            except PowerCut:
                self._start(parent)
                self._tell(parent, "power cut while answering")
                raise

        return answer

    def _check_safety(self, place: Place) -> None:
        if not place.is_held:
            checkers.check_receipts(place, self.receipts[place.unit])
        checkers.check_quarantine(place)
        checkers.check_numbers(self.receipts[place.unit])
        if place.parent is not None:
            checkers.check_acknowledged(place, self.places[place.parent])

    def _has_no_window(self, place: Place) -> bool:
        return place.office.station.tier != self.published.catalogue.tiers[-1]

    def _dump(self, unit: str) -> str:
        counts = self.places[unit].casebook.counts()
        return " ".join(f"{shelf}={count}" for shelf, count in counts.items())

    def _tell(self, place: Place, told: str) -> None:
        seconds = (self.clock.ms - START_MS) // 1_000
        self.trace.append(f"{len(self.trace):05d} +{seconds}s {place.unit} {told}")

    def _tell_all(self, told: str) -> None:
        self.trace.append(f"{len(self.trace):05d} {told}")
