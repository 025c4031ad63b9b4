"""The rules for single values, with the published examples."""

from datetime import date
from pathlib import Path

import pytest

from cases.divisions import Tree, load_divisions
from cases.identity import citizen_check
from cases.validators import RULE_NAMES, Surroundings, check

TODAY = date(2026, 11, 23)
HEXI = Path(__file__).parents[3] / "configs" / "divisions" / "tianjin-hexi.csv"


@pytest.fixture(scope="module")
def hexi() -> Tree:
    return load_divisions(HEXI.read_text(encoding="utf-8"), "tianjin-hexi.csv")


def codes(rule: str, text: str, **around: object) -> list[str]:
    surroundings = Surroundings(today=TODAY, **around)  # type: ignore[arg-type] # of each test
    return [flaw.code for flaw in check(rule, "error", text, surroundings).flaws]


def stored(rule: str, text: str) -> str:
    return check(rule, "error", text, Surroundings(today=TODAY)).value


def numbered(first: str) -> str:
    return first + citizen_check(first)


@pytest.mark.parametrize(
    "number",
    ["120103195001010003", "330681198803150007", "532901199906300002", "32020519500808000X"],
)
def test_the_published_citizen_numbers_pass(number: str) -> None:
    assert codes("id_number", number) == []


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000", "911156", "330681", "310115"])
def test_numbers_of_permits_and_of_abolished_areas_pass(prefix: str) -> None:
    assert codes("id_number", numbered(f"{prefix}19880315000")) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("120103195001010004", "id_check_digit"),
        ("12010319500101000", "id_form"),
        ("120103500101003", "id_form"),
        ("1201031950O1010003", "id_form"),
        ("X20103195001010003", "id_form"),
        (numbered("12010319500230000"), "id_birth_date"),
        (numbered("12010318991231000"), "id_birth_date"),
        (numbered("12010320261124000"), "id_birth_date"),
        (numbered("99010319500101000"), None),
        (numbered("12010320261123000"), None),
        (numbered("12010319000101000"), None),
    ],
)
def test_a_wrong_citizen_number_is_told_by_its_fault(number: str, code: str | None) -> None:
    assert codes("id_number", number) == ([code] if code else [])


def test_full_width_digits_spaces_and_small_x_are_brought_into_form() -> None:
    assert stored("id_number", " ３２０２０５ 19500808 000x ") == "32020519500808000X"
    assert stored("uscc", "９１１２０１０３ma 00000006") == "91120103MA00000006"


def test_an_area_that_the_table_lacks_is_only_a_warning(hexi: Tree) -> None:
    around = Surroundings(today=TODAY, divisions=hexi)
    gone = check("id_number", "error", numbered("12019919500101000"), around)

    assert [(flaw.code, flaw.level) for flaw in gone.flaws] == [("id_area_unknown", "warn")]
    assert codes("id_number", "120103195001010003", divisions=hexi) == []
    assert codes("id_number", "330681198803150007", divisions=hexi) == []
    assert codes("id_number", numbered("77010319500101000")) == ["id_area_unknown"]


@pytest.mark.parametrize(
    "code",
    [
        *("91120103MA00000006", "92330681MA0000000D", "93532901MA00000004"),
        *("54330681ME0000000K", "N2330681MF0000000A", "11120103000000000B"),
    ],
)
def test_the_published_credit_codes_pass(code: str) -> None:
    assert codes("uscc", code) == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("91120103MA00000007", "uscc_check_digit"),
        ("91120103MA0000000", "uscc_form"),
        ("91120103MI00000006", "uscc_form"),
        ("B1120103MA00000006", "uscc_form"),
    ],
)
def test_a_wrong_credit_code_is_told_by_its_fault(code: str, fault: str) -> None:
    assert codes("uscc", code) == [fault]


@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("id", "120103195001010003", None),
        ("id", "E12345678", "id_form"),
        ("id", "120103195001010004", "id_check_digit"),
        ("hmt", numbered("81000019880315000"), None),
        ("hmt", "810000198803150001", "id_check_digit"),
        ("hmt", "H1234567", None),
        ("frp", "CHN310112233445", None),
        ("passport", "E12345678", None),
        ("passport", "120103195001010004", None),
        ("passport", "E123", "document_number_form"),
        ("passport", "E" * 31, "document_number_form"),
        ("passport", "E-1234567", "document_number_form"),
        (None, "120103195001010004", "id_check_digit"),
        (None, "12010319500101000", "id_form"),
        (None, "E12345678", None),
    ],
)
def test_a_document_number_is_judged_by_the_kind_of_document(
    kind: str | None, number: str, code: str | None
) -> None:
    values = {} if kind is None else {"id_type": kind}

    assert codes("id_or_other", number, values=values, name="id_no") == ([code] if code else [])


def test_the_kind_of_the_applicants_document_does_not_bind_other_people() -> None:
    values = {"id_type": "passport"}

    assert codes("id_or_other", "120103195001010004", values=values, name="agent_id") == [
        "id_check_digit"
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("曾伟", None),
        ("𠀀𫟅", None),
        ("𱍊𲎯", None),
        ("阿卜杜拉·买买提", None),
        ("Anna María Müller", None),
        ("〇〇", None),
        ("字" * 50, None),
        ("字" * 51, "name_length"),
        ("王2", "name_symbol"),
        ("王_", "name_symbol"),
        ("\ue000", "name_symbol"),
    ],
)
def test_names_of_every_plane_pass_and_odd_signs_are_pointed_out(
    name: str, code: str | None
) -> None:
    assert codes("name_cn", name) == ([code] if code else [])


