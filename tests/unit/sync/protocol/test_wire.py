"""A message arrives whole and unchanged, or as an error of one line."""

import hashlib
import struct
from pathlib import Path

import pytest

from security.encoding import encode
from sync.errors import PeerProtocolError, RefusedError
from sync.protocol.compare_messages import Message
from sync.protocol.frames import (
    FRAME_BYTES_MAX,
    FRAMES_MAX,
    MAGIC,
    MESSAGE_BYTES_MAX,
    FrameKind,
    FrameReader,
)
from sync.protocol.messages import (
    RECORDS_MAX,
    Answer,
    Exchange,
    Refusal,
    answer_fields,
    exchange_fields,
)
from sync.protocol.varint import encode_varint
from sync.protocol.wire import (
    MessageReader,
    decode_message,
    encode_frames,
    encode_message,
)
from tests.golden.wire.samples import MESSAGES

GOLDEN = Path(__file__).parents[3] / "golden" / "wire"


def exchange() -> Exchange:
    message = MESSAGES["exchange"]
    assert isinstance(message, Exchange)
    return message


def answer() -> Answer:
    message = MESSAGES["answer"]
    assert isinstance(message, Answer)
    return message


def frame(kind: int, payload: bytes) -> bytes:
    return bytes([kind]) + encode_varint(len(payload)) + payload


def stream(*frames: bytes, records: int = 0) -> bytes:
    """Frames of our own making, closed with a right end frame."""
    before = MAGIC + b"".join(frames)
    return before + frame(127, struct.pack(">I", records) + hashlib.sha256(before).digest())


def head(**changes: object) -> bytes:
    return frame(FrameKind.EXCHANGE, encode({**exchange_fields(exchange()), **changes}))


def answer_head(**changes: object) -> bytes:
    return frame(FrameKind.ANSWER, encode({**answer_fields(answer()), **changes}))


@pytest.mark.parametrize("name", MESSAGES)
def test_the_bytes_of_every_message_are_those_first_shipped(name: str) -> None:
    shipped = (GOLDEN / f"{name}.frames").read_bytes()

    assert encode_message(MESSAGES[name]) == shipped
    assert decode_message(shipped) == MESSAGES[name]


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_cut_at_any_byte_is_seen_to_be_cut(message: Message) -> None:
    whole = encode_message(message)

    for length in range(len(whole)):
        with pytest.raises(PeerProtocolError, match="cut before its end"):
            decode_message(whole[:length])


def test_a_byte_after_the_end_is_an_error() -> None:
    with pytest.raises(PeerProtocolError, match="bytes follow"):
        decode_message(encode_message(exchange()) + b"\0")


def test_a_changed_byte_anywhere_is_an_error() -> None:
    whole = encode_message(exchange())

    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x01
        with pytest.raises((PeerProtocolError, RefusedError)):
            decode_message(bytes(changed))


def test_a_record_taken_out_of_the_stream_is_noticed() -> None:
    body = stream(head(), frame(FrameKind.RECORD, b"one"), records=2)

    with pytest.raises(PeerProtocolError, match="damaged"):
        decode_message(body)


def test_a_length_beyond_the_limit_is_refused_before_its_bytes_arrive() -> None:
    reader = FrameReader()

    with pytest.raises(PeerProtocolError, match="2 MiB"):
        reader.feed(MAGIC + bytes([FrameKind.RECORD]) + encode_varint(FRAME_BYTES_MAX + 1))


