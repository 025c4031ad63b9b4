"""Enrolment tokens as people type them."""

from dataclasses import replace

import pytest

from security.errors import FormatError
from security.tokens import Token, format_token, parse_token

TOKEN = Token(
    "120103001001", 2, 1_795_400_000, ("10.1.2.3:22000",), b"h" * 16, b"r" * 16, b"s" * 16
)


def test_a_token_is_read_however_it_is_typed() -> None:
    text = format_token(TOKEN)

    assert parse_token(text) == TOKEN
    assert parse_token(text.lower().replace("-", " ")) == TOKEN


def test_one_wrong_character_anywhere_is_found() -> None:
    text = format_token(TOKEN)

    for place, character in enumerate(text):
        if character == "-":
            continue
        wrong = "B" if character == "A" else "A"
        with pytest.raises(FormatError):
            parse_token(text[:place] + wrong + text[place + 1 :])


def test_the_keys_of_two_secrets_differ_and_no_secret_is_shown() -> None:
    other = replace(TOKEN, secret=b"t" * 16)

    assert TOKEN.proof_key.public != other.proof_key.public
    assert "ssss" not in repr(TOKEN)
