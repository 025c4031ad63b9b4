"""Laws of the wire: what is written is read, in pieces of any size; noise is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import PeerProtocolError, RefusedError
from sync.protocol.compare_messages import Message
from sync.protocol.frames import MAGIC
from sync.protocol.messages import Answer, Cursor, Exchange, Refusal
from sync.protocol.wire import MessageReader, decode_message, encode_message

seqs = st.integers(0, 2**53 - 1)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)
cursors = st.none() | st.builds(Cursor, names, seqs)
payloads = st.lists(st.binary(max_size=300), max_size=8).map(tuple)
verdicts = st.lists(
    st.tuples(
        st.binary(min_size=32, max_size=32).map(bytes.hex), st.sampled_from(["fork", "scope"])
    ),
    max_size=5,
).map(tuple)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    since, upto, update_seq = sorted(draw(st.tuples(seqs, seqs, seqs)))
    return Exchange(
        versions=(1, draw(st.integers(1, 9))),
        unit=draw(names),
        device=draw(names),
        incarnation=draw(names),
        update_seq=update_seq,
        since=since,
        upto=upto,
        records=draw(payloads),
        pull=draw(cursors),
        bytes_max=draw(st.integers(0, 1 << 30)),
        now_ms=draw(st.integers(-(2**53) + 1, 2**53 - 1)),
    )


answers = st.builds(
    Answer,
    version=st.just(1),
    unit=names,
    incarnation=names,
    acked=seqs,
    quarantined=verdicts,
    records=payloads,
    cursor=cursors,
    more=st.booleans(),
    interval_s=st.integers(0, 86_400),
    now_ms=seqs,
)
refusals = st.builds(
    Refusal, names, st.text("abc 县级", max_size=100), st.sampled_from([(1, 1), (2, 5)])
)
messages = st.one_of(exchanges(), answers, refusals)


@given(messages, st.data())
def test_a_message_is_read_as_it_was_written_however_it_is_cut_into_pieces(
    message: Message, data: st.DataObject
) -> None:
    body = encode_message(message)
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=20).map(sorted))
    reader = MessageReader()

    for start, end in zip([0, *places], [*places, len(body)], strict=True):
        reader.feed(body[start:end])

    assert reader.finish() == message


@given(messages, st.data())
def test_a_message_cut_short_or_changed_is_never_read_as_another(
    message: Message, data: st.DataObject
) -> None:
    body = bytearray(encode_message(message))
    if data.draw(st.booleans()):
        del body[data.draw(st.integers(0, len(body) - 1)) :]
    else:
        body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises((PeerProtocolError, RefusedError)) as refused:
        decode_message(bytes(body))
    assert "\n" not in str(refused.value)


@given(st.binary(max_size=400), st.booleans())
def test_noise_is_refused_in_one_line(noise: bytes, has_magic: bool) -> None:
    with pytest.raises((PeerProtocolError, RefusedError)) as refused:
        decode_message(MAGIC + noise if has_magic else noise)
    assert "\n" not in str(refused.value)
