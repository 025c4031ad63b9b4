"""The case page of a hub: who may do what, what is shown of it, and what a refusal says."""

import re
from pathlib import Path

import pytest

from cases.casestate import CaseState
from hub.pages.rights import ACTS
from tests.support.hall import FORM, Hall, open_hall, received, write
from tests.support.journals import journal_of
from tests.support.network import DISTRICT, ROOT, STREET, VILLAGE, Network, make_network
from web.texts import LANGUAGES, Texts

_CODE = re.compile(r'(?:return|else|UnlawfulActError\()\s*\(?"([a-z_]+)"')


@pytest.fixture
def network() -> Network:
    return make_network()


@pytest.fixture
def street(network: Network, tmp_path: Path) -> Hall:
    return open_hall(network, STREET, tmp_path)


def in_hand(network: Network, item: str = "MZ-009") -> bytes:
    """A case that the outpost accepted where it may, and the street has taken."""
    case = received(network, VILLAGE, item)
    if item == "MZ-009":
        write(network, VILLAGE, case, "accept")
    write(network, VILLAGE, case, "send_up", to=STREET)
    write(network, STREET, case, "take")
    return case


def decided(network: Network) -> bytes:
    case = in_hand(network)
    write(network, STREET, case, "decide", outcome="granted")
    return case


def state(hall: Hall, case: bytes) -> CaseState:
    return hall.place.casebook.state(case)


def forms(page: str) -> set[str]:
    """The acts for which the page has a form, or opens one."""
    return set(re.findall(r'/acts/([a-z_]+)"', page)) | set(re.findall(r'id="act-(\w+)"', page))


def test_a_decision_is_shown_with_its_effects_before_it_is_made(
    network: Network, street: Hall
) -> None:
    case = in_hand(network)

    answer = street.sign_in("a1").act(case, "decide", outcome="granted", opinion="符合条件")

    assert answer.status_code == 200
    assert "承诺时限（2026-12-02 到期）到此为止" in answer.text
    assert "可退回九江路社区由窗口送达" in answer.text
    assert "符合条件" in answer.text
    assert FORM["name"] not in answer.text
    assert state(street, case).state == "accepted"


def test_a_confirmed_decision_is_made(network: Network, street: Hall) -> None:
    case = in_hand(network)
    desk = street.sign_in("a1")

    answer = desk.act(case, "decide", outcome="granted", opinion="符合条件", confirmed="yes")

    assert (answer.status_code, answer.location) == (303, f"/cases/{case.hex()}")
    assert (state(street, case).state, state(street, case).outcome) == ("decided", "granted")
    assert "符合条件" in desk.see(f"/cases/{case.hex()}")
    assert street.site.pokes


def test_an_asked_for_withdrawal_gives_pause_before_the_decision(
    network: Network, street: Hall
) -> None:
    case = in_hand(network)
    write(network, VILLAGE, case, "withdraw")

    answer = street.sign_in("a1").act(case, "decide", outcome="granted", opinion="")

    assert "申请人已请求撤回" in answer.text


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
def test_a_refusal_without_reasons_is_not_made(
    confirmed: dict[str, str], network: Network, street: Hall
) -> None:
    case = in_hand(network)

    answer = street.sign_in("a1").act(
        case, "decide", outcome="refused", opinion=" ", **confirmed
    )

    assert answer.status_code == 422
    assert "请写明原因或内容" in answer.text
    assert state(street, case).state == "accepted"


def test_a_refusal_reminds_of_the_remedies(network: Network, street: Hall) -> None:
    case = in_hand(network)

    answer = street.sign_in("a1").act(case, "decide", outcome="refused", opinion="不符合")

    assert "行政复议" in answer.text


def test_who_accepted_may_not_decide(network: Network, street: Hall) -> None:
    case = received(network, VILLAGE, "SC-001")
    write(network, VILLAGE, case, "send_up", to=STREET)
    write(network, STREET, case, "take")
    place = network.places[STREET]
    place.casebook.act(case, "accept", place.clerk("a1"))

    answer = street.sign_in("a1").act(case, "decide", outcome="granted", opinion="同意")

    assert answer.status_code == 409
    assert "受理人不能再作决定" in answer.text
    assert state(street, case).outcome == ""


@pytest.mark.parametrize(
    ("name", "act"),
    [("w1", "decide"), ("r1", "decide"), ("w1", "step_done"), ("s1", "take"), ("a1", "accept")],
)
def test_an_act_of_another_role_is_refused(
    name: str, act: str, network: Network, street: Hall
) -> None:
    case = in_hand(network)
    before = state(street, case)

    answer = street.sign_in(name).act(case, act, outcome="granted", confirmed="yes")

    assert answer.status_code == 403
    assert "您的岗位没有此权限" in answer.text
    assert state(street, case) == before


