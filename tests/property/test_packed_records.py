"""Laws of packed records: any records come back byte for byte, and noise harms nobody."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from security.header import Header
from security.hlc import Hlc
from security.records import Record, parse, seal_entry
from sync.errors import PeerProtocolError
from sync.protocol.packer import Packer
from sync.protocol.unpacker import Unpacker
from tests.golden.samples import (
    CASE_SECRET,
    DEVICE,
    DEVICE_KEY,
    HEADER,
    OTHER_DEVICE,
    PATH,
    secret,
)

numbers = st.integers(1, 9)
hashes = st.sampled_from([secret(f"head {n}") for n in range(4)])


@st.composite
def streams(draw: st.DrawFn) -> list[Record]:
    """Records of few authors and cases, some of which follow on from each other."""
    records: list[Record] = []
    for _ in range(draw(st.integers(1, 8))):
        header = draw(headers(tuple(records)))
        facts: dict[str, object] = {"act": "note"}
        salt = draw(st.binary(min_size=16, max_size=16))
        records.append(seal_entry(header, facts, {}, CASE_SECRET, DEVICE_KEY, salt))
    return records


@st.composite
def headers(draw: st.DrawFn, before: tuple[Record, ...]) -> Header:
    parents = draw(st.sets(hashes | st.sampled_from([r.hash for r in before] or [bytes(32)])))
    header = replace(
        HEADER,
        type=draw(st.sampled_from(["entry", "entry", "entry", "statement"])),
        case=draw(st.sampled_from([HEADER.case, bytes(16)])),
        path=draw(st.sampled_from([PATH, PATH[:2]])),
        device=draw(st.sampled_from([DEVICE, OTHER_DEVICE])),
        generation=draw(st.integers(0, 1)),
        incarnation=draw(st.sampled_from([0, 0, 2**32 - 1])),
        seq=draw(numbers) + 1,
        prev=draw(hashes),
        parents=tuple(sorted(parents)),
        epoch=draw(st.integers(0, 2**53 - 1)),
        hlc=Hlc(draw(st.integers(0, 2**48 - 1)), draw(st.sampled_from([0, 0, 2**32 - 1]))),
        audience=draw(st.sampled_from(["item", ""])),
        blobs=draw(st.none() | hashes),
        extra=draw(st.sampled_from([{}, {"zone": [1, b"x"]}])),
    )
    if not before or draw(st.booleans()):
        return header
    last = before[-1]
    return replace(
        header,
        device=last.header.device,
        incarnation=last.header.incarnation,
        seq=last.header.seq + 1,
        prev=last.hash,
        parents=(last.hash,),
    )


def received(unpacker: Unpacker, packed: bytes) -> Record | None:
    """The record, or None where it is refused; nothing else may be raised."""
    try:
        return unpacker.unpack(packed)
    except PeerProtocolError:
        return None


@given(streams())
def test_records_come_back_byte_for_byte(records: list[Record]) -> None:
    packer, unpacker = Packer(), Unpacker()

    arrived = [unpacker.unpack(packer.pack(record)) for record in records]

    assert arrived == records


@given(streams(), st.data())
def test_a_damaged_record_is_another_record_or_none(
    records: list[Record], data: st.DataObject
) -> None:
    packer, unpacker = Packer(), Unpacker()
    for record in records[:-1]:
        unpacker.unpack(packer.pack(record))
    packed = bytearray(packer.pack(records[-1]))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))

    arrived = received(unpacker, bytes(packed))

    assert arrived != records[-1]
    assert arrived is None or arrived == parse(arrived.raw)


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_noise_gives_a_record_or_one_error(pieces: list[bytes]) -> None:
    unpacker = Unpacker()

    for piece in pieces:
        arrived = received(unpacker, piece)
        assert arrived is None or arrived == parse(arrived.raw)
