"""The accounts of a hub's tunnels: rows on disk, what is told of them, who is thrown out."""

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.access import Admitted
from hub.accounting import Accountant, GatewayPart, with_terminals
from hub.ledger import SessionLedger
from security.errors import TrustError
from security.tunnel.accounting import (
    GIGAWORD,
    CloneAlarm,
    SessionRecord,
    StatusType,
    TerminateCause,
    attributes,
)
from security.tunnel.errors import RecordingError, TargetRefusedError, TunnelError
from security.tunnel.terminal import TERMINAL_PATH, checked_terminal, terminal_of
from tests.support.hall import open_hall
from tests.support.journals import actions_of
from tests.support.network import STREET, Place, make_network
from tests.support.tunnels import DEVICE, NOW, OTHER_DEVICE, request, running_world, wait_for

DAY_S = 86_400

STARTED = SessionRecord(
    acct_status_type=StatusType.START,
    acct_session_id="6b023aa300006a39acf2",
    user_name=DEVICE,
    certificate_serial=2**64 - 3,
    calling_station_id="192.0.2.7:44274",
    event_timestamp=NOW,
    acct_session_time=0,
    acct_input_octets=1_106,
    acct_output_octets=1_017,
    acct_terminate_cause=None,
    channels_opened=0,
    channels_refused=0,
    algorithms="ssh-ed25519 aes256-gcm@openssh.com",
)
STOPPED = replace(
    STARTED,
    acct_status_type=StatusType.STOP,
    event_timestamp=NOW + 60,
    acct_session_time=60,
    acct_input_octets=3 * GIGAWORD + 5,
    acct_terminate_cause=TerminateCause.LOST_CARRIER,
)
ALARM = CloneAlarm(DEVICE, "aa", "192.0.2.7:1", "bb", "198.51.100.9:2")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SessionLedger]:
    opened = SessionLedger(tmp_path / "accounting.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def street() -> Place:
    return make_network().places[STREET]


@pytest.fixture
def accountant(ledger: SessionLedger, street: Place) -> Accountant:
    return Accountant(ledger, street.casebook.journal, lambda: NOW)


def test_a_session_is_shown_by_its_newest_row(ledger: SessionLedger) -> None:
    other = replace(STARTED, acct_session_id="cc", user_name=OTHER_DEVICE)
    for row in (STARTED, other, STOPPED):
        ledger.add(row)

    assert ledger.sessions() == (STOPPED, other)
    assert ledger.sessions(device=DEVICE) == (STOPPED,)
    assert ledger.sessions(1) == (other,)
    assert ledger.count() == 2


def test_rows_survive_the_end_of_the_program(tmp_path: Path) -> None:
    first = SessionLedger(tmp_path / "a.sqlite")
    first.add(STARTED)
    first.close()
    second = SessionLedger(tmp_path / "a.sqlite")

    assert second.sessions() == (STARTED,)
    second.close()


def test_octets_beyond_32_bits_are_told_in_gigawords() -> None:
    row = attributes(STOPPED)

    assert (row["Acct-Input-Octets"], row["Acct-Input-Gigawords"]) == (5, 3)
    assert (row["Acct-Output-Octets"], row["Acct-Output-Gigawords"]) == (1_017, 0)
    assert row["Acct-Terminate-Cause"] == "Lost-Carrier"
    assert row["Postroad-Unit"] == "120103001001"


def test_all_rows_are_exported_in_order(ledger: SessionLedger) -> None:
    for number in range(2_500):
        ledger.add(replace(STARTED, event_timestamp=NOW + number))
    written = io.StringIO()

    assert ledger.export(written) == 2_500
    rows = list(csv.DictReader(io.StringIO(written.getvalue())))
    assert [int(row["Event-Timestamp"]) - NOW for row in rows] == list(range(2_500))
    assert {row["Acct-Status-Type"] for row in rows} == {"Start"}


def test_rows_are_dropped_by_age(ledger: SessionLedger) -> None:
    ledger.add(STARTED)
    ledger.alarm(ALARM, NOW)
    ledger.add(replace(STARTED, event_timestamp=NOW + 500 * DAY_S))

    dropped = ledger.prune(NOW + 1_095 * DAY_S + 1, 1_095)

    assert dropped == 2
    assert len(ledger.sessions()) == 1
    assert ledger.alarms() == ()


def test_a_file_that_is_no_ledger_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"no database at all" * 100)

    with pytest.raises(RecordingError, match=r"a\.sqlite"):
        SessionLedger(tmp_path / "a.sqlite")


