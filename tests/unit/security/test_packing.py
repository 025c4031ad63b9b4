"""What is packed comes back, small; nothing packed can burst, and no dictionary tells tales."""

import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.make_dictionary import PHRASES
from security.encoding import encode
from security.errors import FormatError
from security.packing import (
    DICTIONARIES,
    DICTIONARY,
    PLAIN,
    UNPACKED_BYTES_MAX,
    checked,
    hint_of,
    pack,
    unpack,
)
from tests.golden.samples import BODY, CASE_NO, DEVICE, FACTS, HEADER, UNITS

HINT = hint_of(DEVICE, HEADER.hlc.ms)
TEXT = DICTIONARIES[DICTIONARY].decode("utf-8", "ignore")
CATALOGUE = Path(__file__).parents[3] / "configs" / "catalogue.yaml"


def deflated(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(content) + stream.flush()


def values(of: object) -> list[str]:
    if isinstance(of, dict):
        return [text for value in of.values() for text in values(value)]
    return [of] if isinstance(of, str) else []


@given(
    st.dictionaries(st.text(max_size=9), st.text(max_size=40) | st.integers(0, 9), max_size=6),
    st.sampled_from([PLAIN, DICTIONARY]),
    st.binary(max_size=90),
)
def test_what_is_packed_comes_back(
    value: dict[str, object], dictionary: int, hint: bytes
) -> None:
    assert unpack(pack(value, dictionary, hint), dictionary, hint) == value


def test_an_act_packs_to_a_few_bytes() -> None:
    facts: dict[str, object] = {"act": "take", "at": FACTS["at"], "clerk": FACTS["clerk"]}

    assert len(encode(facts)) == 62
    assert len(pack(facts, DICTIONARY, HINT)) <= 12


def test_a_hint_tells_the_time_and_the_author_as_facts_write_them() -> None:
    assert str(FACTS["at"]).encode() in HINT
    assert CASE_NO[:20].encode() in HINT


@pytest.mark.parametrize("ms", [0, 2**48 - 1])
def test_every_stamp_gives_a_hint(ms: int) -> None:
    assert hint_of(DEVICE, ms)


def test_the_dictionary_holds_no_value_of_any_fixture() -> None:
    names = [name for _, name, *_ in UNITS]
    told = [text for text in [*values(FACTS), *values(BODY), *names] if len(text) > 3]

    assert len(told) > 8
    assert [text for text in told if text in TEXT and text != "receive"] == []


def test_the_dictionary_holds_no_number_of_a_person() -> None:
    assert re.findall(r"[0-9]{5,}", TEXT) == []


def test_every_chinese_word_of_the_dictionary_is_an_office_phrase() -> None:
    words = set(re.findall(r"[\u4e00-\u9fff]+", TEXT))
    allowed = "".join(PHRASES) + CATALOGUE.read_text(encoding="utf-8") + "民准"

    assert len(words) > 3
    assert [word for word in words if word not in allowed] == []


def test_a_bomb_is_refused_without_taking_its_memory() -> None:
    with pytest.raises(FormatError, match="larger than allowed"):
        unpack(deflated(bytes(64 * UNPACKED_BYTES_MAX)), DICTIONARY)


@pytest.mark.parametrize("more", [b"\0", b"more", deflated(b"x")])
def test_nothing_may_stand_behind_the_stream(more: bytes) -> None:
    with pytest.raises(FormatError, match="one whole stream"):
        unpack(pack({"act": "note"}) + more, DICTIONARY)


def test_a_stream_without_its_end_is_refused() -> None:
    with pytest.raises(FormatError):
        unpack(pack({"act": "note", "x": "一二三四"})[:-2], DICTIONARY)


def test_what_could_not_be_unpacked_is_not_packed() -> None:
    with pytest.raises(FormatError, match="at most"):
        pack({"note": "一" * UNPACKED_BYTES_MAX})


@pytest.mark.parametrize("number", [2, -1, 2**32 - 1])
def test_a_dictionary_that_nobody_has_is_refused(number: int) -> None:
    with pytest.raises(FormatError, match="no dictionary"):
        pack({}, number)
    with pytest.raises(FormatError, match="no dictionary"):
        unpack(pack({}), number)


def test_only_a_map_is_unpacked() -> None:
    with pytest.raises(FormatError, match="map"):
        unpack(deflated(encode([1])), PLAIN)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_in_one_way(packed: bytes) -> None:
    try:
        unpack(packed, DICTIONARY)
    except FormatError:
        return
    assert pack(unpack(packed, DICTIONARY))


def test_a_damaged_dictionary_stops_the_program() -> None:
    damaged = DICTIONARIES[DICTIONARY][:-1]

    with pytest.raises(FormatError, match="damaged"):
        checked(damaged)
