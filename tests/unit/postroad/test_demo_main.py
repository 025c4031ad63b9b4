"""The command line of the demonstration, as far as it goes without programs."""

import pytest

from postroad.demo.__main__ import main


@pytest.mark.parametrize("words", [["--help"], ["--lang", "zh", "--help"]])
def test_help_is_given_in_both_languages(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(words)

    assert leaving.value.code == 0
    assert "--once" in capsys.readouterr().out


def test_a_wrong_word_is_one_clear_line_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--twice"]) == 2

    said = capsys.readouterr().err
    assert "--twice" in said
    assert said.count("\n") == 2
