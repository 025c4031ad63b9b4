"""Times that a supervisor corrected, because the clock of a device was wrong.

The entry that states the wrong time stays as it is, and so does the paper that was printed from
it. What changes is the day from which limits count.
"""

from dataclasses import replace

from cases.casestate import CaseState, TimelineRow
from cases.entries import Entry, text

_RECEIPT = ("received_at", "acceptance_from")
_BY_ACT = {
    "receive": _RECEIPT,
    "decide": ("decided_at",),
    "issue": ("issued_at",),
    "deliver": ("delivered_at",),
}


def corrected(state: CaseState, entry: Entry, row: TimelineRow | None) -> dict[str, object]:
    """The parts of a state that a correction changes; none where it names nothing that counts.

    Args:
        state: the case before it.
        entry: the correction; its facts name an entry and the time that is right.
        row: what the named entry says, None where it has no effect.
    """
    of, right = text(entry.facts, "of"), text(entry.facts, "right")
    changes: dict[str, object] = {}
    if row is not None:
        changes |= {
            name: right for name in _BY_ACT.get(row.act, ()) if getattr(state, name) == row.at
        }
    promises = tuple(
        replace(each, accepted_at=right) if each.entry == of else each
        for each in state.promises
    )
    if promises != state.promises:
        changes["promises"] = promises
        if state.promises[0].entry == of:
            changes["accepted_at"] = right
    pauses = tuple(
        replace(
            each,
            opened_at=right if each.opened == of else each.opened_at,
            closed_at=right if each.closed == of else each.closed_at,
        )
        for each in state.pauses
    )
    if pauses != state.pauses:
        changes["pauses"] = pauses
    if of in state.clock_doubt:
        changes["clock_doubt"] = tuple(each for each in state.clock_doubt if each != of)
    return changes
