"""What a lost device could read: the cases whose keys were granted to its unit.

A device holds the reading keys of its unit up to the epoch before the one that was made when it
was revoked. Whatever was granted under those, its owner must count as read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from casebook.casefile import CaseFile
from cases.fold import fold
from security.grants import CASE_KEY
from security.registry import Registry


@dataclass(frozen=True, slots=True)
class Exposed:
    """One case: `kind` is `case` where names were readable, `facts` where they were not."""

    case_no: str
    case: str
    item: str
    home: str
    received_at: str
    kind: str


def epochs_held(registry: Registry, device: str) -> frozenset[int] | None:
    """Return the epochs whose reading key a device holds; None for all there are.

    A key that was not sealed to the device one by one is counted as held: it was on the machine
    from the start, or came with another.

    Raises:
        TrustError: There is no such device.
    """
    unit = registry.device(device).unit
    if registry.is_active(device):
        return None
    withheld = {each.epoch for each in registry.epochs(unit) if device not in each.sealed}
    return frozenset(range(registry.unit(unit).epoch + 1)) - withheld


def exposed(registry: Registry, device: str, files: Iterable[CaseFile]) -> Iterator[Exposed]:
    """Yield the cases that a device could read, of those at hand.

    Raises:
        TrustError: There is no such device.
    """
    unit, held = registry.device(device).unit, epochs_held(registry, device)
    for file in files:
        kinds = {
            reader.kind
            for grant in file.grants
            for reader in grant.readers
            if reader.unit == unit and (held is None or reader.epoch in held)
        }
        if kinds:
            state = fold(file.entries)
            yield Exposed(
                case_no=state.case_no,
                case=file.case.hex(),
                item=state.item,
                home=file.path[-1] if file.path else "",
                received_at=state.received_at,
                kind=CASE_KEY if CASE_KEY in kinds else "facts",
            )