def test_every_sort_of_middle_dot_is_stored_as_one() -> None:
    assert stored("name_cn", "阿卜杜拉•买买提") == "阿卜杜拉·买买提"
    assert stored("name_cn", "欧阳\u3000锋") == "欧阳 锋"


def test_a_compatibility_ideograph_is_kept_as_it_was_written() -> None:
    assert stored("name_cn", "\ufa11山") == "\ufa11山"


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        ("mobile", "+86 138-0013-8000", "13800138000"),
        ("phone", "１３８００１３８０００", "13800138000"),
        ("phone", "022-28370001", "022-28370001"),
        ("phone", "0575 87012345", "057587012345"),
        ("phone", "022-28370001-8016", "022-28370001-8016"),
        ("bank_card", "6222 0202 0011 2233 446", "6222020200112233446"),
        ("date_any", "2026-11-23", "2026-11-23"),
        ("date_any", "20261123", "2026-11-23"),
        ("date_past", "2026-11-23", "2026-11-23"),
        ("money", "1,200", "1200.00"),
        ("money", "０.5", "0.50"),
        ("money", "-0", "0.00"),
        ("area_mu", "3.25", "3.25"),
        ("area_sqm", "0.01", "0.01"),
        ("int_nonneg", "007", "7"),
        ("postcode", " 300200", "300200"),
        ("email", "li@example.gov.cn", "li@example.gov.cn"),
        ("text200", "字" * 200, "字" * 200),
        ("text2000", "字" * 2000, "字" * 2000),
        ("division12", "120103001001", "120103001001"),
    ],
)
def test_a_right_value_comes_out_in_its_stored_form(rule: str, text: str, value: str) -> None:
    assert codes(rule, text) == []
    assert stored(rule, text) == value


@pytest.mark.parametrize(
    ("rule", "text", "code"),
    [
        ("mobile", "12800138000", "mobile_form"),
        ("mobile", "1380013800", "mobile_form"),
        ("phone", "28370001", "phone_form"),
        ("phone", "12345", "phone_form"),
        ("bank_card", "6222020200112233448", "bank_card_check_digit"),
        ("bank_card", "622202020011223", "bank_card_form"),
        ("date_any", "2026-02-29", "date_form"),
        ("date_any", "2026/11/23", "date_form"),
        ("date_any", "2026-W48-1", "date_form"),
        ("date_past", "2026-11-24", "date_after_today"),
        ("date_past", "soon", "date_form"),
        ("money", "1.005", "number_places"),
        ("money", "-0.01", "number_negative"),
        ("money", "1e5", "number_form"),
        ("money", "NaN", "number_form"),
        ("money", "12,00", "number_form"),
        ("money", "9" * 16, "number_form"),
        ("area_mu", "-1", "number_negative"),
        ("area_sqm", "0", "number_zero"),
        ("int_nonneg", "-1", "number_negative"),
        ("int_nonneg", "1.0", "integer_form"),
        ("int_nonneg", "二", "integer_form"),
        ("postcode", "30020", "postcode_form"),
        ("email", "li@localhost", "email_form"),
        ("email", "li120103194001010008example.cn", "email_form"),
        ("email", "li li@example.cn", "email_form"),
        ("text200", "字" * 201, "text_length"),
        ("text2000", "字" * 2001, "text_length"),
        ("division12", "1201030010", "division_form"),
    ],
)
def test_a_wrong_value_is_told_by_its_fault(rule: str, text: str, code: str) -> None:
    assert codes(rule, text) == [code]


def test_a_division_is_wrong_inside_the_table_and_only_elsewhere_outside(hexi: Tree) -> None:
    around = Surroundings(today=TODAY, divisions=hexi)

    inside = check("division12", "error", "120103001999", around).flaws
    outside = check("division12", "error", "330681001001", around).flaws

    assert codes("division12", "120103001001", divisions=hexi) == []
    assert [(flaw.code, flaw.level) for flaw in inside] == [("division_unknown", "error")]
    assert [(flaw.code, flaw.level) for flaw in outside] == [("division_elsewhere", "warn")]


@pytest.mark.parametrize(
    ("kind", "birth", "sex", "faults"),
    [
        ("id", "1950-01-01", "2", []),
        ("id", "1950-01-02", "1", ["birth_not_as_id", "sex_not_as_id"]),
        ("id", "1950-01-01", "9", []),
        ("hmt", "1950-01-02", "1", ["sex_not_as_id"]),
        ("passport", "1950-01-02", "1", []),
    ],
)
def test_birth_and_sex_are_held_against_the_number(
    kind: str, birth: str, sex: str, faults: list[str]
) -> None:
    values = {"id_type": kind, "id_no": "120103195001010003"}

    found = codes("birth_matches_id", birth, values=values, source="id_no")
    found += codes("sex_matches_id", sex, values=values, source="id_no")

    assert found == faults


def test_under_the_level_warn_nothing_blocks() -> None:
    flaws = check("phone", "warn", "12345", Surroundings(today=TODAY)).flaws

    assert [(flaw.code, flaw.level) for flaw in flaws] == [("phone_form", "warn")]


def test_the_program_knows_twenty_rules() -> None:
    assert len(set(RULE_NAMES)) == 20