def test_a_machine_is_taken_as_it_is_and_then_compared(ledger: SessionLedger) -> None:
    board, other = "1" * 16, "2" * 16

    assert ledger.terminal(DEVICE, {"board": board, "mac": "3" * 16}, NOW) == ()
    assert ledger.terminal(DEVICE, {"board": board}, NOW + 1) == ()
    assert ledger.terminal(DEVICE, {"board": other}, NOW + 2) == ("board",)
    assert ledger.terminal(DEVICE, {"board": other}, NOW + 3) == ()
    assert [(one.device, one.part, one.seen_at) for one in ledger.changes()] == [
        (DEVICE, "board", NOW + 2)
    ]


@pytest.mark.parametrize(
    "told", [None, [], "x", {"board": 5}, {"board": "G" * 16}, {"cpu": "1" * 16}, {"mac": ""}]
)
def test_what_is_no_terminal_is_passed_over(told: object) -> None:
    assert checked_terminal(told) == {}


def test_the_parts_of_a_machine_are_digests_bound_to_the_device(tmp_path: Path) -> None:
    write(tmp_path / "class/dmi/id/board_serial", "Default string")
    write(tmp_path / "class/dmi/id/product_uuid", "4c4c4544-0044-3510-8052-b4c04f4b3132")
    write(tmp_path / "block/sda/device/serial", "S3Z9NB0K123456")
    write(tmp_path / "class/net/eth0/address", "52:54:00:12:34:56")
    write(tmp_path / "class/net/eth0/device/vendor", "0x1af4")
    write(tmp_path / "class/net/veth1/address", "02:00:00:00:00:01")

    one, other = terminal_of(DEVICE, tmp_path), terminal_of(OTHER_DEVICE, tmp_path)

    assert set(one) == {"board", "disk", "mac"}
    assert checked_terminal(one) == one
    assert not set(one.values()) & set(other.values())


def test_a_machine_that_tells_nothing_has_no_parts(tmp_path: Path) -> None:
    assert terminal_of(DEVICE, tmp_path) == {}


def test_beginnings_ends_and_alarms_stand_in_the_journal(
    accountant: Accountant, ledger: SessionLedger, street: Place
) -> None:
    for row in (STARTED, replace(STARTED, acct_status_type=StatusType.INTERIM_UPDATE), STOPPED):
        accountant.take(row)
    accountant.alarm(ALARM)
    accountant.terminal(DEVICE, {"board": "1" * 16})
    accountant.terminal(DEVICE, {"board": "2" * 16})

    assert actions_of(street) == [
        ("tunnel", "ok"),
        ("tunnel", "ok"),
        ("alarm", "clone"),
        ("alarm", "terminal"),
    ]
    assert len(ledger.sessions()) == 1
    assert [alarm for _, alarm in ledger.alarms()] == [ALARM]


def test_a_device_that_lost_its_right_is_thrown_out_within_seconds(
    accountant: Accountant, tmp_path: Path
) -> None:
    own = SessionLedger(tmp_path / "own.sqlite")
    outside_hours: set[str] = set()

    def judge(device: str) -> Admitted:
        if device in outside_hours:
            raise TrustError("outside its hours")
        return Admitted()

    with running_world() as world, world.client().connect() as tunnel:
        part = GatewayPart(world.gateway, accountant, own, judge, 300.0, 1_095)
        part._thread.start()
        assert wait_for(lambda: world.records)
        outside_hours.add(DEVICE)

        assert wait_for(lambda: not tunnel.is_alive)
        part._is_stopping.set()
        part._thread.join(10)
    own.close()


