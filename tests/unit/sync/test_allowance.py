"""A journal comes from its own device, in small records, and not without end."""

from collections.abc import Sequence

from security.caseids import RANDOM_BYTES, new_case_id
from security.header import Header
from security.records import AUDIT, SALT_BYTES, Record, seal_entry
from sync.allowance import NOTE_RECORD_BYTES_MAX, Allowance
from sync.ingest import Gate
from tests.support.tree import (
    PATH,
    STREET,
    VILLAGE,
    StillClock,
    device_key,
    device_of,
    make_registry,
    memory_store,
    secret,
)


def journal(
    count: int, unit: str = VILLAGE, path: tuple[str, ...] = PATH, text: str = ""
) -> list[Record]:
    """A chain of notes by the device of a unit."""
    case = new_case_id(1, path[-1], bytes(RANDOM_BYTES))
    records: list[Record] = []
    for seq in range(1, count + 1):
        prev = records[-1].hash if records else bytes(32)
        header = Header(AUDIT, case, path, device_of(unit), seq, generation=1, prev=prev)
        salt = secret(f"salt {unit} {seq}")[:SALT_BYTES]
        body = {"text": text}
        records.append(seal_entry(header, {"n": seq}, body, bytes(32), device_key(unit), salt))
    return records


def words(records: Sequence[Record], allowance: Allowance | None = None) -> list[str]:
    gate = Gate(make_registry(), memory_store("gate"), STREET, allowance=allowance)
    inspection = gate.inspect([record.raw for record in records], VILLAGE, "up")
    reasons = dict(inspection.quarantined)
    return [reasons.get(record.id, "accepted") for record in records]


def noise(count: int) -> str:
    return "".join(secret(f"noise {number}").hex() for number in range(count // 64))


def test_the_notes_of_a_child_are_accepted() -> None:
    assert words(journal(3)) == ["accepted"] * 3


def test_a_note_under_the_path_of_another_unit_is_set_aside() -> None:
    records = journal(1, unit=STREET, path=PATH)
    gate = Gate(make_registry(), memory_store("gate"), VILLAGE)

    inspection = gate.inspect([record.raw for record in records], STREET, "down")

    assert inspection.quarantined == ((records[0].id, "path"),)


def test_a_note_larger_than_any_note_is_set_aside() -> None:
    assert words(journal(1, text=noise(4 * NOTE_RECORD_BYTES_MAX))) == ["size"]


def test_a_device_that_floods_its_journal_is_set_aside_until_time_has_passed() -> None:
    clock = StillClock(0)
    allowance = Allowance(clock.monotonic, burst=2, per_second=1.0)

    first = words(journal(3), allowance)
    clock.ms += 1_000
    second = words(journal(2), allowance)

    assert (first, second) == (["accepted", "accepted", "rate"], ["accepted", "rate"])
