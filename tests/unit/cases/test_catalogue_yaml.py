"""What a hostile or careless YAML text can hold is refused before it is read on."""

from decimal import Decimal

import pytest

from cases.catalogue import load_catalogue
from cases.catalogue_yaml import BYTES_MAX, read_yaml
from cases.errors import CatalogueError


def test_plain_values_come_out_as_written() -> None:
    text = "{a: 1, b: 0.30, c: [x, 'y', null, true], d: 2026-11-23, e: '1', f: off}"

    assert read_yaml(text) == {
        "a": 1,
        "b": Decimal("0.30"),
        "c": ["x", "y", None, True],
        "d": "2026-11-23",
        "e": "1",
        "f": False,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "line 2: the key 'a' twice is refused"),
        ("a: &x 1", "line 1: an anchor is refused"),
        ("a: [*x]", "line 1: an alias is refused"),
        ("a: !!python/object:os.system {}", "line 1: an explicit tag is refused"),
        ("a: !!str 1", "line 1: an explicit tag is refused"),
        ("<<: {a: 1}", "line 1: the key '<<', which is not a text is refused"),
        ("1: a", "line 1: the key '1', which is not a text is refused"),
        ("? [a]\n: 1", "line 1: a key that is not a text is refused"),
        ("a: 1\n---\nb: 2", "line 2: a second document is refused"),
        ("a: 0x10", "line 1: '0x10' in a form that is not used here; quote it is refused"),
        ("a: 010", "line 1: '010' in a form that is not used here; quote it is refused"),
        ("a: .inf", "line 1: '.inf' in a form that is not used here; quote it is refused"),
        ("[" * 13 + "]" * 13, "line 1: nesting deeper than 12 is refused"),
        ("a: [1, 2", "line 2: not readable as YAML: "),
        ("a: \x00", "not readable as YAML: "),
        ("a: \ud800", "the catalogue holds text that is not Unicode"),
        ("#" * (BYTES_MAX + 1), f"the catalogue is longer than {BYTES_MAX} bytes"),
        ("# 政" * 500_000, f"the catalogue is longer than {BYTES_MAX} bytes"),
        ("[1" + ",1" * 200_001 + "]", "line 1: more than 200000 parts is refused"),
    ],
)
def test_a_refused_text_gives_one_line_that_says_where(text: str, message: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        read_yaml(text)

    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_million_brackets_are_refused_at_the_limit_of_depth() -> None:
    with pytest.raises(CatalogueError, match="nesting deeper than 12"):
        read_yaml("[" * 1_000_000)


@pytest.mark.parametrize("text", ["", "just words", "[]", "null", "12"])
def test_a_text_that_is_no_mapping_is_no_catalogue(text: str) -> None:
    with pytest.raises(CatalogueError, match=r"^catalogue: a mapping is wanted$"):
        load_catalogue(text)