def test_it_staff_do_no_act(network: Network, street: Hall) -> None:
    case = in_hand(network)

    assert street.sign_in("i1").act(case, "note", text="看过").status_code == 403
    assert street.sign_in("i1").send(f"/cases/{case.hex()}/reveal").status_code == 403


EVERYBODY = {"return", "note", "amend", "withdraw", "attach", "rate", "void"}


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("w1", EVERYBODY),
        ("r1", {*EVERYBODY, "pause_open"}),
        ("a1", {*EVERYBODY, "pause_open", "decide"}),
        ("s1", {"note", "urge", "void", "correct"}),
    ],
)
def test_the_page_offers_the_acts_of_the_role(
    name: str, offered: set[str], network: Network, street: Hall
) -> None:
    case = in_hand(network)

    page = street.sign_in(name).see(f"/cases/{case.hex()}")

    assert forms(page) == offered


def test_an_unlawful_act_is_one_clear_line_and_the_page_stays(
    network: Network, street: Hall
) -> None:
    case = in_hand(network)
    desk = street.sign_in("w1", language="en")

    answer = desk.act(case, "take")

    assert answer.status_code == 409
    assert Texts("en").text("unlawful.already_held") in answer.text
    assert "What you can do" in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_rules_has_a_text(language: str) -> None:
    names = ("lifecycle", "judging", "states")
    sources = (*(f"cases/{name}.py" for name in names), "casebook/ruling.py")
    codes = {
        code
        for source in sources
        for code in _CODE.findall((ROOT / source).read_text(encoding="utf-8"))
    }
    known = Texts(language).keys()

    assert {"segregation", "no_custody", "amount_above"} <= codes
    assert [code for code in sorted(codes) if f"unlawful.{code}" not in known] == []


def test_a_reviewer_takes_a_case_through_its_steps_and_sends_it_up(
    network: Network, street: Hall
) -> None:
    case = received(network, VILLAGE, "RS-002")
    write(network, VILLAGE, case, "accept")
    write(network, VILLAGE, case, "send_up", to=STREET)
    desk = street.sign_in("r1")

    answers = [
        desk.act(case, "take"),
        desk.act(case, "step_done", step="first_review", opinion="初审通过，材料属实"),
        desk.act(case, "send_up", to=DISTRICT, opinion=""),
    ]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert state(street, case).offered_to == DISTRICT
    page = desk.see(f"/cases/{case.hex()}")
    assert "初审通过，材料属实" in page
    assert "待 河西区 接收" in page


def test_a_window_checks_and_accepts_what_the_outpost_may_not(
    network: Network, street: Hall
) -> None:
    case = received(network, VILLAGE, "MZ-003")
    write(network, VILLAGE, case, "send_up", to=STREET)
    write(network, STREET, case, "take")

    answer = street.sign_in("w1").act(case, "accept")

    assert answer.status_code == 303
    assert state(street, case).accepted_by == f"{STREET}-w1"


def test_a_result_goes_back_to_the_outpost_with_one_key(network: Network, street: Hall) -> None:
    case = decided(network)
    desk = street.sign_in("w1")
    page = desk.see(f"/cases/{case.hex()}")
    start = page.index("退回送达")
    fields = dict(
        re.findall(
            r'type="hidden" name="(\w+)" value="([^"]*)"', page[start:].split("</form>")[0]
        )
    )

    answer = desk.act(case, "return", **{k: v for k, v in fields.items() if k != "csrf"})

    assert answer.status_code == 303
    assert state(street, case).offered_to == VILLAGE


def test_a_window_delivers_at_the_hub(network: Network, street: Hall) -> None:
    case = decided(network)
    desk = street.sign_in("w1")

    answer = desk.act(case, "deliver", relation="agent", taken_by="李四光")

    assert answer.status_code == 303
    assert state(street, case).state == "delivered"
    page = desk.see(f"/cases/{case.hex()}")
    assert "李**" in page
    assert "李四光" not in page


