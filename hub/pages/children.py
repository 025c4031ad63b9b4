"""The units right below a hub and when each was last heard of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from security.registry import Unit
from sync.protocol.cursors import ChildState, child_key, decode_child

HERE_MS = 5 * 60 * 1000
"""An idle contact is written down once a minute; after five something is in the way."""

LATE_MS = 24 * 60 * 60 * 1000
"""A station that nobody heard of for a day is worth a call."""

CLOCK_DOUBT_MS = 10 * 60 * 1000
"""Beyond ten minutes the times that a station states are in doubt (supervision rule)."""

_RANK = {"silent": 0, "never": 1, "quiet": 2, "here": 3}
_COLOURS = {"here": "green", "quiet": "amber", "silent": "red", "never": "grey"}
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class ChildLine:
    """One unit below as lists show it.

    `word` is here, quiet, silent or never, `colour` goes with it. `ago` is the age of the last
    contact as a number and its unit (now, min, hour, day). `clock_min` is by how many minutes
    the clock of the station is ahead of ours, 0 where that is no matter.
    """

    code: str
    name: str
    tier: str
    word: str
    colour: str
    contact_ms: int | None
    ago: tuple[int, str]
    clock_min: int


def child_lines(
    units: Iterable[Unit], local: Mapping[str, bytes], now_ms: int
) -> tuple[ChildLine, ...]:
    """All units below, those that want attention first, then by code.

    Args:
        units: the children of this hub in the registry.
        local: the local documents of the store whose names begin with `child/`.
        now_ms: the wall clock of this machine.
    """
    lines = [_line(unit, _latest(unit.code, local), now_ms) for unit in units]
    return tuple(sorted(lines, key=lambda line: (_RANK[line.word], line.code)))


def _latest(unit: str, local: Mapping[str, bytes]) -> ChildState | None:
    """What is remembered of the machine of a unit that called last."""
    prefix = child_key(f"{unit}-")
    states = (decode_child(value) for key, value in local.items() if key.startswith(prefix))
    known = [state for state in states if state is not None]
    return max(known, key=lambda state: state.contact_ms) if known else None


def _line(unit: Unit, state: ChildState | None, now_ms: int) -> ChildLine:
    if state is None:
        word, contact_ms, clock_min = "never", None, 0
        age_ms = 0
    else:
        # A clock that was set back makes a contact lie ahead; it was still just now.
        age_ms = max(0, now_ms - state.contact_ms)
        word = _word(age_ms)
        contact_ms = state.contact_ms
        is_doubtful = abs(state.clock_offset_ms) > CLOCK_DOUBT_MS
        clock_min = round(state.clock_offset_ms / _MINUTE_MS) if is_doubtful else 0
    return ChildLine(
        unit.code,
        unit.name,
        unit.tier,
        word,
        _COLOURS[word],
        contact_ms,
        _ago(age_ms),
        clock_min,
    )


def _word(age_ms: int) -> str:
    if age_ms <= HERE_MS:
        return "here"
    return "quiet" if age_ms <= LATE_MS else "silent"


def _ago(age_ms: int) -> tuple[int, str]:
    minutes = age_ms // _MINUTE_MS
    if minutes == 0:
        return 0, "now"
    if minutes < 2 * 60:
        return minutes, "min"
    hours = minutes // 60
    return (hours, "hour") if hours < 2 * 24 else (hours // 24, "day")
