"""What a session did so far."""

from dataclasses import dataclass

from sync.errors import RefusedError
from sync.status import SessionReport


@dataclass(slots=True)
class Tally:
    """Counts of one session; the words are those of `SessionReport`.

    `carrying` tells whether a request is under way.
    """

    pushed: int = 0
    pulled: int = 0
    quarantined: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    round_trips: int = 0
    clock_offset_ms: int | None = None
    error: str = ""
    error_code: str = ""
    carrying: bool = False

    def note(self, error: Exception) -> None:
        """Keep the first error: the ones after it are its consequences."""
        if not self.error:
            self.error = str(error) or type(error).__name__
            self.error_code = type(error).__name__
            if isinstance(error, RefusedError):
                self.error_code = error.code

    def report(self, outcome: str, duration_ms: int, wait_ms: int) -> SessionReport:
        """The session in figures, when it has ended."""
        return SessionReport(
            outcome=outcome,
            pushed=self.pushed,
            pulled=self.pulled,
            quarantined=self.quarantined,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
            round_trips=self.round_trips,
            duration_ms=duration_ms,
            retry_after_ms=wait_ms,
            clock_offset_ms=self.clock_offset_ms,
            error=self.error,
            error_code=self.error_code,
        )
