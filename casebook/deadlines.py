"""The clocks of a case as lists and pages show them, derived and never stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.clocks import ACCEPTANCE, LEGAL, PROMISED, Clock


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last days of a case as ISO text, empty where no such clock runs.

    Provisional means that the calendar does not know the year of the promise yet.
    """

    accept: str = ""
    promised: str = ""
    legal: str = ""
    provisional: bool = False


def deadlines_of(clocks: Sequence[Clock]) -> Deadlines:
    """Return the days that lists sort and colour by."""
    by_name = {clock.name: clock for clock in clocks}

    def day(name: str) -> str:
        return by_name[name].due.isoformat() if name in by_name else ""

    promise = by_name.get(PROMISED)
    return Deadlines(
        day(ACCEPTANCE),
        day(PROMISED),
        day(LEGAL),
        promise is not None and promise.provisional,
    )
