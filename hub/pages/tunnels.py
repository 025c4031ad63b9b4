"""The page of tunnels: who is and was connected, and what looks wrong about it."""

from dataclasses import dataclass

from flask import abort, render_template, request

from hub.ledger import ROWS_MAX, SessionLedger

_OFFSET_DIGITS_MAX = 6
_DEVICE_LENGTH_MAX = 64
_MS = 1_000


@dataclass(frozen=True, slots=True)
class SessionsDesk:
    """Shows the accounts of this hub; there are none while it has no gateway."""

    ledger: SessionLedger | None

    def sessions(self) -> str:
        """The sessions, the latest first; alarms of clones and changed machines above them."""
        if self.ledger is None:
            abort(404)
        device = request.args.get("device", "")[:_DEVICE_LENGTH_MAX]
        offset = _offset(request.args.get("offset", ""))
        return render_template(
            "hub/sessions.html",
            rows=self.ledger.sessions(offset, device=device),
            alarms=self.ledger.alarms(),
            changes=self.ledger.changes(),
            total=self.ledger.count(),
            offset=offset,
            size=ROWS_MAX,
            device=device,
            ms=_MS,
        )


def _offset(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > _OFFSET_DIGITS_MAX:
        return 0
    return int(text) // ROWS_MAX * ROWS_MAX
