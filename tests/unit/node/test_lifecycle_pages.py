"""Acts of the life of a case on the page of an outpost: forms, previews, undo, clocks."""

import pytest

from sync.status import SyncStatus
from tests.support.network import STREET, VILLAGE, Network
from tests.support.pages import Browser, Site, visible
from tests.support.window import act, receive


def words(browser: Browser, case: str) -> str:
    return visible(browser.page(f"/cases/{case}"))


def test_missing_papers_are_asked_for_and_supplied_at_the_window(browser: Browser) -> None:
    case = receive(browser)
    notice = {"missing.photo": "1", "missing.bank_book": "1", "reason": "请补交照片"}
    assert act(browser, case, "notify_missing", **notice) == 303
    waiting = words(browser, case)
    assert act(browser, case, "supply", **{"p.photo": "copy"}) == 303
    half = words(browser, case)
    assert act(browser, case, "supply", **{"p.photo": "copy", "p.bank_book": "copy"}) == 303

    assert "待补正" in waiting
    assert "补交期限" in waiting
    assert "待补正" in half
    assert "受理时限" in words(browser, case)


def test_a_page_says_what_an_act_brings_before_it_is_done(browser: Browser) -> None:
    case = receive(browser)

    shown = words(browser, case)

    assert "状态变为“已受理”" in shown
    assert "开始计算承诺时限：20 个工作日" in shown
    assert "出具：受理通知书" in shown


def test_a_form_with_a_paper_to_follow_is_accepted_tolerantly(
    browser: Browser, site: Site
) -> None:
    case = receive(browser, "accept", p__photo="owed")

    state = site.place.casebook.state(bytes.fromhex(case))
    assert (state.state, state.tolerated, state.owed) == ("accepted", True, ("photo",))
    assert "补交期限" in words(browser, case)


def test_an_act_is_taken_back_while_it_has_not_left_the_machine(
    browser: Browser, site: Site
) -> None:
    case = receive(browser)
    site.status = SyncStatus("waiting", 2, None, "", 0, 0)
    act(browser, case, "accept")
    page = browser.page(f"/cases/{case}")
    of = page.split('name="of" value="')[1].split('"')[0]
    assert act(browser, case, "retract", of=of, reason="选错了") == 303

    shown = words(browser, case)

    assert "已收件" in shown
    assert "未生效：已由本人撤销" in shown


def test_an_act_that_was_sent_is_not_taken_back(browser: Browser, site: Site) -> None:
    case = receive(browser)
    act(browser, case, "accept")
    [entry] = site.place.casebook.state(bytes.fromhex(case)).heads
    site.status = SyncStatus("synchronised", 0, 1, "", 10_000, 0)

    answer = browser.send(f"/cases/{case}/acts/retract", {"of": entry, "reason": "选错了"})

    assert answer.status_code == 409
    assert "已报送上级，不能撤销" in answer.text
    assert 'id="undo' not in answer.text


def test_both_limits_and_a_procedure_are_shown_with_their_days(browser: Browser) -> None:
    case = receive(browser, "accept")
    assert act(browser, case, "pause_open", kind="supplement", reason="补照片") == 303

    shown = words(browser, case)

    assert "审查补正" in shown
    assert "承诺时限 20 个工作日 暂停计时" in shown
    assert "法定时限 30 个工作日" in shown
    assert "补正：2026-11-23 起" in shown


@pytest.mark.parametrize(
    ("name", "form", "line"),
    [
        ("notify_missing", {"reason": "缺"}, "必须填写"),
        ("not_accept", {"reason_code": "other", "reason": ""}, "请写明"),
        ("accept_tolerant", {"owed.photo": "1", "reason": "后补"}, "须先确认此项"),
        ("attach", {"p.photo": "burnt"}, "不在可选范围内"),
        ("rate", {"level": "great", "channel": "window"}, "不在可选范围内"),
    ],
)
def test_a_form_that_is_not_filled_in_is_refused_with_one_line(
    browser: Browser, name: str, form: dict[str, str], line: str
) -> None:
    case = receive(browser, p__photo="owed")

    answer = browser.send(f"/cases/{case}/acts/{name}", form)

    assert answer.status_code == 422
    assert answer.text.count('class="line bad" role="alert"') == 1
    assert line in visible(answer.text)


def test_the_outpost_is_told_that_its_case_was_taken_over_and_what_was_kept(
    network: Network, browser: Browser
) -> None:
    case = receive(browser, "accept")
    network.carry()
    street = network.places[STREET]
    street.casebook.act(
        bytes.fromhex(case),
        "take_over",
        street.clerk("s1", "supervisor"),
        facts={"reason_code": "silent"},
    )
    outpost = network.places[VILLAGE]
    outpost.casebook.act(
        bytes.fromhex(case), "step_done", outpost.clerk(), facts={"step": "check"}
    )
    network.carry()

    shown = words(browser, case)

    assert "大营门街道于" in shown
    assert "从九江路社区接管了此件：承办单位失联" in shown
    assert "1 项离线办理已保留而未生效" in shown


def test_an_unknown_choice_at_the_conflict_desk_harms_nothing(browser: Browser) -> None:
    case = receive(browser)
    for form in (
        {"kind": "late_act", "of": "f" * 64, "choice": "adopt", "reason": "x"},
        {"kind": "amendment", "field": "mobile", "choice": "adopt zz", "reason": "x"},
        {"kind": "", "of": "", "choice": "", "reason": ""},
    ):
        assert act(browser, case, "settle", **form) in (409, 422)