def test_the_accounts_begin_with_on_and_end_with_off(
    accountant: Accountant, tmp_path: Path
) -> None:
    own = SessionLedger(tmp_path / "own.sqlite")
    accountant = Accountant(own, accountant._journal, lambda: NOW)
    part = GatewayPart(Quiet(), accountant, own, lambda _: Admitted(), 300.0, 1_095)
    part.start()
    part.stop()

    again, written = SessionLedger(tmp_path / "own.sqlite"), io.StringIO()
    again.export(written)
    again.close()
    rows = list(csv.DictReader(io.StringIO(written.getvalue())))
    assert [row["Acct-Status-Type"] for row in rows] == ["Accounting-On", "Accounting-Off"]


def test_a_session_that_cannot_be_recorded_does_not_live() -> None:
    def full(_record: SessionRecord) -> None:
        raise RecordingError("the disk is full")

    with running_world(on_session=full) as world:
        # The device may or may not learn of its login before it is thrown out.
        with pytest.raises(TunnelError):
            world.client().connect().open()
        assert wait_for(lambda: not world.gateway._roster.everybody())


def test_a_target_that_the_policy_withholds_is_refused() -> None:
    with (
        running_world(targets=lambda _device: ()) as world,
        world.client().connect() as tunnel,
        pytest.raises(TargetRefusedError),
    ):
        tunnel.open()


def test_it_staff_see_the_sessions_and_what_looks_wrong(
    ledger: SessionLedger, tmp_path: Path
) -> None:
    hall = open_hall(make_network(), STREET, tmp_path, ledger=ledger)
    ledger.add(STARTED)
    ledger.add(replace(STOPPED, acct_session_id="cc", user_name=OTHER_DEVICE))
    ledger.alarm(ALARM, NOW)
    for digit in "12":
        ledger.terminal(DEVICE, {"disk": digit * 16}, NOW + int(digit))

    chinese = hall.sign_in("i1").see("/sessions")
    english = hall.sign_in("i1", "en").see(f"/sessions?device={DEVICE}")

    assert f'data-clone="{DEVICE}"' in chinese
    assert f'data-terminal="{DEVICE}"' in chinese
    assert "线路中断" in chinese
    assert "192.0.2.7:44274" in chinese
    assert "Possible clone" in english
    assert OTHER_DEVICE not in english
    assert hall.sign_in("w1").browser.client.get("/sessions").status_code != 200


def test_a_rate_that_the_policy_sets_holds_in_both_directions() -> None:
    with (
        running_world(rate_bytes_s=lambda _device: 200_000) as world,
        world.client().connect() as tunnel,
    ):
        began = time.monotonic()
        echoed = request(tunnel.open(), "/echo", bytes(200_000))
        took = time.monotonic() - began

    assert echoed == bytes(200_000)
    assert took > 1.5


def test_only_a_device_tells_of_its_terminal(accountant: Accountant) -> None:
    said: list[str] = []
    application = with_terminals(
        lambda _environ, _start: [b"exchange"], lambda environ: environ.get("who"), accountant
    )

    def ask(body: bytes, **more: str) -> str:
        environ = {
            "PATH_INFO": TERMINAL_PATH,
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        } | more
        b"".join(application(environ, lambda status, _headers: said.append(status)))
        return said[-1]

    assert ask(b"{}") == "403 Forbidden"
    assert ask(b"{}", who=DEVICE) == "200 OK"
    assert ask(b"[" * 400, who=DEVICE) == "400 Bad Request"
    assert ask(b" " * 600, who=DEVICE) == "413 Content Too Large"
    assert b"".join(application({"PATH_INFO": "/sync/x"}, print)) == b"exchange"


class Quiet:
    """A gateway to which nobody comes."""

    def start(self) -> None:
        """Nothing begins."""

    def stop(self) -> None:
        """Nothing ends."""

    def sessions(self) -> tuple[SessionRecord, ...]:
        return ()

    def close_device(self, device: str) -> bool:
        return False


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
