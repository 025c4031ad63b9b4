"""Lengths are hidden, and nothing packed can burst."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from security.encoding import encode
from security.errors import FormatError
from security.padding import (
    FACTS_STEP,
    TOTAL_MIN,
    UNPACKED_BYTES_MAX,
    is_padded_size,
    pack,
    pad_pair,
    padme,
    unpack,
    unpad,
)


@pytest.mark.parametrize(
    ("length", "padded"),
    [(2, 2), (9, 10), (256, 256), (257, 272), (289, 304), (1000, 1024), (100_000, 100_352)],
)
def test_padme_gives_the_sizes_of_its_paper(length: int, padded: int) -> None:
    assert padme(length) == padded


@given(st.integers(min_value=2, max_value=1 << 21))
def test_padme_adds_at_most_twelve_percent_and_adds_once(length: int) -> None:
    padded = padme(length)

    assert length <= padded <= length * 1.12
    assert padme(padded) == padded


@given(st.binary(max_size=700), st.binary(max_size=700))
def test_both_parts_come_back_from_a_size_that_is_allowed(facts: bytes, body: bytes) -> None:
    padded_facts, padded_body = pad_pair(facts, body)

    assert unpad(padded_facts) == facts
    assert unpad(padded_body) == body
    assert is_padded_size(len(padded_facts), len(padded_body))


def test_small_acts_all_have_one_size() -> None:
    totals = {
        len(facts) + len(body)
        for length in range(60)
        for facts, body in [pad_pair(b"f" * length, b"b" * length)]
    }

    assert totals == {TOTAL_MIN}


@pytest.mark.parametrize(
    ("facts_length", "body_length"),
    [(0, 256), (63, 193), (64, 191), (64, 193), (256, 0), (128, 129), (-16, 272)],
)
def test_sizes_that_padding_never_gives_are_noticed(
    facts_length: int, body_length: int
) -> None:
    assert not is_padded_size(facts_length, body_length)


@pytest.mark.parametrize("padded", [b"", bytes(64), b"content", b"\x80\x01", b"content\0\0"])
def test_content_without_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(FormatError, match="padding"):
        unpad(padded)


def test_content_that_ends_like_padding_is_kept() -> None:
    content = b"\x80\x00\x80\x00"

    assert unpad(content.ljust(FACTS_STEP, b"\x80")[:4] + b"\x80" + bytes(59)) == content


def test_a_bomb_that_tells_its_size_is_refused_before_memory_is_taken() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * UNPACKED_BYTES_MAX))

    with pytest.raises(FormatError, match="larger than allowed"):
        unpack(bomb)


def test_a_bomb_that_hides_its_size_is_refused() -> None:
    quiet = zstandard.ZstdCompressor(write_content_size=False)

    with pytest.raises(FormatError):
        unpack(quiet.compress(bytes(64 * UNPACKED_BYTES_MAX)))


@pytest.mark.parametrize("claimed", [0, 1, 200, 255])
def test_a_bomb_that_lies_about_its_size_is_refused(claimed: int) -> None:
    # Single segment, one byte of content size (RFC 8878, 3.1.1.1): byte 5 is what it claims.
    honest = zstandard.ZstdCompressor().compress(bytes(256 + 255))
    assert honest[4] == 0x60
    short = bytearray(zstandard.ZstdCompressor().compress(bytes(250)))
    assert short[4] == 0x20
    short[5] = claimed

    with pytest.raises(FormatError):
        unpack(bytes(short))


def test_a_frame_that_wants_a_huge_window_is_refused() -> None:
    # Magic, a window descriptor of 2 GiB, content size 1, one raw last block of one byte.
    frame = bytes.fromhex("28b52ffd" + "80" + "a8" + "01000000" + "090000" + "a0")

    with pytest.raises(FormatError):
        unpack(frame)


@pytest.mark.parametrize("more", [b"\0", b"more", zstandard.ZstdCompressor().compress(b"x")])
def test_nothing_may_stand_behind_the_frame(more: bytes) -> None:
    with pytest.raises(FormatError):
        unpack(pack({"act": "note"}) + more)


def test_what_could_not_be_unpacked_is_not_packed() -> None:
    with pytest.raises(FormatError, match="at most"):
        pack({"note": "一" * UNPACKED_BYTES_MAX})


def test_only_a_map_is_unpacked() -> None:
    with pytest.raises(FormatError, match="map"):
        unpack(zstandard.ZstdCompressor().compress(encode([1])))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_in_one_way(packed: bytes) -> None:
    with pytest.raises(FormatError):
        unpack(packed)
