"""Laws of the rules: no single slip of a digit passes, and no text breaks a rule's code."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from cases.identity import (
    CREDIT_ALPHABET,
    CREDIT_FIRST,
    citizen_check,
    credit_check,
    passes_luhn,
)
from cases.validators import RULE_NAMES, Surroundings, check

AROUND = Surroundings(today=date(2026, 11, 23))
digits = st.text("0123456789", min_size=17, max_size=17)
credit = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from(CREDIT_FIRST),
    st.text(CREDIT_ALPHABET, min_size=16, max_size=16),
)


@given(digits, st.integers(0, 16), st.integers(1, 9))
def test_a_citizen_number_with_one_wrong_digit_has_another_check(
    first: str, place: int, shift: int
) -> None:
    wrong = str((int(first[place]) + shift) % 10)
    slipped = first[:place] + wrong + first[place + 1 :]

    assert citizen_check(slipped) != citizen_check(first)


@given(digits, st.integers(0, 15))
def test_two_neighbouring_digits_swapped_are_noticed(first: str, place: int) -> None:
    one, other = first[place], first[place + 1]
    swapped = first[:place] + other + one + first[place + 2 :]

    assert one == other or citizen_check(swapped) != citizen_check(first)


@given(credit, st.integers(0, 16), st.integers(1, 30))
def test_a_credit_code_with_one_wrong_character_has_another_check(
    first: str, place: int, shift: int
) -> None:
    index = (CREDIT_ALPHABET.index(first[place]) + shift) % len(CREDIT_ALPHABET)
    slipped = first[:place] + CREDIT_ALPHABET[index] + first[place + 1 :]

    assert credit_check(slipped) != credit_check(first)


@given(credit)
def test_a_credit_code_with_its_check_passes(first: str) -> None:
    assert check("uscc", "error", first + credit_check(first), AROUND).flaws == ()


@given(st.text("0123456789", min_size=15, max_size=18), st.integers(0, 17), st.integers(1, 9))
def test_luhn_notices_one_wrong_digit(first: str, place: int, shift: int) -> None:
    card = next(first + str(d) for d in range(10) if passes_luhn(first + str(d)))
    place %= len(card)
    slipped = card[:place] + str((int(card[place]) + shift) % 10) + card[place + 1 :]

    assert not passes_luhn(slipped)


@given(st.dates(date(1900, 1, 1), date(2026, 11, 23)), st.integers(0, 999))
def test_every_birth_date_from_1900_to_today_passes(born: date, sequence: int) -> None:
    first = f"120103{born:%Y%m%d}{sequence:03}"

    assert check("id_number", "error", first + citizen_check(first), AROUND).flaws == ()


@given(
    st.sampled_from(RULE_NAMES),
    st.text(max_size=60) | st.text("0123456789.,-X ９", max_size=24),
)
def test_any_text_gets_a_verdict_and_a_right_value_stays_as_it_is(rule: str, text: str) -> None:
    verdict = check(rule, "error", text, AROUND)

    if not verdict.flaws:
        again = check(rule, "error", verdict.value, AROUND)
        assert again == verdict
