"""Lengths are hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.errors import FormatError
from security.padding import FACTS_STEP, TOTAL_STEP, is_padded_size, pad_pair, padme, unpad


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
        for length in range(FACTS_STEP)
        for facts, body in [pad_pair(b"f" * length, b"b" * length)]
    }

    assert totals == {TOTAL_STEP}


@pytest.mark.parametrize(
    ("facts_length", "body_length"),
    [(0, 256), (31, 33), (33, 31), (32, 31), (64, 0), (32, 97), (-16, 80), (32, 576)],
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

    assert unpad(content.ljust(FACTS_STEP, b"\x80")[:4] + b"\x80" + bytes(27)) == content
