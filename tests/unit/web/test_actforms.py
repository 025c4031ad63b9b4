"""A posted form of an act becomes facts without personal words, and sealed words."""

from collections.abc import Iterator
from datetime import date

import pytest

from casebook.intake import Intake, Paper
from casebook.views import CaseView
from tests.support.network import VILLAGE, catalogue, small_network
from tests.support.pages import ID_NUMBER, divisions
from web.actforms import ActFormError, Terms, read_act

TERMS = Terms(catalogue(), divisions(), date(2026, 11, 23))
FIELDS = {
    "id_type": "id",
    "id_no": ID_NUMBER,
    "name": "张桂兰",
    "sex": "2",
    "birth": "1950-01-01",
    "mobile": "13800138000",
    "hukou": VILLAGE,
    "live_div": VILLAGE,
    "address": "九江路12号",
    "relation": "self",
    "bank_name": "天津农商银行",
    "bank_card": "6217000000000000003",
}


@pytest.fixture
def view() -> Iterator[CaseView]:
    with small_network() as network:
        place = network.places[VILLAGE]
        intake = Intake(FIELDS, (Paper("id_card", "seen"),))
        case = place.casebook.receive("MZ-006", intake, place.clerk()).case
        yield place.casebook.view(case, place.clerk())


@pytest.mark.parametrize(
    ("act", "form", "facts", "body"),
    [
        ("accept", {}, {}, {}),
        (
            "precheck",
            {"result": "fit", "opinion": " 符合 "},
            {"result": "fit"},
            {"opinion": "符合"},
        ),
        ("decide", {"outcome": "granted"}, {"outcome": "granted"}, {"opinion": ""}),
        ("issue", {"document_no": " 津  01号 "}, {"document_no": "津 01号"}, {}),
        ("deliver", {"relation": "self"}, {"relation": "self"}, {"taken_by": ""}),
        ("note", {"text": "来电\r\n询问"}, {}, {"text": "来电\n询问"}),
        ("withdraw", {"reason": "迁出"}, {}, {"reason": "迁出"}),
        (
            "amend",
            {"field": "mobile", "value": "１３９００１３９０００"},
            {"fields": ["mobile"]},
            {"values": {"mobile": "13900139000"}},
        ),
    ],
)
def test_what_a_clerk_fills_in_becomes_facts_and_words(
    view: CaseView,
    act: str,
    form: dict[str, str],
    facts: dict[str, object],
    body: dict[str, object],
) -> None:
    given = read_act(view, act, form, TERMS)

    assert (given.facts, given.body) == (facts, body)


@pytest.mark.parametrize(
    ("act", "form", "code"),
    [
        ("precheck", {}, "required"),
        ("precheck", {"result": "perhaps"}, "not_an_option"),
        ("decide", {"outcome": "refused", "opinion": " "}, "words_needed"),
        ("issue", {"document_no": ""}, "document_no_form"),
        ("issue", {"document_no": "1" * 65}, "document_no_form"),
        ("deliver", {"relation": "agent"}, "words_needed"),
        ("send_up", {"to": "120104000000"}, "not_an_option"),
        ("note", {"text": "字" * 2_001}, "text_length"),
        ("note", {"text": "a\u0000b"}, "control_character"),
        ("withdraw", {}, "words_needed"),
        ("amend", {"field": "case_no", "value": "1"}, "not_an_option"),
        ("amend", {"field": "id_no", "value": "120103195001010004"}, "id_check_digit"),
        ("amend", {"field": "name", "value": ""}, "required"),
        ("receive", {}, "unknown_act"),
        ("erase", {}, "unknown_act"),
    ],
)
def test_a_faulty_form_is_refused_with_the_reason(
    view: CaseView, act: str, form: dict[str, str], code: str
) -> None:
    with pytest.raises(ActFormError) as refusal:
        read_act(view, act, form, TERMS)

    assert refusal.value.flaw.code == code
