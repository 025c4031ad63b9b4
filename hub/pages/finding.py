"""The search for a person's cases by a whole ID or telephone number.

Every search is in the journal before its answer is on the screen, with the number in the part
that this unit and the one above may read. Addresses never hold the number: they stay in the
history of a browser.
"""

import threading
from collections import OrderedDict, deque

from flask import g, render_template, request

from casebook.twins import SEARCHED
from web.context import context
from web.notes import note

SEARCHES_A_MINUTE = 10
SEARCHES_A_DAY = 200
NUMBER_LENGTH_MAX = 40
_CLERKS_MAX = 1_000
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000

Answer = str | tuple[str, int]


class SearchLimits:
    """How often each clerk may search: enough for a window, too little to copy a register."""

    def __init__(self) -> None:
        self._past: OrderedDict[str, deque[int]] = OrderedDict()
        self._lock = threading.Lock()

    def admits(self, user: str, now_ms: int) -> bool:
        """Count one more search, unless there were too many in a minute or a day."""
        with self._lock:
            past = self._past.setdefault(user, deque(maxlen=SEARCHES_A_DAY))
            self._past.move_to_end(user)
            if len(self._past) > _CLERKS_MAX:
                self._past.popitem(last=False)
            while past and not 0 <= now_ms - past[0] < _DAY_MS:
                past.popleft()
            recent = sum(now_ms - at < _MINUTE_MS for at in past)
            if recent >= SEARCHES_A_MINUTE or len(past) >= SEARCHES_A_DAY:
                return False
            past.append(now_ms)
            return True


class FindingDesk:
    """The page of the search, with its limits."""

    def __init__(self) -> None:
        self._limits = SearchLimits()

    def show(self) -> str:
        """The empty form."""
        return render_template("hub/find.html", rows=None, fault="", fields=SEARCHED)

    def find(self) -> Answer:
        """Search, after the search was noted."""
        field = request.form.get("field", "")
        number = request.form.get("number", "")[:NUMBER_LENGTH_MAX].strip()
        if field not in SEARCHED or not number:
            return self._refused("hub.find.empty", 422)
        if not self._limits.admits(g.clerk.user, context().now_ms()):
            note("search", body={"field": field, "refused": "limit"})
            return self._refused("hub.find.limit", 429)
        note("search", body={"field": field, "number": number})
        rows = context().casebook.found(field, number)
        return render_template("hub/find.html", rows=rows, fault="", fields=SEARCHED)

    def _refused(self, fault: str, status: int) -> tuple[str, int]:
        page = render_template("hub/find.html", rows=None, fault=fault, fields=SEARCHED)
        return page, status
