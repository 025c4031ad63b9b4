"""Which entries their authors took back, and could.

A feed is signed and append-only, so nothing is deleted: an entry is taken back by another one.
It counts only as long as nobody has built on what was taken back without knowing of it. Then
the entry has no effect, and nobody ever acted on it; otherwise both stay, and it is reported.
"""

from collections.abc import Iterable, Sequence

from cases.entries import Entry, text
from cases.order import Ancestry

NEVER = ("receive", "retract", "take", "take_over")
"""A receipt is in the applicant's hand, and custody that was taken was given by another."""


def retracted(ordered: Sequence[Entry]) -> dict[str, str]:
    """The entries that count as taken back, each with the entry that does so.

    Args:
        ordered: all entries of a case in their order.
    """
    asking = [entry for entry in ordered if entry.facts.get("act") == "retract"]
    if not asking:
        return {}
    by_id = {entry.id: entry for entry in ordered}
    pairs = {
        target: entry.id for entry in asking if (target := _target(entry, by_id)) is not None
    }
    return _unbuilt(pairs, ordered) if pairs else {}


def _target(asking: Entry, by_id: dict[str, Entry]) -> str | None:
    """What an entry takes back, if it is for its author to do."""
    target = by_id.get(text(asking.facts, "of"))
    if target is None or target.device != asking.device or target.id not in asking.parents:
        return None
    same_clerk = text(target.facts, "clerk") == text(asking.facts, "clerk")
    return target.id if same_clerk and text(target.facts, "act") not in NEVER else None


def _unbuilt(pairs: dict[str, str], ordered: Iterable[Entry]) -> dict[str, str]:
    """Of these pairs, those whose target nobody has seen without its being taken back."""
    ancestry = Ancestry()
    kept = dict(pairs)
    marked = {*pairs, *pairs.values()}
    for entry in ordered:
        ancestry.add(entry, marked=entry.id in marked)
        seen = ancestry.seen(entry.id)
        for target, asking in pairs.items():
            knew = entry.id == asking or seen & ancestry.bit(asking)
            if seen & ancestry.bit(target) and not knew:
                kept.pop(target, None)
    return kept
