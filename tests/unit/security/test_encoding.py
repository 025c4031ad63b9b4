"""One value, one encoding; everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.encoding import DEPTH_MAX, decode, decode_map, encode
from security.errors import FormatError

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**64), max_value=2**64 - 1),
    st.text(max_size=8),
    st.binary(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_what_is_encoded_is_decoded_unchanged(value: object) -> None:
    assert decode(encode(value), bytes_max=1 << 16) == value


@given(st.binary(max_size=64))
def test_bytes_that_decode_are_the_one_encoding_of_their_value(encoded: bytes) -> None:
    try:
        value = decode(encoded, bytes_max=64)
    except FormatError:
        return

    assert encode(value) == encoded


def test_the_order_of_keys_does_not_show() -> None:
    first = encode({"seq": 1, "aud": "", "parents": []})
    second = encode({"parents": [], "seq": 1, "aud": ""})

    assert first == second


def test_keys_stand_in_the_order_of_their_encoded_bytes() -> None:
    long = "k" * 30

    encoded = encode({long: 1, "b": 2, "aa": 3})

    assert encoded.hex() == "a3" + "616202" + "62616103" + "781e" + "6b" * 30 + "01"


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("", id="nothing"),
        pytest.param("01" * 2, id="a second value"),
        pytest.param("1801", id="a number longer than needed"),
        pytest.param("1b0000000000000001", id="a number longer than needed"),
        pytest.param("f97e00", id="a float"),
        pytest.param("f93c00", id="a float that is whole"),
        pytest.param("f7", id="undefined"),
        pytest.param("f0", id="a simple value"),
        pytest.param("c001", id="a tag"),
        pytest.param("c24101", id="a big number"),
        pytest.param("c5821affffffff01", id="a number of a gigabyte"),
        pytest.param("d9010080", id="a string reference"),
        pytest.param("d81c80", id="a shared value"),
        pytest.param("9fff", id="an open list"),
        pytest.param("bfff", id="an open map"),
        pytest.param("5f4101ff", id="open bytes"),
        pytest.param("a20001", id="half a map"),
        pytest.param("a10102", id="a key that is a number"),
        pytest.param("a1410102", id="a key of bytes"),
        pytest.param("a2616101616102", id="a key twice"),
        pytest.param("a2616201616102", id="keys out of order"),
        pytest.param("61ff", id="text that is not UTF-8"),
        pytest.param("9bffffffffffffffff", id="a list of everything"),
        pytest.param("5b7fffffffffffffff", id="bytes without end"),
    ],
)
def test_other_cbor_is_refused(encoded: str) -> None:
    with pytest.raises(FormatError):
        decode(bytes.fromhex(encoded), bytes_max=1024)


def test_nesting_is_limited_on_both_ways() -> None:
    value: object = 0
    for _ in range(DEPTH_MAX):
        value = [value]
    fits = encode(value)

    assert decode(fits, bytes_max=1024) == value
    with pytest.raises(FormatError, match="too deep"):
        encode([value])
    with pytest.raises(FormatError):
        decode(b"\x81" + fits, bytes_max=1024)


def test_nesting_of_a_hostile_depth_is_refused_without_harm() -> None:
    with pytest.raises(FormatError):
        decode(b"\x81" * 100_000 + b"\x00", bytes_max=1 << 20)


def test_what_is_too_long_is_not_looked_at() -> None:
    with pytest.raises(FormatError, match="3 bytes, 2 are allowed"):
        decode(b"\x42ab", bytes_max=2)


@pytest.mark.parametrize("value", [1.0, {1: 2}, {"a": {1, 2}}, 2**64, "\ud800", object()])
def test_a_value_outside_the_subset_has_no_encoding(value: object) -> None:
    with pytest.raises(FormatError):
        encode(value)


def test_a_map_is_asked_for_by_name() -> None:
    with pytest.raises(FormatError, match="a map was expected"):
        decode_map(encode([]), bytes_max=10)
