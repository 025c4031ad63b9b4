"""A hub answers its children, each in its own name, and everybody else with a typed refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from sync.ports import NO_LOCALS, Document
from sync.protocol.cursors import child_key, decode_child
from sync.protocol.messages import Answer, Cursor, Exchange, Refusal
from sync.protocol.wire import decode_message, encode_message
from sync.stores.memory import MemoryStore
from tests.support.tree import (
    OTHER_VILLAGE,
    PATH,
    STREET,
    VILLAGE,
    Tree,
    chain,
    device_of,
    raws,
)

DEVICE = device_of(VILLAGE)
FIRST = Exchange(
    versions=(1, 1),
    unit=VILLAGE,
    device=DEVICE,
    incarnation="00" * 16,
    update_seq=0,
    since=0,
    upto=0,
    records=(),
    pull=None,
    bytes_max=65_536,
    now_ms=1_795_395_900_000,
)


def pushing(count: int) -> Exchange:
    return replace(
        FIRST, update_seq=count, upto=count, records=tuple(raws(chain(VILLAGE, count)))
    )


class RacingStore(MemoryStore):
    """A store in which another request of the same child always comes first."""

    def __init__(self, races: int) -> None:
        super().__init__(bytes)
        self._races = races

    def put(
        self,
        documents: Sequence[Document],
        local: Mapping[str, bytes | None] = NO_LOCALS,
        *,
        expect: Mapping[str, bytes | None] = NO_LOCALS,
    ) -> int:
        if self._races:
            self._races -= 1
            super().put([], {child_key(device_of(VILLAGE)): b'{"race": %d}' % self._races})
        return super().put(documents, local, expect=expect)


def test_what_is_acknowledged_is_in_the_store_with_the_cursor() -> None:
    tree = Tree()

    answer = tree[STREET].answering.answer(pushing(3), DEVICE)

    state = decode_child(tree[STREET].store.local(child_key(device_of(VILLAGE))))
    assert isinstance(answer, Answer)
    assert state is not None
    assert (answer.acked, state.seq, len(tree[STREET].ids)) == (3, 3, 3)


def test_a_lost_race_is_run_again_on_fresh_facts() -> None:
    tree = Tree()
    tree[STREET].store = RacingStore(races=2)

    answer = tree[STREET].answering.answer(pushing(2), DEVICE)

    assert isinstance(answer, Answer)
    assert answer.acked == 2
    assert len(tree[STREET].ids) == 2


def test_a_race_that_is_lost_again_and_again_is_told_to_come_later() -> None:
    tree = Tree()
    tree[STREET].store = RacingStore(races=3)

    answer = tree[STREET].answering.answer(pushing(2), DEVICE)

    assert isinstance(answer, Refusal)
    assert answer.code == "busy"
    assert tree[STREET].ids == []


def test_a_page_is_no_longer_than_the_child_asked_for() -> None:
    tree = Tree()
    tree[STREET].write(40, path=PATH)
    small = replace(FIRST, bytes_max=4_096)

    answer = tree[STREET].answering.answer(small, DEVICE)

    assert isinstance(answer, Answer)
    assert answer.more
    assert 2_000 < sum(len(record) for record in answer.records) <= 4_096


def test_a_cursor_beyond_the_end_of_this_store_is_put_back_to_the_beginning() -> None:
    tree = Tree()
    tree[STREET].write(1, path=PATH)
    beyond = Cursor(tree[STREET].store.incarnation, 10**9)

    answer = tree[STREET].answering.answer(replace(FIRST, pull=beyond), DEVICE)

    assert isinstance(answer, Answer)
    assert answer.records == ()
    assert answer.cursor == Cursor(tree[STREET].store.incarnation, 0)


def test_whoever_shows_records_is_told_when_some_arrive() -> None:
    tree = Tree()
    seen: list[int] = []
    answering = tree[STREET].answering
    answering.on_stored = lambda: seen.append(len(tree[STREET].ids))

    answering.answer(pushing(2), DEVICE)
    answering.answer(pushing(2), DEVICE)

    assert seen == [2]


@pytest.mark.parametrize(
    ("request_of", "device", "code"),
    [
        (FIRST, "120103001999-01", "unknown_device"),
        (FIRST, device_of(OTHER_VILLAGE), "identity"),
        (replace(FIRST, unit=OTHER_VILLAGE), DEVICE, "identity"),
        (
            replace(FIRST, unit=STREET, device=device_of(STREET)),
            device_of(STREET),
            "not_a_child",
        ),
    ],
)
def test_nobody_is_answered_in_the_name_of_another(
    request_of: Exchange, device: str, code: str
) -> None:
    refusal = Tree()[STREET].answering.answer(request_of, device)

    assert isinstance(refusal, Refusal)
    assert refusal.code == code


@pytest.mark.parametrize(
    "body", [b"", b"PRF1", encode_message(Answer(1, "1", "0", 0, (), (), None, False, 5, 0))]
)
def test_nonsense_is_answered_with_a_typed_refusal(body: bytes) -> None:
    refusal = decode_message(Tree()[STREET].answer(DEVICE)(body))

    assert isinstance(refusal, Refusal)
    assert refusal.code == "malformed"


def test_a_child_of_another_age_is_told_which_versions_are_spoken() -> None:
    newer = encode_message(replace(FIRST, versions=(2, 3)))

    refusal = decode_message(Tree()[STREET].answer(DEVICE)(newer))

    assert refusal == Refusal("version", "the peer speaks protocol 2-3", (1, 1))
