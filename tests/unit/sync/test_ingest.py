"""Nothing passes the gate on a neighbour's word, and nothing that fails holds the rest up."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from security.caseids import RANDOM_BYTES, new_case_id
from security.records import Record, seal_entry
from security.registry import Registry, sign_statement
from sync.documents import document_of
from sync.errors import StoreConflictError
from sync.feeds import decode_feed, feed_key
from sync.ingest import Gate, reconsider
from sync.ports import Store
from sync.quarantine import (
    OUTSTANDING_MAX,
    QUARANTINE,
    UNREADABLE_BYTES_MAX,
    count_key,
    decode_count,
    encode_count,
    set_aside_of,
)
from sync.rules import Direction
from sync.verdicts import Accepted, Inspection, Known, Quarantined
from tests.support.tree import (
    CITY,
    OTHER_PATH,
    OTHER_VILLAGE,
    PATH,
    STREET,
    VILLAGE,
    chain,
    device_key,
    device_of,
    ids,
    make_registry,
    memory_store,
    raws,
    revoke,
    seal,
    secret,
    statements_about,
    unit_key,
)


class Desk:
    """A gate with its store, which takes in what it judges."""

    def __init__(self, unit: str = STREET, registry: Registry | None = None) -> None:
        self.registry = registry or make_registry()
        self.store: Store = memory_store(unit)
        self.gate = Gate(self.registry, self.store, unit)

    def take(
        self,
        records: Sequence[Record],
        neighbour: str = VILLAGE,
        direction: Direction = "up",
    ) -> list[str]:
        """What became of each record: accepted, known, or the reason of its quarantine."""
        inspection = self.gate.inspect([record.raw for record in records], neighbour, direction)
        self.put(inspection)
        return [_word(inspection, index) for index in range(len(records))]

    def put(self, inspection: Inspection) -> None:
        self.store.put(inspection.documents, inspection.local, expect=inspection.expect)


def _word(inspection: Inspection, index: int) -> str:
    match inspection.verdicts[index]:
        case Accepted():
            return "accepted"
        case Known():
            return "known"
        case Quarantined(reason):
            return reason


def test_consecutive_records_of_one_batch_chain() -> None:
    desk = Desk()
    records = chain(VILLAGE, 5)

    words = desk.take(records)

    assert words == ["accepted"] * 5
    assert ids(desk.store) == [record.id for record in records]
    assert decode_feed(desk.store.local(feed_key(device_of(VILLAGE)))).head == 5


def test_a_replay_is_known_and_stored_once() -> None:
    desk = Desk()
    records = chain(VILLAGE, 3)
    desk.take(records)

    words = desk.take([*records, records[0]])

    assert words == ["known"] * 4
    assert len(ids(desk.store)) == 3


def test_a_record_twice_in_one_batch_is_stored_once() -> None:
    desk = Desk()
    [record] = chain(VILLAGE, 1)

    words = desk.take([record, record])

    assert words == ["accepted", "known"]


def test_a_forged_signature_is_set_aside_and_the_rest_flows() -> None:
    desk = Desk()
    first, second = chain(VILLAGE, 2)
    forged = seal(VILLAGE, 2, first.hash, signer=device_key(OTHER_VILLAGE))

    words = desk.take([first, forged, second])

    assert words == ["accepted", "signature", "accepted"]
    assert ids(desk.store) == [first.id, second.id]


def test_a_changed_byte_is_never_accepted() -> None:
    desk = Desk()
    [record] = chain(VILLAGE, 1)

    for place in range(0, len(record.raw), 7):
        changed = bytearray(record.raw)
        changed[place] ^= 0x80
        verdict = desk.gate.judge(bytes(changed), VILLAGE, "up")
        assert isinstance(verdict, Quarantined)


def test_an_unknown_device_is_set_aside_until_the_registry_knows_it() -> None:
    registry = Registry(unit_key(None).public)
    for unit in (CITY, STREET):
        for raw in statements_about(unit):
            registry.apply(raw)
    desk = Desk(registry=registry)
    records = chain(VILLAGE, 3)
    before = desk.take(records)
    for raw in statements_about(VILLAGE):
        registry.apply(raw)

    judged = reconsider(desk.gate, desk.store)

    assert before == ["device_unknown"] * 3
    assert judged.accepted == 3
    assert sorted(ids(desk.store)) == sorted(record.id for record in records)
    assert decode_count(desk.store.local(count_key(VILLAGE))) == 0


def test_a_revoked_device_counts_up_to_its_revocation() -> None:
    desk = Desk()
    revoke(desk.registry, VILLAGE, after_seq=2)

    words = desk.take(chain(VILLAGE, 3))

    assert words == ["accepted", "accepted", "device_revoked"]


def test_an_author_who_is_not_on_the_path_of_the_case_is_set_aside() -> None:
    desk = Desk()

    words = desk.take(chain(VILLAGE, 1, path=OTHER_PATH))

    assert words == ["path"]


@pytest.mark.parametrize(
    "path",
    [(STREET, VILLAGE), (VILLAGE,), (*PATH, "120103001999"), ("120199000000", STREET, VILLAGE)],
)
def test_a_path_that_the_registry_does_not_have_is_set_aside(path: tuple[str, ...]) -> None:
    desk = Desk()

    words = desk.take(chain(VILLAGE, 1, path=path))

    assert words == ["path"]


def test_a_child_cannot_bring_the_records_of_another_unit() -> None:
    desk = Desk()
    of_parent_on_case_of_sibling = chain(STREET, 1, path=OTHER_PATH)

    words = [
        *desk.take(chain(OTHER_VILLAGE, 1), neighbour=VILLAGE),
        *desk.take(of_parent_on_case_of_sibling, neighbour=VILLAGE),
    ]

    assert words == ["scope", "scope"]


def test_a_child_gives_back_what_this_unit_and_those_above_it_had_written_and_lost() -> None:
    desk = Desk()

    words = [
        *desk.take(chain(STREET, 2, path=PATH), neighbour=VILLAGE),
        *desk.take([seal(CITY, 900, secret("elsewhere"), path=PATH)], neighbour=VILLAGE),
    ]

    assert words == ["accepted", "accepted", "accepted"]


def test_what_a_child_gives_back_of_this_units_own_feed_must_follow_on_in_it() -> None:
    desk = Desk()
    desk.take(chain(STREET, 2, path=PATH), neighbour=VILLAGE)
    forged_turn = seal(STREET, 2, secret("another branch"), path=PATH)

    words = desk.take([forged_turn], neighbour=VILLAGE)

    assert words == ["fork"]


def test_a_parent_cannot_bring_cases_of_other_paths() -> None:
    desk = Desk(unit=VILLAGE)

    words = desk.take(chain(STREET, 1, path=OTHER_PATH), neighbour=STREET, direction="down")

    assert words == ["scope"]


def test_the_acts_of_units_above_come_down_whatever_else_of_their_feed_is_missing() -> None:
    desk = Desk(unit=VILLAGE)
    decision = seal(STREET, 900, secret("a record on another case"), path=PATH)

    words = desk.take([decision], neighbour=STREET, direction="down")

    assert words == ["accepted"]


def test_a_gap_blocks_nothing_and_is_filled_later() -> None:
    desk = Desk()
    records = chain(VILLAGE, 6)

    words = [*desk.take([records[0], *records[3:]]), *desk.take(records[1:3])]

    assert words == ["accepted"] * 6
    assert decode_feed(desk.store.local(feed_key(device_of(VILLAGE)))).gaps == ()


def test_a_fork_and_a_broken_chain_are_set_aside() -> None:
    desk = Desk()
    records = chain(VILLAGE, 3)
    twin = seal(VILLAGE, 2, records[0].hash, text="written after a restore")
    loose = seal(VILLAGE, 4, secret("no such record"))

    words = desk.take([*records, twin, loose])

    assert words[3:] == ["fork", "frozen"]
    assert len(ids(desk.store)) == 3


def test_what_a_restored_node_had_lost_is_taken_back_into_its_feed() -> None:
    desk = Desk(unit=VILLAGE)
    records = chain(VILLAGE, 4)

    words = desk.take(records, neighbour=STREET, direction="down")

    feed = decode_feed(desk.store.local(feed_key(device_of(VILLAGE))))
    assert words == ["accepted"] * 4
    assert (feed.head, feed.hash) == (4, records[-1].hash)


def test_records_of_unknown_types_travel_with_the_cases() -> None:
    desk = Desk()
    newer = seal(VILLAGE, 1, record_type="reminder")

    words = desk.take([newer])

    assert words == ["accepted"]
    assert desk.store.get("cases", newer.id) is not None


@pytest.mark.parametrize("raw", [b"", b"PRD1", b"PRD1\xff\xff", bytes(3_000_000)])
def test_bytes_that_are_no_record_are_kept_aside_and_cost_little(raw: bytes) -> None:
    desk = Desk()
    inspection = desk.gate.inspect([raw, raw], VILLAGE, "up")
    desk.put(inspection)

    [row] = desk.store.changes(0, limit=10, databases=(QUARANTINE,)).rows
    kept = set_aside_of(row.document)

    assert [reason for _, reason in inspection.quarantined] == ["unreadable"] * 2
    assert row.document.tags == ()
    assert kept.size == len(raw)
    assert kept.raw == raw[:UNREADABLE_BYTES_MAX]


def test_what_is_set_aside_keeps_all_its_bytes_and_is_counted_once() -> None:
    desk = Desk()
    [record] = chain(VILLAGE, 1, path=OTHER_PATH)

    words = [*desk.take([record]), *desk.take([record, record])]

    document = desk.store.get(QUARANTINE, record.id)
    assert document is not None
    assert words == ["path"] * 3
    assert set_aside_of(document).raw == record.raw
    assert decode_count(desk.store.local(count_key(VILLAGE))) == 1


def test_a_child_cannot_fill_the_disk_with_bad_records() -> None:
    desk = Desk()
    desk.store.put([], {count_key(VILLAGE): encode_count(OUTSTANDING_MAX)})

    inspection = desk.gate.inspect([b"junk"], VILLAGE, "up")

    assert [reason for _, reason in inspection.quarantined] == ["unreadable"]
    assert inspection.documents == []
    assert desk.take(chain(VILLAGE, 1)) == ["accepted"]


def test_a_case_id_that_another_unit_made_is_no_ones_to_reuse() -> None:
    desk = Desk()
    [honest] = chain(VILLAGE, 1)
    header = replace(honest.header, case=new_case_id(0, "120103001004", bytes(RANDOM_BYTES)))
    stolen = seal_entry(header, {}, {}, bytes(32), device_key(VILLAGE), bytes(16))

    assert desk.take([stolen]) == ["home"]


def test_a_feed_incarnation_that_nobody_stated_is_not_trusted() -> None:
    desk = Desk()
    [honest] = chain(VILLAGE, 1)
    header = replace(honest.header, incarnation=1)
    other = seal_entry(header, {}, {}, bytes(32), device_key(VILLAGE), bytes(16))

    assert desk.take([other]) == ["incarnation"]


def test_two_batches_cannot_both_follow_on_from_the_same_place() -> None:
    desk = Desk()
    first = seal(VILLAGE, 1, text="one")
    twin = seal(VILLAGE, 1, text="two")
    one = desk.gate.inspect(raws([first]), VILLAGE, "up")
    two = desk.gate.inspect(raws([twin]), VILLAGE, "up")
    desk.put(one)

    with pytest.raises(StoreConflictError):
        desk.put(two)

    assert ids(desk.store) == [first.id]


def test_a_record_that_came_from_the_parent_first_stays_the_parents() -> None:
    desk = Desk()
    [record] = chain(VILLAGE, 1)
    desk.store.put([document_of(record, CITY)])

    words = desk.take([record])

    document = desk.store.get("cases", record.id)
    assert document is not None
    assert words == ["known"]
    assert document.origin == CITY


def test_a_device_whose_feed_forked_is_frozen_until_its_next_incarnation_is_approved() -> None:
    desk = Desk()
    records = chain(VILLAGE, 4)
    other = seal(VILLAGE, 2, records[0].hash, text="clone")
    desk.take(records[:3])

    forked = desk.take([other])
    after = desk.take([records[3]])

    feed = decode_feed(desk.store.local(feed_key(device_of(VILLAGE))))
    assert (forked, after) == (["fork"], ["frozen"])
    assert feed.forked_at == 2
    place, prev = desk.registry.next_place(VILLAGE)
    approval = {
        "unit": VILLAGE,
        "n": place,
        "prev": prev,
        "kind": "incarnation",
        "device": device_of(VILLAGE),
        "number": 1,
        "after_seq": 4,
    }
    desk.registry.apply(sign_statement(approval, unit_key(STREET)))
    assert desk.take([records[3]]) == ["accepted"]


def test_only_the_device_that_forked_is_frozen() -> None:
    desk = Desk()
    records = chain(VILLAGE, 2)
    other = seal(VILLAGE, 2, records[0].hash, text="clone")
    desk.take([*records, other])

    words = desk.take(chain(OTHER_VILLAGE, 2), neighbour=OTHER_VILLAGE)

    assert words == ["accepted", "accepted"]