def test_a_message_beyond_the_limit_is_refused_as_soon_as_it_is() -> None:
    reader = MessageReader()
    reader.feed(MAGIC + head())
    record = frame(FrameKind.RECORD, bytes(FRAME_BYTES_MAX))
    for _ in range(MESSAGE_BYTES_MAX // FRAME_BYTES_MAX - 1):
        reader.feed(record)

    with pytest.raises(PeerProtocolError, match="8 MiB"):
        reader.feed(record)


def test_a_record_more_than_the_limit_is_refused() -> None:
    records = frame(FrameKind.RECORD, b"r") * (RECORDS_MAX + 1)

    with pytest.raises(PeerProtocolError, match="5,000 records"):
        decode_message(stream(head(), records, records=RECORDS_MAX + 1))


def test_a_flood_of_empty_frames_is_refused() -> None:
    flood = frame(200, b"") * (FRAMES_MAX + 1)

    with pytest.raises(PeerProtocolError, match="too many frames"):
        decode_message(stream(head(), flood))


def test_frames_of_newer_peers_are_passed_over_and_others_are_not() -> None:
    body = stream(head(), frame(200, b"newer"), frame(FrameKind.RECORD, b"one"), records=1)

    message = decode_message(body)

    assert isinstance(message, Exchange)
    assert message.records == (b"one",)
    with pytest.raises(PeerProtocolError, match="kind 9"):
        decode_message(stream(head(), frame(9, b"odd")))


def test_unknown_fields_of_a_newer_peer_are_ignored() -> None:
    body = stream(head(window="night", nested={"a": [1]}))

    message = decode_message(body)

    assert isinstance(message, Exchange)
    assert message.unit == exchange().unit


def test_a_version_outside_the_window_is_told_from_a_broken_message() -> None:
    body = stream(frame(FrameKind.EXCHANGE, encode({"versions": [2, 7]})))

    with pytest.raises(RefusedError) as refused:
        decode_message(body)

    assert refused.value.code == "version"


def test_a_peer_whose_window_overlaps_ours_is_understood() -> None:
    message = decode_message(stream(head(versions=[1, 7])))

    assert isinstance(message, Exchange)
    assert message.versions == (1, 7)


@pytest.mark.parametrize(
    "changes",
    [
        {"versions": [1]},
        {"versions": "1"},
        {"versions": [0, 1]},
        {"unit": ""},
        {"unit": "1" * 65},
        {"unit": 120103001001},
        {"device": None},
        {"incarnation": b"00"},
        {"update_seq": -1},
        {"since": True},
        {"since": 1_208},
        {"upto": 1_199},
        {"upto": 1_208},
        {"upto": 2**53},
        {"pull": "88412"},
        {"pull": [1, 2]},
        {"pull": {"incarnation": "ff", "seq": "88412"}},
        {"pull": {"incarnation": 1, "seq": 88_412}},
        {"bytes_max": -1},
        {"bytes_max": 2**31},
        {"now_ms": "now"},
    ],
)
def test_a_request_with_a_wrong_field_is_refused_in_one_line(
    changes: dict[str, object],
) -> None:
    with pytest.raises(PeerProtocolError) as refused:
        decode_message(stream(head(**changes)))

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": 0},
        {"acked": -1},
        {"quarantined": [["ab" * 32]]},
        {"quarantined": [["../feed", "signature"]]},
        {"quarantined": [["ab" * 32, "x" * 33]]},
        {"quarantined": [["ab" * 32, "ok"]] * (RECORDS_MAX + 1)},
        {"quarantined": "none"},
        {"cursor": 5},
        {"more": 1},
        {"interval_s": 86_401},
    ],
)
def test_an_answer_with_a_wrong_field_is_refused_in_one_line(
    changes: dict[str, object],
) -> None:
    with pytest.raises(PeerProtocolError) as refused:
        decode_message(stream(answer_head(**changes)))

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        stream(),
        stream(frame(FrameKind.RECORD, b"first"), records=1),
        stream(head(), head()),
        stream(frame(FrameKind.EXCHANGE, b"\xff")),
        stream(frame(FrameKind.EXCHANGE, encode([1]))),
        stream(frame(FrameKind.EXCHANGE, b"\x81" * 2_000)),
        stream(frame(FrameKind.REFUSAL, encode({"code": 1}))),
        stream(frame(FrameKind.REFUSAL, encode({})), frame(FrameKind.RECORD, b"x"), records=1),
    ],
    ids=str,
)
def test_bytes_that_are_no_message_are_refused_in_one_line(body: bytes) -> None:
    with pytest.raises(PeerProtocolError) as refused:
        decode_message(body)

    assert "\n" not in str(refused.value)


def test_the_text_of_a_refusal_cannot_carry_control_characters() -> None:
    body = encode_frames(
        FrameKind.REFUSAL,
        {"code": "revoked", "text": "no\x1b[2J\r\nat all" + "x" * 600, "versions": [1, 1]},
        (),
    )

    message = decode_message(body)

    assert isinstance(message, Refusal)
    assert message.text.startswith("no [2J  at all")
    assert len(message.text) == 512
