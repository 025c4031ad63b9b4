import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.couchdb_http.patterns import TEXT_MAX, Pattern, PatternError

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", "(?:ab)", "(a|b)", "x"])
REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{2,}", "*?"])
PIECES = st.builds(lambda atom, repeat: atom + repeat, ATOMS, REPEATS)
SEQUENCES = st.lists(PIECES, max_size=4).map("".join)
PATTERNS = st.builds(
    lambda start, parts, end: start + "|".join(parts) + end,
    st.sampled_from(["", "^", "(?i)"]),
    st.lists(SEQUENCES, min_size=1, max_size=2),
    st.sampled_from(["", "$"]),
)


@given(PATTERNS, st.text("abxB1\n", max_size=8))
def test_a_pattern_is_found_where_pythons_engine_finds_it(pattern: str, text: str) -> None:
    assert Pattern(pattern).is_in(text) == (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a)", "*a", "a**", "[a", "a{3,1}", "(?=a)", r"(a)\1", "\\", "a++", "a" * 2000],
)
def test_what_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        Pattern(pattern)


def test_repeats_of_repeats_cannot_grow_without_limit() -> None:
    with pytest.raises(PatternError, match="too large"):
        Pattern("((a{90}){90}){90}")


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|aa)+$", "(.*)(.*)(.*)(.*)x"])
def test_a_pattern_that_ruins_other_engines_takes_time_in_proportion(pattern: str) -> None:
    started = time.monotonic()

    assert not Pattern(pattern).is_in("a" * (TEXT_MAX - 1) + "b")
    assert time.monotonic() - started < 20
