"""Acts of IT staff on the command line of a hub that runs, and of one that rests."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from casebook.times import local_datetime
from sync.protocol.linkpolicy import DAYS
from sync.wallclock import WallClock
from tests.e2e.town import (
    ARRIVE_S,
    DISTRICT,
    STREET,
    VILLAGES,
    Town,
    until,
)
from tests.e2e.window import VILLAGE_ITEM, light, people, send_now, state_of, take_in

LOST, SOUND = VILLAGES[:2]
COMMAND_S = 60

pytestmark = pytest.mark.timeout(180)
"""Each act is a process of its own; on a busy machine one takes some seconds."""


@pytest.fixture(scope="module")
def town(lay_out: Callable[..., Town]) -> Town:
    town = lay_out(DISTRICT, STREET, LOST, SOUND)
    town.start()
    return town


def postroad(town: Town, unit: str, *words: str) -> tuple[int, list[dict[str, object]], str]:
    """Run a command of a hub and give its exit code, its lines and what it said of faults."""
    config = town.place(unit).folder / "config.toml"
    done = subprocess.run(
        [sys.executable, "-m", "postroad", "hub", *words, "--config", str(config), "--json"],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_lost_machine_is_shut_out_and_what_it_could_read_is_listed(town: Town) -> None:
    clerk, street = town.clerk(LOST, "w1"), town.clerk(STREET, "s1")
    case = take_in(clerk, LOST, VILLAGE_ITEM, next(people(3)))
    send_now(clerk)
    until(lambda: bool(state_of(street, case.case)), ARRIVE_S, "the case is at the street")

    code, [told], _ = postroad(town, STREET, "device", "revoke", f"{LOST}-01")
    until(lambda: light(clerk).state == "broken", ARRIVE_S, "the lost machine is shut out")
    _, exposed, _ = postroad(town, STREET, "exposure", f"{LOST}-01")

    assert (code, told["message"], told["epoch"]) == (0, "hub.device.revoked", 2)
    assert [row.get("case_no") for row in exposed] == [case.case_no, None]
    assert (exposed[-1]["count"], exposed[-1]["names"]) == (1, 1)
    until(lambda: _is_revoked(town, DISTRICT), ARRIVE_S, "the district knows of it")


def test_others_go_on_while_one_is_revoked(town: Town) -> None:
    clerk, street = town.clerk(SOUND, "w1"), town.clerk(STREET, "s1")

    case = take_in(clerk, SOUND, VILLAGE_ITEM, next(people(5)))
    send_now(clerk)

    until(lambda: bool(state_of(street, case.case)), ARRIVE_S, "the case is at the street")


def test_what_may_not_be_said_is_refused_in_one_line(town: Town) -> None:
    code, rows, fault = postroad(town, STREET, "unit", "move", SOUND, "--to", DISTRICT)

    assert (code, rows) == (13, [])
    assert f"{STREET} does not stand above it" in fault
    assert len(fault.strip().splitlines()) <= 2


def test_a_policy_is_previewed_and_then_published(town: Town, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[certificate]\ndays = 20\n", encoding="utf-8")

    words = ("publish", "policy", str(policy))
    _, preview, _ = postroad(town, DISTRICT, *words, "--preview")
    code, [told], _ = postroad(town, DISTRICT, *words)
    again, _, fault = postroad(town, DISTRICT, *words)

    assert preview[-1]["message"] == "hub.publish.preview"
    assert STREET in {row.get("unit") for row in preview}
    assert (code, told["message"]) == (0, "hub.published")
    assert again == 13
    assert "stands already" in fault


def test_a_unit_below_keeps_the_published_windows_and_hears_when_they_end(
    town: Town, tmp_path: Path
) -> None:
    clerk, street = town.clerk(SOUND, "w1"), town.clerk(STREET, "s1")
    far = local_datetime(WallClock().now_ms()) + timedelta(days=3)
    policy = tmp_path / "policy.toml"
    closed = f'[link]\nwindows = ["{DAYS[far.weekday()]} 00:00-24:00"]\nasked = 1\n'
    policy.write_text(closed, encoding="utf-8")
    postroad(town, STREET, "publish", "policy", str(policy), "--version", "closed")
    until(lambda: light(clerk).state == "held", ARRIVE_S, "the village keeps its windows")

    case = take_in(clerk, SOUND, VILLAGE_ITEM, next(people(7)))
    waiting = light(clerk)
    policy.write_text("[link]\nwindows = []\n", encoding="utf-8")
    postroad(town, STREET, "publish", "policy", str(policy), "--version", "open")
    before = state_of(street, case.case)
    send_now(clerk)

    until(lambda: bool(state_of(street, case.case)), ARRIVE_S, "a clerk may send at any time")
    until(lambda: light(clerk).state == "synchronised", ARRIVE_S, "the link is open again")
    assert waiting.state == "held"
    assert not before


def _is_revoked(town: Town, unit: str) -> bool:
    _, rows, _ = postroad(town, unit, "device", "list", LOST)
    return rows[0].get("revoked_after") is not None
