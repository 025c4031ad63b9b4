"""Filled forms: what blocks, what is shown, what is filled in, which papers are asked for."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from cases.catalogue import Catalogue, load_catalogue
from cases.divisions import Tree, load_divisions
from cases.forms import ROWS_MAX, Finding, FormResult, check_form, required_materials

CONFIGS = Path(__file__).parents[3] / "configs"
TODAY = date(2026, 11, 23)
PERSON = {
    "id_type": "id",
    "id_no": "120103194001010009",
    "name": "李秀英",
    "sex": "2",
    "birth": "1940-01-01",
    "mobile": "13800138000",
}
PLACE = {"hukou": "120103001001", "live_div": "120103001001", "address": "大沽南路1号"}
BANK = {"bank_name": "农商银行", "bank_card": "6222020200112233446"}
OLD_AGE = {**PERSON, **PLACE, **BANK, "relation": "self"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue((CONFIGS / "catalogue.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hexi() -> Tree:
    text = (CONFIGS / "divisions" / "tianjin-hexi.csv").read_text(encoding="utf-8")
    return load_divisions(text, "tianjin-hexi.csv")


def checked(
    catalogue: Catalogue, code: str, values: Mapping[str, object], tree: Tree | None = None
) -> FormResult:
    return check_form(catalogue.items[code], catalogue, values, today=TODAY, divisions=tree)


def test_a_right_form_passes_and_keeps_the_order_of_the_item(
    catalogue: Catalogue, hexi: Tree
) -> None:
    result = checked(catalogue, "MZ-006", dict(reversed(OLD_AGE.items())), hexi)

    assert result.errors == ()
    assert result.warnings == ()
    assert result.is_acceptable
    assert list(result.cleaned)[:6] == ["id_type", "id_no", "name", "sex", "birth", "mobile"]
    assert result.cleaned["bank_card"] == "6222020200112233446"


def test_every_required_field_left_empty_is_named(catalogue: Catalogue) -> None:
    result = checked(catalogue, "MZ-006", {"id_type": "", "relation": ""})

    required = {entry.name for entry in catalogue.items["MZ-006"].fields if not entry.optional}
    filled_from_the_number = {"birth", "sex"}
    assert {error.field for error in result.errors} == required - filled_from_the_number
    assert {error.code for error in result.errors} == {"required"}


def test_a_field_that_was_not_sent_takes_its_default(catalogue: Catalogue) -> None:
    sent = {
        name: value for name, value in OLD_AGE.items() if name not in ("relation", "id_type")
    }

    result = checked(catalogue, "MZ-006", sent)

    assert (result.cleaned["relation"], result.cleaned["id_type"]) == ("self", "id")


def test_birth_and_sex_are_filled_in_from_the_number(catalogue: Catalogue) -> None:
    result = checked(catalogue, "MZ-006", {**OLD_AGE, "birth": "", "sex": " "})

    assert result.errors == ()
    assert (result.cleaned["birth"], result.cleaned["sex"]) == ("1940-01-01", "2")


def test_a_wrong_number_fills_nothing_in_and_is_reported_alone(catalogue: Catalogue) -> None:
    wrong = {**OLD_AGE, "id_no": "120103194001010008", "birth": "", "sex": ""}

    result = checked(catalogue, "MZ-006", wrong)

    assert result.errors == (Finding("id_no", "id_check_digit"),)
    assert "birth" not in result.cleaned


def test_a_passport_leaves_birth_and_sex_to_the_clerk(catalogue: Catalogue) -> None:
    passport = {**OLD_AGE, "id_type": "passport", "id_no": "E12345678", "birth": ""}

    assert checked(catalogue, "MZ-006", passport).errors == (Finding("birth", "required"),)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"shoe_size": "43"}, "shoe_size", "unknown_field"),
        ({"sex": "3"}, "sex", "not_an_option"),
        ({"relation": "Self"}, "relation", "not_an_option"),
        ({"name": 12}, "name", "wrong_type"),
        ({"name": ["李"]}, "name", "wrong_type"),
        ({"birth": "1940-13-01"}, "birth", "date_form"),
        ({"birth": "1940-01-02"}, "birth", "birth_not_as_id"),
        ({"address": "字" * 201}, "address", "text_length"),
        ({"bank_name": "字" * 5000}, "bank_name", "text_length"),
        ({"address": "a\x00b"}, "address", "control_character"),
        ({"address": "a\u202eb"}, "address", "control_character"),
        ({"address": "a\ud800b"}, "address", "control_character"),
        ({"hukou": "120103001999"}, "hukou", "division_unknown"),
        ({"hukou": "河西"}, "hukou", "division_form"),
    ],
)
def test_a_wrong_value_blocks_and_is_not_stored(
    catalogue: Catalogue, hexi: Tree, changes: dict[str, object], field: str, code: str
) -> None:
    result = checked(catalogue, "MZ-006", {**OLD_AGE, **changes}, hexi)

    assert [(error.field, error.code) for error in result.errors] == [(field, code)]
    assert field not in result.cleaned


def test_a_wrong_phone_is_shown_and_stored_because_the_paper_wins(
    catalogue: Catalogue,
) -> None:
    result = checked(catalogue, "MZ-006", {**OLD_AGE, "mobile": "2837"})

    assert result.is_acceptable
    assert result.warnings == (Finding("mobile", "phone_form"),)
    assert result.cleaned["mobile"] == "2837"


def test_an_unmet_check_of_the_item_is_a_warning(catalogue: Catalogue) -> None:
    young = {**OLD_AGE, "id_no": "120103195001010003", "birth": "", "sex": ""}

    result = checked(catalogue, "MZ-006", young)

    assert result.is_acceptable
    assert result.warnings == (
        Finding("birth", "check_not_met", {"check": "age(birth) >= 80"}),
    )


def test_a_check_waits_until_its_fields_are_right(catalogue: Catalogue) -> None:
    result = checked(catalogue, "MZ-006", {**OLD_AGE, "birth": "yesterday"})

    assert result.warnings == ()


def test_a_check_without_the_figure_of_the_place_is_left_out() -> None:
    text = (CONFIGS / "catalogue.yaml").read_text(encoding="utf-8")
    catalogue = load_catalogue(text.replace("max_site_area: 167", "other: 1"))
    shipped = load_catalogue(text)
    values = {"site_area": "500"}

    bare = checked(catalogue, "NY-001", values).warnings
    full = checked(shipped, "NY-001", values).warnings

    assert bare == ()
    assert [warning.code for warning in full] == ["check_not_met"]


def test_rows_are_checked_cell_by_cell(catalogue: Catalogue) -> None:
    household = {
        "name": "王强",
        "id_no": "33068119880315000７",
        "bank_card": "6222020200112233446",
        "land_mu": "3.5",
        "subsidy_mu": "3,000",
        "mobile": "13800138000",
    }
    rows = [household, {**household, "land_mu": "", "id_no": "330681198803150008", "x": "y"}]

    result = checked(catalogue, "NY-002", {"batch_year": "2026", "households": rows})

    assert [(error.field, error.code) for error in result.errors] == [
        ("households.2.x", "unknown_field"),
        ("households.2.id_no", "id_check_digit"),
        ("households.2.land_mu", "required"),
    ]
    assert result.cleaned["batch_year"] == "2026"
    stored = result.cleaned["households"]
    assert isinstance(stored, list)
    assert stored[0] == {
        **household,
        "id_no": "330681198803150007",
        "land_mu": "3.50",
        "subsidy_mu": "3000.00",
    }


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("text", "wrong_type"),
        (["text"], "wrong_type"),
        ([{"name": "王"}] * (ROWS_MAX + 1), "too_many_rows"),
        ([], "required"),
        ("", "required"),
        ([{"name": ""}], "required"),
    ],
)
def test_rows_of_the_wrong_shape_or_number_block(
    catalogue: Catalogue, rows: object, code: str
) -> None:
    result = checked(catalogue, "NY-002", {"batch_year": "2026", "households": rows})

    assert [error.code for error in result.errors] == [code]


def test_coordinates_are_latitude_and_longitude(catalogue: Catalogue) -> None:
    def place(text: str) -> list[tuple[str, str]]:
        errors = checked(catalogue, "CG-001", {"geo": text}).errors
        return [(error.field, error.code) for error in errors if error.field == "geo"]

    assert place("39.1024, 117.2231") == []
    assert place("91,117.2") == [("geo", "coordinates_form")]
    assert place("39.1") == [("geo", "coordinates_form")]


def test_a_form_with_too_many_fields_is_refused_at_once(catalogue: Catalogue) -> None:
    result = checked(catalogue, "MZ-006", {f"x{n}": "" for n in range(301)})

    assert result.errors == (Finding("", "too_many_fields", {"max": "300"}),)


@pytest.mark.parametrize(
    "value",
    ["'; DROP TABLE", "<script>", "９" * 300, "\ufeff", None, 3.5, b"x", [[]], {}],
)
def test_every_item_takes_hostile_values_without_harm(
    catalogue: Catalogue, value: object
) -> None:
    for code, item in catalogue.items.items():
        names = [entry.name for entry in item.fields]
        assert not checked(catalogue, code, dict.fromkeys(names, value)).is_acceptable


def papers(catalogue: Catalogue, code: str, values: Mapping[str, object]) -> dict[str, str]:
    return dict(required_materials(catalogue.items[code], values, TODAY))


def test_a_conditional_paper_is_main_when_its_condition_holds(catalogue: Catalogue) -> None:
    child = papers(catalogue, "RS-005", {"birth": "2015-06-01"})
    adult = papers(catalogue, "RS-005", {"birth": "1985-06-01"})

    assert child == {"id_card": "main", "photo": "main", "guardian_proof": "main"}
    assert adult == {"id_card": "main", "photo": "main"}


def test_a_condition_on_an_empty_field_asks_for_the_paper(catalogue: Catalogue) -> None:
    assert papers(catalogue, "WJ-001", {})["commitment"] == "main"
    assert "commitment" not in papers(catalogue, "WJ-001", {"spouse_name": "王强"})


def test_a_paper_stays_conditional_while_its_field_is_wrongly_filled(
    catalogue: Catalogue,
) -> None:
    assert (
        papers(catalogue, "RS-005", {"birth": "last year"})["guardian_proof"] == "conditional"
    )


def test_needs_are_those_of_the_item(catalogue: Catalogue) -> None:
    assert papers(catalogue, "MZ-001", {"hardship_cause": "illness"}) == {
        "app_form": "main",
        "id_card": "shared",
        "household_book": "shared",
        "verify_auth": "main",
        "income_stmt": "main",
        "illness_docs": "main",
        "bank_book": "tolerable",
    }
