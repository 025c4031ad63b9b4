"""Entries whose time cannot be right, as far as the entries themselves show it.

Clocks order nothing. But limits count from the times that authors state, and a case whose times
contradict each other is shown as doubtful until a supervisor has looked at it.
"""

from datetime import datetime

from cases.entries import Entry, is_moment

DOUBT_S = 600
"""A clock that is wrong by more than this makes a time doubtful."""

_NEVER = 0.0


class ClockDoubt:
    """Follows the latest time that the authors of entries had seen."""

    def __init__(self) -> None:
        """Nothing has been seen yet."""
        self._latest: dict[str, float] = {}

    def add(self, entry: Entry) -> bool:
        """Take in the next entry of the order, and tell whether its time is doubtful.

        It is when the device's clock ran back, when it was off the hub's clock at their last
        contact, and when the entry is dated before one that its author had seen.
        """
        at = entry.facts.get("at")
        own = datetime.fromisoformat(at).timestamp() if is_moment(at) else _NEVER
        seen = max((self._latest[parent] for parent in entry.parents), default=_NEVER)
        self._latest[entry.id] = max(own, seen)
        if own == _NEVER:
            return False
        offset = entry.facts.get("clock_offset_s")
        is_off = isinstance(offset, int) and abs(offset) > DOUBT_S
        ran_back = entry.hlc[0] / 1000 - own > DOUBT_S
        return is_off or ran_back or seen - own > DOUBT_S
