from datetime import date

import pytest

from cases.errors import NumberError
from cases.numbers import (
    CaseNumber,
    DocumentState,
    NumberState,
    allocate,
    allocate_document,
    check_digit,
    parse_case_number,
    query_code,
)

VILLAGE = "120103003001"
MONDAY = date(2026, 11, 23)
PRINTED = [
    "120103003001 01 261123 0007 7",
    "330681001218 02 261123 0001 1",
    "120103003000 01 261123 0001 8",
]


@pytest.mark.parametrize("printed", PRINTED)
def test_a_printed_number_is_read_and_printed_again_as_it_was(printed: str) -> None:
    number = parse_case_number(printed)

    assert number.grouped == printed


@pytest.mark.parametrize("printed", PRINTED)
def test_spaces_in_a_typed_number_do_not_matter(printed: str) -> None:
    number = parse_case_number(printed.replace(" ", ""))

    assert number.text == printed.replace(" ", "")


def test_full_width_digits_are_read_as_digits() -> None:
    number = parse_case_number("１２０１０３００３００１　０１　２６１１２３　０００７　７")

    assert number == CaseNumber(VILLAGE, 1, MONDAY, 7)


def test_every_single_wrong_digit_is_caught() -> None:
    right = PRINTED[0].replace(" ", "")
    wrong = [
        right[:place] + digit + right[place + 1 :]
        for place in range(25)
        for digit in "0123456789"
        if digit != right[place]
    ]

    for number in wrong:
        with pytest.raises(NumberError):
            parse_case_number(number)


@pytest.mark.parametrize(
    "text",
    ["", "12010300300101261123000", "x" * 25, "²" * 24 + "x", " " * 1000, "1" * 100_000],
)
def test_what_has_not_25_digits_is_no_case_number(text: str) -> None:
    with pytest.raises(NumberError, match="25 digits"):
        parse_case_number(text)


@pytest.mark.parametrize("middle", ["01 261323 0007", "00 261123 0007", "01 261123 0000"])
def test_a_number_with_an_impossible_part_is_refused_though_its_check_digit_fits(
    middle: str,
) -> None:
    digits = (VILLAGE + middle).replace(" ", "")

    with pytest.raises(NumberError):
        parse_case_number(digits + check_digit(digits))


def test_serials_of_a_day_follow_each_other_and_restart_the_next_day() -> None:
    first, state = allocate(NumberState(), VILLAGE, 1, MONDAY)
    second, state = allocate(state, VILLAGE, 1, MONDAY)
    third, state = allocate(state, VILLAGE, 1, date(2026, 11, 24))

    days_and_serials = [number[14:24] for number in (first, second, third)]
    assert days_and_serials == ["2611230001", "2611230002", "2611240001"]


def test_the_seventh_number_of_the_day_is_the_published_example() -> None:
    number, _state = allocate(NumberState(MONDAY, 6), VILLAGE, 1, MONDAY)

    assert number == "1201030030010126112300077"


def test_a_clock_set_back_makes_no_number_again() -> None:
    number, state = allocate(NumberState(MONDAY, 7), VILLAGE, 1, date(2024, 1, 1))

    assert parse_case_number(number) == CaseNumber(VILLAGE, 1, MONDAY, 8)
    assert state == NumberState(MONDAY, 8)


def test_the_last_serial_of_a_day_is_9999() -> None:
    number, state = allocate(NumberState(MONDAY, 9_998), VILLAGE, 1, MONDAY)

    assert parse_case_number(number).serial == 9_999
    with pytest.raises(NumberError, match="all 9999 numbers"):
        allocate(state, VILLAGE, 1, MONDAY)


@pytest.mark.parametrize(
    ("division", "station", "today"),
    [
        ("12010300300", 1, MONDAY),
        ("12010300300x", 1, MONDAY),
        (VILLAGE, 0, MONDAY),
        (VILLAGE, 100, MONDAY),
        (VILLAGE, 1, date(1999, 12, 31)),
        (VILLAGE, 1, date(2100, 1, 1)),
    ],
)
def test_no_number_is_given_for_a_part_out_of_bounds(
    division: str, station: int, today: date
) -> None:
    with pytest.raises(NumberError):
        allocate(NumberState(), division, station, today)


def test_a_query_code_keeps_its_leading_zeros() -> None:
    assert query_code(bytes(15) + b"\x07") == "000007"


def test_each_query_code_is_as_likely_as_any_other() -> None:
    choices = 1 << (16 * 8)
    more_likely_by_one_choice_in = choices // 1_000_000

    assert more_likely_by_one_choice_in > 2**100
    assert query_code((1_000_000 * 12_345 + 123_456).to_bytes(16, "big")) == "123456"


def test_a_query_code_is_not_drawn_from_too_few_bytes() -> None:
    with pytest.raises(NumberError, match="at least 16 bytes"):
        query_code(bytes(15))


def test_a_document_number_shows_the_station_before_the_serial() -> None:
    number, state = allocate_document(DocumentState(2026, 6), ("河西民", "准"), 1, MONDAY)

    assert number == "河西民准〔2026〕01-0007号"
    assert state == DocumentState(2026, 7)


def test_document_serials_restart_with_the_year_and_never_go_back() -> None:
    first, state = allocate_document(
        DocumentState(2026, 6), ("河西民", "准"), 1, date(2027, 1, 2)
    )
    second, _state = allocate_document(state, ("河西民", "准"), 1, MONDAY)

    assert (first, second) == ("河西民准〔2027〕01-0001号", "河西民准〔2027〕01-0002号")


@pytest.mark.parametrize(
    ("name", "station", "serial"),
    [
        (("", "准"), 1, 0),
        (("河西民", ""), 1, 0),
        (("河" * 21, "准"), 1, 0),
        (("河西民", "准"), 0, 0),
        (("河西民", "准"), 1, 9_999),
    ],
)
def test_no_document_number_is_given_for_a_part_out_of_bounds(
    name: tuple[str, str], station: int, serial: int
) -> None:
    with pytest.raises(NumberError):
        allocate_document(DocumentState(2026, serial), name, station, MONDAY)
