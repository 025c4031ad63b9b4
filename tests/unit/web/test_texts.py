import io
import json

import pytest

from web.errors import TextsError
from web.terminal import Terminal
from web.texts import Texts, language_of


def test_a_text_is_given_in_the_language_with_its_parameters() -> None:
    chinese = Texts("zh").text("network.progress", done=5, total=10)
    english = Texts("en").text("network.progress", done=5, total=10)

    assert chinese == "已完成 5 / 10 步"
    assert english == "5 of 10 steps done"


def test_a_key_without_a_text_is_an_error() -> None:
    with pytest.raises(TextsError, match=r"no text for 'network\.nothing'"):
        Texts("zh").text("network.nothing")


def test_a_parameter_that_is_not_given_is_an_error() -> None:
    with pytest.raises(TextsError, match="wants 'total'"):
        Texts("zh").text("network.progress", done=5)


def test_a_key_from_a_newer_peer_may_have_no_text() -> None:
    assert Texts("en").find("act.of_a_later_version") is None


def test_a_language_without_texts_is_an_error() -> None:
    with pytest.raises(TextsError, match="language 'fr'"):
        Texts("fr")


@pytest.mark.parametrize(
    ("wish", "language"),
    [("zh_CN.UTF-8", "zh"), ("zh", "zh"), ("en_GB", "en"), ("C", "en"), (None, "en")],
)
def test_a_locale_that_begins_with_zh_means_chinese_and_any_other_english(
    wish: str | None, language: str
) -> None:
    assert language_of(wish) == language


def test_a_person_reads_text_and_a_program_one_json_object_a_line() -> None:
    for_person, for_program = io.StringIO(), io.StringIO()

    Terminal(Texts("zh"), for_person, as_json=False).say("network.progress", done=1, total=2)
    Terminal(Texts("zh"), for_program, as_json=True).say("network.progress", done=1, total=2)

    assert for_person.getvalue() == "已完成 1 / 2 步\n"
    assert json.loads(for_program.getvalue()) == {
        "message": "network.progress",
        "done": 1,
        "total": 2,
    }
