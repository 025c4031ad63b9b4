"""What a record costs on the wire once the ones before it have told most of it."""

from dataclasses import replace

import pytest

from security.suites import SIGNATURE_BYTES
from sync.errors import PeerProtocolError
from sync.protocol.packer import Packer
from sync.protocol.unpacker import Unpacker
from sync.protocol.varint import encode_varint, read_varint, unzigzag, zigzag
from tests.golden.samples import HEADER, sealed_entry

FIRST = sealed_entry()
SECOND = sealed_entry(header=replace(HEADER, seq=8, prev=FIRST.hash, parents=(FIRST.hash,)))


def test_the_next_act_on_a_case_costs_two_bytes_beside_what_is_sealed() -> None:
    packer = Packer()
    packer.pack(FIRST)

    packed = packer.pack(replace(SECOND, header=replace(SECOND.header, hlc=HEADER.hlc)))

    # One byte of flags, the clock with its counter.
    assert len(packed) - len(SECOND.sealed) - SIGNATURE_BYTES == 3


@pytest.mark.parametrize("length", range(0, len(FIRST.raw), 7))
def test_a_packed_record_that_was_cut_is_refused(length: int) -> None:
    packed = Packer().pack(FIRST)
    if length >= len(packed):
        return

    with pytest.raises(PeerProtocolError):
        Unpacker().unpack(packed[:length])


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\xff" + bytes(80),
        b"\x01" + bytes(200),
        b"\x00\x05" + bytes(200),
        b"\x00\x00" + b"\xff" * 5 + bytes(200),
        b"\xf8\x00\x00\x00\x00\x00\x01\x01\x00\x01" + bytes(300),
    ],
)
def test_a_record_that_refers_to_nothing_is_refused(packed: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        Unpacker().unpack(packed)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**53, 2**63 - 1])
def test_a_varint_comes_back(number: int) -> None:
    encoded = encode_varint(number)

    assert read_varint(encoded, 0) == (number, len(encoded))
    assert read_varint(encoded[:-1], 0) is None


@pytest.mark.parametrize("encoded", [b"\x80\x00", b"\xff" * 9, b"\xff" * 12])
def test_a_varint_is_written_in_one_way(encoded: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        read_varint(encoded, 0)


@pytest.mark.parametrize("number", [0, -1, 1, -2, 2**48, -(2**48)])
def test_zigzag_comes_back(number: int) -> None:
    assert unzigzag(zigzag(number)) == number
