"""The counter of a hub: its window takes in cases, also for a village without a machine."""

from pathlib import Path

import pytest

from tests.support.hall import Hall, open_hall
from tests.support.network import OTHER_VILLAGE, STREET, VILLAGE, Network, make_network
from tests.support.pages import visible
from tests.support.window import ALLOWANCE


@pytest.fixture
def network() -> Network:
    return make_network()


@pytest.fixture
def street(network: Network, tmp_path: Path) -> Hall:
    return open_hall(network, STREET, tmp_path)


def villages(page: str) -> list[str]:
    box = page.split('name="for_unit"')[1].split("</select>", maxsplit=1)[0]
    return [part.split('"')[0] for part in box.split('value="')[1:] if part[0] != '"']


def test_a_street_s_window_takes_in_a_case_for_a_village_without_a_machine(
    street: Hall,
) -> None:
    desk = street.sign_in("w1")
    offered = villages(desk.see("/intake/GK-001"))
    found = [item for item in ("MZ-001", "MZ-003") if "f." in desk.see(f"/intake/{item}")]

    assert VILLAGE not in offered
    assert OTHER_VILLAGE not in offered
    assert offered
    assert found


def test_the_case_belongs_to_the_street_and_names_the_village(
    street: Hall,
) -> None:
    desk = street.sign_in("w1")
    page = desk.see("/intake/MZ-007")
    token = page.split('name="draft" value="')[1].split('"')[0]
    village = villages(page)[0]
    form = {**ALLOWANCE, "f.apply_kind": "new", "p.photo": "copy", "p.id_card": "seen"}

    answer = desk.send("/intake/MZ-007", **form, draft=token, do="receive", for_unit=village)

    assert answer.status_code == 303, visible(answer.text)
    [row] = street.place.casebook.rows("mine").rows
    state = street.place.casebook.state(row.case)
    assert (state.home, state.timeline[0].facts["for_unit"]) == (STREET, village)
    assert state.case_no.startswith(STREET)
    assert "收件回执" in visible(desk.see(f"/cases/{row.case_id}/receipt"))
    assert "代" in visible(desk.see(f"/cases/{row.case_id}"))


def test_a_village_that_has_a_machine_takes_its_cases_in_itself(street: Hall) -> None:
    desk = street.sign_in("w1")
    answer = desk.send("/intake/MZ-007", **ALLOWANCE, do="receive", for_unit=VILLAGE)

    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["r1", "a1", "s1", "i1"])
def test_the_counter_is_the_window_s_alone(street: Hall, name: str) -> None:
    desk = street.sign_in(name)

    assert desk.browser.get("/items").status_code == 403
    assert desk.browser.get("/intake/MZ-007").status_code == 403
    assert desk.send("/intake/MZ-007", do="receive").status_code == 403