def test_an_approver_issues_a_document(network: Network, tmp_path: Path) -> None:
    case = received(network, VILLAGE, "CL-001")
    write(network, VILLAGE, case, "accept")
    write(network, VILLAGE, case, "send_up", to=STREET)
    write(network, STREET, case, "take")
    write(network, STREET, case, "step_done", step="review")
    write(network, STREET, case, "send_up", to=DISTRICT)
    write(network, DISTRICT, case, "take")
    for step in ("assess", "publicity"):
        write(network, DISTRICT, case, "step_done", step=step)
    desk = (hall := open_hall(network, DISTRICT, tmp_path)).sign_in("a1")

    preview = desk.act(case, "decide", outcome="granted", opinion="同意")
    desk.act(case, "decide", outcome="granted", opinion="同意", confirmed="yes")
    answer = desk.act(case, "issue", document_no="残证〔2026〕01-0007号")

    assert "下一环节：制证（区级）" in preview.text
    assert answer.status_code == 303
    assert state(hall, case).document_no == "残证〔2026〕01-0007号"


def test_a_return_without_words_keeps_what_was_chosen(network: Network, street: Hall) -> None:
    case = in_hand(network)

    answer = street.sign_in("r1").act(
        case, "return", to=VILLAGE, reason_code="wrong_data", reason=""
    )

    assert answer.status_code == 422
    assert '<option value="wrong_data" selected>' in answer.text
    assert state(street, case).offer is None


def test_a_supervisor_notes_and_everybody_with_the_key_reads_it(
    network: Network, street: Hall
) -> None:
    case = in_hand(network)

    answer = street.sign_in("s1").act(case, "note", text="请加快办理")

    assert answer.status_code == 303
    assert "请加快办理" in street.sign_in("w1").see(f"/cases/{case.hex()}")


def test_both_values_of_a_field_amended_apart_are_shown_masked(
    network: Network, street: Hall
) -> None:
    case = in_hand(network)
    for unit, value in ((VILLAGE, "13911112222"), (STREET, "13733334444")):
        place = network.places[unit]
        place.casebook.act(
            case,
            "amend",
            place.clerk("w1"),
            facts={"fields": ["mobile"]},
            body={"values": {"mobile": value}},
        )
    network.carry()

    page = street.sign_in("r1").see(f"/cases/{case.hex()}")

    box = page[page.index('id="conflicts"') :].split("</section>")[0]
    assert "139****2222" in box
    assert "137****4444" in box
    assert box.count("未采用，已保留") == 1
    assert box.count('value="adopt ') == 1


def test_an_act_that_has_no_effect_stays_with_its_reason(
    network: Network, street: Hall
) -> None:
    case = received(network, VILLAGE, "TY-001")
    write(network, VILLAGE, case, "send_up", to=STREET)
    place, outpost = network.places[STREET], network.places[VILLAGE]
    place.casebook.act(case, "take", place.clerk())
    outpost.casebook.act(case, "precheck", outpost.clerk("w1"), facts={"result": "fit"})
    network.carry()

    page = street.sign_in("r1").see(f"/cases/{case.hex()}")

    assert "未生效：办件已移交" in page
    assert "已按规则处理" in page


def test_personal_data_are_shown_when_asked_for_and_the_journal_keeps_who(
    network: Network, street: Hall
) -> None:
    case = in_hand(network)
    desk = street.sign_in("r1")
    masked = desk.see(f"/cases/{case.hex()}")

    shown = desk.send(f"/cases/{case.hex()}/reveal").text

    assert FORM["id_no"] not in masked
    assert FORM["id_no"] in shown
    last = journal_of(network.places[STREET])[-1]
    assert (last.action, last.thing, last.clerk) == ("unmask", case.hex(), f"{STREET}-r1")
    assert FORM["name"] not in str(last)


def test_titles_and_addresses_hold_no_personal_data(network: Network, street: Hall) -> None:
    case = in_hand(network)
    page = street.sign_in("r1").see(f"/cases/{case.hex()}")

    title = re.search(r"<title>([^<]*)</title>", page)
    links = " ".join(re.findall(r'(?:href|action)="([^"]*)"', page))

    assert title is not None
    assert title[1] == "办件详情 · 大营门街道"
    assert not any(value in links for value in FORM.values())


@pytest.mark.parametrize("case", ["0" * 32, "x" * 32, "12"])
def test_an_unknown_case_is_not_found(case: str, street: Hall) -> None:
    assert street.sign_in("r1").browser.get(f"/cases/{case}").status_code == 404


def test_a_form_without_its_token_changes_nothing(network: Network, street: Hall) -> None:
    case = in_hand(network)
    desk = street.sign_in("r1")

    answer = desk.browser.client.post(
        f"/cases/{case.hex()}/acts/note", data={"text": "x"}, base_url="http://127.0.0.1:20001"
    )

    assert answer.status_code == 403
    assert len(state(street, case).timeline) == 4


def test_nobody_holds_acceptance_and_decision_in_one_role() -> None:
    assert [role for role, acts in ACTS.items() if {"accept", "decide"} <= set(acts)] == []
