"""What a person may ask of a link: how the last session went, and what still waits."""

from dataclasses import dataclass
from typing import Literal

LinkState = Literal["never", "synchronised", "waiting", "broken", "held"]
HeldBy = Literal["", "window", "paused"]


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """A link to the unit above, as a page shows it.

    Attributes:
        state: "held" while the policy keeps the link closed; "never" if the parent has not
            answered yet; "broken" if the last session failed;
            "waiting" if records are not at the parent yet; else "synchronised".
        waiting: How many records the parent has not confirmed, counted up to 10,000.
        last_contact_ms: Wall clock of this node at the parent's last answer; None before one.
        last_error: One line on the last failure, empty after a session that ended well.
        acked_seq: This store's sequence number up to which the parent holds everything.
        refused: How many of our records the parent has set aside.
        held_by: What keeps the link closed; empty while it is open.
        held_until_ms: Wall clock at which it opens; None while it is open.
    """

    state: LinkState
    waiting: int
    last_contact_ms: int | None
    last_error: str
    acked_seq: int
    refused: int
    held_by: HeldBy = ""
    held_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What one session did.

    Attributes:
        outcome: "done", "link_lost", "refused" or "failed"; "held" if none was held at all.
        pushed: Records in requests that were answered, repeats included.
        pulled: Records in answers.
        quarantined: Records set aside at either end.
        bytes_sent: Bytes of requests, whether or not they arrived.
        bytes_received: Bytes of answers.
        round_trips: Exchanges that were answered.
        duration_ms: From first to last.
        retry_after_ms: How long to wait before the next session.
        clock_offset_ms: The parent's wall clock minus ours, half a round trip allowed for; None
            without an answer.
        error: One line; empty if all went well.
        error_code: The type of the error, or the code of a refusal; empty if all went well.
    """

    outcome: str
    pushed: int
    pulled: int
    quarantined: int
    bytes_sent: int
    bytes_received: int
    round_trips: int
    duration_ms: int
    retry_after_ms: int
    clock_offset_ms: int | None
    error: str
    error_code: str
