"""The terminal view keeps its columns straight whatever stands in them."""

from postroad.demo.view import fitted, plain, table, width


def test_a_chinese_character_takes_two_columns_and_a_colour_none() -> None:
    assert width("\x1b[31m中断\x1b[0m!") == 5


def test_columns_stand_straight_under_chinese_and_latin_cells() -> None:
    lines = table([["单位", "x"], ["unit", "y"], ["\x1b[32m街\x1b[0m", "z"]])

    assert [width(line) for line in lines] == [7, 7, 7]
    assert [plain(line)[-1] for line in lines] == ["x", "y", "z"]


def test_a_line_is_cut_to_whole_characters_and_a_short_one_left_alone() -> None:
    assert fitted("驿路驿路", 5) == "驿路"
    assert fitted("\x1b[31mab\x1b[0m", 2) == "\x1b[31mab\x1b[0m"
