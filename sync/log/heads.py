"""Registry heads: how far a node and the unit above each know the logs that concern the child.

A registry that is rolled back or held back can be believed without an error: what is missing
looks like what has not happened. So after each session both say how long each log is to them.
The unit above answers; the child judges, because only the child knows what it asked for.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from security.errors import SecurityError
from security.registry import Head, Registry
from security.statements import OWN
from security.suites import HASH_BYTES
from sync.errors import PeerProtocolError

HEADS_MAX = 512
"""Logs that one contact compares: the path of the child first, then its subtree by code."""

PIECES_MAX = 16
"""Statements that an answer shows where two histories differ: 64 KiB."""

WITHHELD_AFTER_MS = 3_600_000
"""What is missing longer than this, and after another whole session, is no lag."""

_NAME_MAX = 64
_COUNT_MAX = 1 << 32


class Verdict(StrEnum):
    """What comes of comparing a log; the last two are kinds of alarm."""

    EQUAL = "equal"
    LAG = "lag"
    WITHHELD = "registry_withheld"
    FORK = "registry_fork"


@dataclass(frozen=True, slots=True)
class Lag:
    """A log that one side lacked statements of.

    Attributes:
        count: The length that the longer side knew when it was first seen.
        since_ms: When that was.
        is_above: Whether it is the unit above that lacks them.
        verdict: What was said of it last.
    """

    count: int
    since_ms: int
    is_above: bool
    verdict: Verdict = Verdict.LAG


@dataclass(frozen=True, slots=True)
class Sight:
    """A log as it shows itself in one contact.

    Attributes:
        own: Its length here.
        above: Its length at the unit above.
        agrees: Whether both have the same statement where the shorter one ends.
        is_proven: Whether a record here, signed by the unit above, carries a statement that the
            unit above says it does not know.
    """

    own: int
    above: int
    agrees: bool
    is_proven: bool = False


def judge(sight: Sight, before: Lag | None, now_ms: int) -> Lag | None:
    """Give what to remember of a log after a contact; None when both know the same.

    A lag is remembered from when it was first seen until the shorter side has come to the
    length that it lacked then. A clock that was set back begins the time anew.
    """
    is_above, count = sight.above < sight.own, max(sight.own, sight.above)
    if not sight.agrees:
        since = before.since_ms if before else now_ms
        return Lag(count, since, is_above, Verdict.FORK)
    if sight.own == sight.above:
        return None
    goes_on = (
        before is not None
        and before.verdict is not Verdict.FORK
        and before.is_above == is_above
        and min(sight.own, sight.above) < before.count
        and before.since_ms <= now_ms
    )
    kept = before if before and goes_on else Lag(count, now_ms, is_above)
    is_late = now_ms - kept.since_ms > WITHHELD_AFTER_MS
    is_lost = is_above and sight.is_proven
    if is_late or is_lost or kept.verdict is Verdict.WITHHELD:
        return Lag(kept.count, kept.since_ms, is_above, Verdict.WITHHELD)
    return kept


def own_heads(registry: Registry, unit: str) -> tuple[Head, ...]:
    """Give the heads that a unit compares with the one above: its path, then its subtree.

    Logs of the path are named even where nothing of them is known.
    """
    heads = []
    for code in registry.path(unit):
        for log in ("", OWN):
            count, last = registry.next_place(code, log)
            heads.append(Head(f"{code}/{log}" if log else code, count, last))
    for code in _subtree(registry, unit):
        heads += registry.heads([code])
        if len(heads) >= HEADS_MAX:
            break
    return tuple(heads[:HEADS_MAX])


def answer_heads(
    registry: Registry, child: str, asked: Iterable[Head]
) -> tuple[tuple[Head, ...], tuple[bytes, ...]]:
    """Give what the unit above knows of the logs that a child named, and where they differ.

    The hash of each is that of the statement at the place where the shorter side ends. Logs
    that do not concern the child are left out.
    """
    heads, pieces = [], []
    for head in asked:
        if not _concerns(registry, _unit_of(head.log), child):
            continue
        count = _count(registry, head.log)
        common = min(count, head.count)
        here = registry.hash_at(head.log, common) or b""
        heads.append(Head(head.log, count, here))
        if common and common == head.count and here != head.hash:
            pieces.append(statement_at(registry, head.log, common))
    return tuple(heads), tuple(piece for piece in pieces if piece)[:PIECES_MAX]


def sight_of(registry: Registry, asked: Head, said: Head) -> Sight:
    """Compare what was told of a log with what the unit above answered to it."""
    common = min(asked.count, said.count)
    agrees = not common or registry.hash_at(asked.log, common) == said.hash
    return Sight(asked.count, said.count, agrees)


def missing_above(registry: Registry, asked: Head, said: Head) -> frozenset[bytes]:
    """Give the hashes of the statements that the unit above says it does not know."""
    places = range(said.count + 1, asked.count + 1)
    hashes = (registry.hash_at(asked.log, count) for count in places)
    return frozenset(each for each in hashes if each is not None)


def statement_at(registry: Registry, log: str, count: int) -> bytes:
    """Give the statement that makes a log `count` long, or nothing."""
    wanted = registry.hash_at(log, count)
    if wanted is None:
        return b""
    for raw in registry.statements([_unit_of(log)]):
        if hashlib.sha256(raw).digest() == wanted:
            return raw
    return b""


def head_rows(heads: Iterable[Head]) -> list[object]:
    """Give heads as they stand in a message."""
    return [[head.log, head.count, head.hash] for head in heads]


def read_heads(value: object) -> tuple[Head, ...]:
    """Read heads from outside; each log stands there once.

    Raises:
        PeerProtocolError: They are none, or too many.
    """
    if not isinstance(value, list) or len(value) > HEADS_MAX:
        raise PeerProtocolError("the message about logs has no heads")
    heads = tuple(_read_head(row) for row in value)
    if len({head.log for head in heads}) != len(heads):
        raise PeerProtocolError("the message about logs has a head twice")
    return heads


def read_pieces(value: object, bytes_max: int) -> tuple[bytes, ...]:
    """Read statements from outside; they were not looked at.

    Raises:
        PeerProtocolError: They are none, too many or too large.
    """
    if not isinstance(value, list) or len(value) > PIECES_MAX:
        raise PeerProtocolError("the message about logs has no statements")
    pieces = tuple(piece for piece in value if isinstance(piece, bytes))
    if len(pieces) != len(value) or any(len(piece) > bytes_max for piece in pieces):
        raise PeerProtocolError("the message about logs has no statements")
    return pieces


def _read_head(row: object) -> Head:
    match row:
        case [str() as log, int() as count, bytes() as last] if (
            len(log) <= _NAME_MAX
            and not isinstance(count, bool)
            and 0 <= count < _COUNT_MAX
            and len(last) in {0, HASH_BYTES}
        ):
            return Head(log, count, last)
        case _:
            raise PeerProtocolError("the message about logs has a head that is none")


def _count(registry: Registry, log: str) -> int:
    unit, _, kind = log.partition("/")
    return registry.next_place(unit, kind)[0]


def _unit_of(log: str) -> str:
    return log.partition("/")[0]


def _concerns(registry: Registry, unit: str, child: str) -> bool:
    """Whether a unit stands on the path of the child or below it, or is not known here."""
    try:
        return unit in registry.path(child) or child in registry.path(unit)
    except SecurityError:
        return True


def _subtree(registry: Registry, unit: str) -> Iterable[str]:
    for child in registry.children(unit):
        yield child.code
        yield from _subtree(registry, child.code)
