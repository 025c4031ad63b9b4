"""What the demonstration itself knows: who applied for what, and which acts a page confirmed.

The ledger is kept apart from the product: at the end every store is compared with it.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from postroad.demo.citizens import Citizen

Course = Literal["straight", "sent_back", "brought_home", "refused"]
"""How the officials take a case: as it is; once back to the outpost for a correction; after
the decision by hand-over to the outpost; or with a refusal."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A service item as it is played, and the tier that decides it."""

    item: str
    tier: str
    accepts: bool
    """Whether the outpost accepts in one go with the receipt."""

    @property
    def is_immediate(self) -> bool:
        """Whether the outpost decides while the citizen waits."""
        return self.tier == "village"


KINDS: Mapping[str, Kind] = {
    kind.item: kind
    for kind in (
        Kind("MZ-007", "village", accepts=True),
        Kind("WJ-001", "village", accepts=True),
        Kind("GA-002", "village", accepts=True),
        Kind("MZ-009", "street", accepts=True),
        Kind("RS-002", "district", accepts=True),
        Kind("TY-001", "city", accepts=False),
    )
}
"""Three items that the outpost decides at once, and one decided at each tier above."""

_ROUND = (
    ("MZ-007", "straight"),
    ("MZ-009", "straight"),
    ("WJ-001", "straight"),
    ("RS-002", "straight"),
    ("GA-002", "straight"),
    ("MZ-009", "sent_back"),
    ("MZ-007", "straight"),
    ("TY-001", "straight"),
    ("WJ-001", "straight"),
    ("RS-002", "brought_home"),
    ("GA-002", "straight"),
    ("MZ-009", "refused"),
    ("MZ-007", "straight"),
    ("RS-002", "refused"),
)
"""What comes to a window, over and over."""


@dataclass
class Application:
    """One citizen's matter: what is known before, and what the pages showed of it since.

    `acts` are pairs of unit and act, each confirmed by the page that followed.
    """

    number: int
    outpost: str
    item: str
    course: str
    citizen: Citizen = field(repr=False)
    relative: Citizen = field(repr=False)
    case: str = ""
    receipt: str = field(repr=False, default="")
    is_offline: bool = False
    is_delivered: bool = False
    acts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        """Its item."""
        return KINDS[self.item]

    @property
    def outcome(self) -> str:
        """What the officials decide."""
        return "refused" if self.course == "refused" else "granted"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of the form may lie in clear nowhere at a hub."""
        return (*self.citizen.secrets, self.relative.name, self.relative.id_no)


class Ledger:
    """All applications of a demonstration, shared by everybody who plays in it."""

    def __init__(self) -> None:
        self._applications: list[Application] = []
        self._by_case: dict[str, Application] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Application]:
        with self._lock:
            return iter(list(self._applications))

    def open(self, application: Application) -> None:
        """Write down that somebody is about to apply."""
        with self._lock:
            self._applications.append(application)

    def received(
        self, application: Application, case: str, receipt: str, *, is_offline: bool
    ) -> None:
        """Write down that a receipt was handed out, and whether the link was down then."""
        with self._lock:
            application.case, application.receipt = case, receipt
            application.is_offline = is_offline
            self._by_case[case] = application
            application.acts.append((application.outpost, "receive"))

    def done(self, application: Application, unit: str, act: str) -> None:
        """Write down that a page confirmed an act."""
        with self._lock:
            application.acts.append((unit, act))
            if act == "deliver":
                application.is_delivered = True

    def find(self, case: str) -> Application | None:
        """The application behind a case; None for one that a person at the keyboard entered."""
        with self._lock:
            return self._by_case.get(case)

    def at(self, outpost: str) -> list[Application]:
        """The applications with a receipt of one outpost."""
        with self._lock:
            return [each for each in self._by_case.values() if each.outpost == outpost]

    @property
    def entered(self) -> int:
        """How many receipts were handed out."""
        with self._lock:
            return len(self._by_case)

    @property
    def delivered(self) -> int:
        """How many results were handed over."""
        with self._lock:
            return sum(each.is_delivered for each in self._applications)


def applications(
    outposts: Sequence[str], people: Iterator[Citizen], each: int, seed: int
) -> dict[str, list[Application]]:
    """As many applications for every outpost as asked for, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a demonstration replays from its seed
    planned: dict[str, list[Application]] = {}
    for place, outpost in enumerate(outposts):
        matters = [_ROUND[(turn + 3 * place) % len(_ROUND)] for turn in range(each)]
        chance.shuffle(matters)
        planned[outpost] = [
            Application(place * each + turn, outpost, item, course, next(people), next(people))
            for turn, (item, course) in enumerate(matters)
        ]
    return planned


def count(values: Iterable[str]) -> dict[str, int]:
    """How often each value occurs, in the order of the values."""
    return dict(sorted(Counter(values).items()))
