"""A hub keeps what came of a request up to its last mark, and says so."""

from dataclasses import replace

import pytest

from sync.protocol.messages import Answer, Exchange, Refusal
from sync.protocol.wire import decode_message, encode_message
from tests.support.tree import STREET, VILLAGE, Tree, device_of, memory_store

DEVICE = device_of(VILLAGE)


def request(tree: Tree, count: int) -> Exchange:
    records = tree[VILLAGE].write(count)
    return Exchange(
        versions=(1, 1),
        unit=VILLAGE,
        device=DEVICE,
        incarnation=tree[VILLAGE].store.incarnation,
        update_seq=count,
        since=0,
        upto=count,
        records=tuple(record.raw for record in records),
        pull=None,
        bytes_max=0,
        now_ms=0,
        seqs=tuple(range(1, count + 1)),
    )


def test_a_request_cut_anywhere_leaves_a_beginning_that_the_next_one_follows() -> None:
    whole = Tree()
    body = encode_message(request(whole, 40))

    for length in range(0, len(body), 997):
        tree = Tree()
        exchange = request(tree, 40)
        cut = tree[STREET].answering.reception(DEVICE)
        cut.feed(body[:length])
        cut.keep()
        kept = len(tree[STREET].ids)
        question = replace(exchange, records=(), upto=0, seqs=())
        answer = tree[STREET].answering.answer(question, DEVICE)

        assert isinstance(answer, Answer)
        assert answer.acked == kept
        assert tree[STREET].ids == tree[VILLAGE].ids[:kept]
        assert kept >= (length - 5_000) // 350


def test_damage_after_a_mark_costs_what_follows_the_mark() -> None:
    tree = Tree()
    body = bytearray(encode_message(request(tree, 40)))
    body[-60] ^= 1
    reception = tree[STREET].answering.reception(DEVICE)
    for start in range(0, len(body), 1_000):
        reception.feed(bytes(body[start : start + 1_000]))

    answer = decode_message(reception.finish())

    assert isinstance(answer, Refusal)
    assert answer.code == "malformed"
    assert 10 < len(tree[STREET].ids) < 40


def test_parts_of_a_device_that_may_not_speak_are_not_stored() -> None:
    tree = Tree()
    body = encode_message(replace(request(tree, 40), device=device_of(STREET)))
    reception = tree[STREET].answering.reception(DEVICE)
    reception.feed(body[: len(body) // 2])
    reception.keep()
    reception.feed(body[len(body) // 2 :])

    answer = decode_message(reception.finish())

    assert isinstance(answer, Refusal)
    assert answer.code == "identity"
    assert tree[STREET].ids == []


def test_what_was_set_aside_in_parts_is_told_in_the_answer() -> None:
    tree = Tree()
    exchange = request(tree, 40)
    records = (b"no record at all" * 20, *exchange.records[1:])
    body = encode_message(replace(exchange, records=records))
    reception = tree[STREET].answering.reception(DEVICE)
    reception.feed(body[:9_000])
    reception.keep()
    reception.feed(body[9_000:])

    answer = decode_message(reception.finish())

    assert isinstance(answer, Answer)
    assert "unreadable" in {reason for _, reason in answer.quarantined}
    assert answer.acked == 40


@pytest.mark.parametrize("seqs", [tuple(range(40, 0, -1)), (41,) * 40])
def test_marks_out_of_order_end_the_request(seqs: tuple[int, ...]) -> None:
    tree = Tree()
    body = encode_message(replace(request(tree, 40), seqs=seqs))

    answer = decode_message(tree[STREET].answering.answer_bytes(body, DEVICE))

    assert isinstance(answer, Refusal)
    assert memory_store("x").last_seq == 0
