"""Masked data tell people apart at a desk and nobody on the street."""

import pytest

from web.masking import mask_name, mask_number, mask_text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张桂兰", "张**"),
        ("刘洋", "刘*"),
        ("欧阳震华", "欧***"),
        ("A", "A*"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_name_keeps_its_first_character_alone(name: str, shown: str) -> None:
    assert mask_name(name) == shown


def test_a_long_name_is_not_told_by_its_length() -> None:
    assert mask_name("买买提·阿不都热合曼") == "买***"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("120103195001010003", "120103********0003"),
        ("13800138000", "138****8000"),
        ("E12345678", "E12**5678"),
        ("1234", "1***"),
        ("", ""),
    ],
)
def test_a_number_keeps_its_ends_alone(number: str, shown: str) -> None:
    assert mask_number(number) == shown


def test_free_text_is_hidden_with_its_length() -> None:
    assert mask_text("九江路12号") == mask_text("卫津南路与珠江道交口") == "******"
    assert mask_text(" ") == ""
