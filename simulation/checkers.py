"""What must hold: safety at every moment, liveness once the faults have stopped."""

from collections.abc import Mapping

from casebook.audience import case_readers, stands_for
from cases.fold import fold
from security.records import SALT_BYTES
from security.registry import Registry
from simulation.places import Place
from sync.documents import record_of
from sync.ports import Document, Store
from sync.protocol.cursors import decode_up, up_key

EVERYTHING = 1_000_000
CARRIED = ("cases", "keys", "audit")


class SafetyError(AssertionError):
    """Something that must never happen has happened."""


class LivenessError(AssertionError):
    """The faults have stopped and the nodes still differ."""


def documents(store: Store) -> list[Document]:
    """Return what a store carries, in its order."""
    rows = store.changes(0, limit=EVERYTHING, databases=CARRIED).rows
    return [row.document for row in rows]


def check_acknowledged(child: Place, parent: Place) -> None:
    """Everything the child believes to be at the parent is at the parent.

    Raises:
        SafetyError: A record was acknowledged and is not there.
    """
    up = decode_up(child.store.local(up_key(parent.unit)))
    if up is None or up.incarnation != parent.store.incarnation:
        # The parent was set back: what the child believes is of a store that is gone.
        return
    rows = child.store.changes(
        0, limit=EVERYTHING, databases=CARRIED, skip_origin=parent.unit
    ).rows
    for row in rows:
        document = row.document
        if row.seq <= up.seq and parent.store.get(document.database, document.id) is None:
            message = f"{parent.unit} acknowledged seq {row.seq} of {child.unit} and lacks it"
            raise SafetyError(message)


def check_receipts(place: Place, receipts: Mapping[bytes, str]) -> None:
    """Every case with a receipt in a citizen's hand is in the store of its outpost.

    Raises:
        SafetyError: A case is gone, or has another number than the receipt.
    """
    for case, case_no in receipts.items():
        if place.casebook.state(case).case_no != case_no:
            message = f"{place.unit} lost case {case_no}"
            raise SafetyError(message)


def check_numbers(receipts: Mapping[bytes, str]) -> None:
    """No case number was given twice.

    Raises:
        SafetyError: Two cases have one number.
    """
    if len(set(receipts.values())) != len(receipts):
        message = "a case number was given twice"
        raise SafetyError(message)


def check_salts(place: Place) -> None:
    """No key and nonce is used twice: they follow from case, generation and salt.

    Raises:
        SafetyError: Two entries of one case share a salt.
    """
    seen: dict[tuple[bytes, int, bytes], None] = {}
    for document in documents(place.store):
        record = record_of(document)
        if record.header.type == "grant":
            continue
        used = (record.header.case, record.header.generation, record.sealed[:SALT_BYTES])
        if used in seen:
            message = f"a salt stands twice at {place.unit}"
            raise SafetyError(message)
        seen[used] = None


def check_readers(place: Place, tiers: tuple[str, ...]) -> None:
    """Only the audience of a case, and units it was handed to, hold its case key.

    Raises:
        SafetyError: A unit reads a case that does not concern it.
    """
    for case in place.casebook.digests():
        file = place.casebook.open(bytes.fromhex(case))
        if file.readable != "case":
            continue
        state = fold(file.entries)
        allowed = case_readers(
            place.casebook.catalogue.items[state.item],
            file.path,
            _duties(file.path, place.registry, tiers),
        )
        offered = {
            row.facts.get("to") for row in state.timeline if row.act in {"send_up", "return"}
        }
        if place.unit not in allowed | offered:
            message = f"{place.unit} reads {state.case_no} and has no business to"
            raise SafetyError(message)


def check_quarantine(place: Place) -> None:
    """Honest nodes set nothing aside.

    Raises:
        SafetyError: A record of an honest device was not trusted.
    """
    rows = place.casebook.quarantine()
    if rows:
        message = f"{place.unit} set {len(rows)} records aside: {rows[0].reason}"
        raise SafetyError(message)


def check_converged(places: Mapping[str, Place]) -> None:
    """Every unit on the path of a case folds it to the same state, and holds all its records.

    Raises:
        LivenessError: Two tiers differ.
    """
    held = {unit: _by_path(place) for unit, place in places.items()}
    digests = {unit: place.casebook.digests() for unit, place in places.items()}
    for unit, records in held.items():
        for record, path in records.items():
            for other in path:
                if other in places and record not in held[other]:
                    message = f"{other} lacks a record that {unit} holds"
                    raise LivenessError(message)
    for unit, states in digests.items():
        for case, digest in states.items():
            for other, theirs in digests.items():
                if theirs.get(case, digest) != digest:
                    message = f"{unit} and {other} fold case {case} differently"
                    raise LivenessError(message)


def _by_path(place: Place) -> dict[str, tuple[str, ...]]:
    return {document.id: record_of(document).header.path for document in documents(place.store)}


def _duties(
    path: tuple[str, ...], registry: Registry, tiers: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    return stands_for([(code, registry.unit(code).tier) for code in path], tiers)
