"""The shipped catalogue loads whole, and items answer what the fold and the pages ask."""

from decimal import Decimal
from pathlib import Path

import pytest

from cases.catalogue import Catalogue, load_catalogue
from cases.items import Limit

SHIPPED = Path(__file__).parents[3] / "configs" / "catalogue.yaml"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(SHIPPED.read_text(encoding="utf-8"))


def test_all_fifty_items_of_the_shipped_catalogue_load(catalogue: Catalogue) -> None:
    counts = (len(catalogue.items), len(catalogue.fields), len(catalogue.materials))

    assert counts == (50, 98, 57)
    assert catalogue.tiers == ("city", "district", "street", "village")
    assert catalogue.version == "draft-1"
    assert catalogue.unset_figures == ()


def test_every_item_has_a_promise_and_somebody_who_decides(catalogue: Catalogue) -> None:
    for item in catalogue.items.values():
        assert item.deciding_tiers
        assert item.promised.n >= 0
        assert set(item.audience_tiers) <= set(catalogue.tiers)


def test_an_item_without_own_version_has_that_of_the_catalogue(catalogue: Catalogue) -> None:
    assert catalogue.items["MZ-001"].version == "draft-1"


def test_groups_of_fields_are_spread_and_question_marks_make_them_optional(
    catalogue: Catalogue,
) -> None:
    fields = {entry.name: entry.optional for entry in catalogue.items["MZ-004"].fields}

    assert list(fields)[:6] == ["id_type", "id_no", "name", "sex", "birth", "mobile"]
    assert fields["agent_name"]
    assert fields["dibao_no"]
    assert not fields["disability_cert"]


def test_an_immediate_item_takes_longer_where_the_accepting_tier_may_not_decide(
    catalogue: Catalogue,
) -> None:
    enrolment = catalogue.items["RS-001"]

    assert catalogue.promise(enrolment, "street") == Limit(0, "wd")
    assert catalogue.promise(enrolment, "village") == Limit(1, "wd")


def test_a_larger_sum_of_relief_is_decided_by_the_tier_above(catalogue: Catalogue) -> None:
    relief = catalogue.items["MZ-003"]

    assert relief.may_decide("street", Decimal(2000))
    assert not relief.may_decide("street", Decimal("2000.01"))
    assert relief.may_decide("district", Decimal("2000.01"))
    assert not relief.may_decide("village", Decimal(1))


def test_the_audience_is_the_tiers_of_the_steps_and_the_lowest_that_decides(
    catalogue: Catalogue,
) -> None:
    assert catalogue.items["MZ-003"].audience_tiers == ("street", "village")
    assert catalogue.items["TY-001"].audience_tiers == ("city", "district", "street")
    assert catalogue.items["MZ-007"].audience_tiers == ("village",)


def test_every_tier_may_query_whatever_its_rights(catalogue: Catalogue) -> None:
    assert catalogue.items["MZ-001"].rights_of("city") == ("query",)
    assert catalogue.items["MZ-001"].rights_of("province") == ("query",)


def test_the_figures_of_a_place_override_those_of_the_catalogue() -> None:
    text = SHIPPED.read_text(encoding="utf-8")

    own = load_catalogue(text, jurisdiction={"max_site_area": "140"})

    assert own.jurisdiction["max_site_area"] == "140"


def test_a_figure_that_a_condition_needs_and_nobody_set_is_listed() -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("max_site_area: 167", "other: 1")

    assert load_catalogue(text).unset_figures == ("max_site_area",)


def test_a_fee_keeps_its_exact_decimal(catalogue: Catalogue) -> None:
    assert catalogue.items["CG-001"].fee.yuan == Decimal("0.3")
    assert catalogue.items["MZ-001"].fee.kind == "none"
