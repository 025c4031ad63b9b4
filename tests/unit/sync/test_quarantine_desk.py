"""What a person may decide about a record that was set aside, and what stays out of reach."""

import pytest

from security.records import Record
from sync import quarantine
from sync.errors import RefusedError
from sync.protocol.cursors import ChildState, child_key, encode_child
from sync.quarantine import OUTSTANDING_MAX, count_key, decode_count, encode_count
from sync.quarantine_desk import QuarantineDesk
from tests.support.tree import (
    OTHER_VILLAGE,
    PATH,
    STREET,
    VILLAGE,
    Tree,
    chain,
    device_key,
    device_of,
    revoke,
    seal,
    secret,
)

BY = "120103001000-i1"


class Desk:
    """The quarantine of a street, and what its children bring."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.node = self.tree[STREET]
        self.desk = QuarantineDesk(self.node.store, self.node.gate, self.tree.clock.now_ms)

    def bring(self, *records: Record) -> None:
        inspection = self.node.gate.inspect([one.raw for one in records], VILLAGE, "up")
        self.node.store.put(inspection.documents, inspection.local, expect=inspection.expect)

    def states(self) -> dict[str, str]:
        return {row.record: row.state for row in self.desk.rows(decided=True)}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_row_says_whose_record_it_is_of_which_case_and_why(desk: Desk) -> None:
    first = seal(VILLAGE, 1, path=PATH)
    other = seal(VILLAGE, 1, path=PATH, text="of a clone")
    desk.bring(first, other)

    [row] = desk.desk.rows()

    assert (row.record, row.why, row.neighbour) == (other.id, "fork", VILLAGE)
    assert (row.device, row.place, row.kind) == (device_of(VILLAGE), 1, "entry")
    assert row.case == other.header.case.hex()
    assert row.releasable


def test_a_fork_that_is_released_keeps_both_branches_and_the_feed_as_it_was(desk: Desk) -> None:
    first, second = chain(VILLAGE, 2, path=PATH)
    other = seal(VILLAGE, 1, path=PATH, text="of a clone")
    desk.bring(first, other)

    desk.desk.release(other.id, by=BY, words="两份都是真的")
    desk.bring(second)
    [frozen] = desk.desk.rows()
    desk.desk.release(second.id, by=BY, words="原机继续使用")

    assert (frozen.record, frozen.why) == (second.id, "frozen")
    assert set(desk.node.ids) == {first.id, other.id, second.id}
    assert desk.states() == {other.id: "released", second.id: "released"}
    assert list(desk.desk.rows()) == []


def test_what_was_released_goes_down_and_up_like_any_other_record(desk: Desk) -> None:
    desk.tree[VILLAGE].write(1)
    desk.tree.settle()
    other = seal(VILLAGE, 1, path=PATH, text="of a clone")
    desk.bring(other)

    desk.desk.release(other.id, by=BY, words="两份都是真的")
    desk.tree.settle()

    assert other.id in desk.tree[VILLAGE].ids


def test_records_beyond_a_revocation_can_be_approved_one_by_one(desk: Desk) -> None:
    records = chain(VILLAGE, 3, path=PATH)
    revoke(desk.tree.registry, VILLAGE, 1)
    desk.bring(*records)

    desk.desk.release(records[1].id, by=BY, words="注销前收件")

    assert set(desk.node.ids) == {records[0].id, records[1].id}
    assert desk.states() == {records[1].id: "released", records[2].id: "open"}


def test_a_forged_record_is_never_released(desk: Desk) -> None:
    forged = seal(VILLAGE, 1, path=PATH, signer=device_key(OTHER_VILLAGE))
    desk.bring(forged)

    with pytest.raises(RefusedError, match="cannot be let through") as refused:
        desk.desk.release(forged.id, by=BY, words="着急")

    assert refused.value.code == "not_releasable"
    assert desk.node.ids == []


def test_a_revoked_device_does_not_get_a_foreign_case_released(desk: Desk) -> None:
    revoke(desk.tree.registry, VILLAGE, 1)
    foreign = seal(VILLAGE, 2, secret("before"), path=(*PATH[:2], OTHER_VILLAGE))
    desk.bring(foreign)

    with pytest.raises(RefusedError, match="path"):
        desk.desk.release(foreign.id, by=BY, words="着急")

    assert desk.node.ids == []


def test_what_was_rejected_stays_and_waits_for_nobody(desk: Desk) -> None:
    desk.bring(seal(VILLAGE, 1, path=PATH), seal(VILLAGE, 1, path=PATH, text="twin"))
    [row] = desk.desk.rows()

    desk.desk.reject(row.record, by=BY, words="复制的机器")

    assert desk.states() == {row.record: "rejected"}
    assert desk.node.store.get(quarantine.QUARANTINE, row.record) is not None
    assert decode_count(desk.node.store.local(count_key(VILLAGE))) == 0
    [shown] = desk.desk.rows(decided=True)
    assert (shown.by, shown.words) == (BY, "复制的机器")


def test_a_record_is_decided_once(desk: Desk) -> None:
    desk.bring(seal(VILLAGE, 1, path=PATH), seal(VILLAGE, 1, path=PATH, text="twin"))
    [row] = desk.desk.rows()
    desk.desk.reject(row.record, by=BY, words="复制的机器")

    with pytest.raises(RefusedError) as refused:
        desk.desk.release(row.record, by=BY, words="改主意了")

    assert refused.value.code == "decided"


def test_what_nobody_set_aside_cannot_be_decided(desk: Desk) -> None:
    with pytest.raises(RefusedError) as refused:
        desk.desk.reject("ab" * 32, by=BY, words="没有")

    assert refused.value.code == "absent"


def test_a_child_whose_records_were_not_all_kept_is_called_back_after_a_decision(
    desk: Desk,
) -> None:
    almost = encode_count(OUTSTANDING_MAX - 1)
    desk.node.store.put([], {count_key(VILLAGE): almost})
    place = child_key(device_of(VILLAGE))
    desk.node.store.put([], {place: encode_child(ChildState("ab" * 16, 9, 9, 0, 0, 0))})
    twins = [seal(VILLAGE, 1, path=PATH, text=f"twin {number}") for number in range(4)]
    desk.bring(*twins)
    assert desk.desk.over(VILLAGE) == 2
    [kept] = desk.desk.rows()

    desk.desk.reject(kept.record, by=BY, words="复制的机器")

    assert desk.desk.over(VILLAGE) == 0
    assert desk.node.store.local(place) is None
