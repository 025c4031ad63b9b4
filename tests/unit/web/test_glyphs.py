"""Rare characters: which are reported, and how."""

import pytest

from web.glyphs import rare_characters


@pytest.mark.parametrize(
    "text", ["张桂兰", "㐂㼆", "Zhang 3", "〔2026〕受—号，（）", "ＡＢ１２", ""]
)
def test_what_every_chinese_font_has_is_not_reported(text: str) -> None:
    assert rare_characters([text]) == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\U0002b739", "\U0002b739 U+2B739"),
        ("\u9fcf", "\u9fcf U+9FCF"),
        ("\uf91d", "\uf91d U+F91D"),
        ("\ue863", "U+E863"),
        ("\U000f0001", "U+F0001"),
    ],
)
def test_a_character_that_a_font_may_lack_is_named_with_its_code(text: str, named: str) -> None:
    assert rare_characters([f"张{text}"]) == (named,)


def test_a_character_is_named_once_and_at_most_twenty_are() -> None:
    many = "".join(chr(0x20000 + number) for number in range(50))

    assert len(rare_characters([many, many])) == 20
