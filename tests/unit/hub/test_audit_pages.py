"""Supervisors see who opened whose data, and how the hub's log stands."""

import shutil
from pathlib import Path

import pytest

from casebook.auditindex import AuditIndex, Wanted
from security.tlog_proof import LogProof, format_proof
from security.tlog_trust import policy_of
from sync.log.folder import LogFolder
from sync.log.hublog import HubLog
from sync.ports import Store
from tests.support.hall import Desk, Hall, open_hall, received
from tests.support.journals import journal_of
from tests.support.network import CITY, STREET, VILLAGE, Network, make_network
from tests.support.pages import visible


@pytest.fixture
def network() -> Network:
    return make_network()


@pytest.fixture
def street(network: Network, tmp_path: Path) -> Hall:
    return open_hall(network, STREET, tmp_path)


def opened(network: Network) -> bytes:
    """A case whose personal data a clerk of the village opened, carried to all above."""
    case = received(network, VILLAGE, "MZ-007")
    journal = network.places[VILLAGE].casebook.journal
    journal.note("unmask", clerk=f"{VILLAGE}-w1", object=case.hex())
    network.carry()
    return case


def kept_log(network: Network, folder: Path) -> HubLog:
    place = network.places[STREET]
    log = HubLog(LogFolder(folder / "log"), place.store, f"{STREET}-01", place.signing)
    log.update()
    return log


def test_a_supervisor_follows_who_opened_the_data_of_a_person(
    network: Network, street: Hall
) -> None:
    case = opened(network)
    number = network.places[STREET].casebook.state(case).case_no
    desk = street.sign_in("s1")

    page = desk.see(f"/audit?thing={number}&action=unmask")

    assert page.count('data-action="unmask"') == 1
    assert f"{VILLAGE}-w1" in visible(page)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (f"clerk={VILLAGE}-w1", 1),
        (f"device={VILLAGE}-01", 1),
        (f"unit={VILLAGE}", 1),
        ("clerk=nobody", 0),
        ("first_day=2001-01-01&last_day=2001-01-02", 0),
        ("first_day=2026-01-01&action=unmask", 1),
    ],
)
def test_notes_are_found_by_clerk_device_unit_and_time(
    network: Network, street: Hall, question: str, found: int
) -> None:
    opened(network)
    desk = street.sign_in("s1")

    assert desk.see(f"/audit?{question}").count('data-action="unmask"') == found


def test_looking_at_the_trail_is_noted_itself(network: Network, street: Hall) -> None:
    case = opened(network)
    desk = street.sign_in("s1")

    desk.see(f"/audit?thing={case.hex()}")

    last = journal_of(network.places[STREET])[-1]
    assert (last.action, last.thing, last.clerk) == ("audit", case.hex(), f"{STREET}-s1")


@pytest.mark.parametrize("role", ["w1", "r1", "a1"])
def test_nobody_else_looks_at_the_trail(street: Hall, role: str) -> None:
    desk = street.sign_in(role)

    assert desk.browser.get("/audit").status_code == 403


def test_the_page_tells_whether_the_log_is_final(
    network: Network, street: Hall, tmp_path: Path
) -> None:
    opened(network)
    log = kept_log(network, tmp_path)
    desk = street.sign_in("i1")

    page = desk.see("/audit")

    assert 'data-standing="provisional"' in page
    assert f'<dd class="number">{log.head.size}</dd>' in page
    assert "日志检查点单" in desk.see("/audit/sheet")


def check(desk: Desk, text: str, proof: str = "") -> tuple[int, str]:
    answer = desk.send("/receipts", text=text, proof=proof)
    return answer.status_code, answer.text


def test_a_receipt_and_its_proof_are_checked_on_a_page(
    network: Network, street: Hall, tmp_path: Path
) -> None:
    case = opened(network)
    text = network.places[VILLAGE].casebook.view(case, network.places[VILLAGE].clerk()).receipt
    found = kept_log(network, tmp_path).prove(case, 32)
    assert found is not None
    assert text is not None
    entry, proof = found
    carried = LogProof(proof.index, proof.hashes, proof.signed, entry)
    assert not policy_of(network.registry, STREET).is_final(proof.signed)
    desk = street.sign_in("w1")

    alone = check(desk, text)
    proven = check(desk, text, format_proof(carried).decode())
    other = check(desk, text, format_proof(carried).decode().replace("index", "indeX"))
    forged = check(desk, text[:-2] + "AA")

    assert alone[0] == 200
    assert 'data-part="genuine"' in alone[1]
    assert 'data-part="provisional"' in proven[1]
    assert (other[0], forged[0]) == (422, 422)


def test_the_table_of_notes_is_built_again_for_another_store(
    network: Network, tmp_path: Path
) -> None:
    opened(network)
    counts = []
    for unit in (STREET, CITY, STREET):
        place = network.places[unit]
        index = AuditIndex(tmp_path / "audit.sqlite", place.store, place.casebook.notes)
        assert index.refresh()
        counts.append(index.find(Wanted(), 0, 10)[1])
        index.close()

    assert counts == [1, 1, 1]
    shutil.rmtree(tmp_path)


def test_a_damaged_table_is_built_again(network: Network, tmp_path: Path) -> None:
    opened(network)
    path = tmp_path / "audit.sqlite"
    path.write_bytes(b"no table" * 1_000)
    place = network.places[STREET]
    store: Store = place.store

    index = AuditIndex(path, store, place.casebook.notes)
    index.refresh()

    assert index.find(Wanted(), 0, 10)[1] == 1
    index.close()
