"""What the policy says of a link, and whether it may be used now."""

import math
from dataclasses import dataclass
from typing import Literal

from casebook.policy import (
    LINK_ASKED,
    LINK_PAUSED,
    LINK_PAUSED_CALL_MIN,
    LINK_RATE_KIB,
    LINK_WINDOWS,
    Policy,
)
from casebook.times import local_datetime
from sync.protocol.linkpolicy import DAY_MINUTES, Window, read_windows, wait_s

_KIB = 1024


@dataclass(frozen=True, slots=True)
class LinkRules:
    """The policy of one link.

    Attributes:
        windows: when it may be used; none for always.
        rate_bytes_s: bytes a second in both directions together; 0 for no bound.
        may_insist: whether a clerk's wish opens it outside the windows.
        is_paused: whether a unit above stopped it.
        call_s: while it is paused, seconds from one short call to the next.
    """

    windows: tuple[Window, ...] = ()
    rate_bytes_s: int = 0
    may_insist: bool = False
    is_paused: bool = False
    call_s: int = 3_600


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a link may not be used now, and for how many seconds."""

    reason: Literal["window", "paused"]
    wait_s: int


def rules_of(policy: Policy) -> LinkRules:
    """Return the rules that a policy makes for the link to the unit above."""
    return LinkRules(
        windows=read_windows(policy.texts(LINK_WINDOWS)),
        rate_bytes_s=policy.whole(LINK_RATE_KIB) * _KIB,
        may_insist=policy.whole(LINK_ASKED) == 1,
        is_paused=policy.whole(LINK_PAUSED) == 1,
        call_s=policy.whole(LINK_PAUSED_CALL_MIN) * 60,
    )


def hold_of(
    rules: LinkRules, now_ms: int, since_s: float | None, *, is_insisted: bool = False
) -> Hold | None:
    """Return what keeps a session from beginning, or None if it may begin.

    Args:
        rules: of this link.
        now_ms: wall clock; windows are in civil time.
        since_s: seconds since the last session began; None before the first.
        is_insisted: a clerk asked for it. A pause from above holds even so.
    """
    closed_s = wait_s(rules.windows, _week_second(now_ms))
    if rules.is_paused:
        left_s = 0 if since_s is None else math.ceil(rules.call_s - since_s)
        held_s = max(left_s, closed_s)
        return Hold("paused", held_s) if held_s > 0 else None
    if closed_s and not (is_insisted and rules.may_insist):
        return Hold("window", closed_s)
    return None


def _week_second(now_ms: int) -> int:
    now = local_datetime(now_ms)
    minutes = now.weekday() * DAY_MINUTES + now.hour * 60 + now.minute
    return minutes * 60 + now.second
