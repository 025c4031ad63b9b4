import hashlib
import re

import pytest

from web.passwords import is_acceptable, make_phc, matches, parse_phc, random_password
from web.settings import PasswordCost

CHEAP = PasswordCost(memory_kib=64, passes=1)


def counted_bytes(count: int) -> bytes:
    """Bytes of every value from 255 down, as an unkind source might give them."""
    return bytes((255 - number) % 256 for number in range(count))


def test_a_password_matches_itself_and_no_other() -> None:
    phc = make_phc("河西区便民服务", CHEAP, bytes(16))

    assert matches(phc, "河西区便民服务")
    assert not matches(phc, "河西区便民服务站")


def test_the_stored_string_says_what_a_check_costs() -> None:
    phc = make_phc("outpost", PasswordCost(memory_kib=128, passes=2), bytes(16))

    assert parse_phc(phc.text, "clerk 1") == phc
    assert phc.text.startswith("$argon2id$v=19$m=128,t=2,p=1$")


def test_an_initial_password_is_three_groups_that_nobody_misreads() -> None:
    password = random_password(lambda count: hashlib.shake_128(b"seed").digest(count))

    assert re.fullmatch("[2-9a-hjkmnp-z]{5}(-[2-9a-hjkmnp-z]{5}){2}", password)


def test_bytes_that_would_favour_some_letters_are_not_used() -> None:
    password = random_password(counted_bytes)

    assert password.replace("-", "")[0] == "z"
    assert len(set(password.replace("-", ""))) > 1


@pytest.mark.parametrize(
    ("password", "acceptable"),
    [
        ("12345678", True),
        ("便民服务中心大厅一", True),
        ("1234567", False),
        ("aaaaaaaaaaaa", False),
        ("x1" * 64, True),
        ("x1" * 64 + "y", False),
    ],
)
def test_a_person_may_choose_a_password_of_8_to_128_characters(
    password: str, *, acceptable: bool
) -> None:
    assert is_acceptable(password) == acceptable
