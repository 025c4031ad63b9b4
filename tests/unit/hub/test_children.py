"""What the contact of a unit below amounts to, by its age and its clock."""

import pytest

from hub.pages.children import ChildLine, child_lines
from security.registry import Unit
from sync.protocol.cursors import ChildState, child_key, encode_child

NOW_MS = 1_795_395_900_000
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
CODE = "120103001001"


def line(age_ms: int, clock_offset_ms: int = 0) -> ChildLine:
    state = ChildState("ab" * 16, 1, 1, 0, NOW_MS - age_ms, clock_offset_ms)
    (found,) = child_lines([unit(CODE)], {child_key(f"{CODE}-01"): encode_child(state)}, NOW_MS)
    return found


def unit(code: str) -> Unit:
    return Unit(code, "九江路社区", "village", None, (code,), bytes(32), bytes(32), 1)


@pytest.mark.parametrize(
    ("age_ms", "word", "ago"),
    [
        (0, "here", (0, "now")),
        (5 * MINUTE_MS, "here", (5, "min")),
        (5 * MINUTE_MS + 1, "quiet", (5, "min")),
        (3 * 60 * MINUTE_MS, "quiet", (3, "hour")),
        (DAY_MS, "quiet", (24, "hour")),
        (DAY_MS + 1, "silent", (24, "hour")),
        (3 * DAY_MS, "silent", (3, "day")),
    ],
)
def test_the_age_of_the_last_contact_chooses_the_word(
    age_ms: int, word: str, ago: tuple[int, str]
) -> None:
    assert (line(age_ms).word, line(age_ms).ago) == (word, ago)


def test_a_contact_that_lies_ahead_counts_as_just_now() -> None:
    assert (line(-DAY_MS).word, line(-DAY_MS).ago) == ("here", (0, "now"))


@pytest.mark.parametrize(
    ("offset_ms", "minutes"), [(10 * MINUTE_MS, 0), (11 * MINUTE_MS, 11), (-DAY_MS, -1440)]
)
def test_a_clock_is_in_doubt_beyond_ten_minutes(offset_ms: int, minutes: int) -> None:
    assert line(0, offset_ms).clock_min == minutes


def test_units_that_want_attention_stand_first() -> None:
    codes = ["120103001001", "120103001002", "120103001003"]
    states = {
        codes[0]: ChildState("ab" * 16, 1, 1, 0, NOW_MS, 0),
        codes[2]: ChildState("ab" * 16, 1, 1, 0, NOW_MS - 2 * DAY_MS, 0),
    }
    local = {child_key(f"{code}-01"): encode_child(state) for code, state in states.items()}

    lines = child_lines([unit(code) for code in codes], local, NOW_MS)

    assert [each.word for each in lines] == ["silent", "never", "here"]


def test_of_two_machines_of_a_unit_the_one_that_called_last_counts() -> None:
    ages = {"01": 2 * DAY_MS, "02": 0}
    local = {
        child_key(f"{CODE}-{station}"): encode_child(
            ChildState("ab" * 16, 1, 1, 0, NOW_MS - age_ms, 0)
        )
        for station, age_ms in ages.items()
    }

    (found,) = child_lines([unit(CODE)], local, NOW_MS)

    assert found.word == "here"
